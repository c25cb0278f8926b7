"""Decides when the language model looks at pictures, and at which.

Knows: that words which somebody wrote or said come before what a model sees, and that text in a
picture is quoted, not looked at. Refuses to know: searching, encoding, generating.
"""

from __future__ import annotations

from collections.abc import Sequence

from mmqa.drafting import Draft, Found
from mmqa.evidence.asking import about_attachment, sought_kind
from mmqa.evidence.attachments import said
from mmqa.evidence.looks import asks_about_a_picture, asks_about_looks, asks_for_a_name
from mmqa.prompts.looking import template_for
from mmqa.records import Question, Segment

DOCUMENT = 40
"""Characters of text from which "what is this?" of an attached picture is answered by quoting."""


def to_look_at(
    question: Question, found: Found, plan: Draft, min_score: float, *, names: bool = True
) -> tuple[Segment, ...]:
    """The pictures, or frames of videos, that answer a question, best first; none where words do.

    Args:
        question: In words, with what is attached.
        found: What is attached, and the hits of the search.
        plan: What would be answered from words.
        min_score: Relevance below which a hit counts as unrelated.
        names: Whether the model is asked what a picture shows, too; otherwise prompt words say it.
    """
    text = question.text
    attached = tuple(segment for segment in found.attached if segment.kind == "image")
    if not text.strip() or template_for(text, 1) == "reading":
        return ()
    if attached:
        return attached if _looks_at_attached(text, attached, names) else ()
    if not asks_about_a_picture(text) or not (plan.source == "none" or plan.guessed):
        return ()
    pictures = [hit for hit in found.hits if hit.segment.shows]
    return tuple(hit.segment for hit in pictures[:1] if hit.relevance >= min_score)


def _looks_at_attached(text: str, attached: Sequence[Segment], names: bool) -> bool:
    if asks_about_looks(text):
        return len(attached) > 1 or not sought_kind(text)
    written = sum(len(said(segment)) for segment in attached)
    asked = asks_for_a_name(text) or about_attachment(text)
    return names and asked and written < DOCUMENT
