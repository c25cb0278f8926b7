"""Which questions are answered by looking at a picture rather than by reading words about it.

Knows: how English asks for colours, shapes, numbers and places in a picture. Refuses to know:
pictures, models, and what was found.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE

_LOOKS = re.compile(
    r"\b(?:colou?rs?|shapes?|how many|count|number of)\b"
    r"|\bwhere\b.*\b(?:is|are|stand|lie|sit)s?\b"
    r"|\b(?:left|right|above|below|top|bottom|middle|between|behind|in front)\b"
    r"|\b(?:larger|bigger|smaller|taller|shorter|largest|biggest|smallest|tallest|shortest)\b"
    r"|\b(?:is|are) there\b|(?<!\bwhat )(?<!\bwho )\b(?:is|are) (?:this|that|these|those|it)\b"
    r"|\bdo you see\b|\bcan you see\b"
    r"|\bsame\b|\bdiffer",
    _I,
)

_NAME = re.compile(
    r"\b(?:describe|caption)\b"
    r"|\b(?:what|who)(?:['’]s| is| are)? (?:this|that|it|these|those|in|on|shown|to be seen)\b"
    r"|\bwhat (?:do|can|could) (?:you|we|i) see\b|\bwhat does (?:it|this|the \w+) show\b"
    r"|\b(?:which|what) (?:kind|sort|type) of\b",
    _I,
)

_PICTURE = (
    r"(?:picture|photo(?:graph)?|image|drawing|painting|chart|diagram|screenshot|video|film|clip"
    r"|shot|scene|slide)s?"
)
_IN_PICTURE = re.compile(
    rf"\b(?:in|on|of|from) (?:the|this|that|my|our|a|an)\b.{{0,40}}?\b{_PICTURE}\b"
    rf"|\b{_PICTURE} (?:of|with|from)\b"
    rf"|\bdoes (?:the|this|that|my|our)\b.{{0,40}}\b{_PICTURE} show",
    _I,
)


def asks_about_looks(question: str) -> bool:
    """Whether a question about an attached picture is answered by looking at it.

    >>> asks_about_looks("What colour is the kite?"), asks_about_looks("Who built this bridge?")
    (True, False)
    """
    return _LOOKS.search(question) is not None


def asks_for_a_name(question: str) -> bool:
    """Whether it is asked what a picture shows, or for a description of it.

    >>> asks_for_a_name("What is this?"), asks_for_a_name("What colour is this?")
    (True, False)
    """
    return _NAME.search(question) is not None and not asks_about_looks(question)


def asks_about_a_picture(question: str) -> bool:
    """Whether a question to an index says that the answer is to be seen in a picture.

    >>> asks_about_a_picture("What colour is the kite in the beach photo?")
    True
    >>> asks_about_a_picture("What colour is the key of the shed?")
    False
    """
    return asks_about_looks(question) and _IN_PICTURE.search(question) is not None
