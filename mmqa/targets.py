"""What a user names, found in the index: a path, a folder, a glob or an id → its files.

Knows: in which order a name is understood, and what a tag may look like. Refuses to know: what is
done with the files, and whether they are still on the disk.

A name is an id if the index has it; else a path or a folder, even one whose name looks like a
glob; else a glob. A glob is compared with whole paths of files: ``*``, ``?`` and ``[..]`` stay in
a folder, ``**`` does not.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from mmqa.errors import UsageError
from mmqa.index.catalogue import Catalogue
from mmqa.media.globs import fixed_part, is_glob, matcher
from mmqa.media.scan import absolute
from mmqa.records import MediaItem

LONGEST_TAG = 100
"""Characters."""

_ID = re.compile(r"[0-9a-f]{12}(\.\d+)?")


def named_items(catalogue: Catalogue, targets: Iterable[str | Path]) -> list[MediaItem]:
    """The files that the targets name, each once, in the order in which they were named.

    Raises:
        UsageError: A target names nothing in the index.
    """
    found: dict[Path, MediaItem] = {}
    for target in targets:
        items = _named(catalogue, os.fspath(target))
        if not items:
            raise UsageError(
                f"{os.fspath(target)!r} is neither a path nor an id in the index, "
                "nor a glob that fits one",
                "See what is there: mmqa status --items.",
            )
        found.update((item.path, item) for item in items)
    return list(found.values())


def _named(catalogue: Catalogue, target: str) -> list[MediaItem]:
    if not target or "\0" in target:
        return []
    if _ID.fullmatch(target) and (item := catalogue.find_item(target)) is not None:
        return [item]
    if (item := catalogue.known(Path(target))) is not None:  # document:…, which is no file
        return [item]
    for path in _places(target):
        if items := catalogue.items_below(path):
            return items
    return _fitting(catalogue, target) if is_glob(target) else []


def _places(target: str) -> list[Path]:
    """Where the target may lie: as it is written, and with its links followed."""
    path = Path(os.path.abspath(absolute(Path(target))))  # noqa: PTH100  # keeps links, drops ..
    return list(dict.fromkeys([path, Path(os.path.realpath(path))]))


def _fitting(catalogue: Catalogue, glob: str) -> list[MediaItem]:
    """Files by a glob; only those below its fixed part are looked at."""
    folder, pattern = fixed_part(glob)
    fits = matcher([pattern])
    for place in _places(folder or "."):
        below = "" if place == Path("/") else str(place)
        items = [
            item
            for item in catalogue.items_below(place)
            if fits(str(item.path)[len(below) :].lstrip("/"))
        ]
        if items:
            return items
    return []


def checked_tags(names: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept: composed characters (NFC), no blanks around them, each once, sorted.

    Raises:
        UsageError: One is empty, longer than :data:`LONGEST_TAG`, or not one printable line.

    >>> checked_tags([" trip ", "trip", "2024"])
    ('2024', 'trip')
    """
    return tuple(sorted({_checked_tag(name) for name in names}))


def _checked_tag(name: str) -> str:
    tag = unicodedata.normalize("NFC", name).strip()
    if tag and tag.isprintable() and len(tag) <= LONGEST_TAG:
        return tag
    raise UsageError(
        f"the tag {name[: LONGEST_TAG + 1]!r} cannot be kept",
        f"A tag is one line of up to {LONGEST_TAG} characters that can be read.",
    )
