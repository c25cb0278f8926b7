"""The panel of sentiment: what was found or attached, as it feels, with a curve over time.

Knows: how a sentiment is drawn, in words before colours. Refuses to know: how it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from mmqa.errors import MmqaError
from mmqa.times import clock
from ui import failure_box, wording
from ui.conversation import Failure

if TYPE_CHECKING:
    from mmqa import Library, Sentiment, Sentiments

_MOST = 300
_NAMES = wording.CONTRIBUTION_NAMES


def draw(library: Library) -> None:
    """A folded panel: one file of the index, or all, or words, judged at a press."""
    with st.expander("How it feels", type="compact"), st.form("sentiment", border=False):
        chosen = st.text_input(
            "File, folder or pattern in the index (empty: all files)",
            help="Each picture, note, or stretch of a recording or video is judged by itself.",
        )
        words = st.text_input("Words beside it (may be empty)", placeholder="a caption")
        asks = st.toggle("Ask the language model too (slower)")
        if st.form_submit_button("Judge"):
            _judge(library, chosen.strip(), words.strip(), asks)


def _judge(library: Library, target: str, words: str, asks: bool) -> None:
    try:
        with st.spinner("Judging …"):
            found = library.sentiment(
                [target] if target else None, words=words, language_model=asks
            )
    except (MmqaError, OSError) as error:
        failure_box.draw(Failure.of(error))
        return
    show(found, wording.excerpt(target, 60) or "all files")


def show(found: Sentiments, name: str) -> None:
    """The curve, then a table that says the same in words, then what should be known."""
    if not found:
        st.info("There is nothing to judge yet.")
        return
    if len(found) > 1:
        st.html(found.svg(f"Sentiment of {wording.visible(name)}"))
    st.table([row(one) for one in found[:_MOST]])
    if len(found) > _MOST:
        st.caption(f"The first {_MOST} of {len(found)}.")
    for one in _contradictions(found):
        st.text(one)
    for note in found.notes:
        st.text(wording.visible(note))


def row(one: Sentiment) -> dict[str, str]:
    """One line of the table."""
    said = {
        _NAMES[name]: f"{chances[2] - chances[0]:+.2f}" for name, chances in one.modalities.items()
    }
    unknown = one.by == "nothing"
    return {
        "Where": _where(one),
        "Feels": "unknown" if unknown else one.label,
        "Valence": "" if unknown else f"{one.valence:+.2f}",
        **said,
        "Words": wording.excerpt(one.words, 80),
    }


def _where(one: Sentiment) -> str:
    name = "" if one.path is None else wording.name_of(one.path)
    if one.start_s is not None:
        return f"{name} {clock(one.start_s)}"
    return f"{name}, page {one.page}" if one.page is not None else name


def _contradictions(found: Sequence[Sentiment]) -> list[str]:
    apart = [(one, one.contradiction) for one in found]
    return [
        f"{_where(one)}: {_NAMES[pair[0]].lower()} is positive, {_NAMES[pair[1]].lower()} is "
        "negative. Irony, or two things at once?"
        for one, pair in apart
        if pair is not None
    ][:20]
