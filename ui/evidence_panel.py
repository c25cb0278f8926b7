"""Evidence cards: the picture, or the recording at the second, beside why it was found.

Knows: how hits and citations are drawn. Refuses to know: how they were found, and session state.

What comes from files goes through ``st.text``, ``html.escape`` or ``wording.escape``.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from html import escape as html_escape
from pathlib import Path
from typing import TypeAlias

import streamlit as st

from mmqa.records import Citation, Hit, KeyFrame
from mmqa.times import clock
from ui import wording
from ui.conversation import Turn

Frames: TypeAlias = Callable[[Path], Sequence[KeyFrame]]

PLAYER_LIMIT_BYTES = 100_000_000
PICTURE_LIMIT_BYTES = 30_000_000
PLAYED = frozenset({"video/mp4", "video/webm", "video/quicktime", "video/ogg", "video/x-m4v"})
"""Kinds of video that browsers play."""
SHEET_FRAMES = 24
"""Frames of a contact sheet: a long video has thousands of shots."""
SHEET_WIDTH = 110
_CARDS_PER_ROW = 2
_ICONS = {
    "image": ":material/image:",
    "audio": ":material/graphic_eq:",
    "video": ":material/movie:",
    "text": ":material/article:",
}


def draw(turn: Turn, key: str, frames: Frames) -> None:
    """Cited cards first, by number; what else was found folded away below.

    Args:
        turn: What was asked and found.
        key: Of the turn, unique on the page.
        frames: Gives the key frames of a video.
    """
    cited, uncited = turn.cited(), turn.uncited()
    if not turn.citations and not uncited:
        return
    with st.container(key=f"evidence-{key}"):
        if turn.citations:
            st.markdown("##### Evidence")
        for citation in turn.loose():
            st.text(f"[{citation.n}] {wording.name_of(citation.path)}, shown with the question")
        _grid([(hit, f"{key}-{citation.n}", citation) for citation, hit in cited])
        if uncited:
            label = "Also found" if turn.citations else "What came closest"
            with st.expander(f"{label} ({len(uncited)})", type="compact"):
                _grid([(hit, f"{key}-x{hit.rank}", None) for hit in uncited])
        for path in dict.fromkeys(h.segment.path for h in turn.hits if h.segment.kind == "video"):
            _contact_sheet(path, turn, frames)
        _weights(turn)


def _contact_sheet(path: Path, turn: Turn, frames: Frames) -> None:
    """What a video shows from its beginning to its end, and what was found of it among that."""
    there = [frame for frame in frames(path) if frame.thumbnail.exists()]
    if not there:
        return
    found = {hit.segment.frame_s for hit in turn.hits if hit.segment.path == path}
    shown = wording.spread([frame.frame_s in found for frame in there], SHEET_FRAMES)
    name = wording.name_of(path)
    number = f"{len(shown)} of {len(there)}" if len(shown) < len(there) else str(len(there))
    with st.expander(wording.escape(f"Key frames of {name} ({number})"), type="compact"):
        times = [clock(there[n].frame_s) for n in shown]
        marks = [" (found)" if there[n].frame_s in found else "" for n in shown]
        st.image(
            [str(there[n].thumbnail) for n in shown],
            caption=[wording.escape(t + mark) for t, mark in zip(times, marks, strict=True)],
            width=SHEET_WIDTH,
            alt=[f"{name} at {time}" for time in times],
        )


def _grid(cards: list[tuple[Hit, str, Citation | None]]) -> None:
    """Two cards a row, in reading order; a single one takes the whole width."""
    for start in range(0, len(cards), _CARDS_PER_ROW):
        row = cards[start : start + _CARDS_PER_ROW]
        for column, card in zip(st.columns(min(len(cards), _CARDS_PER_ROW)), row, strict=False):
            with column:
                _card(*card)


def _card(hit: Hit, key: str, citation: Citation | None) -> None:
    segment = hit.segment
    with st.container(border=True, key=f"card-{key}", gap="xsmall"):
        _heading(hit, key, citation)
        if _is_file(segment.path) and not segment.path.exists():
            _missing()
        if segment.kind == "image":
            _picture(hit)
        elif segment.kind in ("audio", "video") and segment.path.exists():
            _player(hit)
        _excerpt(hit, citation)
        st.html(contributions_html(hit.contributions, hit.score))


def _is_file(path: Path) -> bool:
    """A document that a program added has a name in place of a path."""
    return path.is_absolute()


def _heading(hit: Hit, key: str, citation: Citation | None) -> None:
    segment = hit.segment
    number = f"**[{citation.n}]** " if citation else ""
    number = number.replace("[", "\\[").replace("]", "\\]")
    st.markdown(f"{number}{_ICONS[segment.kind]} {wording.escape(wording.place(segment))}")
    with st.container(key=f"file-{key}", gap=None):
        st.text(wording.name_of(segment.path))
        if _is_file(segment.path):
            st.text(f"in {wording.folder_of(segment.path)}")


def _picture(hit: Hit) -> None:
    path = hit.thumbnail if hit.thumbnail and hit.thumbnail.exists() else hit.segment.path
    if not path.exists() or (path == hit.segment.path and hit.segment.kind == "video"):
        return
    if path.stat().st_size > PICTURE_LIMIT_BYTES:
        st.text("This picture is too large to be shown here.")
        return
    try:
        st.image(path.read_bytes(), alt=_alternative(hit), width="stretch")
    except OSError as error:
        st.text(f"This picture cannot be shown: {wording.excerpt(str(error), 120)}.")


def _missing() -> None:
    st.warning(
        "The file is no longer in its folder. Move it back, or add it from its new place.",
        icon=":material/link_off:",
    )


def _alternative(hit: Hit) -> str:
    words = hit.segment.text.caption or hit.segment.text.best()
    name = wording.name_of(hit.segment.path)
    return f"{name}: {wording.excerpt(words, 120)}" if words else name


def _player(hit: Hit) -> None:
    """Starts at the whole second at or before the segment's start: players take no fractions."""
    path, start_s = hit.segment.path, int(hit.segment.start_s or 0.0)
    kind = mimetypes.guess_type(path.name)[0] or ""
    video = hit.segment.kind == "video"
    if path.stat().st_size > PLAYER_LIMIT_BYTES:
        st.text(f"Too large to play here. Open the file and go to {clock(start_s)}.")
    elif video and kind and kind not in PLAYED:
        st.text(f"Browsers do not play such files. Open it and go to {clock(start_s)}.")
    else:
        try:
            if video:
                _film(path, kind, start_s)
            else:
                _sound(path, kind, start_s)
        except OSError as error:
            st.text(f"This file cannot be played: {wording.excerpt(str(error), 120)}.")
        return
    if video:
        _picture(hit)


def _film(path: Path, kind: str, start_s: int) -> None:
    st.video(
        str(path),
        format=kind or "video/mp4",
        start_time=start_s,
        alt=f"{wording.name_of(path)}, starting at {clock(start_s)}",
    )


def _sound(path: Path, kind: str, start_s: int) -> None:
    name = wording.name_of(path)
    st.audio(
        path.read_bytes(),
        format=kind if kind.startswith("audio/") else "audio/wav",
        start_time=start_s,
        alt=f"{name}, starting at {clock(start_s)}",
    )


def _excerpt(hit: Hit, citation: Citation | None) -> None:
    text, words = hit.segment.text, (citation.quote if citation else "") or hit.segment.text.best()
    if words:
        st.text(f"“{wording.excerpt(words)}”" if text.written() else wording.excerpt(words))
    if text.description:
        st.text(f"Described by the language model: {wording.excerpt(text.description)}")
    if text.prompt_words and text.written():
        near = ", ".join(word.word for word in text.prompt_words[:6])
        opening = "About" if hit.segment.kind == "audio" else "Looks like"
        st.text(f"{opening}: {wording.excerpt(near, 120)}")
    for flag, sentence in wording.TRANSCRIPT_FLAGS.items():
        if text.transcript and flag in hit.segment.flags:
            st.caption(sentence)


def contributions_html(contributions: Mapping[str, float], score: float) -> str:
    """What each modality added to the score: a line of numbers that unfolds to bars.

    >>> "How it looks" in contributions_html({"visual": 1.5, "lexical": 0.0}, 1.5)
    True
    """
    rows = [(name, value) for name, value in contributions.items() if abs(value) >= 0.005]
    widest = max((abs(value) for _, value in rows), default=1.0)
    body = "".join(_row(name, value, widest) for name, value in rows)
    parts = [f"{_label(name).lower()} {_signed(value)}" for name, value in rows]
    summary = ", ".join(parts) or f"score {_signed(score)}"
    return (
        f'<details class="mmqa-why"><summary>Why it was found: {summary}</summary>'
        '<table aria-label="Contributions to the score">'
        f'<tbody>{body}<tr class="total"><th scope="row">Score</th><td></td>'
        f"<td>{_signed(score)}</td></tr></tbody></table></details>"
    )


def _row(name: str, value: float, widest: float) -> str:
    share = round(100 * abs(value) / widest)
    sign = "less" if value < 0 else "more"
    return (
        f'<tr><th scope="row">{_label(name)}</th>'
        f'<td class="bar"><span class="{sign}" style="width:{share}%"></span></td>'
        f"<td>{_signed(value)}</td></tr>"
    )


def _label(name: str) -> str:
    return html_escape(wording.CONTRIBUTION_NAMES.get(name, name))


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\u2212")


def _weights(turn: Turn) -> None:
    weighed = turn.answer or turn.result
    weights = weighed.modality_weights if weighed else {}
    shares = [
        f"{wording.CONTRIBUTION_NAMES.get(name, name).lower()} {share:.0%}"
        for name, share in weights.items()
        if share > 0
    ]
    if weighed and shares:
        why = wording.WEIGHED_BY.get(weighed.weighed_by, "")
        st.caption(wording.escape(f"The question was weighed{why}: {', '.join(shares)}."))
