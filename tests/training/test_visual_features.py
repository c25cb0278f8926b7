"""What is seen of pictures is kept under the pixels and what looked at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mmqa.records import Chunk, Floats, ImageFeatures, Picture, PromptWord
from mmqa.training import visual_features
from mmqa.training.visual_examples import Asked, Example
from mmqa.training.visual_features import Seer, see

ASKED = (Asked("What colour is it?", "red", "colour"),)


class Eye:
    """Sees three channels in 9 × 9 cells; says how many pictures it was shown at a time."""

    def __init__(self, fingerprint: str = "eye") -> None:
        self.fingerprint = fingerprint
        self.shown: list[int] = []

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        assert grid
        self.shown.append(len(pictures))
        colours = np.stack([p.pixels[0, 0] for p in pictures]).astype(np.float32)
        return ImageFeatures(colours, grid=np.tile(colours[:, :, None, None], (1, 1, 9, 9)))


class Same:
    """A mapping that leaves what is seen as it is."""

    fingerprint = "same"

    def map(self, features: ImageFeatures) -> Floats:
        return features.pooled


class Names:
    """Names a picture after its channels, the strongest first."""

    def words(self, vectors: Floats, count: int) -> list[tuple[PromptWord, ...]]:
        names = np.array(["red", "green", "blue"])
        return [
            tuple(PromptWord(str(names[n]), float(v[n])) for n in np.argsort(-v)[:count])
            for v in vectors
        ]


def seer(eye: Eye, side: int = 2) -> Seer:
    return Seer(eye, Same(), Names(), side)  # type: ignore[arg-type]


def drawn(*colour: int) -> Picture:
    return Picture(np.full((4, 4, 3), colour, np.uint8))


def examples(count: int, source: str = "toy", start: int = 0) -> list[Example]:
    draws: list[Callable[[], Picture]] = [
        partial(drawn, n, 100, 50) for n in range(start, start + count)
    ]
    return [Example(str(n), source, (draw,), ASKED) for n, draw in enumerate(draws)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visual_features, "BLOCK", 8)


def test_pictures_come_in_order_with_the_words_of_each(tmp_path: Path) -> None:
    pair = Example("pair", "toy", (partial(drawn, 9, 0, 3), partial(drawn, 0, 5, 7)), ASKED)
    one = Example("one", "toy", (partial(drawn, 0, 0, 8),), ASKED)
    seen = see([pair, one], seer(Eye()), tmp_path / "new")
    assert seen.first == (0, 2)
    assert seen.grids.shape == (3, 4, 3)
    assert seen.grids.dtype == np.float16
    assert seen.grids[:, 0].tolist() == [[9, 0, 3], [0, 5, 7], [0, 0, 8]]
    assert seen.words == (
        ("red", "blue", "green"),
        ("blue", "green", "red"),
        ("blue", "red", "green"),
    )


def test_what_was_seen_once_is_not_looked_at_again(tmp_path: Path) -> None:
    eye = Eye()
    first = see(examples(20), seer(eye), tmp_path)
    assert eye.shown == [8, 8, 4]
    second = see(examples(20), seer(eye), tmp_path)
    assert eye.shown == [8, 8, 4]
    assert np.array_equal(first.grids, second.grids)
    assert (first.words, first.first) == (second.words, second.first)


def test_an_interrupted_run_goes_on_block_by_block(tmp_path: Path) -> None:
    eye = Eye()

    def stop(chunk: Chunk) -> None:
        if chunk.done == 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        see(examples(20), seer(eye), tmp_path, progress=stop)
    see(examples(20), seer(eye), tmp_path)
    assert eye.shown == [8, 8, 4]


def test_a_block_that_was_not_written_to_its_end_does_not_count(tmp_path: Path) -> None:
    see(examples(4), seer(Eye()), tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.rename(kept.with_suffix(".part"))
    eye = Eye()
    see(examples(4), seer(eye), tmp_path)
    assert eye.shown == [4]


def test_it_is_told_how_far_it_is(tmp_path: Path) -> None:
    told: list[Chunk] = []
    see(examples(10), seer(Eye()), tmp_path, label="look", progress=told.append)
    assert told == [Chunk("look", 8, 10, "steps"), Chunk("look", 10, 10, "steps")]


def test_a_picture_that_changes_under_the_same_key_is_looked_at_anew(tmp_path: Path) -> None:
    see(examples(4), seer(Eye()), tmp_path)
    eye = Eye()
    changed = see(examples(4, start=50), seer(eye), tmp_path)
    assert eye.shown == [4]
    assert changed.grids[:, 0, 0].tolist() == [50, 51, 52, 53]


def test_names_and_questions_do_not_matter_to_what_is_seen(tmp_path: Path) -> None:
    see(examples(4), seer(Eye()), tmp_path)
    eye = Eye()
    see(examples(4, source="other"), seer(eye), tmp_path)
    assert eye.shown == []


def test_pixels_of_another_shape_are_another_picture(tmp_path: Path) -> None:
    flat, tall = np.zeros((2, 8, 3), np.uint8), np.zeros((8, 2, 3), np.uint8)
    eye = Eye()
    for pixels in (flat, tall):
        see([Example("1", "toy", (partial(Picture, pixels),), ASKED)], seer(eye), tmp_path)
    assert eye.shown == [1, 1]


def test_another_encoder_or_another_side_looks_anew(tmp_path: Path) -> None:
    see(examples(4), seer(Eye()), tmp_path)
    other, closer = Eye("other"), Eye()
    see(examples(4), seer(other), tmp_path)
    grids = see(examples(4), seer(closer, side=3), tmp_path).grids
    assert (other.shown, closer.shown) == ([4], [4])
    assert grids.shape == (4, 9, 3)
