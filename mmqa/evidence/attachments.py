"""What attached pictures and recordings say or show, for questions about them alone.

Knows: which words of an attachment answer "what does this say?". Refuses to know: how they were
read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmqa.evidence.sentences import LINE_BREAK
from mmqa.records import Segment

LONGEST = 600
"""Characters of an attachment's text that are quoted."""

_LOOKS = re.compile(
    r"\b(?:show|see|picture|photo|image|describe|look|this\?*$)|照片|图|看", re.IGNORECASE
)


def heard(attached: Sequence[Segment]) -> str:
    """What was said in the attached recordings."""
    return " ".join(s.text.transcript for s in attached if s.text.transcript).strip()


def said(segment: Segment) -> str:
    """The words in one attachment: transcript, or text in the picture on one line."""
    text = segment.text
    words = text.transcript or LINE_BREAK.join(filter(None, text.ocr.split("\n"))) or text.caption
    return words if len(words) <= LONGEST else words[:LONGEST].rsplit(" ", 1)[0] + " …"


def guesses(segment: Segment) -> str:
    """The prompt words of a picture: what it looks like."""
    return ", ".join(w.word for w in segment.text.prompt_words[:4])


def wants_looks(question: str) -> bool:
    """Whether the question asks what is to be seen rather than what is written.

    >>> wants_looks("What is in this picture?"), wants_looks("What does it say?")
    (True, False)
    """
    return bool(_LOOKS.search(question))
