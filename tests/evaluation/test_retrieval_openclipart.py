"""The protocol of the openclipart suite, on five pretended drawings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from mmqa.corpora.openclipart import Drawing
from mmqa.evaluation import retrieval_openclipart as suite
from mmqa.mapping.closed_form import hubness
from mmqa.records import Calibration, Channel, Floats, ImageFeatures


def drawing(name: str, concept: str) -> Drawing:
    return Drawing(Path(f"{concept}.png"), name, "animals", concept, "test", depicted=True)


GALLERY = [
    drawing("cat", "cat"),
    drawing("black cat", "cat"),
    drawing("", "unsaid"),
    drawing("dog", "dog"),
]
VECTORS = np.eye(3, dtype=np.float32)[:2]  # of the questions "cat" and "dog"


class Mapped:
    """Pictures carry their vectors; the banks are even, so hubness tells nothing apart."""

    fingerprint = "mapped"
    bank = np.eye(3, dtype=np.float32)
    picture_bank = np.eye(3, dtype=np.float32)
    picture_calibration: Mapping[Channel, Calibration] = {}

    def map(self, features: ImageFeatures) -> Floats:
        return features.pooled

    def hubness(self, vectors: Floats) -> Floats:
        return hubness(vectors, self.bank) * 0

    def picture_hubness(self, vectors: Floats) -> Floats:
        return hubness(vectors, self.picture_bank) * 0

    def ask_pictures(self, vectors: Floats) -> Floats:
        return vectors

    def ask_words(self, vectors: Floats) -> Floats:
        return vectors


def test_a_concept_is_asked_once_by_its_first_name_and_the_unnamed_never() -> None:
    assert suite.questions(GALLERY) == [0, 3]


def test_the_first_right_drawing_counts_and_the_unnamed_may_be_found_wrongly() -> None:
    pictures = np.array([[0, 0, 1], [0.6, 0, 0.8], [0.8, 0.6, 0], [0, 1, 0]], np.float32)
    found, back = suite.measure(GALLERY, [0, 3], VECTORS, pictures, Mapped())
    # "cat": the unnamed .8 is before the second cat .6; "dog": the dog 1 is before the unnamed .6
    assert found.tolist() == [2, 1]
    # the first cat says neither, and ties count against it; the others say what they are
    assert back.tolist() == [2, 1, 1]


def test_the_ratio_compares_the_same_questions() -> None:
    ours = np.array([True, True, True, False])
    theirs = np.array([True, False, True, False])
    figure = suite.ratio("R@1", ours, theirs, 1.5)
    assert (figure.value, figure.n, figure.reached) == (1.5, 4, True)
    assert figure.low is not None
    assert figure.low >= 1  # whatever ConSE finds here is found


def test_a_gallery_smaller_than_promised_is_no_pass() -> None:
    ranks = np.array([1, 1]), np.array([1, 1, 1])
    report = suite.report(GALLERY, ranks, ranks, "package")
    assert not report.passed
    named = {f.name: f for f in report.figures}
    assert named["files never fitted on"].reached is False
    assert named["text → picture R@10"].value == 1.0
    assert named["text → picture R@10, ratio"].value == pytest.approx(1.0)
