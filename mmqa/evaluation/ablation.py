"""The ablation table: what each part of retrieval brings, on one collection, with how sure that is.

Knows: which systems are compared, what was promised, and that settings are chosen on another side
than the one that is measured. Refuses to know: how a system searches, and where questions come
from.

Every row is compared with the reference, the product's fuser with even weights and without words to
the letter, by a paired randomisation test over questions; p-values are corrected for the number of
rows (Holm). Rank fusion gets its fair best: list depth and k are those that do best on the
development side, of :data:`DEPTHS` and :data:`CONSTANTS`, and the best fuser is chosen there too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmqa.errors import ModelMissingError
from mmqa.evaluation import grounds
from mmqa.evaluation.ablation_report import FIRST, MEASURES, AblationReport, Row
from mmqa.evaluation.collection import Collection
from mmqa.evaluation.metrics import Interval, Values, bootstrap_interval, measure
from mmqa.evaluation.report import Figure
from mmqa.evaluation.significance import compare, holm
from mmqa.evaluation.systems import (
    Fused,
    Ground,
    Lexical,
    RankFusion,
    Single,
    System,
    rank,
    rank_withheld,
)
from mmqa.interfaces import Fuser, Progress
from mmqa.parts import Parts
from mmqa.records import MODALITIES, Chunk, Modality

SINGLE_TARGET, RRF_TARGET, P_TARGET = 1.25, 1.05, 0.05
"""Promised: best fuser over best single modality, over rank fusion; p of the router."""

DEPTHS = (5, 10, 20, 50, 1000)
CONSTANTS = (1, 10, 60)
"""Settings of rank fusion to choose from; 60 is what Cormack et al. 2009 took."""

LATE = RankFusion("RRF (k = 1, depth 20)", k=1, depth=20)
"""Rank fusion where nothing can be chosen, on a user's own questions: what was best on the mixed
collection's development side in November 2026."""

REFERENCE = "concat"
WHOLLY = "concat + router, trusted wholly"
"""Beside ``concat + router``, which is trusted as the configuration says (``router_trust``)."""

PROMPTS = ("templates", "expansion")
"""Prompts that take no language model; ``mmqa eval prompts`` measures all of them."""


# -------------------------------------------------------------------------------- what is compared


@dataclass(frozen=True, slots=True)
class Entry:
    """A system that takes part, and what for; ``withheld``: also with modalities taken away."""

    system: System
    group: str
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """Settings chosen on another side: rank fusion's, and which fuser is the best.

    Attributes:
        late: Rank fusion at its best.
        fuser: Name of the best fuser, evenly weighed.
        on: Where they were chosen, for the report.
    """

    late: RankFusion
    fuser: str
    on: str


def fusers(parts: Parts) -> tuple[dict[str, Fuser], dict[str, str]]:
    """Fusers by name: those that ship, and the configured one; and why others are not there."""
    from mmqa import registry

    found: dict[str, Fuser] = {}
    missing: dict[str, str] = {}
    for name in ("concat", "weighted", "attention"):
        try:
            found[name] = registry.load("fuser", name)()
        except ModelMissingError as error:
            missing[name] = error.args[0]
    if parts.config.fusion not in registry.names("fuser"):
        found["configured"] = parts.fuser
    return found, missing


def choose(ground: Ground, parts: Parts, progress: Progress | None = None) -> Chosen:
    """The settings that do best on a collection: that of the development side.

    Args:
        ground: Never the one that is measured afterwards.
        parts: Gives the fusers.
        progress: Told of each system.
    """
    known, _ = fusers(parts)
    late = [
        RankFusion(f"RRF (k = {k}, depth {depth})", k=k, depth=depth, hubs=hubs)
        for k in CONSTANTS
        for depth in DEPTHS
        for hubs in (True, False)
    ]
    fused = [Fused(name, fuser) for name, fuser in known.items()]
    best = [_mean(system, ground, progress) for system in late]
    fuser = [_mean(system, ground, progress) for system in fused]
    return Chosen(
        late[int(np.argmax(best))], fused[int(np.argmax(fuser))].name, ground.collection.name
    )


def _mean(system: System, ground: Ground, progress: Progress | None) -> float:
    if progress is not None:
        progress(Chunk(f"choosing: {system.name}", 1, 1, "steps"))
    return float(measure(rank(system, ground), ground.relevant, (FIRST,))[FIRST].mean())


def entries(ground: Ground, parts: Parts, late: RankFusion) -> list[Entry]:
    """All systems of the table, in order.

    Args:
        ground: What they search.
        parts: Gives fusers and router.
        late: Rank fusion with the settings that were chosen.
    """
    from mmqa import registry

    known, _ = fusers(parts)
    concat = known[REFERENCE]
    router = registry.load("router", "trained")()
    trust = parts.config.router_trust
    learned = grounds.routed(parts, router, said=False, trust=trust)
    both = grounds.routed(parts, router, said=True, trust=trust)
    wholly = grounds.routed(parts, router, said=False)
    said = grounds.routed(parts, None, said=True)
    weight = parts.config.lexical_weight
    conse = grounds.by_conse(ground.collection, ground.mapping)
    words = replace(late, name="RRF + lexical", sources=(*MODALITIES, "lexical"))
    return [
        *(Entry(Single(m), "single") for m in MODALITIES),
        Entry(Lexical(), "single"),
        Entry(RankFusion(), "late fusion"),
        *([Entry(late, "late fusion", withheld=True)] if late != RankFusion() else []),
        Entry(replace(late, name="RRF + router", weights=both), "late fusion"),
        Entry(words, "late fusion"),
        *(Entry(Fused(name, one), "fuser", withheld=True) for name, one in known.items()),
        Entry(Fused("concat, not calibrated", concat, calibrated=False), "calibration"),
        Entry(
            Fused("concat, neither calibrated nor de-hubbed", concat, calibrated=False, hubs=False),
            "calibration",
        ),
        Entry(Fused("concat, no pictures", concat, change=grounds.no_pictures), "mapping"),
        *([Entry(Fused("concat, ConSE alone", concat, change=conse), "mapping")] if conse else []),
        Entry(Fused("concat + explicit words", concat, weights=said), "router"),
        Entry(Fused("concat + router", concat, weights=learned), "router", withheld=True),
        Entry(Fused("concat + router + explicit words", concat, weights=both), "router"),
        *([Entry(Fused(WHOLLY, concat, weights=wholly), "router")] if trust < 1 else []),
        Entry(Fused("concat + oracle weights", concat, weights=lambda g: g.oracle()), "router"),
        *(Entry(Fused(f"concat + {p}", concat, prompt=p), "prompts") for p in PROMPTS),
        Entry(Fused("concat + lexical", concat, lexical=weight), "lexical"),
        Entry(
            Fused("concat + router + explicit words + lexical", concat, both, lexical=weight),
            "lexical",
        ),
    ]


# ------------------------------------------------------------------------------------- the table


def run(
    collection: Collection,
    parts: Parts,
    chosen: Chosen | None = None,
    progress: Progress | None = None,
) -> AblationReport:
    """Compare all systems on a collection.

    Args:
        collection: What is measured.
        parts: The models that made its vectors.
        chosen: Settings chosen elsewhere; ``None``: :data:`LATE`, and no promises.
        progress: Told of each system.
    """
    ground = grounds.ground(collection, parts)
    late = chosen.late if chosen else LATE
    listed = entries(ground, parts, late)
    values: dict[str, dict[str, Values]] = {}
    withheld: dict[str, dict[Modality, float]] = {}
    for done, entry in enumerate(listed, start=1):
        name = entry.system.name
        values[name] = measure(rank(entry.system, ground), ground.relevant, MEASURES)
        withheld[name] = _without_each(entry, ground)
        if progress is not None:
            progress(Chunk(f"ablation: {name}", done, len(listed), "steps"))
    rows = _rows(collection, listed, values, withheld)
    _, missing = fusers(parts)
    return AblationReport(
        suite=f"ablation: {collection.name}",
        n=len(collection.questions),
        sorts=_sorts(collection),
        rows=rows,
        figures=figures(values, listed, chosen, late.name),
        how=_how(collection, chosen, missing),
    )


def _without_each(entry: Entry, ground: Ground) -> dict[Modality, float]:
    if not entry.withheld:
        return {}
    found: dict[Modality, float] = {}
    for modality in MODALITIES:
        ranked = rank_withheld(entry.system, ground, modality)
        found[modality] = float(measure(ranked, ground.relevant, (FIRST,))[FIRST].mean())
    return found


def _sorts(collection: Collection) -> dict[str, int]:
    counted = Counter(asked.sort for asked, _ in collection.questions)
    return dict(sorted(counted.items(), key=lambda item: (item[0].count("+"), -item[1])))


def _rows(
    collection: Collection,
    listed: Sequence[Entry],
    values: Mapping[str, Mapping[str, Values]],
    withheld: Mapping[str, Mapping[Modality, float]],
) -> tuple[Row, ...]:
    sorts = np.array([asked.sort for asked, _ in collection.questions])
    reference = values[REFERENCE][FIRST]
    against = {
        name: compare(found[FIRST], reference)
        for name, found in values.items()
        if name != REFERENCE
    }
    corrected = dict(zip(against, holm([one.p for one in against.values()]), strict=True))
    return tuple(
        Row(
            name=(name := entry.system.name),
            group=entry.group,
            measures={m: _interval(v) for m, v in values[name].items()},
            by_sort={s: float(values[name][FIRST][sorts == s].mean()) for s in sorted(set(sorts))},
            withheld=withheld[name],
            against=against.get(name),
            p=corrected.get(name),
        )
        for entry in listed
    )


def _interval(values: Values) -> Interval:
    return bootstrap_interval(values.astype(np.float32))


# ---------------------------------------------------------------------------------- the promises


def figures(
    values: Mapping[str, Mapping[str, Values]],
    listed: Sequence[Entry],
    chosen: Chosen | None,
    late: str,
) -> tuple[Figure, ...]:
    """What the project promises of fusing and of the router.

    Args:
        values: System → measure → one value a question.
        listed: The systems.
        chosen: Settings chosen elsewhere; without them nothing is promised, and the best fuser is
            the best here.
        late: Name of rank fusion at its best.
    """
    mean = {name: float(found[FIRST].mean()) for name, found in values.items()}
    group: dict[str, list[str]] = {}
    for entry in listed:
        group.setdefault(entry.group, []).append(entry.system.name)
    single = max((str(m) for m in MODALITIES), key=lambda name: mean[name])
    fuser = chosen.fuser if chosen else max(group["fuser"], key=lambda name: mean[name])
    promised = chosen is not None
    return (
        _ratio(values, fuser, single, SINGLE_TARGET if promised else None),
        _ratio(values, fuser, late, RRF_TARGET if promised else None),
        _significance(values, "concat + router", promised=promised),
        _significance(values, "concat + router + explicit words", promised=False),
    )


def _ratio(
    values: Mapping[str, Mapping[str, Values]], one: str, other: str, target: float | None
) -> Figure:
    above, below = values[one][FIRST], values[other][FIRST]
    draws = np.random.default_rng(0).integers(0, len(above), (2000, len(above)))
    ratios = above[draws].mean(axis=1) / np.maximum(below[draws].mean(axis=1), 1e-9)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return Figure(
        f"{FIRST} of {one} / {other}",
        float(above.mean() / max(float(below.mean()), 1e-9)),
        len(above),
        float(low),
        float(high),
        target=target,
    )


def _significance(values: Mapping[str, Mapping[str, Values]], one: str, promised: bool) -> Figure:
    """p of being better than even weights; 1 where it is worse."""
    found = compare(values[one][FIRST], values[REFERENCE][FIRST])
    better = found.difference.mean > 0
    return Figure(
        f"p of {one} against {REFERENCE} (difference {found.difference.mean:+.3f}, "
        f"better on {found.better}, worse on {found.worse})",
        found.p if better else 1.0,
        len(values[one][FIRST]),
        target=P_TARGET if promised else None,
        lower_is_better=True,
    )


def _how(
    collection: Collection, chosen: Chosen | None, missing: Mapping[str, str]
) -> dict[str, str | int | float]:
    how: dict[str, str | int | float] = {
        "files": len(set(collection.files)),
        "segments": len(collection.segments),
        "search": "exhaustive, on stored vectors; a file is as good as its best segment",
        "test": "paired randomisation, two-sided, 10,000 draws; Holm over the table",
        "settings": (
            f"rank fusion {chosen.late.name}, hubness {'away' if chosen.late.hubs else 'left'}, "
            f"and the best fuser, {chosen.fuser}: chosen on {chosen.on}"
            if chosen
            else f"{LATE.name} as chosen on the mixed collection; the best fuser is the best here"
        ),
        "without its": "the files that answer lose the modality, no others",
    }
    if missing:
        how["not measured"] = "; ".join(f"{name}: {why}" for name, why in missing.items())
    if collection.refused:
        how["refused"] = "; ".join(map(str, collection.refused))
    return how
