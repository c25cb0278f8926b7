"""Lays evidence out as numbered passages, within what the language model can hold.

Knows: order, numbering, and that the weakest passage goes first when there is no room.
Refuses to know: where passages come from and who counts the tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mmqa.errors import GenerationError
from mmqa.prompts.template import Templates
from mmqa.records import Segment
from mmqa.times import clock

SHORTEST = 80
"""Characters below which a passage is dropped rather than shortened."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One passage of evidence: where it is from, and its words. ``source`` may be empty."""

    text: str
    source: str = ""


def source_of(segment: Segment) -> str:
    """Where a segment stands, for people and prompts: file name, then time or page.

    >>> from pathlib import Path
    >>> source_of(Segment("a.0", Path("/x/trip.wav"), "", "audio", 0, start_s=65.0))
    'trip.wav 1:05'
    """
    if segment.start_s is not None:
        return f"{segment.path.name} {clock(segment.start_s)}"
    place = f"p. {segment.page}" if segment.page else ""
    return f"{segment.path.name} {place}".strip()


def lay_out(
    exhibits: Sequence[Exhibit], templates: Templates, fits: Callable[[str], bool]
) -> tuple[str, int]:
    """Number the passages, best first; shorten, then drop, from the last until it fits.

    Args:
        exhibits: Best first, at least one.
        templates: Hold the layout of one passage (``passage``).
        fits: Whether a prompt with this evidence fits the model.

    Returns:
        The text, and how many passages are in it; a single one has no number.

    Raises:
        GenerationError: Not even a shortened first passage fits.
    """
    kept = list(exhibits)
    while kept:
        passages = [templates.text("passage", source=e.source, text=e.text) for e in kept]
        if len(passages) > 1:
            passages = [f"[{n}] {passage}" for n, passage in enumerate(passages, start=1)]
        text = "\n".join(passages)
        if fits(text):
            return text, len(kept)
        kept = _weaken(kept)
    raise GenerationError(
        "the question leaves the language model no room for evidence", "Ask it in fewer words."
    )


def _weaken(kept: list[Exhibit]) -> list[Exhibit]:
    """The last passage halved, or dropped when it is short already."""
    last = kept[-1]
    if len(last.text) <= SHORTEST:
        return kept[:-1]
    half = last.text[: len(last.text) // 2].rsplit(" ", 1)[0]
    return [*kept[:-1], replace(last, text=f"{half} …")]
