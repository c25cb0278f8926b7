"""The sidebar: which index, what is in it, and adding files."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mmqa.records import Filter


def texts(page: AppTest) -> list[str]:
    return [element.value for element in page.text]


def labelled(elements: Iterable[Any], label: str) -> Any:
    """The one that a person would find by what stands above it."""
    (found,) = [element for element in elements if element.label == label]
    return found


def add(page: AppTest, typed: str) -> AppTest:
    """Type a path, press Add, and wait until the background job is seen to have ended."""
    labelled(page.text_input, "Or a file or folder on this machine").set_value(typed)
    next(b for b in page.button if b.label == "Add").click().run()
    for _ in range(50):
        if page.success or page.error:
            return page
        time.sleep(0.05)
        page.run()
    raise AssertionError("the job did not end")


def test_the_index_is_counted(page: AppTest) -> None:
    assert not page.exception
    assert "2 pictures, 1 recording" in texts(page)
    assert "6 segments, 1.2 MB" in texts(page)
    assert page.selectbox[0].label == "Index to ask"


def test_adding_a_folder_shows_what_was_added(page: AppTest, library: Any, media: Path) -> None:
    add(page, str(media))
    assert library.added == [media]
    assert page.success[0].value == "Added 1 file."


def test_refused_files_are_listed_with_their_reasons(
    page: AppTest, library: Any, media: Path
) -> None:
    library.refuses = ((media / "`bad`.png", "it is text, no picture. Rename it."),)
    add(page, str(media))
    assert page.warning[0].value == "Refused 1 file."
    assert "`bad`.png\nit is text, no picture. Rename it." in texts(page)


def test_a_path_that_is_not_there_is_a_sentence(page: AppTest, library: Any) -> None:
    add(page, "/nowhere/at/all")
    sentence = page.error[0].value.replace("\\", "")
    assert "There is no '/nowhere/at/all' on this machine" in sentence
    assert library.added == []


def test_adding_nothing_is_a_sentence(page: AppTest) -> None:
    add(page, "")
    assert "Nothing was chosen to add" in page.error[0].value


def test_an_uploaded_file_is_kept_beside_the_index_and_added(page: AppTest, library: Any) -> None:
    page.file_uploader[0].upload("my note.txt", b"hello", "text/plain")
    add(page, "")
    kept = library.folder / "uploads" / "my note.txt"
    assert library.added == [kept]
    assert kept.read_bytes() == b"hello"


def test_an_index_that_is_missing_can_be_created(
    page: AppTest, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled(page.text_input, "Folder of the index").set_value(str(library.folder.parent / "new"))
    next(b for b in page.button if b.label == "Open or create").click().run()
    assert not page.exception
    assert str(library.folder.parent / "new") in str(page.selectbox[0].value)


def test_an_index_that_cannot_be_made_is_a_sentence(page: AppTest, library: Any) -> None:
    labelled(page.text_input, "Folder of the index").set_value(
        str(library.folder.parent / "forbidden")
    )
    next(b for b in page.button if b.label == "Open or create").click().run()
    assert not page.exception
    assert "cannot be written" in page.error[0].value
    assert "Choose another folder" in page.error[0].value


def test_without_an_index_the_question_waits(
    page: AppTest, library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMQA_INDEX", str(library.folder.parent / "absent"))
    fresh = AppTest.from_file(page._script_path, default_timeout=20).run()
    assert not fresh.exception
    assert "There is no index in" in fresh.error[0].value
    assert fresh.chat_input[0].disabled


def test_kinds_and_retrieval_are_handed_on(page: AppTest, library: Any) -> None:
    page.button_group[0].set_value(["image"])
    labelled(page.toggle, "Search my files").set_value(False)
    page.chat_input[0].set_value("what?")
    page.run()
    assert library.asked[0]["where"] == Filter(kinds=("image",))
    assert library.asked[0]["retrieval"] is False


def test_without_tags_and_days_to_choose_from_nothing_is_offered(page: AppTest) -> None:
    assert len(page.multiselect) == 0
    assert len(page.date_input) == 0


def test_tags_and_days_are_handed_on(page: AppTest, library: Any) -> None:
    noon_s = datetime(2024, 6, 1, 12).timestamp()
    library.known_tags, library.taken_s = ("beach", "trip"), (noon_s, noon_s + 3 * 86_400)
    page.run()
    page.multiselect[0].set_value(["trip"])
    page.date_input[0].set_value((date(2024, 6, 2), date(2024, 6, 3)))
    page.chat_input[0].set_value("what?")
    page.run()
    assert not page.exception
    assert library.asked[0]["where"] == Filter(
        since_s=datetime(2024, 6, 2).timestamp(),
        until_s=datetime(2024, 6, 4).timestamp(),
        tags=("trip",),
    )


def test_a_single_day_is_looked_at_as_a_whole(page: AppTest, library: Any) -> None:
    noon_s = datetime(2024, 6, 1, 12).timestamp()
    library.taken_s = (noon_s, noon_s + 86_400)
    page.run()
    page.date_input[0].set_value((date(2024, 6, 1),))
    page.chat_input[0].set_value("what?")
    page.run()
    where = library.asked[0]["where"]
    assert (where.since_s, where.until_s) == (
        datetime(2024, 6, 1).timestamp(),
        datetime(2024, 6, 2).timestamp(),
    )


def test_how_the_index_is_searched_is_told(page: AppTest) -> None:
    assert "Search: exact (flat)" in texts(page)
