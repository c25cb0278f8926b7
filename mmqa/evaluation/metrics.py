"""Figures of retrieval and of answers, with how sure they are.

Knows: rankings and what is relevant, recall, MRR, nDCG, exact match and F1, the bootstrap. Refuses
to know: where scores come from, and what a question was.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.errors import ConfigError
from mmqa.evaluation.report import Figure
from mmqa.records import Floats

Values = NDArray[np.float64]
"""(n,), one a question."""

MEASURES: Mapping[str, str] = {
    "nDCG@10": "nDCG@10",
    "MRR": "RR",
    "R@1": "R@1",
    "R@5": "R@5",
    "R@10": "R@10",
    "Success@10": "Success@10",
}
"""What figures are called here → what ``ir-measures`` calls them. R@k is the share of the relevant
files among the first k, Success@k whether any of them is there."""

DEPTH = 100
"""How much of a ranking is looked at; what stands further down counts as not found."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over questions and its 95 % interval, all 0–1."""

    mean: float
    low: float
    high: float


# ------------------------------------------------------------------------------ whole rankings


def measure(
    rankings: Sequence[Sequence[str]],
    relevant: Sequence[Collection[str]],
    names: Sequence[str] = tuple(MEASURES),
) -> dict[str, Values]:
    """Each measure of each question, as ``trec_eval`` computes it (through ``ir-measures``).

    Args:
        rankings: n questions, each with what was found, best first; the first 100 count.
        relevant: n questions, each with all that is right: at least one.
        names: Which of :data:`MEASURES`.

    Returns:
        Name → (n,), each 0–1, in the order of the questions.

    Raises:
        ValueError: A question has nothing relevant, or a ranking names something twice.
        ConfigError: ``ir-measures`` is not installed.

    >>> found = measure([["a", "b", "c"]], [{"b"}], ("MRR", "R@1", "nDCG@10"))
    >>> {name: round(float(values[0]), 4) for name, values in found.items()}  # 1 / log2(3)
    {'MRR': 0.5, 'R@1': 0.0, 'nDCG@10': 0.6309}
    """
    if not all(relevant):
        raise ValueError("a question has no relevant item")
    if any(len(set(ranking)) < len(ranking) for ranking in rankings):
        raise ValueError("a ranking names something twice")
    qrels = {str(n): dict.fromkeys(right, 1) for n, right in enumerate(relevant)}
    run = {
        str(n): {name: float(DEPTH - place) for place, name in enumerate(ranking[:DEPTH])}
        for n, ranking in enumerate(rankings)
    }
    return _each(qrels, run, len(rankings), names)


def _each(
    qrels: dict[str, dict[str, int]], run: dict[str, Any], n: int, names: Sequence[str]
) -> dict[str, Values]:
    measures = {name: _measures()[MEASURES[name]] for name in names}
    called = {str(one): name for name, one in measures.items()}
    values = {name: np.zeros(n) for name in names}
    if n:
        for one in _irm().iter_calc(list(measures.values()), qrels, run):
            values[called[str(one.measure)]][int(one.query_id)] = one.value
    return values


def _irm() -> Any:
    try:
        import ir_measures
    except ImportError as error:
        raise ConfigError(
            "the package ir-measures is not installed", "pip install 'mmqa[evaluation]'"
        ) from error
    return ir_measures


@lru_cache(maxsize=1)
def _measures() -> dict[str, Any]:
    return {name: _irm().parse_measure(name) for name in MEASURES.values()}


def figure(name: str, values: Values, *, target: float | None = None, seed: int = 0) -> Figure:
    """A measure over questions with its bootstrap interval.

    >>> figure("MRR", np.ones(4)).line()
    'MRR 1.000 (95 % interval 1.000 to 1.000; n = 4)'
    """
    found = bootstrap_interval(np.asarray(values, np.float32), seed=seed)
    return Figure(name, found.mean, len(values), found.low, found.high, target=target)


# ---------------------------------------------------------------------------- one right item


def ranks(scores: Floats, relevant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rank from 1 of the best relevant item of each question; ties count against it.

    Args:
        scores: (n questions, m items), higher is better.
        relevant: (n, m), at least one true in each row.

    Raises:
        ValueError: A question has no relevant item.

    >>> ranks(np.array([[0.9, 0.5, 0.5]]), np.array([[False, True, False]])).tolist()
    [3]
    """
    if not relevant.any(axis=1).all():
        raise ValueError("a question has no relevant item")
    best = np.where(relevant, scores, -np.inf).max(axis=1)
    ahead: NDArray[np.int64] = ((scores >= best[:, None]) & ~relevant).sum(axis=1)
    return ahead + 1


def recall_at_k(found: NDArray[np.int64], k: int) -> float:
    """Share of questions whose rank is at most ``k``.

    >>> recall_at_k(np.array([1, 3, 11, 2]), 2)
    0.5
    """
    return float((found <= k).mean())


def bootstrap_interval(
    values: Floats, *, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Mean with its percentile bootstrap interval over questions (Efron 1979).

    Args:
        values: (n,), one a question, e.g. 1 where it was answered.
        resamples: How often n values are drawn with replacement.
        seed: Same seed, same interval.
        level: Share of resampled means inside, 0–1.

    >>> bootstrap_interval(np.ones(5))
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    draws = np.random.default_rng(seed).integers(0, len(values), (resamples, len(values)))
    means = np.asarray(values, dtype=np.float64)[draws].mean(axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(np.mean(values)), float(low), float(high))


def recall_interval(found: NDArray[np.int64], k: int, seed: int = 0) -> Interval:
    """Recall at k with its bootstrap interval."""
    return bootstrap_interval((found <= k).astype(np.float32), seed=seed)


# ------------------------------------------------------------------------------------ answers

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def squad_words(text: str) -> list[str]:
    """An answer's words as SQuAD compares them (Rajpurkar et al. 2016, §6.1 and its script).

    Lower case, without ASCII punctuation and articles.

    >>> squad_words("The Pier, no. 4!")
    ['pier', 'no', '4']
    """
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def exact_match(answer: str, accepted: Sequence[str]) -> float:
    """1 where an answer has the same words as one that is accepted, else 0.

    >>> exact_match("the Pier 4.", ["pier 4", "pier four"]), exact_match("at pier 4", ["pier 4"])
    (1.0, 0.0)
    """
    words = squad_words(answer)
    return float(any(words == squad_words(one) for one in accepted))


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of words, of the accepted answer that agrees best.

    Where either has no words, it is 1 if neither has any, else 0.

    >>> round(token_f1("at pier 4", ["pier 4"]), 4)  # 2 of 3 words right, 2 of 2 found
    0.8
    """
    return max((_f1(squad_words(answer), squad_words(one)) for one in accepted), default=0.0)


def _f1(words: Sequence[str], wanted: Sequence[str]) -> float:
    if not words or not wanted:
        return float(list(words) == list(wanted))
    same = (Counter(words) & Counter(wanted)).total()
    return 2 * same / (len(words) + len(wanted))
