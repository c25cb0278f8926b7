"""How often the product finds what a question asks for: nDCG, MRR and recall, by sort of question.

Knows: that files are what is found, and that questions are told apart by what they need. Refuses to
know: how anything is searched. This is the whole product, words to the letter and router included;
``ablation`` takes it apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmqa.evaluation.metrics import figure, measure
from mmqa.evaluation.questions_file import AskedFor
from mmqa.evaluation.report import Figure, Report
from mmqa.evaluation.stability import Searchable, files

MEASURES = ("nDCG@10", "MRR", "R@1", "R@5", "R@10")
BY_SORT = ("nDCG@10", "R@10")
_HITS = 60
"""Segments asked for, so that enough files are among them."""


def run(
    library: Searchable,
    questions: Sequence[tuple[AskedFor, frozenset[Path]]],
    *,
    suite: str,
) -> Report:
    """Ask every question.

    Args:
        library: The index.
        questions: Each with the files that answer it.
        suite: What to call it.
    """
    rankings = ranked(library, [asked for asked, _ in questions])
    named = [[str(path) for path in ranking] for ranking in rankings]
    right = [{str(path) for path in paths} for _, paths in questions]
    found = measure(named, right, MEASURES)
    figures = [figure(name, values) for name, values in found.items()]
    sorts: dict[str, list[int]] = defaultdict(list)
    for place, (asked, _) in enumerate(questions):
        sorts[asked.sort].append(place)
    figures += _by_sort(found, sorts) if len(sorts) > 1 else []
    missed = sum(
        not paths & set(ranking[:10])
        for (_, paths), ranking in zip(questions, rankings, strict=True)
    )
    return Report(
        f"accuracy: {suite}",
        tuple(figures),
        {
            "asked": "through the product's own search; what is found are files, each once",
            "needs": "a question is told apart by the modalities that finding it takes",
            "intervals": "95 %, bootstrap over questions",
            "questions with nothing right among the first 10": missed,
        },
    )


def ranked(library: Searchable, asked: Sequence[AskedFor]) -> list[list[Path]]:
    """Files found for each question, best first; pictures ask too."""
    in_words = [one.question for one in asked if one.image is None]
    found = iter(library.search_batch(in_words, k=_HITS)) if in_words else iter(())
    return [
        files(next(found))
        if one.image is None
        else files(library.search(one.question, image=one.image.read_bytes(), k=_HITS))
        for one in asked
    ]


def _by_sort(
    found: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
    sorts: dict[str, list[int]],
) -> list[Figure]:
    return [
        figure(f"{name}, needs {sort}", found[name][places])
        for sort, places in sorted(sorts.items())
        for name in BY_SORT
    ]
