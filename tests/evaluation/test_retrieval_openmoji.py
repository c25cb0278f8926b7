"""The protocol of the openmoji suite, on pretended drawings."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from mmqa.corpora import concepts
from mmqa.corpora.openmoji import Emoji
from mmqa.evaluation import retrieval_openmoji as suite
from mmqa.mapping.closed_form import hubness, normalize
from mmqa.records import Calibration, Channel, Floats, ImageFeatures, Picture
from mmqa.training.drawings import Drawing, collect

BANK = normalize(np.random.default_rng(9).standard_normal((30, 16)).astype(np.float32))


def emoji(annotation: str, group: str = "objects", *, toned: bool = False) -> Emoji:
    return Emoji(annotation, "x", annotation, (), group, "", toned, Path("x.svg"))


def held_out(count: int) -> list[str]:
    names = (f"thing{i}zz" for i in range(10_000))
    return [n for n in names if concepts.side(n) == "test"][:count]


class Texts:
    """Every text its own vector."""

    fingerprint = "texts"
    width = 16

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = [np.random.default_rng(zlib.crc32(t.encode())).standard_normal(16) for t in texts]
        return normalize(np.array(rows, np.float32))


class Mapped:
    """A mapping that knows the right vector of each picture, carried in the pooled features."""

    fingerprint = "mapped"
    bank = BANK
    picture_bank = BANK[::-1]
    picture_calibration: Mapping[Channel, Calibration] = {}

    def map(self, features: ImageFeatures) -> Floats:
        return features.pooled

    def hubness(self, vectors: Floats) -> Floats:
        return hubness(vectors, BANK)

    def picture_hubness(self, vectors: Floats) -> Floats:
        return hubness(vectors, self.picture_bank)

    def ask_pictures(self, vectors: Floats) -> Floats:
        return vectors

    def ask_words(self, vectors: Floats) -> Floats:
        return vectors


class Images:
    """Not asked: features are given."""

    fingerprint = "images"

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        raise AssertionError


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> list[Drawing]:
    drawings = [Drawing(emoji(n), s) for n in held_out(12) for s in ("openmoji", "noto")]
    drawings.append(Drawing(emoji("dog"), "openmoji"))
    assert drawings[-1].side == "train"

    def encode(drawings: Sequence[Drawing], *_: object) -> ImageFeatures:
        vectors = Texts().encode([d.emoji.annotation for d in drawings])
        return ImageFeatures(vectors, np.ones((len(drawings), 1), np.float32))

    monkeypatch.setattr(suite, "collect", lambda *_: drawings)
    monkeypatch.setattr(suite, "encode", encode)
    return drawings


def test_a_perfect_mapping_is_perfect_and_only_held_out_concepts_are_asked(
    pretended: list[Drawing],
) -> None:
    report = suite.run(Images(), Texts(), Mapped())
    first = report.tasks[0]
    assert (first.n, first.gallery) == (12, 12)
    assert first.recall[1].mean == 1.0
    assert first.chance(5) == pytest.approx(5 / 12)
    assert report.passed
    assert [line.rpartition(": ")[2] for line in report.lines()[-3:]] == ["met."] * 3


def test_one_missed_figure_is_no_pass_and_is_named(
    pretended: list[Drawing], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"openmoji: text → picture": {1: 1.0}, "openmoji: picture → text": {10: 1.1}}
    monkeypatch.setattr(suite, "REQUIRED", asked)
    report = suite.run(Images(), Texts(), Mapped())
    assert not report.passed
    assert report.lines()[-2:] == [
        "Required of openmoji: text → picture: R@1 ≥ 1.0: met.",
        "Required of openmoji: picture → text: R@10 ≥ 1.1: NOT met.",
    ]


def test_a_report_is_plain_values(pretended: list[Drawing]) -> None:
    import json

    data = json.loads(json.dumps(suite.run(Images(), Texts(), Mapped()).to_json()))
    assert data["suite"] == "openmoji"
    assert data["tasks"][0]["recall"]["10"]["mean"] == 1.0


def test_a_concept_stands_in_the_gallery_once_and_signs_never() -> None:
    name = held_out(1)[0]
    drawings = [
        Drawing(emoji(f"red {name}"), "openmoji"),
        Drawing(emoji(f"green {name}"), "openmoji"),
        Drawing(emoji(f"{name}"), "noto"),
        Drawing(emoji(f"{name}", "flags"), "openmoji"),
    ]
    assert suite.gallery(drawings, "test", "openmoji") == [0]


@pytest.mark.corpus
def test_no_drawing_of_a_tested_concept_is_fitted_on() -> None:
    drawings = collect()
    tested = {d.concept for d in drawings if d.side == "test"}
    fitted = [d for d in drawings if d.side != "test"]
    assert len(tested) > 200
    assert not tested & {d.concept for d in fitted}
    assert not {d.emoji.hexcode for d in fitted} & {
        d.emoji.hexcode for d in drawings if d.side == "test"
    }
