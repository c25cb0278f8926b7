"""Words made comparable before they are counted: one writing for numbers, case and punctuation.

Knows: English number words and what a listener cannot hear. Refuses to know: where words come from.

What :func:`normalize` does, so that a word error rate can be compared: lower case; accents dropped;
what stands in brackets dropped (stage directions); ``*``, ``#``, ``%`` and ``&`` become ``star``,
``pound``, ``percent``, ``and``; digits become words (``21`` → ``twenty one``, ``3rd`` → ``third``);
apostrophes close up (``don't`` → ``dont``); all else that is no letter separates words. Spellings
are left alone: ``voice mail`` and ``voicemail`` differ.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_ONES = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
    """.split()  # noqa: SIM905 - readable
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_SYMBOLS = {"*": " star ", "#": " pound ", "%": " percent ", "&": " and "}
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}\b)")
_ORDINAL = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_DECIMAL = re.compile(r"\b(\d+)\.(\d+)\b")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_CHARACTER_OR_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+")


def normalize(text: str) -> list[str]:
    """The words of English ``text`` as they are heard; see the module.

    >>> normalize("Press 1, or 21 (beep) -- don't wait for the 3rd tone!")
    ['press', 'one', 'or', 'twenty', 'one', 'dont', 'wait', 'for', 'the', 'third', 'tone']
    """
    text = _BRACKETS.sub(" ", fold(text)).replace("'", "")
    for symbol, word in _SYMBOLS.items():
        text = text.replace(symbol, word)
    text = _GROUPED.sub("", text)
    text = _ORDINAL.sub(lambda m: f" {ordinal(int(m[1]))} ", text)
    text = _DECIMAL.sub(lambda m: f" {spell(int(m[1]))} point {_digits(m[2])} ", text)
    text = _NUMBER.sub(lambda m: f" {_spoken(m[0])} ", text)
    return _WORD.findall(text)


def fold(text: str) -> str:
    """Lower case, accents dropped, one kind of apostrophe, full-width forms made plain.

    >>> fold("Café ’１２’")
    "cafe '12'"
    """
    decomposed = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'"))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def tokens(text: str) -> list[str]:
    """Words and numbers of any text, punctuation aside; Chinese gives one token a character.

    >>> tokens("TOTAL 22.30 on 3月18日")
    ['total', '22', '30', 'on', '3', '月', '18', '日']
    """
    return _CHARACTER_OR_WORD.findall(fold(text))


def spell(number: int) -> str:
    """A number from 0 in words, as Americans say it.

    >>> spell(1906), spell(340)
    ('one thousand nine hundred six', 'three hundred forty')
    """
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {spell(number % size)}" if number % size else ""
            return f"{spell(number // size)} {name}{rest}"
    if number < 20:
        return _ONES[number]
    rest = f" {_ONES[number % 10]}" if number % 10 else ""
    return _TENS[number // 10] + rest


def ordinal(number: int) -> str:
    """A number's place in words.

    >>> ordinal(3), ordinal(20), ordinal(42)
    ('third', 'twentieth', 'forty second')
    """
    *before, last = spell(number).split()
    placed = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return " ".join([*before, placed])


def _spoken(digits: str) -> str:
    """Digits as words; ones with a leading zero or too long for a quantity, digit by digit."""
    if len(digits) > 9 or (len(digits) > 1 and digits.startswith("0")):
        return _digits(digits)
    return spell(int(digits))


def _digits(digits: str) -> str:
    return " ".join(_ONES[int(d)] for d in digits)


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest words to insert, delete or replace so that ``heard`` becomes ``reference``.

    >>> word_errors("the roof is leaking".split(), "the hoof leaking now".split())
    3
    """
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(reference, heard))
