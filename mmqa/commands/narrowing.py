"""Options that narrow a search → a filter.

Knows: how days and times are written, and that a day lasts until the next one begins. Refuses to
know: what a filter lets through.
"""

from __future__ import annotations

from argparse import Namespace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from mmqa.errors import UsageError
from mmqa.records import Filter
from mmqa.targets import checked_tags


def filter_of(options: Namespace) -> Filter | None:
    """What ``--modality``, ``--folder``, ``--since``, ``--until`` and ``--tag`` ask for.

    Raises:
        UsageError: A date cannot be read, or no file can have such a tag.
    """
    found = Filter(
        kinds=tuple(options.modality or ()),
        folders=tuple(Path(folder).expanduser().resolve() for folder in options.folder or ()),
        since_s=None if options.since is None else since(options.since),
        until_s=None if options.until is None else until(options.until),
        tags=checked_tags(options.tag or ()),
    )
    return None if found == Filter() else found


def since(text: str) -> float:
    """When ``text`` begins, seconds since the epoch; in the local time zone if it names none.

    Raises:
        UsageError: It is no date.

    >>> since("2024-06-01T12:00:00+00:00")
    1717243200.0
    """
    moment = _read(text, "--since")
    return _seconds(moment if isinstance(moment, datetime) else _midnight(moment), text, "--since")


def until(text: str) -> float:
    """What comes before ``until`` is still wanted: a day as a whole, a time exclusively.

    Raises:
        UsageError: It is no date.

    >>> until("2024-06-01") == since("2024-06-02")
    True
    """
    moment = _read(text, "--until")
    if not isinstance(moment, datetime):
        if moment == date.max:
            raise _wrong(text, "--until")
        moment = _midnight(moment + timedelta(days=1))
    return _seconds(moment, text, "--until")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min)


def _read(text: str, option: str) -> date | datetime:
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass  # it may be a day with a time
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong(text, option) from error


def _seconds(moment: datetime, text: str, option: str) -> float:
    try:
        return moment.timestamp()  # of a time without a zone: as the clock here shows it
    except (OverflowError, OSError, ValueError) as error:
        raise _wrong(text, option) from error


def _wrong(text: str, option: str) -> UsageError:
    return UsageError(
        f"{option} {text!r} is no date",
        "Write a day, 2024-06-01, or a time, 2024-06-01T18:30; with its zone if need be: +02:00.",
    )
