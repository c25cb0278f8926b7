"""When something was taken: by hand-worked moments, and no file can say what is no time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmqa.media.reader import FileReader
from mmqa.media.taken import moment_ns, picture_taken, recording_taken

NINE = 1_718_096_400  # 2024-06-11 09:00:00 UTC; `date -u -d "2024-06-11 09:00" +%s`
ORIGINAL, DIGITIZED, CHANGED = 0x9003, 0x9004, 0x0132
OFFSET_ORIGINAL, FRACTION_ORIGINAL = 0x9011, 0x9291


@pytest.fixture(autouse=True)
def in_helsinki(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Summer time is UTC+3, so a time without a zone tells whether it was read as local."""
    monkeypatch.setenv("TZ", "Europe/Helsinki")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def photo(path: Path, fields: dict[int, object], format: str = "JPEG") -> Path:
    picture = Image.new("RGB", (80, 60), "red")
    exif = picture.getexif()
    exif[0x010F] = "Camera"  # Pillow writes none without a field in the first directory
    for tag, value in fields.items():
        if tag >= 0x9000:
            exif.get_ifd(0x8769)[tag] = value
        else:
            exif[tag] = value
    picture.save(path, format, exif=exif)
    return path


def taken(path: Path) -> int | None:
    return FileReader().read(path).item.taken_ns


def test_a_picture_says_when_it_was_taken_in_the_zone_that_it_names(tmp_path: Path) -> None:
    fields = {
        ORIGINAL: "2024:06:11 11:00:00",
        OFFSET_ORIGINAL: "+02:00",
        FRACTION_ORIGINAL: "25",
    }
    assert taken(photo(tmp_path / "a.jpg", fields)) == NINE * 10**9 + 250_000_000


@pytest.mark.parametrize(
    ("format", "tag"),
    [("JPEG", ORIGINAL), ("PNG", ORIGINAL), ("WEBP", ORIGINAL), ("TIFF", CHANGED)],
)
def test_a_time_without_a_zone_is_local(tmp_path: Path, format: str, tag: int) -> None:
    path = photo(tmp_path / "a", {tag: "2024:06:11 12:00:00"}, format)
    assert taken(path) == NINE * 10**9


def test_original_goes_before_digitized_and_that_before_the_date_of_the_file(
    tmp_path: Path,
) -> None:
    all_three: dict[int, object] = {
        CHANGED: "2024:06:11 12:00:03",
        DIGITIZED: "2024:06:11 12:00:02",
        ORIGINAL: "2024:06:11 12:00:01",
    }
    for second, tag in ((1, ORIGINAL), (2, DIGITIZED), (3, CHANGED)):
        assert taken(photo(tmp_path / f"{tag}.jpg", all_three)) == (NINE + second) * 10**9
        all_three[tag] = "0000:00:00 00:00:00"
    assert taken(photo(tmp_path / "none.jpg", all_three)) is None


def test_a_picture_without_exif_and_a_note_do_not_say(tmp_path: Path) -> None:
    assert taken(photo(tmp_path / "a.jpg", {})) is None
    (tmp_path / "note.txt").write_text("The ferry leaves at nine.")
    assert taken(tmp_path / "note.txt") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000:00:00 00:00:00",
        "9999:12:31 23:59:59",
        "2024:13:01 00:00:00",
        "2023:02:29 12:00:00",
        "2024:06:11 25:00:00",
        "    :  :     :  :  ",
        "1970:01:01 00:00:00",
        "1904-01-01T00:00:00.000000Z",
        "0001:01:01 00:00:00",
        "2024",
        "2024-06",
        "11.06.2024",
        "٢٠٢٤:٠٦:١١ ٠٩:٠٠:٠٠x",
        "2024:06:11 09:00:00; DROP TABLE items",
    ],
)
def test_what_cannot_be_a_time_is_none(text: str) -> None:
    assert moment_ns(text) is None


def test_a_time_that_has_not_come_yet_is_none() -> None:
    year = time.localtime().tm_year + 1
    assert moment_ns(f"{year}-12-31") is None
    assert moment_ns("2024-06-11") is not None


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("2024-06-11T09:00:00Z", NINE),
        ("2024-06-11T11:00:00+0200", NINE),
        ("2024-06-11 12:00", NINE),
        ("2024-06-11T04:00:00-05:00", NINE),
        ("2024-06-11", NINE - 12 * 3600),
        ("2024:06:11 12:00:60", NINE + 59),
        ("1900:01:01 00:00:00+00:00", -2_208_988_800),
    ],
)
def test_dates_are_read_as_cameras_and_iso_write_them(text: str, second: int) -> None:
    assert moment_ns(text) == second * 10**9


def test_an_impossible_zone_counts_as_none() -> None:
    assert moment_ns("2024:06:11 12:00:00", "+99:00") == NINE * 10**9
    assert moment_ns("2024:06:11 12:00:00", "   :  ") == NINE * 10**9


def test_a_broadcast_recording_keeps_day_and_time_apart() -> None:
    tags = {"date": "2024-06-11", "creation_time": "12:00:00"}
    assert recording_taken(tags) == NINE * 10**9


def test_the_first_tags_that_say_win() -> None:
    assert (
        recording_taken({"title": "x"}, {"CREATION_TIME": "2024-06-11T09:00:00Z"}) == NINE * 10**9
    )
    assert recording_taken({"date": "2024"}, {}) is None
    phone = {
        "com.apple.quicktime.creationdate": "2024-06-11T11:00:00+0200",
        "creation_time": "2024-06-12T00:00:00Z",
    }
    assert recording_taken(phone) == NINE * 10**9


def test_a_recording_says_when_it_was_made(write_sound: Callable[..., Path]) -> None:
    path = write_sound("a.m4a", tags={"creation_time": "2024-06-11T09:00:00Z"})
    assert taken(path) == NINE * 10**9
    assert taken(write_sound("b.flac", tags={"date": "2024-06-11"})) == (NINE - 12 * 3600) * 10**9
    assert taken(write_sound("c.mp3")) is None


@given(st.text(max_size=40), st.text(max_size=8), st.text(max_size=12))
def test_no_text_makes_it_stumble(text: str, zone: str, fraction: str) -> None:
    assert moment_ns(text, zone) is None or isinstance(moment_ns(text, zone), int)


@given(
    st.dictionaries(st.sampled_from([ORIGINAL, DIGITIZED, CHANGED, OFFSET_ORIGINAL]), st.binary())
)
def test_no_bytes_in_exif_make_it_stumble(fields: dict[int, bytes]) -> None:
    image = Image.new("RGB", (4, 4))
    exif = image.getexif()
    for tag, value in fields.items():
        exif[tag] = value
    assert picture_taken(image) is None or isinstance(picture_taken(image), int)
