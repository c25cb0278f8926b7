"""Documents: passages and a picture of each page, made only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import MediaError
from mmqa.media.pdf import PAGE_SIDE, read_pdf
from mmqa.records import Passage, Picture

Write = Callable[..., Path]
LIMIT = 1_000_000


def test_each_page_gives_its_passages_and_then_its_picture(write_pdf: Write) -> None:
    path = write_pdf("a.pdf", [["The ferry leaves at nine."], ["Soup costs four euros."]])
    parts = list(read_pdf(path, LIMIT).parts)
    assert [(type(p), p.page) for p in parts] == [
        (Passage, 1),
        (Picture, 1),
        (Passage, 2),
        (Picture, 2),
    ]
    assert isinstance(parts[0], Passage)
    assert parts[0].text == "The ferry leaves at nine."


def test_pictures_of_pages_are_white_with_dark_writing(write_pdf: Write) -> None:
    path = write_pdf("a.pdf", [["The ferry leaves at nine."]])
    picture = list(read_pdf(path, LIMIT).parts)[-1]
    assert isinstance(picture, Picture)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape[2] == 3
    assert 1500 < max(picture.pixels.shape) <= PAGE_SIDE
    assert picture.pixels.min() < 60
    assert picture.pixels.mean() > 250


def test_an_enormous_page_is_drawn_small(write_pdf: Write) -> None:
    path = write_pdf("a.pdf", [["Big"]], size=(14_000, 7_000))
    picture = list(read_pdf(path, LIMIT).parts)[-1]
    assert isinstance(picture, Picture)
    assert max(picture.pixels.shape) <= PAGE_SIDE


def test_running_headers_are_kept_once(write_pdf: Write) -> None:
    pages = [
        ["Island Ferry Company", f"Timetable number {n} has these words {word}.", f"Page {n} of 4"]
        for n, word in enumerate(("alpha", "beta", "gamma", "delta"), 1)
    ]
    found = [p for p in read_pdf(write_pdf("a.pdf", pages), LIMIT).parts if isinstance(p, Passage)]
    said = "\n".join(p.text for p in found)
    assert said.count("Island Ferry Company") == 1
    assert said.count("of 4") == 1
    assert [word in said for word in ("alpha", "beta", "gamma", "delta")] == [True] * 4


def test_title_is_the_caption(write_pdf: Write) -> None:
    assert (
        read_pdf(write_pdf("a.pdf", [["x y"]], title="Ferry plan"), LIMIT).caption == "Ferry plan"
    )


def test_an_encrypted_document_is_refused(write_pdf: Write) -> None:
    path = write_pdf("a.pdf", [["secret"]], password="open sesame")
    with pytest.raises(MediaError, match="asks for a password"):
        read_pdf(path, LIMIT)


def test_a_damaged_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\nand then nothing")
    with pytest.raises(MediaError, match="the PDF is damaged"):
        read_pdf(tmp_path / "a.pdf", LIMIT)


def test_text_beyond_the_limit_is_left_out_and_flagged(write_pdf: Write) -> None:
    path = write_pdf("a.pdf", [["some words here"]] * 5)
    result = read_pdf(path, 20)
    assert result.flags == ("truncated-text",)
    assert sum(isinstance(p, Picture) for p in result.parts) == 2


def test_a_document_without_words_has_pictures_only(write_pdf: Write) -> None:
    parts = list(read_pdf(write_pdf("a.pdf", [[]]), LIMIT).parts)
    assert [type(p) for p in parts] == [Picture]


def test_a_document_that_vanishes_is_refused_when_its_parts_are_asked_for(write_pdf: Write) -> None:
    path = write_pdf("a.pdf", [["x y"]])
    result = read_pdf(path, LIMIT)
    path.unlink()
    with pytest.raises(MediaError, match="no such file"):
        list(result.parts)
