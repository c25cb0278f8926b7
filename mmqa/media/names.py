"""File names → the words in them that somebody meant.

Knows: how cameras, phones and programs name files. Refuses to know: what is in them.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from mmqa.media.characters import clean, decode

_MACHINE_MADE = re.compile(
    r"""
    [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}        # UUID
    | (?<![0-9])(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d                  # date
      (?:[-_ T.]*(?:at[ ])?[0-2]\d[-_.:h]?[0-5]\d(?:[-_.:m]?[0-5]\d(?:s|[-_.]?\d{3})?)?)?(?!\d)
    | (?<![0-9])[0-3]\d[-_.][01]\d[-_.](?:19|20)\d\d(?![0-9])           # date, day first
    | (?<![0-9])[0-2]\d[-.:][0-5]\d[-.:][0-5]\d(?![0-9])                # time
    | \(\d+\)                                                           # copy number
    | (?<![0-9a-z])(?=[0-9a-f]*\d[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}(?![0-9a-z])   # hash
    | (?<![0-9])\d{9,}(?![0-9])                                         # timestamps, serials
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CAMERA = re.compile(
    r"(?<![a-z])(?:img|image|imgp|dsc|dscn|dscf|sam|pxl|mvimg|vid|dji|gopr|gh|mov|cimg|pict|wp|"
    r"pano|burst|hdr|p|r|imag|photo|picture|scan|audio|voice|rec|recording|untitled|file|"
    r"mmexport|wa|ptt|aud|fb|received|signal|track)[-_ ]*[e]?[0-9]{1,8}(?![0-9a-z])",
    re.IGNORECASE,
)
_PROGRAM = re.compile("WhatsApp|微信图片|屏幕截图|截屏|未命名|新建文本文档|副本|QQ图片|微信截图")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_MEANS_NOTHING = frozenset(
    {"img", "image", "imgp", "dsc", "dscn", "dscf", "pxl", "mvimg", "vid", "dji", "gopr", "mov"}
    | {"cimg", "pict", "photo", "picture", "untitled", "unnamed", "copy", "edited", "final", "mp"}
    | {"export", "mmexport", "file", "new", "document", "doc", "tmp", "temp"}
)
_LONGEST_NUMBER = 6
_JUMBLE_CHANGES = 3


def name_words(path: Path) -> str:
    """Words of the file name, in order; empty where a machine made the name.

    Numbers are kept beside words ("invoice 4711" must be found to the letter), counters are not.

    >>> name_words(Path("IMG_0231.jpg"))
    ''
    >>> name_words(Path("20240131_ferryToHelsinki-deck2.jpg"))
    'ferry To Helsinki deck 2'
    >>> name_words(Path("海边_日落.png"))
    '海边 日落'
    """
    stem = (
        _readable(os.fsencode(path.name)).rsplit(".", 1)[0]
        if path.suffix
        else _readable(os.fsencode(path.name))
    )
    for noise in (_MACHINE_MADE, _CAMERA, _PROGRAM):
        stem = noise.sub(" ", stem)
    tokens = [part for token in _TOKEN.findall(stem) for part in _parts(token)]
    kept = [token for token in tokens if token.lower() not in _MEANS_NOTHING]
    return " ".join(kept) if any(_is_word(token) for token in kept) else ""


def _readable(name: bytes) -> str:
    return unicodedata.normalize("NFC", clean(decode(name))).replace("\n", " ")


def _parts(token: str) -> list[str]:
    """``FerryTo2`` → Ferry, To, 2; a jumble of letters and digits gives nothing."""
    if _is_jumble(token):
        return []
    spaced = _CAMEL.sub(" ", token)
    spaced = re.sub(r"(?<=[^\W\d_]{3})(?=\d)|(?<=\d)(?=[^\W\d_]{3})", " ", spaced)
    return [part for part in spaced.split() if not _is_counter(part)]


def _is_jumble(token: str) -> bool:
    if len(token) < 8 or not token.isascii():
        return False
    return len(re.findall(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", token)) >= _JUMBLE_CHANGES


def _is_counter(part: str) -> bool:
    return part.isdigit() and (len(part) > _LONGEST_NUMBER or (part[0] == "0" and len(part) > 1))


def _is_word(token: str) -> bool:
    letters = sum(character.isalpha() for character in token)
    return letters >= 2 or (letters == 1 and not token.isascii())
