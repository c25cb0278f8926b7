"""Words that a picture or recording carries about itself.

Knows: EXIF, XMP, PNG text and audio tags, and what cameras and programs write there by themselves.
Refuses to know: sidecar files, and whether the words are true.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image

from mmqa.media.characters import clean, decode, one_line

LONGEST = 1000
"""Characters kept of one field; longer ones are data, not captions."""

_LONGEST_PACKET = 65_536  # what fits into one JPEG segment
_IMAGE_DESCRIPTION, _EXIF_IFD, _USER_COMMENT = 0x010E, 0x8769, 0x9286
_XP_TITLE, _XP_COMMENT, _XP_SUBJECT = 0x9C9B, 0x9C9C, 0x9C9F
_XMP_ATTRIBUTE = re.compile(r"""\bdc:(?:title|description)=["']([^"']*)["']""")
_XMP_ITEM = re.compile(r"<rdf:li\b[^<>]*>([^<]*)</rdf:li>")
_MARKUP = re.compile(r"<[^<>]*>")
_PNG_FIELDS = ("Title", "Description", "Comment")
_AUDIO_FIELDS = ("title", "artist", "comment", "description")
_CHARSETS = {b"ASCII\0\0\0": "utf-8", b"UNICODE\0": "utf-16", b"JIS\0\0\0\0\0": "iso2022_jp"}

_BOILERPLATE = re.compile(
    r"""^(?:
      .*digital\s?camera.* | .*camera\s+pictures.* | sony\s?dsc | dcim\w* | kenox.* | oplus_\d+
      | created\s+with\s+.* | creator:.* | optimized\s+by\s+.* | processed\s+(?:with|by)\s+.*
      | file\s+written\s+by\s+.* | lead\s+technologies.* | handmade\s+software.* | software:.*
      | generated\s+by\s+.* | encoded\s+(?:by|with)\s+.* | lav[cf][\d.]+ | untitled\b.* | default
      | none | n/a | null | unknown(?:\s+artist)? | track\s*\d+ | title | description | comment
      | ascii | charset=.* | binary\s+comment | https?://\S+ | vc-\w+ | edited\s+at\s+http\S+
    )$""",
    re.IGNORECASE | re.VERBOSE,
)
_SETTINGS = re.compile(r"^[{\[<]|[\w-]+\s*[:=]\s*-?[\w.]+\s*;.*[\w-]+\s*[:=]")


def picture_caption(image: Image.Image) -> str:
    """Title, description and comment of a loaded picture, one a line, repeats left out."""
    exif = image.getexif()
    fields: list[str] = [
        *_xmp(image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""),
        *(_words(exif.get(tag)) for tag in (_XP_TITLE, _IMAGE_DESCRIPTION, _XP_SUBJECT)),
        *(_words(exif.get(tag)) for tag in (_XP_COMMENT,)),
        *(_words(image.info.get(name)) for name in _PNG_FIELDS),
        _words(image.info.get("comment")),
    ]
    if _EXIF_IFD in exif:
        fields.append(_user_comment(exif.get_ifd(_EXIF_IFD).get(_USER_COMMENT)))
    return _joined(fields)


def recording_caption(*tags: Mapping[str, str]) -> str:
    """Title, artist, comment and description out of audio tags, one a line.

    >>> recording_caption({"TITLE": "Harbour", "encoder": "Lavf62.12", "artist": "Unknown Artist"})
    'Harbour'
    """
    lower = [{key.lower(): value for key, value in mapping.items()} for mapping in tags]
    return _joined(mapping.get(name, "") for name in _AUDIO_FIELDS for mapping in lower)


def _joined(fields: Iterable[str]) -> str:
    kept: list[str] = []
    for field in fields:
        text = one_line(clean(field))[:LONGEST]
        if text and text not in kept and _says_something(text):
            kept.append(text)
    return "\n".join(kept)


def _says_something(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    # "cmp3.10.3.2Lq3 0x756ffbf7" has letters and no word
    if not re.search(r"(?<![\w.])[^\W\d_]{2,}(?![\w.]*\d)|[\u3040-\u9fff]", text):
        return False
    return letters >= max(2, 0.4 * len(text)) and not (
        _BOILERPLATE.match(text) or _SETTINGS.search(text)
    )


def _words(value: Any) -> str:
    """A field as text: EXIF strings are Latin-1 by the book and UTF-8 in life."""
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        value = bytes(part & 0xFF for part in value)
    if isinstance(value, bytes):
        wide = value[1::2].count(0) * 4 > len(value) or value.endswith(b"\0\0")
        return value.decode("utf-16-le", "ignore") if wide else decode(value.rstrip(b"\0"))
    if not isinstance(value, str):
        return ""
    try:
        return decode(value.encode("latin-1"))
    except UnicodeEncodeError:
        return value


def _user_comment(value: Any) -> str:
    """Eight bytes that name the character set, then the comment (EXIF 2.32, §4.6.5)."""
    if not isinstance(value, bytes):
        return _words(value)
    mark, rest = value[:8], value[8:]
    if mark == b"UNICODE\0" and not rest.startswith((b"\xff\xfe", b"\xfe\xff")):
        wide = "utf-16-be" if rest[:1] == b"\0" else "utf-16-le"
        return rest.decode(wide, "ignore").rstrip("\0 ")
    encoding = _CHARSETS.get(mark)
    if encoding:
        return rest.decode(encoding, "ignore").rstrip("\0 ")
    return decode(value.strip(b"\0 "))


def _xmp(packet: bytes | str) -> list[str]:
    r"""``dc:title`` and ``dc:description`` of an XMP packet, the first language of each.

    A pattern, not an XML parser: the packet comes from anywhere, and entities must not expand.

    >>> _xmp('<dc:title><rdf:Alt><rdf:li>A &amp; B</rdf:li></rdf:Alt></dc:title>')
    ['A & B']
    """
    packet = packet[:_LONGEST_PACKET]
    text = packet if isinstance(packet, str) else packet.decode("utf-8", "ignore")
    found = [html.unescape(value) for value in _XMP_ATTRIBUTE.findall(text)]
    for name in ("title", "description"):
        body = _between(text, f"<dc:{name}", f"</dc:{name}>").partition(">")[2]
        item = _XMP_ITEM.search(body)
        found.append(html.unescape(_MARKUP.sub("", item[1] if item else body)))
    return [value for value in found if value]


def _between(text: str, start: str, end: str) -> str:
    """What stands between the first ``start`` and the ``end`` after it; found in linear time."""
    at = text.find(start)
    to = text.find(end, at)
    return text[at + len(start) : to] if 0 <= at < to else ""
