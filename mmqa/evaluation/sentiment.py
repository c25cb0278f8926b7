"""Sentiment on public ratings: trained, each modality alone, and untrained, on what was held out.

Knows: which systems are compared, and their figures. Refuses to know: where examples come from
(``mmqa.training.sentiment``), and how anything is judged.

Each modality alone is a head of its own, fitted to that modality: fairer than one that misses half
of what it was fitted with. Intervals are by a bootstrap over concepts of emoji, or documents of
sentences: drawings of one concept and sentences of one review are not independent cases.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmqa.applications.sentiment.judging import Thing, judge
from mmqa.applications.sentiment.opinions import LABELS, Label
from mmqa.evaluation.report import Figure, Report
from mmqa.fusion import head as heads
from mmqa.fusion.head import Head
from mmqa.interfaces import Progress
from mmqa.records import Modality
from mmqa.training.head import train_head
from mmqa.training.head_report import places
from mmqa.training.labelled import Labelled, Side
from mmqa.training.sentiment import Public, joined, only, settings

RESAMPLES = 2_000
FOLDS = 5
AHEAD = 0.001
"""By how much the fused head is to lead: by anything at all."""

Answers = Sequence[str]
"""The label that a system gives to each case."""


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """What is measured on.

    Attributes:
        labels: The right ones.
        groups: What each case belongs to.
    """

    labels: tuple[str, ...]
    groups: tuple[str, ...]

    def drawn(self, seed: int = 0) -> NDArray[np.int64]:
        """How often each group is taken in each resample: (resamples, groups)."""
        n = len(set(self.groups))
        chances = np.full(n, 1 / n)
        return np.random.default_rng(seed).multinomial(n, chances, RESAMPLES)

    def confusions(self, answers: Answers) -> NDArray[np.float64]:
        """Of each group, how many cases of a label (rows) got a label (columns): (g, 3, 3)."""
        order = {name: place for place, name in enumerate(dict.fromkeys(self.groups))}
        found = np.zeros((len(order), 3, 3))
        for group, right, said in zip(self.groups, self.labels, answers, strict=True):
            found[order[group], LABELS.index(_label(right)), LABELS.index(_label(said))] += 1
        return found


def accuracy(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of cases on the diagonal, of (…, 3, 3).

    >>> float(accuracy(np.array([[3.0, 1, 0], [0, 2, 0], [1, 1, 2]])))
    0.7
    """
    right = np.trace(confusions, axis1=-2, axis2=-1)
    found: NDArray[np.float64] = right / confusions.sum(axis=(-2, -1))
    return found


def macro_f1(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the labels of 2·right / (cases + answers); a label without either has 0.

    >>> round(float(macro_f1(np.array([[3.0, 1, 0], [0, 2, 0], [1, 1, 2]]))), 4)
    0.6944
    """
    right = np.diagonal(confusions, axis1=-2, axis2=-1)
    both = confusions.sum(axis=-1) + confusions.sum(axis=-2)
    found: NDArray[np.float64] = (2 * right / np.maximum(both, 1e-9)).mean(axis=-1)
    return found


MEASURES: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "accuracy": accuracy,
    "macro-F1": macro_f1,
}


def figures(
    cases: Cases,
    systems: Mapping[str, Answers],
    leads: Sequence[tuple[str, str]] = (),
    target: float | None = AHEAD,
) -> tuple[Figure, ...]:
    """Accuracy and macro-F1 of each system, then by how much some lead others.

    Args:
        cases: What is measured on.
        systems: Name → answers.
        leads: (system, other) pairs; the first is to be ahead in both measures.
        target: By how much; ``None`` where that is not promised.
    """
    drawn, n = cases.drawn(), len(cases.labels)
    flat = {name: cases.confusions(said) for name, said in systems.items()}
    again = {name: np.tensordot(drawn, one, axes=(1, 0)) for name, one in flat.items()}
    commonest = max(map(cases.labels.count, LABELS)) / n
    found: list[Figure] = []
    for title, measure in MEASURES.items():
        values = {name: float(measure(one.sum(axis=0))) for name, one in flat.items()}
        spread = {name: measure(one) for name, one in again.items()}
        for name, value in values.items():
            low, high = np.quantile(spread[name], [0.025, 0.975])
            chance = commonest if title == "accuracy" else None
            found.append(Figure(f"{title}, {name}", value, n, low, high, chance=chance))
        for name, other in leads:
            low, high = np.quantile(spread[name] - spread[other], [0.025, 0.975])
            lead = values[name] - values[other]
            title_of = f"{title}, {name} minus {other}"
            found.append(Figure(title_of, lead, n, low, high, target=target))
    return tuple(found)


# ------------------------------------------------------------------------------------ suites


def emoji(drawn: Public, sentences: Public, progress: Progress | None = None) -> Report:
    """Emoji as six hands draw them, each with its name: the test side, and each concept in turn.

    The test side's concepts are few, but the mapping was not fitted to them either. So that more
    concepts tell, all are held out in turn too: five folds by concept, each measured on by heads
    that were fitted to the others.
    """
    tested = places(drawn.data.sides, "test")
    cases = _cases(drawn, tested)
    everywhere = Cases(tuple(one.label for one in drawn.data.examples), drawn.groups)
    side = figures(cases, _systems(drawn, sentences, tested, progress), _LEADS, None)
    turned = figures(everywhere, _in_turn(drawn, sentences, progress), _LEADS)
    return Report(
        "sentiment emoji",
        (*_named("test side", side), *_named("in turn", turned)),
        {
            "source": "Emoji Sentiment Ranking (people rated tweets), drawings of six hands, names",
            "label": "what most people said of the tweets that hold it; at least five tweets",
            "concepts of the test side": len(set(cases.groups)),
            "concepts in turn": len(set(everywhere.groups)),
            "split": "by concept, over all hands; the mapping was not fitted to those of the test "
            "side; to names of the others it was, never to how they feel",
        },
    )


def _in_turn(drawn: Public, rated: Public, progress: Progress | None) -> dict[str, Answers]:
    """What each system says of each drawing when its concept was held out."""
    folds = [fold_of(group) for group in drawn.groups]
    answers: dict[str, list[str]] = {}
    for fold in range(FOLDS):
        sides = tuple(_side(one, fold) for one in folds)
        turned = replace(drawn, data=replace(drawn.data, sides=sides))
        tested = places(sides, "test")
        for name, said in _systems(turned, rated, tested, progress).items():
            kept = answers.setdefault(name, [""] * len(folds))
            for row, label in zip(tested, said, strict=True):
                kept[row] = label
    return {name: tuple(said) for name, said in answers.items()}


def fold_of(group: str) -> int:
    """Which fold a concept is in, by SHA-256: fixed before anything is fitted.

    >>> {fold_of(f"emoji {n}") for n in range(50)} == set(range(FOLDS))
    True
    """
    return hashlib.sha256(f"mmqa sentiment\0{group}".encode()).digest()[0] % FOLDS


def _side(fold: int, tested: int) -> Side:
    if fold == tested:
        return "test"
    return "development" if fold == (tested + 1) % FOLDS else "train"


def _systems(
    drawn: Public, rated: Public, tested: NDArray[np.int64], progress: Progress | None
) -> dict[str, Answers]:
    """What is said of the tested drawings: by three heads fitted to the others, and untrained."""
    whole = joined([drawn, rated])
    found: dict[str, Answers] = {}
    for name, modalities in _ALONE.items():
        head = fitted(only(whole, modalities), progress)
        features = only(drawn.data, modalities).features
        found[name] = [label for label, _ in head.best([features[row] for row in tested])]
    things = [Thing({"text": drawn.data.examples[row].text}, drawn.words[row]) for row in tested]
    found["untrained"] = [judge(thing).label for thing in things]
    return found


def _named(before: str, found: Sequence[Figure]) -> Iterator[Figure]:
    return (replace(one, name=f"{before}: {one.name}") for one in found)


def sentences(drawn: Public, rated: Public, progress: Progress | None = None) -> Report:
    """Sentences of held-out reviews and editorials."""
    tested = places(rated.data.sides, "test")
    whole = joined([drawn, rated])
    head = fitted(whole, progress)
    systems: dict[str, Answers] = {
        "trained": [label for label, _ in head.best([rated.data.features[row] for row in tested])],
        "untrained": [
            judge(Thing({"text": rated.data.examples[row].text})).label for row in tested
        ],
    }
    cases = _cases(rated, tested)
    return Report(
        "sentiment sentences",
        figures(cases, systems, [("trained", "untrained")]),
        {
            "source": "sentences of Amazon reviews and New York Times editorials, rated by 20"
            " people (Hutto and Gilbert 2014, in the source package of vaderSentiment 3.3.2)",
            "label": "mean rating of −4…4 above 0.5 positive, below −0.5 negative",
            "documents": len(set(cases.groups)),
            "fitted to": _sizes(whole),
            "split": "by document",
            "lexicon": "VADER's words were rated by themselves, not in these sentences; its rules"
            " were made from tweets",
        },
    )


def language_model(
    rated: Public, said: Callable[[Sequence[str]], Sequence[Label | None]], limit: int
) -> Report:
    """The label that a language model says of the first held-out sentences; none is neutral."""
    tested = places(rated.data.sides, "test")[:limit]
    answers = said([rated.data.examples[row].text for row in tested])
    silent = sum(one is None for one in answers)
    return Report(
        "sentiment language-model",
        figures(_cases(rated, tested), {"language model": [one or "neutral" for one in answers]}),
        {"answers without one label": silent, "template": "sentiment_words"},
    )


_LEADS = (("fused", "visual alone"), ("fused", "text alone"))
_ALONE: Mapping[str, tuple[Modality, ...]] = {
    "fused": ("visual", "text"),
    "visual alone": ("visual",),
    "text alone": ("text",),
}


def fitted(data: Labelled, progress: Progress | None = None) -> Head:
    """A head fitted to the fitting side, stopped by the development side."""
    with tempfile.TemporaryDirectory(prefix="mmqa-") as folder:
        train_head(data, folder=Path(folder), encoders={}, settings=settings(), progress=progress)
        return heads.load(Path(folder))


def _cases(public: Public, tested: NDArray[np.int64]) -> Cases:
    return Cases(
        tuple(public.data.examples[row].label for row in tested),
        tuple(public.groups[row] for row in tested),
    )


def _sizes(data: Labelled) -> int:
    return sum(side == "train" for side in data.sides)


def _label(name: str) -> Label:
    return LABELS[LABELS.index(name)]
