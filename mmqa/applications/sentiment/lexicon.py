"""Words whose feeling people have rated: VADER (Hutto and Gilbert 2014), for English.

Knows: VADER's package, which texts it can be asked about, and how a long text is taken sentence by
sentence. Refuses to know: other languages' words (no rated lexicon with a free licence comes in a
package that unpickles nothing), models, and where a text comes from.

About 7,500 words, emoticons and slang, each rated by ten people from −4 to 4; the package's own
rules take in negation ("not good"), degree ("very good"), emphasis ("GOOD!!!") and "but". Faces and
symbols in a text (emoji) are read by their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LONGEST = 20_000
"""Characters of a text that are rated; the rest of a longer one is not."""

_SENTENCE = re.compile(r"[^.!?…。！？\n]+[.!?…。！？]*")
_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|[^\w\s]+")
_LATIN = re.compile(r"[A-Za-z]")
_LETTER = re.compile(r"[^\W\d_]")
_FEW_WORDS = 8
_FUNCTION_WORDS = """
a an and are as at be but by did do does for from had has have he i if in is it its my no not of on
or our she so that the they this to was we were will with would you your
"""
_ENGLISH = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class Rating:
    """What the lexicon says of a text.

    Attributes:
        valence: −1…1 (VADER's ``compound``; of several sentences, the mean of those
            that have a rated word).
        negative: Share of the text that is rated below 0.
        positive: Share of it that is rated above 0.
        words: The rated words, each once, in order; empty where none is rated.
    """

    valence: float
    negative: float
    positive: float
    words: tuple[str, ...] = ()


def rate(text: str) -> Rating | None:
    """Rate a text; ``None`` where the lexicon cannot be asked about it: it is no English.

    >>> rate("What a wonderful day!").words
    ('wonderful',)
    >>> rate("The soup is not good.").valence < 0 < rate("The soup is good.").valence
    True
    """
    text = text[:LONGEST].strip()
    words = _rated_words(text)
    if not (_is_english(text) or any(word in _vader().emojis for word in words)):
        return None
    scores = [_vader().polarity_scores(part) for part in _sentences(text)]
    if not scores:
        return None
    scores = [one for one in scores if one["neg"] or one["pos"]] or scores
    mean = {name: sum(s[name] for s in scores) / len(scores) for name in ("compound", "neg", "pos")}
    return Rating(mean["compound"], mean["neg"], mean["pos"], words)


def rate_word(word: str) -> float | None:
    """The rating of a word, −1…1, or the mean of those in a name; ``None`` where nobody rated any.

    >>> rate_word("table") is None, rate_word("murder") < 0, rate_word("smiling face") > 0
    (True, True, True)
    """
    lexicon = _vader().lexicon
    found = [float(lexicon[one]) / 4 for one in word.lower().split() if one in lexicon]
    return sum(found) / len(found) if found else None


@lru_cache(maxsize=1)
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.findall(text) if part.strip()]


def _rated_words(text: str) -> tuple[str, ...]:
    vader = _vader()
    found: list[str] = []
    for token in _TOKEN.findall(text):
        if token.lower() in vader.lexicon:
            found.append(token.lower())
        elif not token[0].isalpha():
            found.extend(sign for sign in token if sign in vader.emojis)
    return tuple(dict.fromkeys(found))


def _is_english(text: str) -> bool:
    """Mostly Latin letters, and in a text of some length, words that every English text has.

    German has "die" and Danish "slut", which would be rated as the English words.
    """
    letters, latin = len(_LETTER.findall(text)), len(_LATIN.findall(text))
    if 2 * latin < letters or not letters:
        return False
    words = [word.lower() for word in _TOKEN.findall(text) if word[0].isalpha()]
    return len(words) < _FEW_WORDS or bool(_ENGLISH & set(words))
