"""A file's first bytes → what it is. Extensions are believed by nobody.

Knows: signatures. Refuses to know: whether the rest of the file is sound.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias

from mmqa.errors import MediaError
from mmqa.media.characters import decode, is_text
from mmqa.media.refusals import refusal, regular_file
from mmqa.media.suffixes import MARKDOWN, claim
from mmqa.records import Kind

HEAD_BYTES = 4096
_PDF_WITHIN = 1024  # readers accept that much before "%PDF-" (ISO 32000-1, annex H, note 13)

_SIGNATURES: tuple[tuple[bytes, Kind, str], ...] = (
    (b"\xff\xd8\xff", "image", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image", "png"),
    (b"GIF87a", "image", "gif"),
    (b"GIF89a", "image", "gif"),
    (b"II*\x00", "image", "tiff"),
    (b"MM\x00*", "image", "tiff"),
    (b"II+\x00", "image", "tiff"),
    (b"MM\x00+", "image", "tiff"),
    (b"fLaC", "audio", "flac"),
    (b"RF64", "audio", "wav"),
    (b"FLV\x01", "video", "flv"),
    (b"\x00\x00\x01\xba", "video", "mpeg"),
    (b"\x00\x00\x01\xb3", "video", "mpeg"),
)
_CHUNKED: dict[bytes, tuple[Kind, str]] = {
    b"WEBP": ("image", "webp"),
    b"WAVE": ("audio", "wav"),
    b"AVI ": ("video", "avi"),
    b"AIFF": ("audio", "aiff"),
    b"AIFC": ("audio", "aiff"),
}
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})  # sizes of its second header
_AVIF = frozenset({b"avif", b"avis"})
_HEIC = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""What a MOV from before MP4 begins with, which says nothing of its kind."""
_MARKUP = re.compile(r"\s*(<!doctype html|<html|<\?xml|<svg|\{\\rtf)", re.IGNORECASE)
_MARKUP_NAMES = {"<!doctype html": "HTML", "<html": "HTML", "<?xml": "XML", "<svg": "SVG"}

Sniffed: TypeAlias = tuple[Kind, str]


def sniff(path: Path) -> Sniffed:
    """Kind and format of ``path``, by content.

    Returns:
        The kind and the format: ``jpeg png webp gif bmp tiff avif heic``, ``wav mp3 flac ogg m4a
        aac aiff matroska``, ``text markdown pdf``, or ``mp4 matroska avi ogg flv mpeg`` of a video
        or of a recording in such a container. An extension decides one thing only: whether writing
        is Markdown.

    Raises:
        MediaError: It cannot be read, is empty, is of no known kind, or is writing that claims to
            be a picture, a recording or a document.
    """
    regular_file(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise refusal(path, error) from error
    return _binary(path, head) or _writing(path, head)


def _binary(path: Path, head: bytes) -> Sniffed | None:
    for signature, kind, name in _SIGNATURES:
        if head.startswith(signature):
            return _film(path, name) if kind == "video" else (kind, name)
    if head[:4] in {b"RIFF", b"FORM"} and head[8:12] in _CHUNKED:
        kind, name = _CHUNKED[head[8:12]]
        return _film(path, name) if kind == "video" else (kind, name)
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image", "bmp"
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return "text", "pdf"
    return _container(path, head) or _mpeg_audio(head)


def _container(path: Path, head: bytes) -> Sniffed | None:
    """Formats that hold pictures, sound or film alike."""
    if head.startswith(b"OggS"):
        return _film(path, "ogg") if b"\x80theora" in head else ("audio", "ogg")
    if head[4:8] in {b"ftyp", *_OLD_QUICKTIME}:
        return _base_media(path, head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _film(path, "matroska")
    return None


def _base_media(path: Path, head: bytes) -> Sniffed:
    """The family of MP4, told apart by the brands that its head names."""
    end = min(int.from_bytes(head[:4], "big"), len(head)) if head[4:8] == b"ftyp" else 0
    brands = {head[8:12] if end else b""} | {head[at : at + 4] for at in range(16, end, 4)}
    if brands & _AVIF:
        return "image", "avif"
    if brands & _HEIC:
        return "image", "heic"
    return _film(path, "mp4", "m4a")


def _film(path: Path, name: str, heard_as: str = "") -> Sniffed:
    """A video, or a recording where there is only sound in its container."""
    return ("video", name) if _has_film(path) else ("audio", heard_as or name)


def _has_film(path: Path) -> bool:
    """Whether a container has a moving picture; the cover of an album is none."""
    import av

    try:
        with path.open("rb") as file, av.open(file) as container:
            return any(
                not stream.disposition & av.stream.Disposition.attached_pic
                for stream in container.streams.video
            )
    except av.FFmpegError:
        return False  # then it is read as a recording, and refused there with a sentence
    except OSError as error:
        raise refusal(path, error) from error


def _mpeg_audio(head: bytes) -> Sniffed | None:
    if head.startswith(b"ID3"):
        return "audio", "mp3"
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio", "aac"
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    # layer I (3) is dead, and its FF FE is the byte order mark of UTF-16
    sound = version != 1 and layer in {1, 2} and bitrate not in {0, 15} and rate != 3
    return ("audio", "mp3") if sound else None


def _writing(path: Path, head: bytes) -> Sniffed:
    suffix = path.suffix.lower()
    if not is_text(head):
        raise MediaError(path, f"it is {_guess_name(head)}, which mmqa does not read", _READS)
    if claimed := claim(suffix):
        raise MediaError(
            path,
            f"it is a text file named {suffix}, not {claimed}",
            "Rename it to .txt to add it as a note.",
        )
    if markup := _MARKUP.match(decode(head)):
        name = _MARKUP_NAMES.get(markup[1].lower(), "RTF")
        raise MediaError(path, f"it is {name} markup, which mmqa does not read", _READS)
    return "text", "markdown" if suffix in MARKDOWN else "text"


_READS = "Convert it to a picture, a recording, a video, plain text, Markdown or PDF."


def _guess_name(head: bytes) -> str:
    import puremagic

    try:
        name = puremagic.magic_string(head)[0].name
    except (puremagic.PureError, ValueError, IndexError):
        name = ""
    return f"binary data ({name})" if name else "binary data of no known format"
