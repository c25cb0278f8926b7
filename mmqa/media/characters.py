"""Bytes → characters: which encoding, and which characters are worth keeping.

Knows: byte order marks, UTF-8, GB18030, Latin-1 and how to tell them apart. Refuses to know: what
the words mean or how they are divided.
"""

from __future__ import annotations

import re
import unicodedata

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DETECTED = ["gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252"]
_DETECTION_BYTES = 64_000

_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufff9-\uffff]"
)
_PLAIN_BYTES = bytes(set(range(0x20, 0x100)) - {0x7F} | {0x07, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x1B})
_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_MOST_CONTROL = 0.02
_WESTERN_SHARE = 0.3
"""Accents are fewer than that among letters; other scripts in an encoding of their own are more."""
_IDEOGRAPHS = re.compile("[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")


def encoding_of(data: bytes) -> str:
    """The most likely encoding of ``data``: its mark, else UTF-8 where valid, else a guess.

    >>> encoding_of("渡轮九点开".encode("gb18030"))
    'gb18030'
    >>> encoding_of("Café à la carte".encode("latin-1"))
    'cp1252'
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if _decodes(data, "utf-8"):
        return "utf-8"
    if _looks_chinese(data):
        return "gb18030"
    return _guess(data[:_DETECTION_BYTES])


def decode(data: bytes) -> str:
    """All of ``data`` as characters; bytes that no guess explains become U+FFFD.

    A final character cut in half, as at a size limit, is dropped.
    """
    name = encoding_of(data)
    text = data.decode(name, errors="replace")
    return text.removesuffix("\ufffd")


def is_text(head: bytes) -> bool:
    r"""Whether the first bytes of a file are writing.

    >>> is_text(b"Dear Ann,\n"), is_text(b"\x00\x01\x02\x03")
    (True, False)
    """
    if any(head.startswith(mark) for mark, _ in _MARKS):
        return True
    strange = len(head.translate(None, _PLAIN_BYTES))
    if b"\x00" in head or strange > _MOST_CONTROL * len(head):
        return False
    if _decodes(head, "utf-8") or _looks_chinese(head):
        return True
    return _guess(head, default="") != ""


def clean(text: str) -> str:
    r"""Normal form C, one kind of line break, no control or direction characters.

    >>> clean("a\x00b\r\nc\u202e")
    'ab\nc'
    """
    return _CONTROL.sub("", _NEWLINES.sub("\n", unicodedata.normalize("NFC", text)))


def one_line(text: str) -> str:
    r"""All white space as single spaces.

    >>> one_line("  a \n b ")
    'a b'
    """
    return " ".join(text.split())


def _decodes(data: bytes, name: str) -> bool:
    """Whether ``data`` is valid, the last character excepted, which may be cut."""
    try:
        data.decode(name)
    except UnicodeDecodeError as error:
        return error.end >= len(data) and error.start >= max(len(data) - 4, 1)
    return True


def _looks_chinese(data: bytes) -> bool:
    """In GB 2312 both bytes of a character are high; in Latin-1 high bytes stand alone."""
    if not _decodes(data, "gb18030"):
        return False
    text = data.decode("gb18030", errors="ignore")
    foreign = sum(ord(character) > 0x7F for character in text)
    return foreign > 0 and _both_high(data) and _common(text) >= 0.8 * foreign


def _both_high(data: bytes) -> bool:
    runs = [len(run) for run in re.findall(rb"[\x81-\xfe]+", data)]
    return sum(run for run in runs if run > 1) >= 0.9 * sum(runs)


def _common(text: str) -> int:
    """Characters of GB 2312, the everyday set, and East Asian punctuation."""
    return sum(len(found.encode("gb2312", "ignore")) == 2 for found in _IDEOGRAPHS.findall(text))


def _guess(data: bytes, default: str = "cp1252") -> str:
    from charset_normalizer import from_bytes

    high = sum(byte >= 0x80 for byte in data)
    if high < _WESTERN_SHARE * len(data):
        return "cp1252"
    best = from_bytes(data, cp_isolation=_DETECTED).best()
    if best is None:
        return default
    return "cp1252" if best.encoding == "latin_1" else str(best.encoding)
