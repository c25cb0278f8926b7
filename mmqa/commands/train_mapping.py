"""``train mapping``: a mapping from a user's own pairs or index; the shipped one without either.

Knows: where pairs come from, where what is trained goes, and the command that comes next. Refuses
to know: how anything is trained.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from mmqa.commands.encoding import encoders, feature_cache
from mmqa.commands.output import resumable, settings
from mmqa.config import Config
from mmqa.errors import UsageError
from mmqa.interfaces import Progress
from mmqa.mapping import closed_form, learned
from mmqa.mapping.learned import METHODS, Method
from mmqa.parts import Parts
from mmqa.training import checkpoint, index_pairs, pairs
from mmqa.training.contrastive_mapping import MappingSettings, require_enough, train, write
from mmqa.training.mapping import FitReport, fit_closed_form
from mmqa.training.mapping_report import MappingReport
from mmqa.training.pair_features import gather
from mmqa.training.pair_table import PairData
from mmqa.training.pairs import Collected

DEFAULT_METHOD: Method = "mlp"


class RefitReport:
    """The shipped mapping, fitted anew."""

    passed = True

    def __init__(self, fitted: FitReport) -> None:
        self._fitted = fitted

    def lines(self) -> list[str]:
        """For people."""
        return self._fitted.lines()

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return self._fitted.to_json()


def run(options: Namespace, tell: Progress) -> MappingReport | RefitReport:
    """Train from ``--pairs`` or ``--index``; with neither, fit the shipped mapping anew.

    Raises:
        UsageError: The method is unknown, or there are too few pairs.
    """
    config = settings(options)
    parts = Parts(config)
    if not options.pairs and not options.index:
        return _refitted(options, parts, tell)
    with resumable():
        return _trained(options, config, parts, tell)


def _trained(options: Namespace, config: Config, parts: Parts, tell: Progress) -> MappingReport:
    chosen = _settings(options)
    data = _gathered(options, config, parts, tell)
    out = checkpoint.made(Path(options.out or f"mapping-{chosen.method}").expanduser())
    trained = train(
        data,
        closed_form.load(),
        chosen,
        encoders=_encoders(parts),
        folder=out,
        resume=options.resume,
        progress=tell,
    )
    facts = {"pairs": len(data.seen), "pictures": data.sizes(), "seed": chosen.loop.seed}
    path = write(trained, out, facts)
    trained = replace(trained, mapping=learned.load(out))
    return MappingReport(trained, data, path, options.index or "", chosen)


def _refitted(options: Namespace, parts: Parts, tell: Progress) -> RefitReport:
    """As the package's own weights were fitted, from public corpora."""
    if options.method not in (None, "closed-form"):
        raise UsageError(
            f"the method {options.method!r} needs pairs",
            "Name them with --pairs FILE or --index DIR; without either, the shipped closed form "
            "is fitted anew.",
        )
    out = Path(options.out) if options.out else None
    return RefitReport(
        fit_closed_form(parts.image_encoder, parts.text_encoder, out=out, progress=tell)
    )


def _settings(options: Namespace) -> MappingSettings:
    method = options.method or DEFAULT_METHOD
    if method not in METHODS:
        raise UsageError(
            f"no mapping is trained by the method {method!r}", f"Known: {', '.join(METHODS)}."
        )
    default = MappingSettings(cast(Method, method))
    steps = replace(default.loop, seed=options.seed, device=options.device)
    if options.epochs is not None:
        steps = replace(steps, epochs=options.epochs)
    return replace(default, loop=steps)


def _encoders(parts: Parts) -> dict[str, str]:
    """Each encoder's fingerprints: of its source, the same on every machine, and of its file."""
    known = parts.fingerprints()
    return {
        "image_encoder": f"{known['image_encoder']} {parts.image_encoder.fingerprint}",
        "text_encoder": f"{known['text_encoder']} {parts.text_encoder.fingerprint}",
    }


def _gathered(options: Namespace, config: Config, parts: Parts, tell: Progress) -> PairData:
    collected = pairs.read([Path(file) for file in options.pairs or ()])
    if options.index:
        encoder = parts.fingerprints()["image_encoder"]
        collected += index_pairs.read(Path(options.index).expanduser(), encoder)
    _require_pairs(collected)
    cache = feature_cache()
    data = gather(collected, encoders(parts), cache, copies=options.copies, progress=tell)
    require_enough(data)
    return data


def _require_pairs(collected: Collected) -> None:
    if collected.pairs:
        return
    first = next(iter(collected.refused), None)
    why = f"{first.where}: {first.reason}" if first else "there is nothing in what was named"
    raise UsageError(
        f"there are no pairs to train on: {len(collected.refused)} rows were refused; {why}",
        'A row is {"image": "a.jpg", "text": "words"}; see docs/training.md.',
    )
