"""Plain text and Markdown files → passages under their headings.

Knows: how much to read, and what is markup in Markdown. Refuses to know: how passages are cut
(``passages``) and how bytes become characters (``characters``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmqa.errors import MediaError
from mmqa.media.characters import clean, decode, one_line
from mmqa.media.passages import Block, passages
from mmqa.media.refusals import refusal
from mmqa.records import Passage

_FRONT_MATTER = re.compile(
    r"\A(?:---|\+\+\+)[ \t]*\n(.*?)\n(?:---|\+\+\+)[ \t]*(?:\n|\Z)", re.DOTALL
)
_FRONT_FIELD = re.compile(r"^([\w-]+)\s*[:=]\s*(.+)$", re.MULTILINE)
_LONGEST_MARKUP = 5_000
"""Characters of a line or paragraph above which it is data: patterns would crawl over it."""
_CAPTION_FIELDS = ("title", "subtitle", "description", "summary", "tags", "keywords")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_ATX = re.compile(r" {0,3}#{1,6}(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_INLINE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"!?\[([^\]\[]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"!?\[([^\]\[]+)\]\[[^\]]*\]"), r"\1"),
    (re.compile(r"<(https?://[^>\s]+)>"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^<>]*>"), ""),
    (re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*\\])\*(?=\S)([^*\n]+?)(?<![\s\\])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w\\])_(?=\S)([^_\n]+?)(?<![\s\\])_(?!\w)"), r"\1"),
    (re.compile(r"(`+)(.+?)\1"), r"\2"),
    (re.compile(r"^\s{0,3}>\s?", re.MULTILINE), ""),
    (re.compile(r"\\([\\`*_{}\[\]()#+\-.!>|~])"), r"\1"),
)


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text file, divided.

    Attributes:
        passages: In order.
        caption: Title, description and tags of a Markdown file's front matter, one a line.
        flags: ``truncated-text`` when only the beginning was read.
    """

    passages: tuple[Passage, ...]
    caption: str = ""
    flags: tuple[str, ...] = ()


def read_text(path: Path, max_text_bytes: int, *, markdown: bool = False) -> ReadText:
    """Read and divide a text file.

    Args:
        path: The file.
        max_text_bytes: Only that much is read, from its beginning.
        markdown: Whether its markup is Markdown.

    Raises:
        MediaError: It cannot be read, or holds no words.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_text_bytes + 1)
    except OSError as error:
        raise refusal(path, error) from error
    text = clean(decode(data[:max_text_bytes]))
    flags = ("truncated-text",) if len(data) > max_text_bytes else ()
    caption = ""
    if markdown:
        caption, text = _front_matter(text)
    found = tuple(passages(markdown_blocks(text) if markdown else plain_blocks(text)))
    if not found:
        raise MediaError(path, "there are no words in it")
    return ReadText(found, caption, flags)


def plain_blocks(text: str) -> Iterator[Block]:
    """Paragraphs of plain text: what stands between blank lines."""
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.strip():
            yield Block(paragraph.strip("\n"))


def _front_matter(text: str) -> tuple[str, str]:
    found = _FRONT_MATTER.match(text)
    fields = dict(_FRONT_FIELD.findall(found[1])) if found else {}
    if not found or not fields:
        return "", text
    lower = {key.lower(): one_line(value.strip(" \"'[]")) for key, value in fields.items()}
    return "\n".join(filter(None, map(lower.get, _CAPTION_FIELDS))), text[found.end() :]


def markdown_blocks(text: str) -> Iterator[Block]:
    """Paragraphs, tables and code of Markdown, each with the heading above it.

    A heading with nothing under it is a block of its own, so that its words are not lost.
    """
    return _Markdown().blocks(text)


class _Markdown:
    """A line-by-line reading of CommonMark, as deep as finding things needs."""

    def __init__(self) -> None:
        self._heading = ""
        self._heading_used = True
        self._rows: list[str] = []

    def blocks(self, text: str) -> Iterator[Block]:
        fence = ""
        for row in text.split("\n"):
            opened = _FENCE.match(row)
            if fence:
                if opened and opened[1].startswith(fence) and row.strip(" `~") == "":
                    yield from self._flush(verbatim=True)
                    fence = ""
                else:
                    self._rows.append(row)
            elif opened:
                yield from self._flush()
                fence = opened[1]
            else:
                yield from self._row(row)
        yield from self._flush(verbatim=bool(fence))
        yield from self._unused_heading()

    def _row(self, row: str) -> Iterator[Block]:
        if len(row) > _LONGEST_MARKUP:
            self._rows.append(row)
            return
        atx = _ATX.match(row)
        if atx:
            yield from self._flush()
            yield from self._start_section(atx[1] or "")
        elif self._rows and _SETEXT.match(row) and not _TABLE_RULE.match("|" + self._rows[-1]):
            *before, title = self._rows
            self._rows = before
            yield from self._flush()
            yield from self._start_section(title)
        elif not row.strip() or _RULE.match(row):
            yield from self._flush()
        elif "|" not in row or not _TABLE_RULE.match(row):
            self._rows.append(row)

    def _start_section(self, title: str) -> Iterator[Block]:
        yield from self._unused_heading()
        self._heading, self._heading_used = one_line(plain_inline(title)), False

    def _unused_heading(self) -> Iterator[Block]:
        if not self._heading_used and self._heading:
            yield Block(self._heading)
        self._heading_used = True

    def _flush(self, *, verbatim: bool = False) -> Iterator[Block]:
        rows, self._rows = self._rows, []
        text = "\n".join(rows)
        text = text if verbatim else plain_inline(text)
        if text.strip():
            table = all(row.lstrip().startswith("|") for row in rows)
            self._heading_used = True
            yield Block(text, self._heading, verbatim=verbatim or table)


def plain_inline(text: str) -> str:
    """Markdown's inline markup removed, words and link texts kept; data is left as it is.

    >>> plain_inline("**The** [ferry](https://a.b) `runs` at _nine_")
    'The ferry runs at nine'
    """
    if len(text) > _LONGEST_MARKUP:
        rows = text.split("\n")
        return text if len(rows) == 1 else "\n".join(map(plain_inline, rows))
    for pattern, replacement in _INLINE:
        text = pattern.sub(replacement, text)
    return text
