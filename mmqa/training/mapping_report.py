"""What a training of a mapping says: sizes, refusals, figures before and after, what comes next.

Knows: words for people and values for programs. Refuses to know: how anything was trained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmqa.evaluation.metrics import Interval
from mmqa.training.contrastive_mapping import MappingSettings, TrainedMapping
from mmqa.training.loop import Outcome
from mmqa.training.pair_figures import Compared
from mmqa.training.pair_table import PairData
from mmqa.training.pairs import Refused

SHOWN = 10
"""Refused rows that are named to people; programs get all."""


@dataclass(frozen=True, slots=True)
class MappingReport:
    """A mapping that was trained on pairs.

    Attributes:
        trained: The mapping and its figures.
        data: What it was trained on.
        path: The artefact.
        index: The user's index, for the command that comes next; may be unknown.
        settings: How it was trained.
    """

    trained: TrainedMapping
    data: PairData
    path: Path
    index: str
    settings: MappingSettings

    @property
    def passed(self) -> bool:
        """A training has no target: that it brought nothing is said, and is no failure."""
        return True

    def lines(self) -> list[str]:
        """For people."""
        sizes = self.data.sizes()
        said = ", ".join(f"{n} {side}" for side, n in sizes.items())
        return [
            f"{len(self.data.seen)} pairs of {sum(sizes.values())} pictures ({said}), "
            f"{len(self.data.heard)} of recordings and their words; "
            f"{len(self.data.refused)} rows refused.",
            *_refusals(self.data.refused),
            *self._trained(),
            "On pictures that were not fitted to (the test side), before and after:",
            *self._figures(),
            self._verdict(),
            f"Wrote {self.path}.",
            f"Move an index over: mmqa rebuild --index {self.index or 'DIR'} "
            f"--set mapping={self.path.parent}",
        ]

    def _trained(self) -> list[str]:
        outcome = self.trained.outcome
        how = f"{self.settings.method}, seed {self.settings.loop.seed}; {self.trained.chosen}"
        return [f"{how}; {_steps(outcome) if outcome else 'chosen on the validation side'}."]

    def _figures(self) -> list[str]:
        return [_line(figure) for figure in self.trained.compared]

    def _verdict(self) -> str:
        found = self.trained
        said = (
            f"probability of right answers on the validation side {found.start:.3f} -> "
            f"{found.end:.3f}"
        )
        tested = (
            f"gain in 1 / rank on the test side {found.gain.mean:+.3f}, 95 % interval "
            f"{found.gain.low:+.3f} to {found.gain.high:+.3f}"
        )
        if found.confirmed:
            return f"Better than the shipped mapping ({said}; {tested})."
        if found.better:
            return (
                f"Perhaps better than the shipped mapping ({said}; {tested}): the test side does "
                "not confirm it. More pairs would tell."
            )
        return (
            f"WARNING: not better than the shipped mapping ({said}); what was written maps much "
            "as the shipped one does. More pairs, or another --method, may help."
        )

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        outcome = self.trained.outcome
        return {
            "path": str(self.path),
            "fingerprint": self.trained.mapping.fingerprint,
            "method": self.settings.method,
            "seed": self.settings.loop.seed,
            "pairs": len(self.data.seen),
            "recordings": len(self.data.heard),
            "pictures": self.data.sizes(),
            "refused": [{"where": r.where, "reason": r.reason} for r in self.data.refused],
            "validation": {"before": self.trained.start, "after": self.trained.end},
            "better": self.trained.better,
            "confirmed": self.trained.confirmed,
            "gain": _interval(self.trained.gain),
            "chosen": self.trained.chosen,
            "epochs": outcome.epochs[-1].number if outcome else 0,
            "best_epoch": outcome.best.number if outcome else 0,
            "ended": outcome.ended if outcome else "finished",
            "resumed_after": outcome.resumed_after if outcome else None,
            "figures": [_figure(c) for c in self.trained.compared],
        }


def _steps(outcome: Outcome) -> str:
    ended = {"finished": "all of them", "early": "stopped early", "cancelled": "cancelled"}
    resumed = outcome.resumed_after
    return (
        f"{outcome.epochs[-1].number} epochs on {outcome.device} ({ended[outcome.ended]}), "
        f"the best one {outcome.best.number}"
        + (f", resumed after epoch {resumed}" if resumed is not None else "")
    )


def _refusals(refused: Sequence[Refused]) -> list[str]:
    """The first rows by name, the others counted by reason."""
    said = [f"  refused {row.where}: {row.reason}" for row in refused[:SHOWN]]
    rest = Counter(row.reason for row in refused[SHOWN:])
    return said + [f"  refused {count} more: {reason}" for reason, count in rest.most_common()]


def _line(figure: Compared) -> str:
    before, after, gain = figure.before, figure.after, figure.gain
    return (
        f"  {figure.name} {before.mean:.3f} ({before.low:.3f} to {before.high:.3f}) -> "
        f"{after.mean:.3f} ({after.low:.3f} to {after.high:.3f}); gain {gain.mean:+.3f} "
        f"({gain.low:+.3f} to {gain.high:+.3f}; n = {figure.n}; chance {figure.chance:.3f})"
    )


def _figure(figure: Compared) -> dict[str, Any]:
    parts = {"before": figure.before, "after": figure.after, "gain": figure.gain}
    return {
        "name": figure.name,
        "n": figure.n,
        "chance": figure.chance,
        **{name: _interval(part) for name, part in parts.items()},
    }


def _interval(found: Interval) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high}
