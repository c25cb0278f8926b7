"""Pictures with words in them as examples: what does it say, in which colour, does it say …?

Knows: how words are made and misread, and which are kept for testing. Refuses to know: how they are
drawn (``lettering``), how text is read off a picture (OCR), and what is trained.

The answer is what :attr:`Example.read` holds, its lines joined by spaces: the model is to hand on
what OCR read, which now and then is not to the letter what stands there. Every word, number and
made-up word has a side of its own, by a hash, so nothing that is tested was ever written in
training.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mmqa.corpora.fetch import fetch
from mmqa.corpora.openclipart import WORDS, vocabulary
from mmqa.interfaces import Progress
from mmqa.records import Picture
from mmqa.training.lettering import Written, draw, write
from mmqa.training.visual_examples import AnswerKind, Asked, Example, Split
from mmqa.training.visual_phrasings import worded

SOURCE = "words"

FILE = Path(__file__).with_name("source_phrasings.toml")

LETTERS = (2, 12)
"""Fewest and most letters of one word."""

SLIPS = 0.12
"""Share of training pictures of which OCR is made to misread a letter."""

_SIDES = {"test": 0.2, "development": 0.1}
_MADE_UP, _NUMBERS = 0.25, 0.12
_STARTS = "b c d f g h j k l m n p r s t v w z br ch cl dr fl gr pl sh st th tr"
_SLIPPING = {
    **{"o": "0", "O": "0", "l": "1", "I": "l", "S": "5", "B": "8", "g": "9", "Z": "2"},
    **{"rn": "m", "m": "rn", "cl": "d", "vv": "w", "e": "c", "h": "b", "t": "f", "0": "O"},
}
"""What is read for what, when it is misread."""


def examples(
    split: Split,
    count: int,
    *,
    seed: int = 0,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> list[Example]:
    """``count`` pictures, each with a question to read it and two or three more.

    Args:
        split: Which words may be written, and which wordings used.
        count: How many.
        seed: Same seed, same pictures.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching.

    Raises:
        CorpusError: The word list cannot be fetched, or a typeface cannot be read.
    """
    english = fetch("english-words", folder=folder, progress=progress) / WORDS
    known = sorted(w for w in vocabulary(english) if LETTERS[0] <= len(w) <= LETTERS[1])
    words = [w for w in known if side(w) == split]
    return [_example(f"{split}/{seed}/{n}", words, split) for n in range(count)]


def side(word: str) -> Split:
    """Where a word falls, whatever its case: a fifth for testing, a tenth for development.

    >>> side("Exit") == side("EXIT") == side("exit")
    True
    """
    digest = hashlib.sha256(f"mmqa written\0{word.lower()}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < _SIDES["test"]:
        return "test"
    return "development" if place < _SIDES["test"] + _SIDES["development"] else "train"


def _example(key: str, words: Sequence[str], split: Split) -> Example:
    rng = random.Random(f"mmqa written\0{key}")
    written = write(_lines(words, split, rng), rng)
    read = written.text
    if split == "train" and rng.random() < SLIPS:
        read = misread(read, rng)
    picture: Callable[[], Picture] = partial(draw, written)
    asked = _asked(written, read, words, split, rng)
    group = " ".join(written.lines).lower()
    return Example(key, SOURCE, (picture,), asked, (read,), group=group)


def _asked(
    written: Written, read: str, words: Sequence[str], split: Split, rng: random.Random
) -> tuple[Asked, ...]:
    def put(wanted: str, answer: str, kind: AnswerKind, text: str = "") -> Asked:
        question, key = worded(FILE, f"{SOURCE}.{wanted}", split, {"text": text}, rng)
        return Asked(question, answer, kind, key)

    def quoted(text: str) -> str:
        return f'"{text}"' if rng.random() < 0.6 else text

    said = " ".join(read.split("\n"))
    other = " ".join(_lines(words, split, rng))
    if rng.random() < 0.5:
        other = misread(said, rng)  # a letter apart: it must be looked at closely
    wrong = other if other.lower() != said.lower() else f"{other}{other[-1]}"
    return (
        put("read", said, "read"),
        put("is", "yes", "yes-no", quoted(said)),
        put("is", "no", "yes-no", quoted(wrong)),
        put("colour", written.ink, "colour"),
    )


def _lines(words: Sequence[str], split: Split, rng: random.Random) -> tuple[str, ...]:
    """One to three words, on one line or one a line; all in one case."""
    many = rng.choices((1, 2, 3), (6, 3, 1))[0]
    drawn = [_word(words, split, rng) for _ in range(many)]
    case = rng.choice((str.lower, str.upper, str.upper, str.title))
    cased = [case(word) for word in drawn]
    if many > 1 and sum(map(len, cased)) <= 14 and rng.random() < 0.5:
        return (" ".join(cased),)
    return tuple(cased)


def _word(words: Sequence[str], split: Split, rng: random.Random) -> str:
    kind = rng.random()
    if kind >= _MADE_UP + _NUMBERS:
        return rng.choice(words)
    make = made_up if kind < _MADE_UP else number
    while True:
        word = make(rng)
        if side(word) == split:
            return word


def made_up(rng: random.Random) -> str:
    """A word that can be said and means nothing, of 2 to 12 letters.

    >>> made_up(random.Random(4))
    'malro'
    """
    length = rng.randint(*LETTERS)
    text = ""
    while len(text) < length:
        text += rng.choice(_STARTS.split()) + rng.choice("aeiou")
        text += rng.choice(("", "", "n", "r", "s", "l", "t"))
    return text[:length]


def number(rng: random.Random) -> str:
    """A number, a year or a price of 2 to 6 digits.

    >>> number(random.Random(0))
    '15306'
    """
    if rng.random() < 0.25:
        return f"{rng.randint(1, 99)}.{rng.randint(0, 99):02d}"
    digits = rng.randint(2, 6)
    return str(rng.randint(10 ** (digits - 1), 10**digits - 1))


def misread(text: str, rng: random.Random) -> str:
    """``text`` with one place read wrongly: a look-alike, or a letter lost.

    >>> misread("rn", random.Random(1)), misread("x", random.Random(1))
    ('m', 'xx')
    """
    could = [(at, old, new) for old, new in _SLIPPING.items() for at in _places(text, old)]
    if could and rng.random() < 0.7:
        at, old, new = rng.choice(could)
        return text[:at] + new + text[at + len(old) :]
    inner = [i for i in range(1, len(text) - 1) if text[i - 1 : i + 2].isalnum()]
    if inner:
        at = rng.choice(inner)
        return text[:at] + text[at + 1 :]
    return f"{text}{text[-1]}"


def _places(text: str, part: str) -> list[int]:
    return [i for i in range(len(text)) if text.startswith(part, i)]
