"""The conversation: questions, streamed answers, and what came with them.

Knows: how turns are drawn and how a new one is started, followed and stopped. Refuses to know: how
an answer is found, and what a hit looks like.

Everything is drawn from the history, the turn in hand included, so nothing vanishes at a rerun.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.widgets.chat import ChatInputValue

from mmqa.records import KeyFrame, RetrievalEvent, TokenEvent
from ui import attachments, evidence_panel, failure_box, state, wording
from ui.conversation import Failure, Turn, follow

if TYPE_CHECKING:
    from mmqa import Library

_EXAMPLES = {
    "image": "Which pictures show a sign?",
    "audio": "What is said in the recordings?",
    "text": "What do the notes say about money?",
    "video": "What happens in the videos?",
}
_CURSOR = " ▌"


def draw(library: Library | None) -> None:
    """Draw the whole conversation, and answer what was just asked."""
    submitted = _input(library is not None)
    history = state.turns()
    if library is None:
        st.info(
            "Choose or create an index in the panel on the left; then you can ask.",
            icon=":material/left_panel_open:",
        )
        return
    turn = _new_turn(submitted)
    if turn is not None:
        history.append(turn)
    if not history:
        _welcome(library)
    for number, past in enumerate(history):
        _draw_turn(past, str(number), library, new=past is turn)
    if history:
        st.button("Clear this conversation", on_click=state.forget, type="tertiary")


def _input(ready: bool) -> ChatInputValue | None:
    value = st.chat_input(
        "Ask your files a question" if ready else "Choose an index first",
        key="question",
        accept_file="multiple",
        file_type=[*attachments.PICTURE_ENDINGS, *attachments.RECORDING_ENDINGS],
        accept_audio=True,
        max_chars=attachments.QUESTION_CHARACTERS,
        max_upload_size=attachments.QUESTION_LIMIT_BYTES // 1_000_000,
        submit_mode="disable",
        disabled=not ready,
    )
    return value if isinstance(value, ChatInputValue) else None


def _new_turn(submitted: ChatInputValue | None) -> Turn | None:
    pending = state.take_pending()
    if submitted is None:
        return Turn(pending) if pending else None
    taken, sentences = attachments.sort_out(submitted.files, submitted.audio)
    for sentence in sentences:
        failure_box.draw(Failure(sentence))
    question = submitted.text.strip()
    return Turn(question, taken) if question or taken else None


def _welcome(library: Library) -> None:
    counts = library.status().by_kind
    present = [kind for kind in _EXAMPLES if counts.get(kind)]
    if not present:
        st.info(
            "This index is empty. Add pictures, recordings or notes in the panel on the left.",
            icon=":material/add_photo_alternate:",
        )
        return
    st.text("Some questions to begin with:")
    with st.container(horizontal=True, key="examples"):
        for kind in present:
            question = _EXAMPLES[kind]
            st.button(question, key=f"example-{kind}", on_click=state.ask_next, args=(question,))


def _draw_turn(turn: Turn, key: str, library: Library, *, new: bool) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        heard = _draw_question(turn)
    with st.chat_message("assistant", avatar=":material/find_in_page:"):
        if new:
            _answer(turn, library, heard)
        turn.abandon()  # still running here means that an earlier run of the page was left
        _draw_answer(turn, key)
        evidence_panel.draw(turn, key, partial(_frames, library, turn))


def _frames(library: Library, turn: Turn, path: Path) -> tuple[KeyFrame, ...]:
    """The key frames of a video, looked up once for a turn."""
    if path not in turn.frames:
        turn.frames[path] = library.key_frames(path)
    return turn.frames[path]


def _draw_question(turn: Turn) -> DeltaGenerator:
    """Returns where the words of a spoken question appear as soon as they are understood."""
    if turn.question:
        st.text(wording.visible(turn.question))
    for one in turn.attachments:
        name = wording.excerpt(one.name, 80)
        if one.kind == "audio":
            st.audio(one.content, alt=f"Your recording: {name}")
            continue
        try:
            st.image(one.content, width=180, alt=f"Your picture: {name}")
        except OSError:
            st.text(f"{name} (cannot be shown here)")
    heard = st.empty()
    _draw_heard(turn, heard)
    return heard


def _draw_heard(turn: Turn, place: DeltaGenerator) -> None:
    if turn.heard:
        place.text(f"“{wording.visible(turn.heard)}”")


def _answer(turn: Turn, library: Library, heard: DeltaGenerator) -> None:
    """Stream the answer. Pressing Stop reruns the page, which ends the loop and the stream."""
    start = partial(
        library.stream,
        turn.question,
        images=turn.pictures,
        audio=turn.recording,
        where=state.where(),
        retrieval=state.retrieval(),
    )
    words, controls = st.empty(), st.empty()
    spoken = turn.recording is not None and not turn.question
    words.text("Listening to your question …" if spoken else "Looking through your files …")
    controls.button("Stop answering", key="stop", icon=":material/stop_circle:", type="tertiary")
    with closing(follow(turn, lambda cancelled: start(cancelled=cancelled))) as events:
        for event in events:
            if isinstance(event, RetrievalEvent):
                _draw_heard(turn, heard)
                words.text(_found(turn))
            elif isinstance(event, TokenEvent):
                words.text(wording.visible(turn.text).rstrip() + _CURSOR)
    words.empty()
    controls.empty()


def _found(turn: Turn) -> str:
    number = len(turn.hits)
    return f"Found {number} {'place' if number == 1 else 'places'}. Writing …"


def _draw_answer(turn: Turn, key: str) -> None:
    if turn.failure is not None:
        if turn.text:
            st.text(wording.visible(turn.text))
        failure_box.draw(turn.failure)
        return
    if turn.answer is not None and turn.answer.abstained:
        st.info(wording.escape(turn.text), icon=":material/search_off:")
    elif turn.text:
        with st.container(key=f"answer-{key}"):
            st.text(wording.visible(turn.text))
    if turn.state == "stopped":
        st.caption("Stopped before the end.")
    elif turn.answer is not None and turn.answer.source == "quoted":
        st.caption("Quoted from the evidence.")
    elif turn.answer is not None and turn.answer.source == "seen":
        st.caption("Seen in the picture by the language model. No words confirm it: look yourself.")
