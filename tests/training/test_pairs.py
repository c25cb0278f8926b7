"""Rows as people write them: good ones become pairs, bad ones are named by line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mmqa.errors import UsageError
from mmqa.training.pairs import Collected, Pair, Words, cleaned, read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "memo.wav"):
        (tmp_path / name).write_bytes(b"bytes of " + name.encode())
    return tmp_path


def lines(folder: Path, *rows: object) -> Path:
    file = folder / "pairs.jsonl"
    said = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    file.write_text("\n".join(said), encoding="utf-8")
    return file


def test_pictures_recordings_and_both_become_pairs_with_paths_beside_the_file(folder: Path) -> None:
    found = read(
        [
            lines(
                folder,
                {"image": "a.png", "text": "a ferry"},
                "",
                {"audio": "memo.wav", "text": ["the ferry leaves", "at nine"]},
                {"image": "b.png", "audio": str(folder / "memo.wav")},
            )
        ]
    )
    assert found.refused == ()
    assert [(p.image, p.audio) for p in found.pairs] == [
        (folder / "a.png", None),
        (None, folder / "memo.wav"),
        (folder / "b.png", folder / "memo.wav"),
    ]
    assert found.pairs[1].texts == (Words("the ferry leaves"), Words("at nine"))
    assert found.pairs[2].where == "pairs.jsonl, line 4"


def test_bad_rows_are_refused_with_their_line_and_the_others_stay(folder: Path) -> None:
    found = read(
        [
            lines(
                folder,
                {"image": "a.png", "text": "a ferry"},
                '{"image": "a.png", ',
                ["a.png", "a ferry"],
                {"text": "a ferry"},
                {"image": "gone.png", "text": "a ferry"},
                {"image": "b.png", "text": "  "},
                {"image": 7, "text": "a ferry"},
                {"image": "b.png", "text": {"en": "a ferry"}},
                {"image": "b.png\0", "text": "a ferry"},
            )
        ]
    )
    assert len(found.pairs) == 1
    reasons = {r.where.split()[-1]: r.reason for r in found.refused}
    assert reasons.pop("2").startswith("it is no JSON (")
    assert reasons == {
        "3": "it is no JSON object",
        "4": "it names neither image nor audio",
        "5": f"there is no file {str(folder / 'gone.png')!r}",
        "6": "it has no text",
        "7": "image is no path",
        "8": "text is neither words nor a list of words",
        "9": "image is no path: it holds a zero byte",
    }


def test_csv_has_its_names_in_the_first_line_and_line_numbers_count_lines(folder: Path) -> None:
    table = folder / "pairs.csv"
    table.write_bytes(
        '\ufeffImage,text\r\na.png,"a red,\r\nround thing"\r\ngone.png,x\r\n'.encode()
    )
    found = read([table])
    assert found.pairs[0].texts == (Words("a red,\r\nround thing"),)
    assert [r.where for r in found.refused] == ["pairs.csv, line 4"]


def test_tabs_and_other_encodings_are_read(folder: Path) -> None:
    table = folder / "pairs.tsv"
    table.write_bytes("image\ttext\na.png\t一艘红色的渡轮停在码头\n".encode("gb18030"))
    assert read([table]).pairs[0].texts == (Words("一艘红色的渡轮停在码头"),)


def test_files_that_cannot_be_meant_are_refused_as_a_whole(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read: No such file"):
        read([folder / "gone.jsonl"])
    with pytest.raises(UsageError, match="neither JSON Lines nor CSV"):
        read([folder / "a.png"])
    headless = folder / "headless.csv"
    headless.write_text("a.png,a ferry\n")
    with pytest.raises(UsageError, match="names neither image nor audio"):
        read([headless])


# ------------------------------------------------------------------------------- cleaning

FERRY = Pair("row 1", Path("a.png"), texts=(Words("A  ferry\u200b at sea"),), sha256="aa")


def test_words_are_brought_to_one_writing_and_empty_ones_go() -> None:
    pair = replace(FERRY, texts=(*FERRY.texts, Words("IMG_0231"), Words("boat", 0.5)))
    (kept,) = cleaned(Collected((pair,))).pairs
    assert kept.texts == (Words("A ferry at sea"), Words("boat", 0.5))


def test_a_row_whose_words_say_nothing_is_refused_with_the_reason() -> None:
    found = cleaned(Collected((replace(FERRY, texts=(Words("untitled"),)),)))
    assert found.pairs == ()
    assert [(r.where, r.reason) for r in found.refused] == [("row 1", "boilerplate")]


def test_the_same_row_again_is_dropped_and_contradictions_go_altogether() -> None:
    again = replace(FERRY, where="row 2", texts=(Words("a FERRY at sea"),))
    assert [p.where for p in cleaned(Collected((FERRY, again))).pairs] == ["row 1"]
    other = replace(FERRY, where="row 3", texts=(Words("two yellow pears"),))
    found = cleaned(Collected((FERRY, other)))
    assert found.pairs == ()
    assert {r.reason for r in found.refused} == {"conflicting labels"}


def test_several_texts_of_one_row_need_no_word_in_common() -> None:
    pair = replace(FERRY, texts=(Words("a ferry"), Words("our trip to Helsinki")))
    assert len(cleaned(Collected((pair,))).pairs[0].texts) == 2


def test_a_recording_about_a_picture_needs_no_words() -> None:
    spoken = Pair("row 1", Path("a.png"), Path("memo.wav"), sha256="aa")
    assert [p.where for p in cleaned(Collected((spoken,))).pairs] == ["row 1"]
