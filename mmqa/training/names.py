"""An annotation as a person would say it: "grinning cat: facing right" → "a grinning cat".

Knows: English articles, and how emoji and clip-art are annotated. Refuses to know: pictures.
"""

from __future__ import annotations

import re

_COLOUR_WORDS = "red orange yellow green blue purple pink brown black white grey gray teal golden"
_COLOURS = frozenset(_COLOUR_WORDS.split())
_HAIR = re.compile(r"^(?P<who>man|woman|person): (?P<hair>.+)$")
_CLOCK = re.compile(r"^[a-z]+(?: o[’']?clock|-thirty)$")
_DRAWN_WORDS = """
simple contour silhouette illustration cartoon stylized symbolic sketch outline shaded coloured
profile alternate version svg alt symbol icon variant style template
"""
"""Words of file names that tell how a thing is drawn."""
_DRAWN = frozenset(_DRAWN_WORDS.split())
_MASS_WORDS = """
bread rice milk water snow rain fire smoke wood sand salt cheese honey butter bacon meat fish
spaghetti pasta sushi soap fog lightning coal cotton glass grass sake tea coffee wine beer juice
falafel camping golf tennis hockey football bowling fencing badminton snowboarding skateboarding
darts chess money luggage equipment furniture clothing garlic ginger broccoli rainfall
zzz mathematics music bread toast lava ice mud oil food poop sweat
"""
"""Heads that are not counted."""
_MASS = frozenset(_MASS_WORDS.split())
_PAIR_WORDS = "jeans shorts glasses sunglasses scissors trousers pants goggles tongs"
_PAIRS = frozenset(_PAIR_WORDS.split())
_ENDS = re.compile(r"\b(?:with|without|on|in|of|from|under|over|at|behind|and|showing)\b")
_VOWEL = re.compile(
    r"(?!uni(?!n)|use|euro|one\b|ukulele|uranus)[aeiou]|hour|x-ray|mri\b|rpm\b|sos\b"
)
_STRAY_WORDS = "with without on in of from under over at behind and the to for"
_STRAY = frozenset(_STRAY_WORDS.split())


def natural(annotation: str, subgroup: str) -> str:
    """The name with its article, lower case, short; ``""`` where nothing telling is left.

    Args:
        annotation: As the source has it.
        subgroup: OpenMoji's; hair is told with "with". Empty for others.

    >>> natural("cat with wry smile", "cat-face"), natural("man: red hair", "person")
    ('a cat with wry smile', 'a man with red hair')
    >>> natural("woman running: facing right", "person-sport"), natural("two-thirty", "time")
    ('a woman running', 'a clock')
    >>> natural("orange simple contour", ""), natural("eyes", ""), natural("fried rice", "")
    ('an orange', 'eyes', 'fried rice')
    """
    text = " ".join(annotation.lower().replace("’", "'").split())
    if _CLOCK.match(text):
        return "a clock"
    hair = _HAIR.match(text)
    if hair is not None and "facing" not in text:
        text = _hair(hair["who"], hair["hair"])
    text = text.partition(":")[0]
    text = " ".join(text.split() if subgroup else _spoken(text.split()))
    return f"{_article(text)}{text}" if text else ""


def _spoken(words: list[str]) -> list[str]:
    """A file's words without what tells how it is drawn; a colour at the end goes to the front."""
    kept = [w for w in words if w not in _DRAWN]
    while kept and kept[-1] in _STRAY:
        kept.pop()
    while kept and kept[0] in _STRAY:
        kept.pop(0)
    if len(kept) > 1 and kept[-1] in _COLOURS and kept[0] not in _COLOURS:
        kept = [kept[-1], *kept[:-1]]
    return kept


def colour(name: str) -> tuple[str, str] | None:
    """The colour that a name begins with, and the rest; ``None`` where it tells none, or two.

    >>> colour("a red apple"), colour("an orange"), colour("a black and white cat")
    (('red', 'apple'), None, None)
    """
    words = [w for w in name.split() if w not in ("a", "an")]
    if len(words) < 2 or words[0] not in _COLOURS or set(words[1:]) & {*_COLOURS, "and"}:
        return None
    return words[0], " ".join(words[1:])


def _hair(who: str, told: str) -> str:
    if told == "beard":
        return f"{who} with a beard"
    return f"{who} with {told}" if "hair" in told else f"{told} {who}"


def _article(text: str) -> str:
    """``a``, ``an`` or nothing, by the last word before a preposition."""
    start = _ENDS.split(text)[0].split()
    head = start[-1] if start else text.rsplit(maxsplit=1)[-1]
    if start[:1] == ["people"] or head in _MASS or head in _PAIRS or _plural(head):
        return ""
    return "an " if _VOWEL.match(text) else "a "


def _plural(word: str) -> bool:
    if word in ("people", "men", "women", "children", "feet", "teeth", "mice", "geese"):
        return True
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ics"))
