"""Questions as people put them, made from frames and contents: what the router is trained on.

Knows: the grammar of ``phrasings.toml`` and how a frame becomes questions. Refuses to know:
encoders, weights, and any question that is tested on (somebody else writes those by hand).

A *frame* is a pattern with choices ``[a|b|]`` and slots ``{thing}``; it expands into *templates*
(choices made), and a template into *questions* (slots filled). What is held out is held out by
frame: no expansion of it is trained on.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal, TypeAlias

Ask: TypeAlias = Literal["visual", "text", "speech", "neutral"]
"""What a phrasing asks for: to look, to read, to listen, or nothing of these."""

ASKS: tuple[Ask, ...] = ("visual", "text", "speech", "neutral")
FILE = Path(__file__).with_name("phrasings.toml")

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]+(?:['’][^\W\d_]+)?")


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One question and how it came about.

    Attributes:
        text: The question.
        ask: What it asks for.
        frame: The pattern that it comes from; what is held out is held out by this.
    """

    text: str
    ask: Ask
    frame: str


@dataclass(frozen=True, slots=True)
class Grammar:
    """All frames and contents of one language.

    Attributes:
        frames: What is asked for → patterns.
        contents: Slot → what may fill it.
        frame_words: Words that say how something is asked.
    """

    frames: Mapping[Ask, tuple[str, ...]]
    contents: Mapping[str, tuple[str, ...]]
    frame_words: tuple[str, ...]


@cache
def grammar(language: str) -> Grammar:
    """The shipped frames and contents of ``en`` or ``zh``.

    Raises:
        KeyError: There are none for the language.
    """
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    table = tables[language]
    return Grammar(
        {ask: tuple(table[ask]) for ask in ASKS},
        {slot: tuple(values) for slot, values in table["contents"].items()},
        tuple(dict.fromkeys(tables["frame_words"][language].split())),
    )


def templates(frame: str) -> list[str]:
    """All ways to choose in a frame; slots stay.

    >>> templates("[a|the] picture of {thing}[|?]")
    ['a picture of {thing}', 'a picture of {thing}?', 'the picture of {thing}', \
'the picture of {thing}?']
    """
    pieces = _CHOICE.split(frame)
    options = [piece.split("|") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    return [re.sub(r"\s+", " ", "".join(made)).strip() for made in product(*options)]


def questions(
    language: str, *, templates_each: int = 10, contents_each: int = 6, seed: int = 0
) -> list[Phrasing]:
    """Questions of every frame, without repeats, in the order of the file.

    Args:
        language: ``en`` or ``zh``.
        templates_each: Most templates of one frame, drawn when it has more.
        contents_each: Questions of one template; one without slots gives one.
        seed: Same seed, same questions.
    """
    rng = random.Random(seed)
    given = grammar(language)
    found: dict[str, Phrasing] = {}
    for ask in ASKS:
        for frame in given.frames[ask]:
            made = templates(frame)
            for template in rng.sample(made, min(templates_each, len(made))):
                for text in _filled(template, given.contents, contents_each, rng):
                    found.setdefault(text, Phrasing(text, ask, frame))
    return list(found.values())


def _filled(
    template: str, contents: Mapping[str, Sequence[str]], count: int, rng: random.Random
) -> Iterator[str]:
    """``count`` questions of a template; half of them without the mark at the end."""
    for number in range(count if _SLOT.search(template) else 1):
        text = _SLOT.sub(lambda slot: rng.choice(contents[slot[1]]), template)
        yield text.rstrip("?？") if number % 2 else text


def comes_from(text: str, language: str) -> str | None:
    """The frame that could have made ``text``, whatever fills its slots; ``None`` for no frame.

    Frames that are little but slots fit anything and are left out.

    >>> comes_from("Which picture shows a purple submarine?", "en") is not None
    True
    >>> comes_from("Is anybody laughing at the bar?", "en") is None
    True
    """
    plain = " ".join(_TOKEN.findall(text.lower()))
    return next((f for f, pattern in _patterns(language) if pattern.fullmatch(plain)), None)


@cache
def _patterns(language: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """One expression a frame; slots take one word or more."""
    found = []
    for ask, frames in grammar(language).frames.items():
        for frame in frames:
            made = [t for t in templates(frame) if len(_TOKEN.findall(_SLOT.sub("", t))) > 1]
            if made and ask != "neutral":
                found.append((frame, re.compile("|".join(map(_pattern, made)))))
    return tuple(found)


def _pattern(template: str) -> str:
    pieces = _SLOT.split(template.lower())
    words = [
        r"\S+(?: \S+){0,7}" if place % 2 else " ".join(_TOKEN.findall(piece))
        for place, piece in enumerate(pieces)
    ]
    return " ".join(word for word in words if word)
