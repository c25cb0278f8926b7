"""A glossary: the words of a language that the text encoder does not know, in English.

Knows: where glossaries lie, and how words are told apart where nothing stands between them.
Refuses to know: grammar (the English is words in the order of the question, not a sentence),
encoders and questions.

A glossary is ``<language>.tsv``: word, tab, English, a line each; ``-`` for a word that says
nothing about what is looked for; ``#`` opens a remark. ``<language>-variants.tsv`` beside it, which
may be missing, has other ways to write a character: character, tab, the one that the glossary uses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path

from mmqa.errors import TemplateError

FOLDER = Path(__file__).with_name("glossaries")

_NOTHING = "-"
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_OTHER = re.compile(r"[^\W\u3400-\u9fff]+(?:[.,:'’_/@-]+[^\W\u3400-\u9fff]+)*")
_BREAK = "?"


class Glossary:
    """The words of one language in English and back; read when it is first asked.

    Args:
        language: ISO 639-1 code; names the file.
        folder: Holds ``<language>.tsv``.
    """

    def __init__(self, language: str, folder: Path = FOLDER) -> None:
        self.language = language
        self.path = folder / f"{language}.tsv"
        self.variants_path = folder / f"{language}-variants.tsv"

    def to_english(self, text: str) -> str:
        """The words that are known, in English and in order; empty when none is.

        The longest word wins. A word of one character counts only where its neighbours are known
        too: beside an unknown character it is a part of an unknown word. Latin words and numbers
        stay as they are, and are nothing on their own.

        >>> Glossary("zh").to_english("哪张照片里有自行车？")
        'bicycle'
        >>> Glossary("zh").to_english("Tern 酒店的无线密码")
        'Tern hotel the wifi password'
        >>> Glossary("zh").to_english("Tern 囹圄")
        ''
        """
        folded = unicodedata.normalize("NFKC", text).translate(self._variants)
        kept: list[str] = []
        known = False
        pieces = list(self._pieces(folded))
        for i, piece in enumerate(pieces):
            english = self._words.get(piece)
            if english is None:
                kept += [piece] if _OTHER.fullmatch(piece) else []
            elif english != _NOTHING and not (len(piece) == 1 and self._in_unknown(pieces, i)):
                kept.append(english)
                known = True
        return " ".join(kept) if known else ""

    def unknown(self, text: str) -> tuple[str, ...]:
        """Stretches of two or more characters that the glossary does not have, in order.

        >>> Glossary("zh").unknown("王强的电话号码是多少？")
        ('王强',)
        """
        folded = unicodedata.normalize("NFKC", text).translate(self._variants)
        pieces = self._pieces(folded)
        marked = "".join(
            piece if _CHINESE.match(piece) and piece not in self._words else " " for piece in pieces
        )
        return tuple(stretch for stretch in marked.split() if len(stretch) > 1)

    def from_english(self, english: str) -> str | None:
        """The usual word for an English one; ``None`` where the glossary has none.

        >>> Glossary("zh").from_english("bicycle")
        '自行车'
        """
        return self._native.get(english)

    def _pieces(self, text: str) -> Iterator[str]:
        """Known words, other words whole, unknown characters one by one, ``?`` for marks."""
        at = 0
        while at < len(text):
            other = _OTHER.match(text, at)
            length = self._known_at(text, at) or (len(other.group()) if other else 1)
            piece = text[at : at + length]
            yield piece if length > 1 or other or _CHINESE.match(piece) else _BREAK
            at += length

    def _known_at(self, text: str, at: int) -> int:
        """Length of the longest known word that starts here; 0 for none."""
        most = min(self._longest, len(text) - at)
        return next((n for n in range(most, 0, -1) if text[at : at + n] in self._words), 0)

    def _in_unknown(self, pieces: list[str], i: int) -> bool:
        beside = pieces[max(i - 1, 0) : i] + pieces[i + 1 : i + 2]
        return any(_CHINESE.match(p) and p not in self._words for p in beside)

    @cached_property
    def _words(self) -> Mapping[str, str]:
        """Word → English, or ``-``."""
        return _read(self.path)

    @cached_property
    def _native(self) -> Mapping[str, str]:
        """English → the first word for it."""
        return {english: word for word, english in reversed(list(self._words.items()))}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._words), default=0)

    @cached_property
    def _variants(self) -> dict[int, str]:
        read = _read(self.variants_path) if self.variants_path.exists() else {}
        return {ord(other): usual for other, usual in read.items()}


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(
            f"the glossary {str(path)!r} cannot be read: {error}",
            f"Known languages: {', '.join(languages(path.parent)) or 'none'}.",
        ) from error
    words: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        word, tab, other = line.partition("\t")
        if not (word and tab and other) or "\t" in other or word in words:
            raise TemplateError(
                f"line {number} of the glossary {str(path)!r} is wrong: {line!r}",
                "A line is a word that has no other line, a tab, and its English.",
            )
        words[word] = other
    return words


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """Languages that have a glossary in ``folder``, sorted.

    >>> languages()
    ('zh',)
    """
    return tuple(sorted(p.stem for p in folder.glob("*.tsv") if not p.stem.endswith("-variants")))


@cache
def glossary(language: str) -> Glossary | None:
    """The shipped glossary of a language, the same one each time; ``None`` where there is none."""
    return Glossary(language) if language in languages() else None
