"""The façade over a small real index, with real weights: filters, batches, an index cut short."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from mmqa import Filter, Library
from mmqa import config as configuration
from mmqa.errors import UsageError

pytestmark = pytest.mark.weights

NOTES = {
    "harbour/ferry.txt": "The ferry to the island leaves from pier four at half past seven.",
    "harbour/fish.txt": "The harbour market sells herring on Thursdays.",
    "garden/tomatoes.txt": "The tomatoes want water twice a week.",
    "garden/ferry.txt": "Uncle Paul takes the ferry when the roses bloom.",
    "garden/会议.txt": "周三的会议改到下午三点，在二楼的蓝色会议室。",
}
QUESTIONS = (
    "When does the boat leave?",
    "ferry",
    "会议改到几点？",
    "Who waters the garden?",
    "PIER 4",
    "?",
)


def day_s(day: int) -> float:
    return datetime(2024, 6, day, 12).timestamp()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notes changed on the 1st to the 5th of June 2024, a sign on the 6th."""
    folder = tmp_path_factory.mktemp("media")
    for day, (name, words) in enumerate(NOTES.items(), start=1):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(words + "\n", encoding="utf-8")
        os.utime(path, (day_s(day), day_s(day)))
    sign = Image.new("RGB", (700, 240), "white")
    font = ImageFont.load_default(size=72)
    ImageDraw.Draw(sign).text((40, 80), "FERRY PIER 4", fill="black", font=font)
    sign.save(folder / "harbour/sign.png")
    os.utime(folder / "harbour/sign.png", (day_s(6), day_s(6)))
    return folder


@pytest.fixture(scope="module")
def index(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "index"
    with Library.open(folder) as library:
        report = library.add(media)
        library.tag([media / "harbour"], add=["trip"])
        library.tag([media / "harbour/ferry.txt", media / "garden/ferry.txt"], add=["boat"])
    assert (report.added, report.failed) == (6, ())
    return folder


@pytest.fixture
def library(index: Path) -> Iterator[Library]:
    with Library.open(index, create=False) as opened:
        yield opened


def names(library: Library, media: Path, where: Filter | None, question: str = "ferry") -> set[str]:
    hits = library.search(question, where=where)
    return {str(hit.segment.path.relative_to(media)) for hit in hits}


def test_without_a_filter_all_are_found(library: Library, media: Path) -> None:
    assert (
        names(library, media, None)
        == names(library, media, Filter())
        == {
            *NOTES,
            "harbour/sign.png",
        }
    )


def test_a_kind_alone_is_found(library: Library, media: Path) -> None:
    assert names(library, media, Filter(kinds=("image",))) == {"harbour/sign.png"}
    assert names(library, media, Filter(kinds=("text",))) == set(NOTES)
    assert len(names(library, media, Filter(kinds=("image", "text")))) == 6


def test_a_folder_means_all_below_it_and_a_file_itself(library: Library, media: Path) -> None:
    assert names(library, media, Filter(folders=(media / "harbour",))) == {
        "harbour/ferry.txt",
        "harbour/fish.txt",
        "harbour/sign.png",
    }
    assert names(library, media, Filter(folders=(media / "garden/ferry.txt",))) == {
        "garden/ferry.txt"
    }
    assert names(library, media, Filter(folders=(media / "gar",))) == set()


def test_time_is_from_and_including_to_and_excluding(library: Library, media: Path) -> None:
    where = Filter(since_s=day_s(2), until_s=day_s(4))
    assert names(library, media, where) == {"harbour/fish.txt", "garden/tomatoes.txt"}


def test_all_tags_must_be_there(library: Library, media: Path) -> None:
    assert len(names(library, media, Filter(tags=("trip",)))) == 3
    assert names(library, media, Filter(tags=("boat", "trip"))) == {"harbour/ferry.txt"}


def test_conditions_hold_together(library: Library, media: Path) -> None:
    where = Filter(
        kinds=("text",),
        folders=(media / "harbour", media / "garden"),
        since_s=day_s(1),
        until_s=day_s(5),
        tags=("boat",),
    )
    assert names(library, media, where) == {"harbour/ferry.txt", "garden/ferry.txt"}


@pytest.mark.parametrize(
    "where",
    [
        Filter(folders=(Path("/nowhere/at/all"),)),
        Filter(tags=("nobody's",)),
        Filter(kinds=("video",)),
        Filter(since_s=day_s(30)),
        Filter(since_s=day_s(4), until_s=day_s(2)),
        Filter(kinds=("image",), tags=("boat",)),
    ],
)
def test_a_filter_that_nothing_fits_finds_nothing(library: Library, where: Filter) -> None:
    assert len(library.search("ferry", where=where)) == 0
    assert library.search_batch(["ferry", "pier"], where=where)[1].hits == ()
    assert library.ask("When does the ferry leave?", where=where).abstained


def test_a_filter_changes_no_score(library: Library, media: Path) -> None:
    every = {hit.segment.id: hit.score for hit in library.search("ferry")}
    for hit in library.search("ferry", where=Filter(tags=("boat",))):
        assert hit.score == pytest.approx(every[hit.segment.id], abs=1e-5)


def test_an_answer_rests_on_what_the_filter_lets_through(library: Library, media: Path) -> None:
    answer = library.ask("Who takes the ferry?", where=Filter(folders=(media / "garden",)))
    assert {hit.segment.path.parent.name for hit in answer.hits} == {"garden"}
    assert "Paul" in answer.text


def test_a_picture_as_the_question_is_narrowed_too(library: Library, media: Path) -> None:
    found = library.search(image=media / "harbour/sign.png", where=Filter(kinds=("text",)))
    assert {hit.segment.kind for hit in found} == {"text"}


@pytest.mark.parametrize("where", [None, Filter(tags=("trip",))])
def test_a_batch_finds_what_each_question_finds_by_itself(
    library: Library, where: Filter | None
) -> None:
    together = library.search_batch(QUESTIONS, k=4, where=where)
    assert [result.question for result in together] == list(QUESTIONS)
    for question, result in zip(QUESTIONS, together, strict=True):
        alone = library.search(question, k=4, where=where)
        assert [hit.segment for hit in result] == [hit.segment for hit in alone]
        assert [hit.score for hit in result] == pytest.approx(
            [hit.score for hit in alone], abs=1e-5
        )
        assert result.modality_weights == pytest.approx(alone.modality_weights, abs=1e-5)
        assert [hit.rank for hit in result] == list(range(1, len(result) + 1))


def test_a_batch_larger_than_what_is_searched_at_once_keeps_its_order(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmqa.library.AT_ONCE", 2)
    together = library.search_batch(QUESTIONS, k=1)
    assert [r.hits[0].segment.id for r in together] == [
        library.search(question, k=1)[0].segment.id for question in QUESTIONS
    ]


def test_no_questions_are_no_results_and_an_empty_one_is_wrong_usage(library: Library) -> None:
    assert library.search_batch([]) == []
    with pytest.raises(UsageError, match="empty"):
        library.search_batch(["ferry", " "])
    with pytest.raises(UsageError, match="k is 0"):
        library.search_batch(["ferry"], k=0)


def test_a_batch_is_answered_as_each_question_by_itself(library: Library) -> None:
    questions = [*QUESTIONS, "What colour is the sign in the picture?", "When does the ferry go?"]
    together = library.ask_batch(questions)
    assert [answer.question for answer in together] == questions
    assert {answer.source for answer in together} >= {"generated", "quoted"}
    for question, answer in zip(questions, together, strict=True):
        alone = library.ask(question)
        assert (answer.text, answer.source, answer.citations) == (
            alone.text,
            alone.source,
            alone.citations,
        )


def test_an_empty_question_in_a_batch_is_wrong_usage_before_anything_is_asked(
    library: Library,
) -> None:
    with pytest.raises(UsageError, match="empty"):
        library.ask_batch(["When does the boat leave?", " "])
    assert library._parts._language_model_in_use is None
    assert library.ask_batch([]) == []


def test_tags_and_the_time_they_span_can_be_asked(library: Library) -> None:
    assert library.tags() == ("boat", "trip")
    assert library.period_s() == pytest.approx((day_s(1), day_s(6)))


def test_with_captions_and_no_new_picture_the_language_model_is_not_loaded(
    index: Path, media: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(index, tmp_path / "index")
    with Library.open(copy, config=configuration.load({"captions": True})) as library:
        assert library.add(media / "garden").skipped == 3
        assert library._parts._language_model_in_use is None


def test_an_index_that_was_cut_short_before_it_was_calibrated_is_searched_as_usual(
    index: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "index"
    shutil.copytree(index, copy)
    with Library.open(index, create=False) as library:
        whole = library.search("When does the boat leave?")
    with sqlite3.connect(copy / "catalogue.sqlite", isolation_level=None) as catalogue:
        catalogue.execute("DELETE FROM calibration")
        catalogue.execute("DELETE FROM meta WHERE name = 'calibrated_count'")
    catalogue.close()
    (copy / "catalogue.seal").unlink()
    with Library.open(copy, create=False) as library:
        found = library.search("When does the boat leave?")
        assert library._store.calibration() == {}  # a reader writes nothing
    assert [hit.segment for hit in found] == [hit.segment for hit in whole]
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in whole])
    assert found[0].contributions["text"] > 0.5
