"""Words as other people would type them: another case, a slip of the finger, a polite frame.

Knows: one function for each change, with the unit and range of its one number. Refuses to know: how
strong a change should be (``augment`` does), and what the words mean.

Meant for text in Latin letters; Chinese passes unchanged but for frames and punctuation. There are
no synonyms: without the sentence's sense a thesaurus changes the meaning ("bank", "light") about as
often as the wording, and a changed meaning is a wrong label.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np

_ROWS = ((0.0, "qwertyuiop"), (0.25, "asdfghjkl"), (0.75, "zxcvbnm"))
"""Where each row of a QWERTY keyboard begins, in keys, and its letters."""


def _beside() -> dict[str, str]:
    keys = [
        (letter, start + place, row)
        for row, (start, letters) in enumerate(_ROWS)
        for place, letter in enumerate(letters)
    ]
    return {
        key: "".join(o for o, x, y in keys if o != key and abs(x - at) <= 1 and abs(y - row) <= 1)
        for key, at, row in keys
    }


NEIGHBOURS = _beside()
"""Letter → letters that touch it on a QWERTY keyboard."""

SHORTEST_TYPO = 4
"""Letters; a slip in a shorter word mostly makes another word of it (``cat``, ``cot``)."""

EMPTY_WORDS = frozenset(
    """
    a an the is are was were be been of to in on at by for with and or that this these those
    please my our your some any there it its me i you we do does did
    """.split()  # noqa: SIM905 - readable
)
"""Words that may go without the rest saying something else."""

FRAMES: tuple[str, ...] = (
    "{}, please",
    "please show me {}",
    "I am looking for {}",
    "can you find {}",
    "find {}",
    "do we have {}",
    "show {}",
    "{} thanks",
)
"""Polite frames for what one looks for; a question with its own verb takes ``POLITE``."""

POLITE: tuple[str, ...] = (
    "Could you tell me: {}",
    "Please tell me, {}",
    "{} Thank you.",
    "Hello! {}",
    "I would like to know: {}",
    "Quick question: {}",
)
_ASKS = re.compile(
    r"^(?:who|what|when|where|which|why|how|whose|is|are|was|were|do|does|did|can|could|has|have|"
    r"will|would|should)\b|[?？]\s*$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ENDS = ".,;:!?…。，；：！？"


def asks(text: str) -> bool:
    """Whether words are a question in themselves, rather than a name of what is looked for.

    >>> asks("When does the ferry leave?"), asks("red bicycle")
    (True, False)
    """
    return _ASKS.search(text.strip()) is not None


def lower_case(text: str) -> str:
    """As on a telephone: all in lower case."""
    return text.lower()


def upper_case(text: str) -> str:
    """With caps lock."""
    return text.upper()


def typos(text: str, rng: np.random.Generator, share: float) -> str:
    """One slip of the finger in ``share`` of the words of four letters and more.

    A neighbouring key, two letters exchanged, one left out, or one doubled (Damerau 1964 counts
    these four as four fifths of all slips). The first letter stays, and words with digits do.

    Args:
        text: Any.
        rng: Draws words, places and kinds.
        share: 0–1 of the eligible words; at least one slip where it is above 0.
    """
    words = [found for found in _WORD.finditer(text) if _may_be_mistyped(found[0])]
    if not words or share <= 0:
        return text
    count = max(1, round(share * len(words)))
    chosen = sorted(rng.choice(len(words), size=count, replace=False), reverse=True)
    for place in chosen:
        found = words[place]
        text = text[: found.start()] + _slip(found[0], rng) + text[found.end() :]
    return text


def drop_words(text: str, rng: np.random.Generator, share: float, *, any_word: bool = False) -> str:
    """Without ``share`` of its words, of the empty ones alone unless ``any_word``.

    At least one word stays, and words that carry a digit always do.
    """
    words = text.split()
    eligible = [i for i, word in enumerate(words) if _may_go(word, any_word=any_word)]
    count = min(len(words) - 1, len(eligible), max(1, round(share * len(words))))
    if count <= 0 or share <= 0:
        return text
    gone = set(rng.choice(eligible, size=count, replace=False).tolist())
    return " ".join(word for i, word in enumerate(words) if i not in gone)


def drop_punctuation(text: str) -> str:
    """Without the marks at the ends of words; those within numbers and words stay.

    >>> drop_punctuation("Well, is it 4.2 km?")
    'Well is it 4.2 km'
    """
    return " ".join(filter(None, (word.strip(_ENDS + "\"'“”‘’()[]") for word in text.split())))


def spread(text: str, rng: np.random.Generator) -> str:
    """One to three spaces between words, and at both ends: pasted, not typed."""
    gaps = [" " * int(rng.integers(1, 4)) for _ in range(len(text.split()) + 1)]
    return gaps[0] + "".join(word + gap for word, gap in zip(text.split(), gaps[1:], strict=True))


def frame(text: str, rng: np.random.Generator) -> str:
    """The same wish in a polite frame: ``FRAMES``, or ``POLITE`` around a whole question."""
    chosen = POLITE if asks(text) else FRAMES
    return chosen[int(rng.integers(len(chosen)))].format(text.strip())


def normalize(text: str) -> str:
    """One writing for one text: NFKC, plain quotes and dashes, single spaces.

    >>> normalize("  Ｃａｆｅ\u0301 —  “open” ")
    'Café - "open"'
    """
    text = unicodedata.normalize("NFKC", text).translate(_PLAIN)
    return " ".join(text.split())


_PLAIN = str.maketrans(dict.fromkeys("“”„«»", '"') | dict.fromkeys("‘’‚", "'") | {"—": "-"})
_PLAIN |= str.maketrans({"–": "-", "‑": "-", "\u00ad": "", "\u200b": "", "\ufeff": ""})


def _may_be_mistyped(word: str) -> bool:
    return len(word) >= SHORTEST_TYPO and "LATIN" in unicodedata.name(word[0], "")


def _slip(word: str, rng: np.random.Generator) -> str:
    place = int(rng.integers(1, len(word)))
    kind = int(rng.integers(4))
    before, letter, after = word[:place], word[place], word[place + 1 :]
    if kind == 0 and letter.lower() in NEIGHBOURS:
        beside = NEIGHBOURS[letter.lower()]
        return before + beside[int(rng.integers(len(beside)))] + after
    if kind == 1 and after and after[0] != letter:
        return before + after[0] + letter + after[1:]
    return before + after if kind == 2 else before + letter + letter + after


def _may_go(word: str, *, any_word: bool) -> bool:
    if any(character.isdigit() for character in word):
        return False
    return any_word or word.strip(_ENDS).lower() in EMPTY_WORDS
