"""One file prepared: what is found by its content, what is a duplicate, which tags it gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa.extraction import Extractors, spans
from mmqa.fusion.concat import ConcatFuser
from mmqa.hearing import StoppedError
from mmqa.index.identity import IndexIdentity
from mmqa.index.layout import thumbnail_path
from mmqa.index.store import IndexStore
from mmqa.media import video
from mmqa.media.reader import FileReader
from mmqa.moves import Moves
from mmqa.preparing import Entry, Preparation, Stages
from mmqa.records import (
    Chunk,
    ImageFeatures,
    MediaItem,
    Picture,
    Recording,
    Transcript,
    TranscriptSpan,
)

from .films import scene, tone, write_film

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


def film(path: Path, seconds: float = 0.0) -> Path:
    sound = tone(seconds) if seconds else None
    return write_film(path, [(scene(1), 1.0), (scene(2), 1.0)], sound=sound)


class Ear:
    """Hears the same words in whatever it is given."""

    fingerprint = "ear"

    def transcribe_many(self, recordings: Sequence[Recording]) -> list[Transcript]:
        spans = (TranscriptSpan(0.2, 0.8, "First."), TranscriptSpan(1.2, 1.9, "Second."))
        return [Transcript(spans, "en") for _ in recordings]


def test_a_video_without_sound_is_its_shots_and_each_has_a_thumbnail(
    prepare: Callable[..., Preparation], store: IndexStore, tmp_path: Path
) -> None:
    entry = prepare().entry(FileReader().read(film(tmp_path / "a.mkv")))
    assert entry.key == "v1;image_encoder=eye;text_recognizer=off;transcriber=ear;shots=1"
    assert entry.recording is None
    shown = entry.extracts or []
    assert [e.kind for e in shown] == ["video", "video"]
    for extract in shown:
        path = thumbnail_path(store.folder, entry.media.item.sha256, extract.frame_s)
        assert Image.open(path).size == (96, 64)


def test_what_is_said_in_a_video_stands_beside_what_is_seen_then(
    prepare: Callable[..., Preparation], tmp_path: Path
) -> None:
    preparation = prepare()
    entry = preparation.entry(FileReader().read(film(tmp_path / "a.mkv", 2.0)))
    assert entry.extracts is None
    assert len(entry.shots or []) == 2
    entry.hear(spans(Recording(tone(2.0, 16_000)), Ear().transcribe_many([None])[0]))  # type: ignore[list-item]
    found = entry.extracts or []
    assert [(e.transcript, e.start_s) for e in found] == [("First.", 0.2), ("Second.", 1.2)]
    assert len({e.frame_s for e in found}) == 2
    assert (entry.recording, entry.shots) == (None, None)


def test_a_video_that_was_read_before_is_not_decoded_again_and_keeps_its_flags(
    prepare: Callable[..., Preparation],
    store: IndexStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_film(tmp_path / "a.mkv", [(scene(1), 3.0), (scene(2), 3.0)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    entry = prepare().entry(FileReader().read(path))
    assert entry.media.item.flags == ("damaged-tail",)
    for key, payload in entry.payloads():
        store.put_extraction(entry.media.item.sha256, key, payload)
    monkeypatch.setattr(video.sys, "executable", "/bin/false")
    again = prepare().entry(FileReader().read(path.rename(tmp_path / "b.mkv")))
    assert not again.fresh
    assert again.media.item.flags == ("damaged-tail",)
    assert len(again.extracts or []) == len(entry.extracts or [])


def test_it_is_told_how_far_a_video_was_looked_at_and_it_can_be_stopped(
    store: IndexStore, eye: Eye, tmp_path: Path
) -> None:
    told: list[Chunk] = []
    stages = Stages(
        reader=FileReader(),
        extractors=Extractors(lambda: eye, None, nobody),
        fingerprints={},
        text_encoder=nobody,
        mapping=None,  # type: ignore[arg-type]
        prompt_words=None,  # type: ignore[arg-type]
    )

    def prepared(*, stop: bool) -> Entry:
        preparation = Preparation(
            store,
            stages,
            Moves(()),
            frozenset(),
            on_progress=told.append,
            cancelled=lambda: stop,
        )
        return preparation.entry(FileReader().read(tmp_path / "a.mkv"))

    write_film(tmp_path / "a.mkv", [(scene(1), 2.0), (scene(2), 2.0)])
    prepared(stop=False)
    assert told == [
        Chunk("looking at a.mkv", 2, 4, "seconds"),
        Chunk("looking at a.mkv", 4, 4, "seconds"),
    ]
    with pytest.raises(StoppedError):
        prepared(stop=True)
