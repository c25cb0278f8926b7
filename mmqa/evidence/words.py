"""Words, names and numbers of a text, in a form in which two texts can be compared.

Knows: English stop words and endings, number words, and that Chinese has no spaces (its characters
are taken in pairs). Refuses to know: sentences, segments and questions.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:[.,:'’-][^\W_\u3400-\u9fff]+)*")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

_UNITS = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen",
)
_TENS = re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety")
NUMBER_WORDS: dict[str, str] = {
    **{word: str(n) for n, word in enumerate(_UNITS)},
    **{word: str(10 * n) for n, word in enumerate(_TENS, start=2)},
    "hundred": "100",
    "thousand": "1000",
    "million": "1000000",
}
"""English number words → digits; compound ones are compared word by word."""

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a about above after all also am an and any are as at be because been before being
        between both but by can could did do does doing done for from had has have having he her
        here hers him his how i if in into is it its itself just let me more most my no nor not
        of off on once only or other our out over own s same say says said she should so some
        such t tell than that the their them then there these they this those through to too
        under until up us very was we were what when where which while who whom whose why will
        with would you your please many much long according exactly mentioned mention mentions
        name called give
        """,
    )
)
"""English words that carry no content of their own in a question or an answer."""

_CHINESE_FUNCTION = re.compile(
    r"(?:[的了是在有和吗呢吧啊哪什么谁几多少我你他她它们这那个就都也不请问里怎样为要叫]"
    r"|会(?!议)|上(?!午)|下(?![午次]))+"
)
"""Characters that carry no content of their own, but for a few words that begin with one."""


def is_chinese(text: str) -> bool:
    """Whether ``text`` holds a Chinese character.

    >>> is_chinese("Gate B12 登机口"), is_chinese("Gate B12")
    (True, False)
    """
    return bool(_CHINESE.search(text))


def stem(word: str) -> str:
    """A rough English stem: plural, possessive and verb endings off, never below three letters.

    >>> [stem(w) for w in ("tickets", "dogs'", "leaves", "closed", "sleeping", "bus")]
    ['ticket', 'dog', 'leav', 'clos', 'sleep', 'bus']
    """
    word = re.sub(r"['’]s?$", "", word.lower())
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word.removesuffix(ending) + ("y" if ending in ("ied", "ies") else "")
    return word


def tokens(text: str) -> list[str]:
    """Words in order, as written; a run of Chinese is one token.

    >>> tokens("Rent: 1,140 euros (heron-lake-77)")
    ['Rent', '1,140', 'euros', 'heron-lake-77']
    """
    return _TOKEN.findall(text)


def content(text: str) -> list[str]:
    """Stems of the words that mean something, in order, without repeats; Chinese in pairs.

    >>> content("When does the ferry leave?"), content("车票多少钱?")
    (['ferry', 'leav'], ['车票', '钱'])
    """
    found: dict[str, None] = {}
    for token in tokens(text):
        if is_chinese(token):
            found.update(dict.fromkeys(_chinese(token)))
        elif token.lower() not in STOP_WORDS:
            found[_normal(token)] = None
    return list(found)


def _normal(token: str) -> str:
    if _NUMBER.fullmatch(token):
        return _THOUSANDS.sub("", token)
    return NUMBER_WORDS.get(token.lower()) or stem(token)


def _chinese(run: str) -> list[str]:
    """Pairs of characters within stretches free of function characters; lone ones as they are."""
    stretches = _CHINESE_FUNCTION.split(run)
    pairs: list[str] = []
    for stretch in filter(None, stretches):
        pairs += [stretch[i : i + 2] for i in range(len(stretch) - 1)] or [stretch]
    return pairs


def numbers(text: str) -> set[str]:
    """All numbers, digits and English words alike, thousands separators off.

    >>> sorted(numbers("4.2 of 1,140 in two steps, at 7:40"))
    ['1140', '2', '4.2', '7:40']
    """
    digits = {_THOUSANDS.sub("", found) for found in _NUMBER.findall(text)}
    words = {NUMBER_WORDS[w] for w in re.findall(r"[a-z]+", text.lower()) if w in NUMBER_WORDS}
    return digits | words


_AMOUNT = re.compile(
    r"(?:half|quarter)?(?:[\s-]*(?:past|to|and|point|of)?[\s-]*\b(?:"
    + "|".join([*NUMBER_WORDS, "half", "quarter"])
    + r"|\d+(?:[.,:]\d+)*)\b)+",
    re.IGNORECASE,
)


def amounts(text: str) -> set[str]:
    """Numbers with the words that belong to them: "twenty past eight" is not "eight".

    >>> sorted(amounts("twenty past eight, pier 7")), sorted(amounts("at eight"))
    (['20 past 8', '7'], ['8'])
    """
    return {amount for _, amount in amount_spans(text)}


def amount_spans(text: str) -> list[tuple[re.Match[str], str]]:
    """Each amount with where it stands."""
    return [(match, _amount(match.group())) for match in _AMOUNT.finditer(text)]


def _amount(phrase: str) -> str:
    words = _THOUSANDS.sub("", phrase.lower()).replace("-", " ").split()
    kept = [NUMBER_WORDS.get(word, word) for word in words if word not in ("and", "of")]
    while kept and kept[0] in ("past", "to", "point"):
        kept.pop(0)
    return " ".join(kept)


_OPENS = re.compile(r"(?:^|(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bMrs)(?<!\bSt)[.!?\n:\"“]\s*)$")


def names(text: str) -> set[str]:
    """Words written with a capital that do not open a sentence, lower case, possessive off.

    >>> sorted(names("The ferry to Helgoland is late. Ask Tom's sister. I know."))
    ['helgoland', 'tom']
    """
    found = set()
    for match in re.finditer(r"(?<![\w'’-])[A-Z][\w’'-]*", text):
        opens = _OPENS.search(text[: match.start()])
        word = re.sub(r"['’]s?$", "", match.group().lower())
        if not opens and word not in STOP_WORDS and word not in NUMBER_WORDS:
            found.add(word)
    return found
