"""Files that come with a question or through the browser: what is let in, and where it is kept.

Knows: endings, size limits, and how an uploaded file is stored beside its index. Refuses to know:
Streamlit, and what is inside a file; mmqa finds that by content.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ui.conversation import Attachment
from ui.wording import size, visible

PICTURE_ENDINGS = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic")
RECORDING_ENDINGS = ("wav", "mp3", "flac", "ogg", "m4a")
TEXT_ENDINGS = ("txt", "md", "pdf")
QUESTION_LIMIT_BYTES = 25_000_000
PICTURES_LIMIT = 4
QUESTION_CHARACTERS = 4_000
UPLOADS = "uploads"
_NAME_BYTES = 150


class Uploaded(Protocol):
    """What Streamlit hands over for an uploaded or recorded file."""

    name: str

    def getvalue(self) -> bytes:
        """All bytes."""


def sort_out(
    files: Iterable[Uploaded], recorded: Uploaded | None = None
) -> tuple[tuple[Attachment, ...], list[str]]:
    """Attachments that can be asked about, and a sentence for each that cannot.

    At most :data:`PICTURES_LIMIT` pictures and one recording, each below
    :data:`QUESTION_LIMIT_BYTES`; a recording made on the spot wins over an attached one.
    """
    taken: list[Attachment] = []
    sentences: list[str] = []
    for file, spoken in [(recorded, True)] * (recorded is not None) + [(f, False) for f in files]:
        assert file is not None
        ending = file.name.rpartition(".")[2].lower()
        sound = spoken or ending in RECORDING_ENDINGS
        one = Attachment(file.name, file.getvalue(), "audio" if sound else "image")
        reason = _refusal(one, ending, taken)
        if reason:
            sentences.append(f"“{one.name}” was left out: {reason}")
        else:
            taken.append(one)
    return tuple(taken), sentences


def _refusal(one: Attachment, ending: str, taken: list[Attachment]) -> str:
    alike = sum(other.kind == one.kind for other in taken)
    if one.kind == "image" and ending not in PICTURE_ENDINGS:
        return "only pictures and recordings can be attached; add other files to the index."
    if not one.content:
        return "it is empty."
    if len(one.content) > QUESTION_LIMIT_BYTES:
        return f"it is larger than {size(QUESTION_LIMIT_BYTES)}; add it to the index instead."
    if one.kind == "audio" and alike:
        return "one recording can be asked about at a time."
    if one.kind == "image" and alike >= PICTURES_LIMIT:
        return f"{PICTURES_LIMIT} pictures can be asked about at a time."
    return ""


def keep(files: Iterable[Uploaded], index: Path) -> list[Path]:
    """Store uploaded files in ``<index>/uploads``, whole or not at all; their paths, in order.

    A file that is already there with the same bytes is used as it is; another file of that name
    stays untouched and the new one gets a number.
    """
    folder = index / UPLOADS
    folder.mkdir(parents=True, exist_ok=True)
    return [_keep(folder, file.name, file.getvalue()) for file in files]


def _keep(folder: Path, name: str, content: bytes) -> Path:
    target = _place(folder, safe_name(name), content)
    if target.exists():
        return target
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def _place(folder: Path, name: str, content: bytes) -> Path:
    stem, dot, ending = name.rpartition(".")
    stem, tail = (stem, dot + ending) if stem else (name, "")
    candidate, number = folder / name, 1
    while candidate.exists() and candidate.read_bytes() != content:
        number += 1
        candidate = folder / f"{stem} ({number}){tail}"
    return candidate


def safe_name(name: str) -> str:
    r"""A file name without folders or signs that act, short enough for any file system.

    >>> safe_name("../../etc/pass\nwd"), safe_name("..."), safe_name("海边.jpg")
    ('pass_wd', 'upload', '海边.jpg')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = visible(last).replace("\ufffd", "_").replace("\n", "_").replace("\t", "_").lstrip(".")
    stem, dot, ending = clean.rpartition(".")
    if stem and len(ending.encode()) <= 10:
        return _short(stem, _NAME_BYTES) + dot + ending
    return _short(clean, _NAME_BYTES) or "upload"


def _short(text: str, limit_bytes: int) -> str:
    return text.encode("utf-8", "replace")[:limit_bytes].decode("utf-8", "ignore")
