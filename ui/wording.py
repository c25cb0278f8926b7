"""Words on the screen: places, counts, times, and strangers' text made harmless.

Knows: how a second, a number of files, a path or an error is said. Refuses to know: Streamlit, and
where the values come from.

File names, text read from pictures and what the model writes are not ours. They are shown with
``st.text``, which interprets nothing; where Streamlit insists on Markdown they go through
:func:`escape` first.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from mmqa.records import FaissFile, Segment
from mmqa.times import clock

KIND_NAMES: dict[str, tuple[str, str]] = {
    "image": ("picture", "pictures"),
    "audio": ("recording", "recordings"),
    "video": ("video", "videos"),
    "text": ("note", "notes"),
}
"""Kind → (one, many), as people say it."""

CONTRIBUTION_NAMES: dict[str, str] = {
    "visual": "How it looks",
    "text": "What is written",
    "speech": "What is said",
    "acoustic": "How it sounds",
    "lexical": "Exact words",
}
"""Contribution → what it stands for, as people say it."""

TRANSCRIPT_FLAGS: dict[str, str] = {
    "transcript-file": "The words are from the transcript beside the file.",
    "estimated-times": "It has no times, so where they are said is estimated.",
    "unreadable-transcript": "The transcript beside the file could not be used; it was heard.",
}
"""Flag of a recording or video → where its words are from, as people say it."""

WEIGHED_BY: dict[str, str] = {
    "words": " as its words ask",
    "learned": " as it is phrased",
    "uniform": " evenly",
}
"""What decided how a question looks, reads and listens → how people say it."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])")
_SHORTCODE = re.compile(r":(?=[\w+\-/]+:)")
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINER = "\u2060"


def escape(text: str) -> str:
    r"""``text`` so that Streamlit's Markdown shows it to the letter.

    Every Markdown sign gets a backslash. Emoji shortcodes and icons (``:name:``) are replaced by
    Streamlit after parsing, where a backslash no longer helps: an invisible word joiner parts them.

    >>> escape("a_b [x](http://y) $1$")
    'a\\_b \\[x\\]\\(http\\://y\\) \\$1\\$'
    """
    parted = _SHORTCODE.sub(":" + _JOINER, visible(text))
    return _MARKDOWN.sub(r"\\\1", parted).replace("\n", " ")


def visible(text: str) -> str:
    r"""``text`` without signs that act instead of being seen: controls and direction overrides.

    >>> visible("holiday\u202egpj.exe\x07")
    'holiday�gpj.exe�'
    """
    return "".join("\ufffd" if _acts(sign) else sign for sign in text)


def _acts(sign: str) -> bool:
    if sign in "\n\t":
        return False
    return sign in _BIDI or unicodedata.category(sign) in {"Cc", "Cs"}


def name_of(path: Path) -> str:
    """The last part of ``path``, on one line, whatever bytes it is made of."""
    return _one_line(path.name)


def folder_of(path: Path) -> str:
    """The folder of ``path``, on one line, the home folder shortened to ``~``."""
    home = os.path.expanduser("~")  # noqa: PTH111  # a string without a home is fine here
    folder = str(path.parent)
    inside = home not in ("/", "~") and (folder == home or folder.startswith(home + os.sep))
    return _one_line("~" + folder[len(home) :] if inside else folder)


def _one_line(text: str) -> str:
    decoded = os.fsencode(text).decode("utf-8", "replace")
    return visible(decoded.replace("\n", "\ufffd").replace("\t", "\ufffd"))


def counted(number: int, kind: str) -> str:
    """A number with its word.

    >>> counted(1, "image"), counted(12, "audio"), counted(1200, "file")
    ('1 picture', '12 recordings', '1,200 files')
    """
    one, many = KIND_NAMES.get(kind, (kind, f"{kind}s"))
    return f"{number:,} {one if number == 1 else many}"


def size(size_bytes: int) -> str:
    """A size in bytes, in the unit people use.

    >>> size(900), size(3_400_000)
    ('900 bytes', '3.4 MB')
    """
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    amount = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 1000:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} TB"


def day(moment_s: float) -> date:
    """The day here at a moment, seconds since the epoch; the nearest that a calendar can show."""
    try:
        return datetime.fromtimestamp(moment_s).date()
    except (OverflowError, OSError, ValueError):
        return date.max if moment_s > 0 else date.min


def searched(files: Sequence[FaissFile]) -> str:
    """How an index is searched, and what that costs in hits.

    >>> searched([FaissFile("a", 9000, "flat")])
    'Search: exact (flat)'
    >>> searched([FaissFile("a", 10**6, "ivf_sq8", 4000, 128, 0.984), FaissFile("b", 9, "flat")])
    'Search: flat, ivf_sq8; finds 98% of the nearest'
    """
    types = ", ".join(sorted({one.index_type for one in files}))
    recalls = [one.recall for one in files if one.recall is not None]
    if not recalls:
        return f"Search: exact ({types})"
    return f"Search: {types}; finds {min(recalls):.0%} of the nearest"


def place(segment: Segment) -> str:
    """What a segment is and where in its file it lies.

    >>> place(Segment("x.0", Path("/a.wav"), "", "audio", 0, start_s=63.2, end_s=70.0))
    'Recording, from 1:03 to 1:10'
    """
    words = KIND_NAMES[segment.kind][0].capitalize()
    if segment.start_s is not None:
        words += f", from {clock(segment.start_s)}"
        words += f" to {clock(segment.end_s)}" if segment.end_s is not None else ""
    return words + (f", page {segment.page}" if segment.page is not None else "")


def spread(wanted: Sequence[bool], most: int) -> list[int]:
    """At most so many places in a row: the wanted ones, and others evenly between the ends.

    >>> spread([False, True, False, False, False, False, False], 3)
    [0, 1, 6]
    """
    chosen = [n for n, one in enumerate(wanted) if one][:most]
    room = most - len(chosen)
    others = [n for n, one in enumerate(wanted) if not one]
    if len(others) > room:
        step = (len(others) - 1) / max(1, room - 1)
        others = [others[round(n * step)] for n in range(room)]
    return sorted({*chosen, *others})


def excerpt(text: str, limit: int = 280) -> str:
    """The beginning of ``text``, cut at a word where one ends near ``limit`` characters.

    >>> excerpt("one two three", 8)
    'one two …'
    """
    flat = " ".join(visible(text).split())
    if len(flat) <= limit:
        return flat
    head = flat[:limit]
    cut = head.rfind(" ")
    return (head[:cut] if cut > limit // 2 else head) + " …"
