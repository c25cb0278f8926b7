"""Captions that people keep in a text file beside a picture or recording.

Knows: ``photo.jpg.txt`` and ``photo.txt`` belong to ``photo.jpg``. Refuses to know: what the media
file holds; a long text file beside one is a note of its own, not a caption.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from mmqa.media.characters import clean, decode, one_line
from mmqa.media.refusals import refusal
from mmqa.media.suffixes import CAPTIONED

MAX_BYTES = 4096
"""About 600 words: longer than any caption, shorter than most notes and transcripts."""

_ENDINGS = tuple(sorted(CAPTIONED | {suffix.upper() for suffix in CAPTIONED}))


def is_sidecar(path: Path, siblings: Collection[str]) -> bool:
    """Whether ``path`` is the caption of one of its ``siblings`` (names in the same folder).

    A text file of more than :data:`MAX_BYTES` is a note, whatever its name.
    """
    if path.suffix.lower() != ".txt" or not captioned_by(path, siblings):
        return False
    try:
        return path.stat().st_size <= MAX_BYTES
    except OSError:
        return False  # the walk gives it on, and the reader says what is wrong with it


def captioned_by(path: Path, siblings: Collection[str]) -> list[str]:
    """Those of the ``siblings`` that a text file of this name is the caption of.

    >>> captioned_by(Path("a.txt"), {"a.jpg", "a.txt", "b.jpg"})
    ['a.jpg']
    >>> captioned_by(Path("a.jpg.txt"), {"a.jpg"})
    ['a.jpg']
    """
    stem = path.stem
    if Path(stem).suffix.lower() in CAPTIONED and stem in siblings:
        return [stem]
    return [stem + suffix for suffix in _ENDINGS if stem + suffix in siblings]


def read_sidecar(path: Path) -> str:
    """The caption beside the media file ``path``, on one line; empty where there is none.

    Raises:
        MediaError: There is one, and it cannot be read.
    """
    for candidate in (path.with_name(path.name + ".txt"), path.with_suffix(".txt")):
        if candidate == path or not is_sidecar(candidate, {path.name}):
            continue
        try:
            return one_line(clean(decode(candidate.read_bytes())))
        except OSError as error:
            raise refusal(candidate, error) from error
    return ""
