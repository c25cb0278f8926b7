"""Which sides are fitted to and asked, on pretended collections: no fit sees what is asked."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.corpora import concepts
from mmqa.corpora.openclipart import Drawing as Clip
from mmqa.corpora.openmoji import Emoji
from mmqa.evaluation import generalisation_suites as suites
from mmqa.evaluation.generalisation import Fit, Gallery, Pairs
from mmqa.mapping.closed_form import ClosedFormMapping, normalize
from mmqa.mapping.shipped import Weights
from mmqa.records import Floats, ImageFeatures, Picture
from mmqa.training.drawings import Drawing


class Texts:
    """Every text its own vector; remembers what it was asked."""

    fingerprint = "texts"
    width = 384

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def encode(self, texts: Sequence[str]) -> Floats:
        self.seen |= set(texts)
        rows = [np.random.default_rng(zlib.crc32(t.encode())).standard_normal(384) for t in texts]
        return normalize(np.array(rows, np.float32))


class Images:
    """Widths as the shipped mapping takes them."""

    fingerprint = "images"

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        return seen(len(pictures))


def seen(count: int) -> ImageFeatures:
    rng = np.random.default_rng(count)
    pooled = np.abs(rng.standard_normal((count, 1280))).astype(np.float32)
    return ImageFeatures(pooled, np.full((count, 1000), 1e-3, np.float32))


def emoji(name: str, source: str) -> Drawing:
    return Drawing(Emoji(name, "x", name, (), "objects", "", False, Path("x.svg")), source)


def clip(name: str, side: concepts.Side) -> Clip:
    return Clip(Path(f"{name}.png"), name, "things", name, side, depicted=True)


NAMES = [f"thing{i}zz" for i in range(60)]
HELD = {name for name in NAMES if concepts.side(name) == "test"}
CLIPS = [clip(f"clip{i}", ("test", "train", "development")[i % 3]) for i in range(30)]
CLIPS += [clip("", "train"), clip("", "test"), clip(min(HELD), "train")]


def fitted_clips() -> list[Drawing]:
    return [emoji(c.name, "openclipart") for c in suites.clipart.fitted(CLIPS)]


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[suites.Suites, Texts]:
    drawn = [emoji(name, source) for name in NAMES for source in ("openmoji", "noto")]
    pictures = tmp_path / "collection/pictures"
    pictures.mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (60, 60), (number, 0, 0)).save(pictures / f"IMG_{number}.png")
    (pictures / "IMG_0.png.txt").write_text("a caption")
    asked = [
        {"question": "a zebra", "relevant": ["pictures/IMG_0.png"], "needs": ["visual"]},
        {"question": "who said so?", "relevant": ["recordings/a.wav"], "needs": ["speech"]},
    ]
    lines = "\n".join(json.dumps(one) for one in asked)
    (tmp_path / "collection" / suites.mixed.QUESTIONS).write_text(lines, encoding="utf-8")
    monkeypatch.setattr(suites, "collect", lambda *_: drawn)
    monkeypatch.setattr(suites, "collect_styles", lambda *_: [])
    monkeypatch.setattr(suites, "encode", lambda drawings, *_: seen(len(drawings)))
    monkeypatch.setattr(suites, "collect_clipart", lambda *_: fitted_clips())
    monkeypatch.setattr(suites.clipart, "depicted", lambda *_: CLIPS)
    monkeypatch.setattr(suites.clipart, "encode", lambda clips, *_: seen(len(clips)))
    monkeypatch.setattr(suites.mixed, "build", lambda *_: tmp_path / "collection")
    stub = Gallery("photographs", seen(1).pooled, seen(1), np.ones((1, 1), bool))
    monkeypatch.setattr(suites, "photographs_test", lambda *_: stub)
    texts = Texts()
    return suites.Suites(Images(), texts, tmp_path), texts


def tells(named: Sequence[Drawing]) -> np.ndarray:
    """As the rule on words does, without asking for vectors."""
    return np.array([d.emoji.annotation in HELD for d in named])


def noted(pairs: Pairs, weights: Weights) -> Fit:
    """Instead of the regression, which has tests of its own and takes its time at these widths."""
    return Fit(pairs.name, ClosedFormMapping(weights), len(pairs.captions))


def small() -> Weights:
    rng = np.random.default_rng(0)

    def some(*shape: int) -> Floats:
        return normalize(rng.standard_normal(shape).astype(np.float32))

    return Weights(
        offset=np.zeros(2280, np.float32),
        axes=some(2280, 4),
        landmarks=some(3, 4),
        coefficients=some(3, 384),
        gamma=1.0,
        classes=some(1000, 384),
        bank=some(20, 384),
        picture_bank=some(12, 384),
        usual=np.zeros(1000, np.float32),
        spread=np.ones(1000, np.float32),
        words=("word",) * 20,
        temperature=1.0,
        named_share=0.3,
        drawn_share=0.0,
        drawn_temperature=1.0,
        calibration={},
    )


def test_no_fit_reads_a_name_of_the_test_sides(
    pretended: tuple[suites.Suites, Texts], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, texts = pretended
    monkeypatch.setattr(suites, "tells_of", lambda named, *_: tells(named))
    monkeypatch.setattr(suites, "fitted", noted)
    fits = made.fits(ClosedFormMapping(small()))
    assert [fit.name for fit in fits] == [
        "ConSE alone",
        "emoji",
        "openclipart",
        "emoji + openclipart",
        "as configured",
    ]
    assert HELD
    assert not HELD & texts.seen, "one is among the drawings, and tells of what is tested"
    assert not {c.name for c in CLIPS if c.side == "test" and c.name} & texts.seen
    kept = 2 * (len(NAMES) - len(HELD))
    assert [fit.pairs for fit in fits] == [0, kept, 20, kept + 20, None]


def test_only_the_test_sides_are_asked(pretended: tuple[suites.Suites, Texts]) -> None:
    made, texts = pretended
    galleries = {gallery.name: gallery for gallery in made.tests()}
    assert {n for n in texts.seen if n.endswith("zz")} == HELD
    assert galleries["OpenMoji, unseen concepts"].relevant.shape == (len(HELD), len(HELD))
    clips = galleries["openclipart, test side"]
    assert clips.relevant.shape == (10, 11), "a drawing without a name may be found, wrongly"
    mixed = galleries["mixed, pictures"]
    assert mixed.relevant.tolist() == [[True, False, False]]
    assert "who said so?" not in texts.seen
