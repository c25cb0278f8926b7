"""PDF documents → passages and a picture of each page.

Knows: pages, running headers and footers, and that PDFium serves one thread at a time. Refuses to
know: reading text out of pictures; a scanned page has a picture and no passages.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.errors import MediaError
from mmqa.media.characters import clean, one_line
from mmqa.media.passages import Block, passages
from mmqa.media.refusals import refusal
from mmqa.records import Part, Passage, Picture

MAX_PAGES = 2000
PAGE_SIDE = 1600
"""Longest side of a page's picture, pixels: about 140 dots an inch on A4, enough for OCR."""

_POINTS_PER_INCH = 72
_MAX_DPI = 150
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
_MARGIN_LINES = 2
_RUNNING_PAGES = 3
_LOCK = threading.RLock()
_BULLET = re.compile(r"\s*(?:[-*•·–▪]|\d{1,3}[.)、])\s")
_ENDS = tuple(".!?:;。！？：；")
_SHORT_ROW = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class ReadPdf:
    """A document, divided.

    Attributes:
        parts: Of each page its passages, then its picture, which is drawn when asked for.
        caption: The document's title and subject, one a line.
        flags: ``truncated-text`` when only the beginning was read.
    """

    parts: Iterator[Part]
    caption: str = ""
    flags: tuple[str, ...] = ()


def read_pdf(path: Path, max_text_bytes: int) -> ReadPdf:
    """Read a document's text at once, and its pages as they are asked for.

    Args:
        path: The file.
        max_text_bytes: Text beyond that many bytes (UTF-8) is left out, with a flag.

    Raises:
        MediaError: It is encrypted, damaged, or has no page. Iterating may raise it too.
    """
    with _LOCK:
        document = _open(path)
        try:
            pages, truncated = _texts(path, document, max_text_bytes)
            caption = _caption(document)
        finally:
            document.close()
    flags = ("truncated-text",) if truncated else ()
    return ReadPdf(_parts(path, _without_running_lines(pages)), caption, flags)


def _open(path: Path) -> Any:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path.read_bytes())
    except OSError as error:
        raise refusal(path, error) from error
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD_ERROR or "password" in str(error).lower():
            raise MediaError(
                path, "the PDF is encrypted and asks for a password", "Save it without one."
            ) from error
        raise MediaError(
            path, f"the PDF is damaged ({error})", "Copy or export it again."
        ) from error
    if not len(document):
        document.close()
        raise MediaError(path, "the PDF has no pages")
    return document


def _caption(document: Any) -> str:
    fields = (document.get_metadata_value(name) for name in ("Title", "Subject", "Keywords"))
    return "\n".join(dict.fromkeys(filter(None, (one_line(clean(field)) for field in fields))))


def _texts(path: Path, document: Any, max_text_bytes: int) -> tuple[list[list[str]], bool]:
    """Lines of each page, and whether something was left out."""
    import pypdfium2

    pages: list[list[str]] = []
    left = max_text_bytes
    count = len(document)
    for number in range(min(count, MAX_PAGES)):
        if left <= 0:
            break
        try:
            text = document[number].get_textpage().get_text_bounded()
        except pypdfium2.PdfiumError as error:
            raise MediaError(path, f"page {number + 1} of the PDF is damaged ({error})") from error
        left -= len(text.encode("utf-8", "replace"))
        pages.append(_rows(text))
    return pages, len(pages) < count


def _rows(text: str) -> list[str]:
    """Lines of a page; words that were hyphenated at a line's end are put together."""
    text = re.sub("[\ufffe\x02]\\s*", "", text)
    return [one_line(row) for row in clean(text).split("\n")]


def _without_running_lines(pages: Sequence[list[str]]) -> list[list[str]]:
    """Headers and footers that stand on most pages are left out after their first page."""
    counts = Counter(key for rows in pages for key in {_key(rows[at]) for at in _margin(rows)})
    running = {key for key, n in counts.items() if key and n >= max(_RUNNING_PAGES, len(pages) / 2)}
    shown: set[str] = set()
    kept = []
    for rows in pages:
        drop = {at for at in _margin(rows) if _key(rows[at]) in shown}
        shown |= {_key(rows[at]) for at in _margin(rows)} & running
        kept.append([row for at, row in enumerate(rows) if at not in drop])
    return kept


def _margin(rows: Sequence[str]) -> set[int]:
    filled = [at for at, row in enumerate(rows) if row]
    return {*filled[:_MARGIN_LINES], *filled[-_MARGIN_LINES:]}


def _key(row: str) -> str:
    return re.sub(r"\d+", "#", row.casefold())


def _parts(path: Path, pages: Sequence[list[str]]) -> Iterator[Part]:
    """Yield each page's passages and picture; the document is open only while it is asked."""
    by_page: dict[int, list[Passage]] = {}
    blocks = (block for at, rows in enumerate(pages) for block in _blocks(rows, at + 1))
    for passage in passages(blocks):
        by_page.setdefault(passage.page or 1, []).append(passage)
    with _LOCK:
        document = _open(path)
    try:
        for number in range(1, len(pages) + 1):
            yield from by_page.get(number, [])
            yield _draw(path, document, number)
    finally:
        with _LOCK:
            document.close()


def _blocks(rows: Sequence[str], page: int) -> Iterator[Block]:
    """Paragraphs of a page, which has lines only: a short line that ends a sentence ends one."""
    widest = max((len(row) for row in rows), default=0)
    paragraph: list[str] = []
    for row in rows:
        if paragraph and (not row or _BULLET.match(row + " ")):
            yield Block("\n".join(paragraph), page=page)
            paragraph = []
        if row:
            paragraph.append(row)
            if len(row) < _SHORT_ROW * widest and row.endswith(_ENDS):
                yield Block("\n".join(paragraph), page=page)
                paragraph = []
    if paragraph:
        yield Block("\n".join(paragraph), page=page)


def _draw(path: Path, document: Any, number: int) -> Picture:
    import pypdfium2

    with _LOCK:
        try:
            page = document[number - 1]
            scale = min(_MAX_DPI / _POINTS_PER_INCH, PAGE_SIDE / max(page.get_size()))
            bitmap = page.render(scale=scale, rev_byteorder=True)
            pixels = np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)
            bitmap.close()
            page.close()
        except (pypdfium2.PdfiumError, ZeroDivisionError, ValueError) as error:
            raise MediaError(path, f"page {number} of the PDF cannot be drawn ({error})") from error
    return Picture(pixels, page=number)
