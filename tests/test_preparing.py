"""One file prepared: what is found by its content, what is a duplicate, which tags it gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa.extraction import Extractors
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.media.reader import FileReader
from mmqa.moves import Moves
from mmqa.preparing import Entry, Preparation, Stages
from mmqa.records import ImageFeatures, MediaItem, Picture

FUSER = ConcatFuser(8)


class Eye:
    """Sees nothing, and counts how often it was asked."""

    fingerprint = "eye"

    def __init__(self) -> None:
        self.seen = 0

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        self.seen += len(pictures)
        return ImageFeatures(np.zeros((len(pictures), 4), np.float32))


def nobody() -> Any:
    raise AssertionError("not needed")


@pytest.fixture
def eye() -> Eye:
    return Eye()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    identity = IndexIdentity("embedded", {}, "concat", FUSER.width)
    with IndexStore.create(tmp_path / "index", identity, FUSER) as opened:
        yield opened


@pytest.fixture
def prepare(store: IndexStore, eye: Eye) -> Callable[..., Preparation]:
    def make(
        gone: Sequence[MediaItem] = (), tags: Sequence[str] = (), **fingerprints: str
    ) -> Preparation:
        stages = Stages(
            reader=FileReader(),
            extractors=Extractors(lambda: eye, None, nobody),
            fingerprints={"image_encoder": "eye", "transcriber": "ear", **fingerprints},
            text_encoder=nobody,
            mapping=None,  # type: ignore[arg-type]
            prompt_words=None,  # type: ignore[arg-type]
        )
        return Preparation(store, stages, Moves(gone), frozenset(tags))

    return make


def picture(path: Path, seed: int = 0) -> Path:
    noise = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return path


def put(store: IndexStore, entry: Entry) -> MediaItem:
    with store.transaction() as change:
        change.put(entry.media.item, [], [], [], entry.phash)
    return entry.media.item


def test_the_key_of_extracts_names_every_model_that_could_change_them(
    prepare: Callable[..., Preparation], tmp_path: Path
) -> None:
    media = FileReader().read(picture(tmp_path / "a.png"))
    without = prepare().entry(media).key
    assert without == "v1;image_encoder=eye;text_recognizer=off"
    assert prepare(text_recognizer="reader").entry(media).key != without
    assert prepare(transcriber="other").entry(media).key == without


def test_content_that_was_read_before_is_not_read_again(
    prepare: Callable[..., Preparation], store: IndexStore, eye: Eye, tmp_path: Path
) -> None:
    from mmqa.extraction import pack

    media = FileReader().read(picture(tmp_path / "a.png"))
    first = prepare().entry(media)
    assert (first.fresh, eye.seen) == (True, 1)
    store.put_extraction(media.item.sha256, first.key, pack(first.extracts or []))
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    again = prepare().entry(FileReader().read(tmp_path / "b.png"))
    assert (again.fresh, eye.seen) == (False, 1)


def test_a_second_file_of_the_same_bytes_is_a_duplicate_while_the_first_is_there_unchanged(
    prepare: Callable[..., Preparation], store: IndexStore, tmp_path: Path
) -> None:
    first = picture(tmp_path / "a.png")
    put(store, prepare().entry(FileReader().read(first)))
    second = FileReader().read(picture(tmp_path / "b.png"))
    assert prepare().entry(second).media.item.flags == ("duplicate",)
    picture(first, seed=1)
    assert prepare().entry(second).media.item.flags == ()
    first.unlink()
    assert prepare().entry(second).media.item.flags == ()


def test_a_picture_that_is_almost_the_same_is_a_near_duplicate_unless_that_one_is_gone(
    prepare: Callable[..., Preparation], store: IndexStore, tmp_path: Path
) -> None:
    item = put(store, prepare().entry(FileReader().read(picture(tmp_path / "a.png"))))
    with Image.open(tmp_path / "a.png") as image:
        image.save(tmp_path / "b.jpg", quality=95)
    media = FileReader().read(tmp_path / "b.jpg")
    assert prepare().entry(media).media.item.flags == ("near-duplicate",)
    assert prepare(gone=[item]).entry(media).media.item.flags == ()


def test_a_file_gets_the_tags_that_were_asked_for_and_those_that_it_had_elsewhere(
    prepare: Callable[..., Preparation], tmp_path: Path
) -> None:
    media = FileReader().read(picture(tmp_path / "a.png"))
    old = MediaItem(tmp_path / "old.png", media.item.sha256, "image", 1, 0, tags=("trip",))
    preparation = prepare(gone=[old], tags=["new"])
    moved = preparation.entry(media)
    assert (moved.was, moved.media.item.tags) == (old.path, ("new", "trip"))
    copy = preparation.entry(FileReader().read(picture(tmp_path / "b.png")))
    assert (copy.was, copy.media.item.tags) == (None, ("new",))
