"""Fitted on one collection, tested on others: what carries over, and what only holds at home.

Knows: which fits are compared, on which collections, and that no fit saw the concepts or files of a
test. Refuses to know: how a suite is asked (the suites do), and which fit ships.

A matrix. Rows are fits of the closed form, alike in all but what the regression saw: nothing (ConSE
alone: the classifier's names), emoji (OpenMoji and Noto, with further hands), openclipart's
training side, and both; and the mapping that is configured. Columns are tests, text → picture:
OpenMoji and Noto on concepts that no fit saw, openclipart's test side, photographs (to which
nothing is ever fitted), and the pictures of the mixed collection by what they show. R@10 with its
interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.evaluation import photographs
from mmqa.evaluation.metrics import bootstrap_interval, ranks
from mmqa.evaluation.report import Figure
from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress, TextEncoder
from mmqa.mapping.closed_form import ClosedFormMapping, inputs, log_ratios
from mmqa.mapping.shipped import Weights
from mmqa.records import Chunk, Floats, ImageFeatures
from mmqa.training.kernel_ridge import Settings, kernel_ridge, without

CUT = 10


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What a regression is fitted to: n pictures as features, and their captions as vectors.

    Attributes:
        name: What they are called.
        features: Of n pictures.
        captions: float32 (n, d), unit rows.
        importance: float32 (n,), weight of each.
    """

    name: str
    features: ImageFeatures
    captions: Floats
    importance: Floats

    def __add__(self, other: Pairs) -> Pairs:
        """Both together."""
        assert self.features.probabilities is not None
        assert other.features.probabilities is not None
        both = ImageFeatures(
            np.concatenate([self.features.pooled, other.features.pooled]),
            np.concatenate([self.features.probabilities, other.features.probabilities]),
        )
        return Pairs(
            f"{self.name} + {other.name}",
            both,
            np.concatenate([self.captions, other.captions]),
            np.concatenate([self.importance, other.importance]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One row: a mapping, and what it was fitted to.

    Attributes:
        name: As in the table.
        mapping: The mapping.
        pairs: Pictures that its regression saw; ``None`` where only its authors know.
    """

    name: str
    mapping: CrossModalMapping
    pairs: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """One column: questions in words, each with the pictures that answer it.

    Attributes:
        name: As in the table.
        questions: float32 (q, d).
        features: Of m pictures.
        relevant: bool (q, m), at least one true in each row.
        home: Names of the pairs that are of the same kind: a fit to them is tested at home, on
            concepts or files that it did not see.
    """

    name: str
    questions: Floats
    features: ImageFeatures
    relevant: np.ndarray[Any, np.dtype[np.bool_]]
    home: tuple[str, ...] = ()

    @property
    def chance(self) -> float:
        """R@10 of guessing, with one right picture a question taken for granted."""
        return min(1.0, CUT / int(self.relevant.shape[1]))


@dataclass(frozen=True, slots=True)
class Cell:
    """One fit on one test.

    Attributes:
        fit: Row.
        test: Column.
        home: Whether the fit saw pictures of the test's kind; ``None`` where nobody said.
        figure: R@10, with n and interval.
    """

    fit: str
    test: str
    home: bool | None
    figure: Figure


@dataclass(frozen=True, slots=True)
class GeneralisationReport:
    """The matrix.

    Attributes:
        cells: Row by row.
        pairs: Row → pictures that its regression saw.
        how: How it was measured.
    """

    cells: tuple[Cell, ...]
    pairs: Mapping[str, int | None]
    how: Mapping[str, str | int | float]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """One a cell."""
        return tuple(cell.figure for cell in self.cells)

    @property
    def passed(self) -> bool:
        """Nothing was promised of these."""
        return True

    def lines(self) -> list[str]:
        """The matrix for people; a star marks a fit tested at home."""
        out = ["generalisation: text → picture R@10 (* fitted to pictures of this kind)"]
        for fit, pairs in self.pairs.items():
            out.append(f"  {fit}" if pairs is None else f"  {fit} (fitted to {pairs:,} pictures)")
            for cell in self.cells:
                if cell.fit == fit:
                    star = "*" if cell.home else " "
                    out.append(f"   {star}{cell.test}: {_told(cell.figure)}")
        return out + [f"  {name}: {value}" for name, value in self.how.items()]

    def to_json(self) -> dict[str, Any]:
        """The matrix for programs."""
        return {
            "suite": "generalisation",
            "passed": self.passed,
            "cells": [
                {"fit": c.fit, "test": c.test, "home": c.home, **c.figure.to_json()}
                for c in self.cells
            ],
            "pairs": dict(self.pairs),
            "how": dict(self.how),
        }


def run(
    fits: Sequence[Fit], tests: Sequence[Gallery], progress: Progress | None = None
) -> GeneralisationReport:
    """Ask every test of every fit."""
    cells = []
    for row, fit in enumerate(fits):
        for column, test in enumerate(tests):
            cells.append(_cell(fit, test))
            if progress is not None:
                done = row * len(tests) + column + 1
                progress(Chunk("asking", done, len(fits) * len(tests), "steps"))
    how: dict[str, str | int | float] = {
        "score": "⟨q, x⟩ − h(x), as in the product; a question's first right picture counts",
        "intervals": "95 %, bootstrap over questions",
        "settings": "the same for every fit: those chosen on emoji's development side",
    }
    return GeneralisationReport(tuple(cells), {fit.name: fit.pairs for fit in fits}, how)


def _cell(fit: Fit, test: Gallery) -> Cell:
    pictures = fit.mapping.map(test.features)
    asked = fit.mapping.ask_pictures(test.questions)
    found = ranks(asked @ pictures.T - fit.mapping.hubness(pictures)[None, :], test.relevant)
    interval = bootstrap_interval((found <= CUT).astype(np.float32))
    figure = Figure(
        f"{fit.name} on {test.name}: R@{CUT}",
        interval.mean,
        len(found),
        interval.low,
        interval.high,
        chance=test.chance,
    )
    home = None if fit.pairs is None else any(kind in fit.name for kind in test.home)
    return Cell(fit.name, test.name, home, figure)


def _told(figure: Figure) -> str:
    return (
        f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f}; n = {figure.n}; "
        f"chance {figure.chance:.3f})"
    )


# --------------------------------------------------------------------------------- rows, columns


def conse_alone(weights: Weights) -> Fit:
    """The classifier's names, and no regression."""
    nothing = np.zeros_like(weights.coefficients)
    alone = replace(weights, coefficients=nothing, drawn_share=0.0)
    return Fit("ConSE alone", ClosedFormMapping(alone), 0)


def fitted(pairs: Pairs, weights: Weights, settings: Settings | None = None) -> Fit:
    """The closed form with everything that is learned from pictures fitted to these pairs alone.

    Args:
        pairs: What it sees.
        weights: Bank, classes and temperatures; the rest is replaced.
        settings: The shipped fit's unless given.
    """
    chosen = settings or Settings()
    assert pairs.features.probabilities is not None
    found = kernel_ridge(
        inputs(pairs.features), pairs.captions, chosen, importance=pairs.importance
    )
    ratios = log_ratios(pairs.features.probabilities)
    new = replace(
        weights,
        offset=found["offset"],
        axes=found["axes"],
        landmarks=found["landmarks"],
        coefficients=without(found["coefficients"], weights.bank.mean(axis=0)),
        gamma=chosen.gamma,
        usual=ratios.mean(axis=0),
        spread=np.maximum(ratios.std(axis=0), np.float32(1e-6)),
    )
    return Fit(pairs.name, ClosedFormMapping(new), len(pairs.captions))


def photographs_test(
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Gallery:
    """The photographs, asked for by their labels."""
    listed = photographs.listed()
    names = photographs.labels(listed)
    return Gallery(
        "photographs",
        text_encoder.encode(names),
        photographs.encode(listed, image_encoder, folder, progress),
        np.array([[p.label == name for p in listed] for name in names]),
    )
