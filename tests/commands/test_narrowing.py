"""Options become a filter; days are whole days, here."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path

import pytest

from mmqa.commands.narrowing import filter_of, since, until
from mmqa.errors import UsageError
from mmqa.records import Filter


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch):
    """An hour or two before UTC, with summer time."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def options(**given: object) -> Namespace:
    names = ("modality", "folder", "since", "until", "tag")
    return Namespace(**{**dict.fromkeys(names), **given})


def test_without_options_there_is_no_filter() -> None:
    assert filter_of(options()) is None
    assert filter_of(options(modality=[], folder=[], tag=[])) is None


def test_every_option_becomes_a_condition(tmp_path: Path) -> None:
    link = tmp_path / "link"
    (tmp_path / "trip").mkdir()
    link.symlink_to(tmp_path / "trip")
    found = filter_of(
        options(
            modality=["image", "audio"],
            folder=[str(link)],
            since="2024-06-01",
            until="2024-06-01",
            tag=["beach", "2024"],
        )
    )
    assert found == Filter(
        kinds=("image", "audio"),
        folders=(tmp_path / "trip",),
        since_s=1717192800.0,
        until_s=1717192800.0 + 86_400,
        tags=("2024", "beach"),
    )


def test_a_folder_is_taken_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert filter_of(options(folder=["trip"])) == Filter(folders=(tmp_path / "trip",))
    home = Path("~").expanduser().resolve()
    assert filter_of(options(folder=["~/trip"])) == Filter(folders=(home / "trip",))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-06-01", 1717192800.0),  # midnight in Berlin is 22:00 UTC
        ("2024-06-01T00:00", 1717192800.0),
        ("2024-06-01 00:00:30", 1717192830.0),
        ("2024-06-01T00:00+00:00", 1717200000.0),
        ("2024-06-01T00:00:00Z", 1717200000.0),
        ("2024-01-01", 1704063600.0),  # winter: 23:00 UTC
    ],
)
def test_a_time_without_a_zone_is_meant_here(text: str, seconds: float) -> None:
    assert since(text) == seconds


def test_a_last_day_counts_as_a_whole_and_a_last_moment_does_not_count() -> None:
    assert until("2024-06-01") == since("2024-06-02")
    assert until("2024-06-01T18:30") == since("2024-06-01T18:30")


def test_the_day_on_which_the_clock_is_put_back_has_25_hours() -> None:
    assert until("2024-10-27") - since("2024-10-27") == 25 * 3600


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2024-13-01", "2024-06-31", "01.06.2024", "2024-06-01T25:00", "12"],
)
@pytest.mark.parametrize("read", [since, until])
def test_what_is_no_date_is_wrong_usage(text: str, read) -> None:
    with pytest.raises(UsageError, match="is no date") as raised:
        read(text)
    assert "2024-06-01" in raised.value.remedy


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("read", [since, until])
def test_the_ends_of_the_calendar_are_dates_or_wrong_usage(text: str, read) -> None:
    try:
        assert isinstance(read(text), float)
    except UsageError as error:
        assert "is no date" in str(error)
