"""When a picture was taken or a recording made, as the file itself says.

Knows: EXIF dates with their time zones, and the date tags of containers. Refuses to know: when the
file was written, and whether a camera's clock was right.

A time without a zone is the clock on the wall, so it is read in the zone of this machine, as are
the dates that a user asks for. What cannot be a time (month 13, the year 0 or 9999, a time that
has not come yet, the zero of a clock that was never set) is none.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from PIL import Image

EARLIEST_YEAR = 1826
"""The oldest photograph that is left."""

_EXIF_IFD = 0x8769
_EXIF_DATES = (  # date, its zone, its fraction: taken, digitised, changed
    (0x9003, 0x9011, 0x9291),
    (0x9004, 0x9012, 0x9292),
    (0x0132, 0x9010, 0x9290),
)
_DAY_S = 86_400
_UNSET = (datetime(1970, 1, 1), datetime(1904, 1, 1))
"""Where the clocks of Unix and of MP4 begin."""
_MOMENT = re.compile(
    r"""\s*(?P<year>\d{4})[:/.-](?P<month>\d\d)[:/.-](?P<day>\d\d)
    (?:[T\s]+(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?
    \s*(?P<zone>Z|[+-]\d\d:?\d\d)?)?[\s\0]*""",
    re.VERBOSE,
)
_CLOCK = re.compile(r"\d\d:\d\d:\d\d")


def picture_taken(image: Image.Image) -> int | None:
    """When a picture was taken, nanoseconds since the epoch: original, else digitised, else date.

    EXIF 2.32, §4.6.5 H: ``DateTimeOriginal`` with ``OffsetTimeOriginal`` and
    ``SubSecTimeOriginal``, and so on.
    """
    try:
        exif = image.getexif()
        fields = {**exif, **(exif.get_ifd(_EXIF_IFD) if _EXIF_IFD in exif else {})}
    except (ValueError, TypeError, KeyError, SyntaxError, OSError):
        return None  # damaged EXIF is no reason to refuse the picture
    for date, zone, fraction in _EXIF_DATES:
        digits = re.match(r"\d+", _text(fields.get(fraction)).strip())
        found = moment_ns(
            _text(fields.get(date)), _text(fields.get(zone)), digits[0] if digits else ""
        )
        if found is not None:
            return found
    return None


def recording_taken(*tags: Mapping[str, str]) -> int | None:
    """When a recording was made, nanoseconds since the epoch, out of the tags of its container.

    A year alone is when a song was published, and says nothing.

    >>> recording_taken({"creation_time": "2024-06-11T09:00:00.000000Z"}) // 10**9
    1718096400
    >>> recording_taken({"date": "2024"}) is None
    True
    """
    for mapping in tags:
        lower = {name.lower(): value for name, value in mapping.items()}
        made, date = lower.get("creation_time", ""), lower.get("date", "")
        if _CLOCK.fullmatch(made.strip()):  # broadcast WAV keeps day and time apart
            made = f"{date} {made.strip()}"
        for text in (lower.get("com.apple.quicktime.creationdate", ""), made, date):
            if (found := moment_ns(text)) is not None:
                return found
    return None


def moment_ns(text: str, zone: str = "", fraction: str = "") -> int | None:
    """A date, or a date and a time, as nanoseconds since the epoch; ``None`` where it is none.

    Args:
        text: ``2024:06:11 09:00:00`` as EXIF has it, or ISO 8601.
        zone: ``+02:00``, where it stands apart.
        fraction: Decimal digits of the second, where they stand apart.

    >>> moment_ns("2024:06:11 09:00:00", "+02:00", "25")
    1718089200250000000
    >>> moment_ns("0000:00:00 00:00:00") is None
    True
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    try:
        read = datetime(year, month, day, hour, minute, min(second, 59))  # a leap second
    except ValueError:
        return None
    if read.year < EARLIEST_YEAR or read in _UNSET:
        return None
    return _since_epoch(read, _zone(found["zone"] or zone), found["fraction"] or fraction)


def _since_epoch(read: datetime, zone: timezone | None, fraction: str) -> int | None:
    try:
        second = int((read.replace(tzinfo=zone) if zone else read).timestamp())
    except (OverflowError, OSError, ValueError):
        return None
    if second > time.time() + _DAY_S:
        return None
    return second * 1_000_000_000 + int(f"{fraction:0<9.9}" or 0)


def _zone(text: str) -> timezone | None:
    found = re.fullmatch(r"\s*(?:(Z)|([+-])(\d\d):?(\d\d))[\s\0]*", text)
    if found is None:
        return None
    if found[1]:
        return UTC
    away = timedelta(hours=int(found[3]), minutes=int(found[4]))
    if away >= timedelta(days=1):
        return None
    return timezone(-away if found[2] == "-" else away)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value if isinstance(value, str) else ""
