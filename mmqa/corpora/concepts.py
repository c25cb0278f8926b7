"""Which drawings show the same concept, and on which side of the split a concept falls.

Knows: words of annotations and a hash. Refuses to know: pixels, vectors and results; the split is
fixed by text alone, before anything is fitted, and is never chosen by what it gives.

A *concept* has drawings that differ only in skin tone, gender, colour, direction or count ("red
apple", "green apple"; "one o'clock", "two o'clock"); it is one thing to find, and falls on one side
with all its drawings by all hands. A *family* has the concepts that end in the same head noun
("whale", "spouting whale"); the sides do not respect it, but results can be told apart by whether
anything of a concept's family was fitted on. What has no depicted meaning (flags, letters, abstract
signs, trade marks) is fitted on but never tested: its name cannot be read off the picture.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["train", "development", "test"]

_TEST_SHARE, _DEVELOPMENT_SHARE = 0.2, 0.15

_PEOPLE = (
    "man woman men women person people boy girl boys girls child male female adult human "
    "he she his her mr mrs"
)
_LOOKS = (
    "red orange yellow green blue purple pink brown black white grey gray gold golden silver dark "
    "light medium tone skin hair haired big small large heavy left right up down upper lower "
    "facing pointing leftwards rightwards upwards downwards old older new face emblem symbol sign "
    "button circled open closed with without in on at of the a an and or no not to for from by"
)
_COUNTED = (
    "one two three four five six seven eight nine ten eleven twelve thirty oclock "
    "first second third 1st 2nd 3rd 1 2 3 4 5 6 7 8 9 0 half quarter last"
)
_MODIFIERS = frozenset(f"{_PEOPLE} {_LOOKS} {_COUNTED}".split())

_CLOCK = re.compile(r"[a-z]+[ -](oclock|thirty)")
_HEAD_ENDS = re.compile(r":|\b(?:with|without|on|in|of|from|under|over|at|behind)\b")

_NO_DEPICTION_GROUPS = frozenset({"flags", "symbols", "component", "extras-unicode"})
_NO_DEPICTION_SUBGROUPS = frozenset(
    {"brand", "ui-element", "symbol-other", "regional-indicator", "subdivision-flag", "flags"}
    | {"flag", "country-flag", "queer-symbols", "interaction", "symbols"}
)


def concept(annotation: str) -> str:
    """Key of what an annotation names; variants of one thing share it.

    >>> concept("red apple") == concept("green apple") == "apple"
    True
    >>> concept("woman firefighter: dark skin tone") == concept("firefighter")
    True
    >>> concept("one o’clock") == concept("ten-thirty") == "clock"
    True
    """
    plain = _plain(annotation)
    return " ".join(sorted(set(_telling(plain)))) or " ".join(sorted(set(_words(plain))))


def family(annotation: str) -> str:
    """The head noun of an annotation: the last telling word before a preposition or a colon.

    >>> family("spouting whale") == family("whale") == "whale"
    True
    >>> family("umbrella with rain drops"), family("person: blond hair")
    ('umbrella', 'blond')
    """
    plain = _plain(annotation)
    for part in (_HEAD_ENDS.split(plain)[0], plain):
        telling = _telling(part)
        if telling:
            return telling[-1]
    return concept(annotation)


@dataclass(frozen=True, slots=True)
class Withheld:
    """Some concepts, and whether a weak caption (a file's or an icon's name) tells of any of them.

    Stricter than a concept's key, because names of icons follow no rule: a caption tells of a
    concept when it has all its words, or its words written as one, or the head noun of any.

    Attributes:
        keys: Words of each concept.
        joined: The same written as one word.
        heads: Head nouns.
    """

    keys: frozenset[frozenset[str]]
    joined: frozenset[str]
    heads: frozenset[str]

    @classmethod
    def of(cls, annotations: Iterable[str], heads: Iterable[str] = ()) -> Withheld:
        """Withhold these annotations, and whatever ends in the head noun of one of ``heads``."""
        told = [_telling(_plain(a)) for a in annotations]
        return cls(
            frozenset(frozenset(words) for words in told if words),
            frozenset("".join(words) for words in told if words),
            frozenset(family(a) for a in heads),
        )

    def told_by(self, caption: str) -> bool:
        """Whether a caption tells of any of them.

        >>> some = Withheld.of(["fire engine", "spouting whale"], heads=["spouting whale"])
        >>> [some.told_by(c) for c in ("red fire engine", "fireengine", "blue whale", "fire")]
        [True, True, True, False]
        """
        plain = _plain(caption)
        telling = _telling(plain)
        words = frozenset(telling) | frozenset(_words(plain))
        if words & self.heads or "".join(telling) in self.joined:
            return True
        return any(key <= words for key in self.keys)


def _plain(annotation: str) -> str:
    plain = annotation.lower().replace("’", "").replace("'", "")
    return "clock" if _CLOCK.fullmatch(plain) else plain


def _words(plain: str) -> list[str]:
    return re.findall(r"[^\W_]+", plain)


def _telling(plain: str) -> list[str]:
    return [_singular(w) for w in _words(plain) if w not in _MODIFIERS]


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def depicted(group: str, subgroup: str) -> bool:
    """Whether drawings of a category show what their name says.

    >>> depicted("food-drink", "food-fruit"), depicted("flags", "country-flag")
    (True, False)
    """
    return group not in _NO_DEPICTION_GROUPS and subgroup not in _NO_DEPICTION_SUBGROUPS


def side(annotation: str) -> Side:
    """The side of a concept: a fifth is for testing, 15 % for development, fixed by SHA-256.

    >>> side("red apple") == side("green apple") == side("apples")
    True
    """
    digest = hashlib.sha256(f"mmqa concept\0{concept(annotation)}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < _TEST_SHARE:
        return "test"
    return "development" if place < _TEST_SHARE + _DEVELOPMENT_SHARE else "train"
