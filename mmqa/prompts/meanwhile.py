"""Questions about two things at once: what is said while something is to be seen.

Knows: how English and Chinese ask so, and which words of the question say what is seen and which
what is said. Refuses to know: vectors, weights, and what answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmqa.records import Modality, Wording

WEIGHT = 4.0
"""Of the words that say what is seen, against the whole question, where a picture is compared; and
of those that say what is said, where speech is."""

LONGEST = 300
"""Characters of a question that is looked at."""

_I = re.IGNORECASE

_SAID = re.compile(
    r"\b(?:said|say|says|saying|told|tell|tells|mention(?:s|ed)?|explain(?:s|ed)?|spoken|speak(?:s)?"
    r"|talk(?:s|ed|ing)?|hear|heard|announce[sd]?|describe[sd]?|discuss(?:es|ed)?)\b",
    _I,
)
_WHILE = r"\b(?:while|whilst|when|as|during|at the moment)\b"
_VISIBLE = (
    r"(?:(?:is|are|was|were|can be|comes?|goes|gets|appears?)\s*)?"
    r"(?:being )?(?:visible|shown|seen|displayed|in (?:the )?(?:picture|view|sight|shot|frame)"
    r"|on (?:the )?(?:screen|display|slide)|to be seen|appears?|appeared|shows?(?: up)?|into view)"
)
_WE = r"(?:we|you|i|one) (?:can )?see"
_AFTER = re.compile(rf"{_WHILE}(?: {_WE})? (?P<seen>.+?) {_VISIBLE}\W*$", _I)
_WE_SEE = re.compile(rf"{_WHILE} {_WE} (?P<seen>.+?)\W*$", _I)
_BEFORE = re.compile(rf"^\W*{_WHILE}(?: {_WE})? (?P<seen>.+?) {_VISIBLE}\W+(?=\w)", _I)
_ZH = re.compile(
    r"(?:当|在)?(?P<seen>.+?)(?:出现|可见|显示|看得见|在画面[里中上]?|在屏幕上)(?:的)?(?:时候?|期间|时)"
    r"[,，]?(?P<rest>.*(?:说|讲|提到|介绍).*)"
)
_TOPIC = re.compile(r"\b(?:about|regarding|concerning|of|on) (?P<topic>.+?)\W*$", _I)
_TOPIC_ZH = re.compile(r"(?:关于|对)(?P<topic>.+?)(?:说|讲|介绍|的)")


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What such a question is made of.

    Attributes:
        seen: What is to be seen.
        topic: What the words are to be about; empty where any will do.
    """

    seen: str
    topic: str = ""

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Where to look, the first the most."""
        return ("visual", "speech") if self.topic else ("visual",)

    def wordings(self) -> tuple[Wording, ...]:
        """How each modality is asked for its own part."""
        seen = Wording(self.seen, WEIGHT, ("visual",))
        said = (Wording(self.topic, WEIGHT, ("speech",)),) if self.topic else ()
        return (seen, *said)


def meanwhile(question: str) -> Meanwhile | None:
    """The two parts of a question that asks what is said while something is seen.

    >>> meanwhile("What is said while the red car is visible?")
    Meanwhile(seen='the red car', topic='')
    >>> meanwhile("What does she say about the harbour when a blue boat is on the screen?")
    Meanwhile(seen='a blue boat', topic='the harbour')
    >>> meanwhile("红色汽车出现的时候说了什么？")
    Meanwhile(seen='红色汽车', topic='')
    >>> meanwhile("What did she say when the ferry was late?") is None
    True
    """
    if len(question) > LONGEST:
        return None
    chinese = _ZH.search(question)
    if chinese:
        about = _TOPIC_ZH.search(chinese["rest"])
        return Meanwhile(chinese["seen"].strip(), about["topic"].strip() if about else "")
    found = _BEFORE.search(question) or _AFTER.search(question) or _WE_SEE.search(question)
    if found is None:
        return None
    rest = (question[: found.start()] + question[found.end() :]).strip()
    if not _SAID.search(rest):
        return None
    about = _TOPIC.search(rest)
    return Meanwhile(found["seen"].strip(), about["topic"].strip() if about else "")
