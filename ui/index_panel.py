"""The sidebar: which index, what is in it, adding files, and where to look.

Knows: how an index is chosen, created, counted and filled from the page. Refuses to know: how files
are read or stored.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from mmqa.errors import MmqaError
from mmqa.records import KINDS, Status
from mmqa.times import clock
from ui import attachments, failure_box, state, wording
from ui.adding import AddJob, Progress
from ui.conversation import Failure

if TYPE_CHECKING:
    from mmqa import Library

_REFRESH_S = 0.7
_UPLOAD_LIMIT_MB = 500


def draw() -> Library | None:
    """Draw the sidebar; the library of the chosen index, or ``None`` where it cannot be opened."""
    st.subheader("Index", anchor=False)
    _choose()
    library = _open()
    if library is None and not (state.index() / "index.toml").exists():
        st.button(
            "Create this index",
            type="primary",
            on_click=state.attempt,
            args=(state.create, state.index()),
        )
    _create(library is None)
    for failure in state.take_notices():
        failure_box.draw(failure)
    if library is None:
        return None
    status = library.status()
    _facts(status)
    _add(empty=not status.items)
    _search_settings(library, status)
    return library


def _choose() -> None:
    current = state.index()
    folders = state.known_indexes()
    if current not in folders:
        folders = [current, *folders]
    chosen = st.selectbox(
        "Index to ask",
        folders,
        index=folders.index(current),
        format_func=_title,
        help="Indexes in the folder `indexes`, and the one that is open.",
    )
    if chosen != current:
        state.choose(chosen)
        st.rerun()


def _title(folder: Path) -> str:
    return wording.name_of(folder)


def _open() -> Library | None:
    try:
        return state.library()
    except MmqaError as error:
        failure_box.draw(Failure.of(error))
    except Exception as error:  # noqa: BLE001  # shown and logged, the page stays usable
        failure_box.draw(Failure.of(error))
    return None


def _create(needed: bool) -> None:
    with (
        st.expander("Open or create another", type="compact", expanded=needed),
        st.form("create", border=False),
    ):
        typed = st.text_input(
            "Folder of the index",
            placeholder="indexes/trip",
            help="An index in this folder is opened; where there is none, one is created.",
        )
        if st.form_submit_button("Open or create") and typed.strip():
            state.attempt(state.create, Path(typed.strip()).expanduser())
            st.rerun()


def _facts(status: Status) -> None:
    counts = [wording.counted(status.by_kind.get(k, 0), k) for k in KINDS if status.by_kind.get(k)]
    with st.container(key="facts", gap=None):
        st.text(", ".join(counts) if counts else "Nothing in it yet.")
        st.text(
            f"{wording.counted(status.segments, 'segment')}, {wording.size(status.index_bytes)}"
        )
        st.text(f"Models: {status.preset}; fusion: {status.fusion}")
        if status.faiss_files:
            st.text(wording.searched(status.faiss_files))
        st.text(wording.folder_of(status.path / "x"))


def _add(empty: bool) -> None:
    job = state.job()
    running = job is not None and job.progress().running
    # open as long as there is a report to read: what was refused must not hide itself
    with st.expander("Add files", type="compact", expanded=job is not None or empty):
        if running and job is not None:
            _watch()
        else:
            _ended(job)
            _form()


def _form() -> None:
    with st.form("add", border=False, clear_on_submit=True):
        uploaded = st.file_uploader(
            "Pictures, recordings, notes",
            accept_multiple_files=True,
            max_upload_size=_UPLOAD_LIMIT_MB,
        )
        typed = st.text_input(
            "Or a file or folder on this machine",
            placeholder="~/Pictures/trip",
            help="Read where it lies; nothing is copied or changed.",
        )
        if st.form_submit_button("Add", type="primary", icon=":material/add:"):
            state.attempt(_start, uploaded, typed.strip())
            st.rerun()


def _start(uploaded: list[attachments.Uploaded], typed: str) -> None:
    paths = attachments.keep(uploaded, state.index()) if uploaded else []
    if typed:
        path = Path(typed).expanduser().absolute()
        if not os.path.lexists(path):
            raise MmqaError(f"there is no {str(path)!r} on this machine", "Check the path.")
        paths.append(path)
    if not paths:
        raise MmqaError("nothing was chosen to add", "Choose files, or type a folder.")
    state.start_job(paths)


@st.fragment(run_every=_REFRESH_S)
def _watch() -> None:
    job = state.job()
    if job is None or not (now := job.progress()).running:
        st.rerun()
    share = f"{now.done} of {now.total}" if now.total else "starting"
    name = f": {wording.excerpt(wording.name_of(now.current), 40)}" if now.current else ""
    st.progress(now.share, text=wording.escape(f"Adding {share}{name}{_listening(now)}"))
    st.button(
        "Stopping …" if now.stopping else "Stop adding",
        on_click=job.stop,
        disabled=now.stopping,
        help="What was added so far stays in the index.",
    )
    _refused(now)


def _listening(now: Progress) -> str:
    """How far it came in a long recording."""
    if now.listening is None:
        return ""
    done, whole = clock(now.listening.done), clock(now.listening.total)
    return f"; {now.listening.label}, {done} of {whole}"


def _ended(job: AddJob | None) -> None:
    if job is None:
        return
    now = job.progress()
    if now.failure is not None:
        failure_box.draw(now.failure)
    if now.report is not None:
        stopped = " Stopped before the end." if now.stopping else ""
        added = wording.counted(now.report.added, "file")
        unchanged = f", {now.report.skipped:,} unchanged" if now.report.skipped else ""
        st.success(f"Added {added}{unchanged}.{stopped}", icon=":material/check:")
    _refused(now)
    st.button("Hide this report", on_click=state.clear_job, type="tertiary")


def _refused(now: Progress) -> None:
    if not now.refused:
        return
    st.warning(f"Refused {wording.counted(len(now.refused), 'file')}.", icon=":material/block:")
    with st.container(key="refused", height=min(300, 90 * len(now.refused))):
        for path, reason in now.refused[-200:]:
            st.text(f"{wording.name_of(path)}\n{wording.visible(reason)}")


def _search_settings(library: Library, status: Status) -> None:
    present = [kind for kind in KINDS if status.by_kind.get(kind)]
    with st.expander("Where to look", type="compact"):
        if len(present) > 1:
            st.pills(
                "Only in (none means everywhere)",
                present,
                selection_mode="multi",
                format_func=lambda kind: wording.KIND_NAMES[kind][1].capitalize(),
                key=state.KINDS_KEY,
            )
        state.narrow(_tags(library.tags()), _days(library.period_s()))
        st.toggle(
            "Search my files",
            value=True,
            key=state.RETRIEVAL_KEY,
            help="Off: the answer rests only on what is attached to the question.",
        )


def _tags(known: Sequence[str]) -> Sequence[str]:
    if not known:
        return ()
    return st.multiselect(
        "Only files with these tags",
        known,
        format_func=wording.visible,
        key=f"tags of {state.index()}: {'|'.join(known)}",  # what is not offered is not chosen
        placeholder="All files",
        help="Files that carry all of the tags chosen.",
    )


def _days(period_s: tuple[float, float] | None) -> Sequence[date]:
    """A range of days, where there is more than one to choose from."""
    first, last = (wording.day(moment_s) for moment_s in period_s or (0.0, 0.0))
    if first == last:
        return ()
    chosen = st.date_input(
        "Only files taken from … to …",
        value=[],
        min_value=first,
        max_value=last,
        key=f"days of {state.index()}: {first} to {last}",
        help="By the date inside the file; where there is none, by when it last changed.",
    )
    return chosen if isinstance(chosen, tuple) else ()
