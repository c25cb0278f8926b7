"""Pictures are described once each content, apart from what people wrote; failures are told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa import AddEvent, Library
from mmqa.describing import AT_ONCE, FLAG, IN_A_ROW, LONGEST, Describing, lacking, shortened
from mmqa.errors import GenerationError
from mmqa.extraction import Extractors, unpack
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.ingest import Ingest
from mmqa.media.reader import FileReader
from mmqa.moves import Moves
from mmqa.preparing import Entry, Preparation, Stages
from mmqa.prompts.looking import PictureWords
from mmqa.records import (
    Features,
    Floats,
    ImageFeatures,
    Media,
    MediaItem,
    Part,
    Passage,
    Picture,
    PromptWord,
    Segment,
    SegmentText,
)
from mmqa.sync import sync

from .films import write_film

FUSER = ConcatFuser(8)
RED, BLUE = (220, 20, 20), (20, 20, 220)


class Colours:
    """Says which colour pictures have most of, and remembers what it was told, and how many a time.

    Args:
        fails: On every picture.
        at: It fails wherever one of them is as green as that.
    """

    def __init__(self, fails: bool = False, at: int | None = None) -> None:
        self.fails = fails
        self.at = at
        self.told: list[PictureWords] = []
        self.groups: list[int] = []

    def __call__(self, pictures: Sequence[Picture], about: Sequence[PictureWords]) -> list[str]:
        self.told += about
        self.groups.append(len(pictures))
        if self.fails or any(picture.pixels[0, 0, 1] == self.at for picture in pictures):
            raise GenerationError("the model is out of memory", "Close programs.")
        return [self.say(picture) for picture in pictures]

    def say(self, picture: Picture) -> str:
        red, _, blue = picture.pixels.reshape(-1, 3).mean(axis=0)
        return f"A {'red' if red > blue else 'blue'}\n square. "


class Eye:
    """A picture's mean colour is what it sees, and what it is mapped to."""

    fingerprint = "eye"

    def __init__(self) -> None:
        self.seen = 0

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        self.seen += len(pictures)
        return ImageFeatures(np.stack([p.pixels.mean((0, 1)) for p in pictures]).astype(np.float32))

    def map(self, features: ImageFeatures) -> Floats:
        return features.pooled

    def words(self, vectors: Floats, k: int = 8, *, of: str = "pictures") -> list[Any]:
        return [(PromptWord("warm" if v[0] > v[2] else "cold", 1.0),) for v in vectors]


class Reader:
    """Reads the same in every picture."""

    fingerprint = "reader"

    def recognize(self, picture: Picture) -> str:
        return "EXIT"


class World:
    """An index, and the preparation of files for it with or without a describer."""

    def __init__(self, store: IndexStore) -> None:
        self.store = store
        self.eye = Eye()

    def prepare(self, describer: Colours | None, fingerprint: str = "f") -> Preparation:
        describing = None if describer is None else Describing(lambda: describer, fingerprint)
        stages = Stages(
            reader=FileReader(),
            extractors=Extractors(lambda: self.eye, Reader, nobody),
            fingerprints={"image_encoder": "eye", "text_recognizer": "reader"},
            text_encoder=nobody,
            mapping=self.eye,  # type: ignore[arg-type]
            prompt_words=self.eye,
            describing=describing,
        )
        return Preparation(self.store, stages, Moves(()), frozenset())

    def put(self, entry: Entry) -> MediaItem:
        """Store a file as the write flow does."""
        item, extracts = entry.media.item, entry.extracts or []
        segments = [
            Segment(
                f"{item.path.stem}.{n}",
                item.path,
                item.sha256,
                extract.kind,
                n,
                text=SegmentText(ocr=extract.ocr, description=extract.description),
                frame_s=extract.frame_s,
            )
            for n, extract in enumerate(extracts)
        ]
        with self.store.transaction() as change:
            change.put(item, segments, [Features({}) for _ in segments], [""] * len(segments))
            for key, payload in entry.payloads():
                change.put_extraction(item.sha256, key, payload)
        return item


def nobody() -> Any:
    raise AssertionError("not needed")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    identity = IndexIdentity("embedded", {}, "concat", FUSER.width)
    with IndexStore.create(tmp_path / "index", identity, FUSER) as opened:
        yield World(opened)


def square(path: Path, colour: tuple[int, int, int]) -> Path:
    Image.new("RGB", (200, 200), colour).save(path)
    return path


def read(path: Path, colour: tuple[int, int, int] = RED) -> Media:
    return FileReader().read(square(path, colour))


def done(preparation: Preparation, media: Media) -> Entry:
    """The entry of one file, its pictures described."""
    entry = preparation.entry(media)
    preparation.describe([entry])
    return entry


def told(entry: Entry) -> list[str]:
    return [extract.description for extract in entry.extracts or ()]


def test_the_describer_sees_the_picture_with_its_prompt_words_and_its_text(
    world: World, tmp_path: Path
) -> None:
    describer = Colours()
    entry = done(world.prepare(describer), read(tmp_path / "a.png", BLUE))
    assert told(entry) == ["A blue square."]
    assert describer.told == [PictureWords(("cold",), "EXIT")]


def test_without_a_describer_nothing_is_described_or_kept(world: World, tmp_path: Path) -> None:
    entry = done(world.prepare(None), read(tmp_path / "a.png"))
    assert told(entry) == [""]
    assert [key for key, _ in entry.payloads()] == [entry.key]


def test_descriptions_are_kept_by_content_under_a_key_of_their_own(
    world: World, tmp_path: Path
) -> None:
    describer = Colours()
    item = world.put(done(world.prepare(describer), read(tmp_path / "a.png")))
    kept = world.store.extraction_fingerprints(item.sha256)
    assert kept == ["v1;describer=f", "v1;image_encoder=eye;text_recognizer=reader"]
    bare, own = (unpack(world.store.extraction(item.sha256, key) or b"") for key in kept[::-1])
    assert (bare[0].description, own[0].description) == ("", "A red square.")
    again = done(world.prepare(describer), read(tmp_path / "b.png"))
    assert told(again) == ["A red square."]
    assert list(again.payloads()) == []
    assert (len(describer.told), world.eye.seen) == (1, 1)


def test_a_picture_that_was_read_before_is_only_described(world: World, tmp_path: Path) -> None:
    world.put(done(world.prepare(None), read(tmp_path / "a.png")))
    entry = done(world.prepare(Colours()), read(tmp_path / "a.png"))
    assert (told(entry), world.eye.seen) == (["A red square."], 1)
    assert [key for key, _ in entry.payloads()] == ["v1;describer=f"]


def test_another_model_describes_anew(world: World, tmp_path: Path) -> None:
    world.put(done(world.prepare(Colours()), read(tmp_path / "a.png")))
    other = Colours()
    done(world.prepare(other, "g"), read(tmp_path / "b.png"))
    assert len(other.told) == 1


def test_a_copy_keeps_its_description_where_nothing_is_described_any_more(
    world: World, tmp_path: Path
) -> None:
    world.put(done(world.prepare(Colours()), read(tmp_path / "a.png")))
    assert told(done(world.prepare(None), read(tmp_path / "b.png"))) == ["A red square."]


def test_a_picture_that_cannot_be_described_is_added_all_the_same_with_a_flag(
    world: World, tmp_path: Path
) -> None:
    entry = done(world.prepare(Colours(fails=True)), read(tmp_path / "a.png"))
    assert (told(entry), entry.media.item.flags) == ([""], ("not-described",))
    assert [key for key, _ in entry.payloads()] == [entry.key]
    item = world.put(entry)
    describing = Describing(nobody, "f")
    assert lacking(describing, world.store, item)
    entry = done(world.prepare(Colours()), read(tmp_path / "a.png"))
    assert (told(entry), entry.media.item.flags) == (["A red square."], ())
    assert not lacking(describing, world.store, world.put(entry))


def test_a_model_that_says_nothing_has_not_described(world: World, tmp_path: Path) -> None:
    silent: Any = lambda pictures, about: [" \n" for _ in pictures]  # noqa: E731
    entry = done(world.prepare(silent), read(tmp_path / "a.png"))
    assert entry.media.item.flags == ("not-described",)


def test_one_failure_after_the_other_ends_the_run_with_the_cause(
    world: World, tmp_path: Path
) -> None:
    describer = Colours(fails=True)
    preparation = world.prepare(describer)
    for number in range(IN_A_ROW - 1):
        done(preparation, read(tmp_path / f"{number}.png", (number, 0, 0)))
    describer.fails = False
    done(preparation, read(tmp_path / "good.png", BLUE))
    describer.fails = True
    for number in range(IN_A_ROW - 1):
        done(preparation, read(tmp_path / f"{number}.png", (0, number + 1, 0)))
    with pytest.raises(GenerationError, match=r"last 5 pictures .*out of memory\. Close programs"):
        done(preparation, read(tmp_path / "last.png", (0, 99, 0)))


def test_an_error_that_is_no_failure_to_describe_is_not_hidden(
    world: World, tmp_path: Path
) -> None:
    def broken(pictures: Sequence[Picture], about: Sequence[PictureWords]) -> list[str]:
        raise KeyError("a fault of ours")

    describer: Any = broken
    with pytest.raises(KeyError):
        done(world.prepare(describer), read(tmp_path / "a.png"))


def entries(preparation: Preparation, folder: Path, *greens: int) -> list[Entry]:
    """Reddish pictures, as green as that, on their way."""
    return [preparation.entry(read(folder / f"{g}.png", (200, g, 20))) for g in greens]


def test_pictures_wait_until_some_are_described_together(world: World, tmp_path: Path) -> None:
    describer = Colours()
    preparation = world.prepare(describer)
    found = entries(preparation, tmp_path, *range(AT_ONCE - 1))
    assert (describer.groups, preparation.waiting) == ([], AT_ONCE - 1)
    found += entries(preparation, tmp_path, 100, 101)
    assert (describer.groups, preparation.waiting) == ([AT_ONCE], 1)
    preparation.describe(found)
    assert (describer.groups, preparation.waiting) == ([AT_ONCE, 1], 0)
    assert [told(entry) for entry in found] == [["A red square."]] * (AT_ONCE + 1)
    assert {key for entry in found for key, _ in entry.payloads()} == {
        "v1;describer=f",
        "v1;image_encoder=eye;text_recognizer=reader",
    }


def test_a_picture_that_cannot_be_described_costs_no_other(world: World, tmp_path: Path) -> None:
    describer = Colours(at=2)
    preparation = world.prepare(describer)
    found = entries(preparation, tmp_path, 1, 2, 3)
    preparation.describe(found)
    assert [told(entry) for entry in found] == [["A red square."], [""], ["A red square."]]
    assert [FLAG in entry.media.item.flags for entry in found] == [False, True, False]
    assert [len(list(entry.payloads())) for entry in found] == [2, 1, 2]
    assert describer.groups == [3, 1, 1, 1]


def test_silence_about_several_is_not_asked_for_again(world: World, tmp_path: Path) -> None:
    asked: list[int] = []

    def silent(pictures: Sequence[Picture], about: Sequence[PictureWords]) -> list[str]:
        asked.append(len(pictures))
        return [""] * len(pictures)

    describer: Any = silent
    preparation = world.prepare(describer)
    found = entries(preparation, tmp_path, *range(IN_A_ROW))
    with pytest.raises(GenerationError, match=r"last 5 pictures .*said nothing"):
        preparation.describe(found)
    assert asked == [IN_A_ROW]


def test_a_document_of_many_pictures_holds_few_of_them_at_a_time(world: World) -> None:
    describer = Colours(at=3)
    media = document(*(page(number, (200, number, 20)) for number in range(1, 2 * AT_ONCE + 2)))
    preparation = world.prepare(describer)
    entry = preparation.entry(media)
    assert (preparation.waiting, describer.groups[-1]) == (1, AT_ONCE)
    preparation.describe([entry])
    assert [text == "" for text in told(entry)] == [n == 3 for n in range(1, 2 * AT_ONCE + 2)]
    assert entry.media.item.flags == (FLAG,)
    assert [key for key, _ in entry.payloads()] == [entry.key]


def document(*parts: Part) -> Media:
    item = MediaItem(Path("/m/plan.pdf"), "ab" * 32, "text", 1, 1)
    return Media(item, iter(parts))


def page(number: int, colour: tuple[int, int, int]) -> Picture:
    return Picture(np.full((8, 8, 3), colour, np.uint8), page=number)


def pages() -> Media:
    return document(Passage("words", page=1), page(1, RED), page(2, BLUE), page(3, RED))


def test_pages_whose_text_is_known_are_not_described(world: World) -> None:
    describer = Colours()
    wanted = ["", "", "A blue square.", "A red square."]
    assert told(done(world.prepare(describer), pages())) == wanted
    assert len(describer.told) == 2
    world.put(done(world.prepare(None), pages()))
    later = done(world.prepare(describer), pages())
    assert (told(later), len(describer.told)) == (wanted, 4)
    item = world.put(later)
    assert told(done(world.prepare(describer), pages())) == wanted
    assert len(describer.told) == 4
    assert not lacking(Describing(nobody, "f"), world.store, item)


def test_a_document_whose_pages_all_have_text_is_done_without_a_description(world: World) -> None:
    media = document(Passage("words", page=1), page(1, RED))
    item = world.put(done(world.prepare(None), media))
    describing = Describing(nobody, "f")
    assert lacking(describing, world.store, item)
    media = document(Passage("words", page=1), page(1, RED))
    world.put(done(world.prepare(Colours()), media))
    assert not lacking(describing, world.store, item)


def test_notes_lack_nothing(world: World) -> None:
    item = world.put(done(world.prepare(None), document(Passage("words"))))
    assert not lacking(Describing(nobody, "f"), world.store, item)
    assert not lacking(None, world.store, item)


def test_a_description_is_one_line_of_bounded_length_without_marks() -> None:
    assert shortened("A \ufffc dog\n\non a couch") == "A dog on a couch"
    assert len(shortened("word " * 500)) <= LONGEST + 2


# --------------------------------------------------------------------------- the whole flow


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., list[AddEvent]]]:
    """Adds or syncs a folder to an index with the real models and a tiny describer."""
    library = Library.open(tmp_path / "real")

    def go(folder: Path, describer: Colours | None, *, synced: bool = False) -> list[AddEvent]:
        describing = None if describer is None else Describing(lambda: describer, "tiny")
        stages = dataclasses.replace(library._stages(), describing=describing)
        events: list[AddEvent] = []
        with library._writer() as store:
            if synced:
                from mmqa.records import Source

                sync(store, stages, [Source(folder)], events.append)
            else:
                Ingest(store, stages, events.append).add([folder])
        return events

    go.library = library  # type: ignore[attr-defined]
    with library:
        yield go


@pytest.mark.weights
def test_a_description_is_searched_by_letter_and_by_meaning_and_is_nobodys_words(
    run: Callable[..., list[AddEvent]], tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    square(folder / "IMG_1.png", RED)
    square(folder / "IMG_2.png", BLUE)
    run(folder, Colours())
    library: Library = run.library  # type: ignore[attr-defined]
    first, second = library.search("a blue square", k=2)
    assert first.segment.path.name == "IMG_2.png"
    assert first.segment.text.description == "A blue square."
    assert first.segment.text.written() == ""
    assert first.contributions["lexical"] > second.contributions["lexical"]
    assert first.contributions["text"] > second.contributions["text"]


@pytest.mark.weights
def test_pictures_in_the_index_are_described_when_they_are_added_again_or_synced(
    run: Callable[..., list[AddEvent]], tmp_path: Path
) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    square(folder / "a.png", RED)
    (folder / "note.txt").write_text("The ferry leaves at nine.")
    assert [e.event for e in run(folder, None)] == ["added", "added"]
    describer = Colours()
    assert sorted(e.event for e in run(folder, describer)) == ["added", "unchanged"]
    assert [e.event for e in run(folder, describer)] == ["unchanged", "unchanged"]
    assert [e.event for e in run(folder, describer, synced=True)] == ["unchanged"] * 2
    assert [e.event for e in run(folder, None, synced=True)] == ["unchanged"] * 2
    square(folder / "b.png", BLUE)
    assert sorted(e.event for e in run(folder, None, synced=True))[0] == "added"
    assert sorted(e.event for e in run(folder, describer, synced=True))[0] == "added"
    (folder / "a.png").rename(folder / "c.png")
    assert "moved" in [e.event for e in run(folder, None, synced=True)]
    library: Library = run.library  # type: ignore[attr-defined]
    found = {h.segment.path.name: h.segment.text for h in library.search("square", k=3)}
    assert found["c.png"].description == "A red square."
    assert found["b.png"].description == "A blue square."
    assert len(describer.told) == 2


@pytest.mark.weights
def test_an_interrupted_run_keeps_the_pictures_that_were_described_together(
    run: Callable[..., list[AddEvent]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmqa.ingest.SECONDS_AT_ONCE", 0.0)
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(AT_ONCE + 2):
        square(folder / f"{number:02}.png", (200, 10 * number, 20))

    class Interrupted(Colours):
        def __call__(self, pictures: Sequence[Picture], about: Sequence[PictureWords]) -> list[str]:
            if self.groups:
                raise KeyboardInterrupt
            return super().__call__(pictures, about)

    with pytest.raises(KeyboardInterrupt):
        run(folder, Interrupted())
    describer = Colours()
    events = [event.event for event in run(folder, describer)]
    assert (events.count("unchanged"), events.count("added")) == (AT_ONCE, 2)
    assert describer.groups == [2]


def film(path: Path) -> Path:
    red, blue = (np.full((64, 96, 3), colour, np.uint8) for colour in (RED, BLUE))
    return write_film(path, [(red, 1.0), (blue, 1.0)])


def test_each_frame_of_a_video_is_described_once_and_kept(world: World, tmp_path: Path) -> None:
    describer = Colours()
    media = FileReader().read(film(tmp_path / "a.mkv"))
    item = world.put(world.prepare(describer).entry(media))
    said = [s.text.description for s in world.store.item_segments(item.path)]
    assert said == ["A red square.", "A blue square."]
    assert describer.told == [PictureWords(("warm",), "EXIT"), PictureWords(("cold",), "EXIT")]
    assert not lacking(Describing(lambda: describer, "f"), world.store, item)
    again = world.prepare(describer).entry(FileReader().read(tmp_path / "a.mkv"))
    assert [e.description for e in again.extracts or []] == said
    assert len(describer.told) == 2


def test_frames_of_a_video_that_was_added_before_are_described_later(
    world: World, tmp_path: Path
) -> None:
    item = world.put(world.prepare(None).entry(FileReader().read(film(tmp_path / "a.mkv"))))
    seen = world.eye.seen
    describer = Colours()
    assert lacking(Describing(lambda: describer, "f"), world.store, item)
    entry = world.prepare(describer).entry(FileReader().read(tmp_path / "a.mkv"))
    assert [e.description for e in entry.extracts or []] == ["A red square.", "A blue square."]
    assert world.eye.seen == seen
