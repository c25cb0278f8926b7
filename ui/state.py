"""The sole owner of ``st.session_state``, and of the libraries that are held open.

Knows: which index this visitor looks at, the turns asked of each, filters, and running jobs.
Refuses to know: how any of it is drawn. No other file of ``ui`` touches ``st.session_state``.

Nothing here is written while an answer streams: touching session state is where Streamlit stops a
script, so a turn is a mutable object that is put into the history first and then grows.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from mmqa.config import load as load_config
from mmqa.errors import MmqaError
from mmqa.records import KINDS, Filter
from ui.adding import AddJob
from ui.conversation import Failure, Turn

if TYPE_CHECKING:
    from mmqa import Library

log = logging.getLogger("mmqa.ui")

INDEXES = Path("indexes")
_INDEX, _TURNS, _PENDING, _JOBS, _NOTICES = "index", "turns", "pending", "jobs", "notices"
KINDS_KEY, RETRIEVAL_KEY = "kinds", "retrieval"
_TAGS, _DAYS = "tags", "days"


def open_library(path: Path, create: bool) -> Library:
    """The library at ``path``; the one door to the façade.

    Raises:
        MmqaError: There is no index, or it cannot be opened.
    """
    from mmqa import Library

    return Library.open(path, create=create)


def known_indexes() -> list[Path]:
    """Absolute folders that hold an index, under ``indexes/`` of the working folder."""
    from mmqa import Library

    return [path.absolute() for path in Library.list(str(INDEXES))]


def _release(library: Library) -> None:
    library.close()


@st.cache_resource(show_spinner="Opening the index …", on_release=_release)
def _opened(path: str) -> Library:
    library = open_library(Path(path), create=False)
    Thread(target=_warm_up, args=(library,), name="mmqa-warm-up", daemon=True).start()
    return library


def _warm_up(library: Library) -> None:
    """Load the models while the visitor reads; a failure is shown when the question comes."""
    try:
        library.warm_up()
    except Exception as error:  # noqa: BLE001  # the first question raises it again, in words
        log.warning("the models could not be loaded ahead of the first question: %s", error)


def library() -> Library:
    """The library of the chosen index, opened once for all visitors.

    Raises:
        MmqaError: There is no index, or it cannot be opened.
    """
    return _opened(str(index()))


def create(folder: Path) -> None:
    """Make an index at ``folder``, or open the one that is there, and choose it.

    Raises:
        MmqaError: The folder cannot be used.
    """
    open_library(folder, create=True).close()
    choose(folder)


def index() -> Path:
    """The folder of the index that is looked at; at first the one ``mmqa chat`` was started on."""
    if _INDEX not in st.session_state:
        choose(Path(load_config().index))
    return cast(Path, st.session_state[_INDEX])


def choose(folder: Path) -> None:
    """Look at the index in ``folder`` from now on."""
    st.session_state[_INDEX] = folder.expanduser().absolute()


def turns() -> list[Turn]:
    """What was asked of the chosen index, oldest first; the list itself, to append to."""
    by_index = _held(_TURNS, dict[Path, list[Turn]]())
    return cast(list[Turn], by_index.setdefault(index(), []))


def forget() -> None:
    """Drop what was asked of the chosen index."""
    turns().clear()


def ask_next(question: str) -> None:
    """Keep ``question`` for the next run of the page, as if it had been typed."""
    st.session_state[_PENDING] = question


def take_pending() -> str:
    """The question kept by :func:`ask_next`, once; empty when there is none."""
    return str(st.session_state.pop(_PENDING, ""))


def where() -> Filter | None:
    """Which files to look in; ``None`` means all of them."""
    chosen = st.session_state.get(KINDS_KEY) or ()
    since_s, until_s = between(st.session_state.get(_DAYS) or ())
    found = Filter(
        kinds=tuple(kind for kind in KINDS if kind in chosen),
        since_s=since_s,
        until_s=until_s,
        tags=tuple(sorted(st.session_state.get(_TAGS) or ())),
    )
    return None if found == Filter() else found


def narrow(tags: Sequence[str], days: Sequence[date]) -> None:
    """Look only in files with these tags, taken from the first to the last of these days."""
    st.session_state[_TAGS], st.session_state[_DAYS] = tuple(tags), tuple(days)


def between(days: Sequence[date]) -> tuple[float | None, float | None]:
    """From the first day's midnight here to the end of the last day, seconds since the epoch.

    >>> between([])
    (None, None)
    """
    if not days:
        return None, None
    first, last = (datetime.combine(day, time.min) for day in (days[0], days[-1]))
    return first.timestamp(), (last + timedelta(days=1)).timestamp()


def retrieval() -> bool:
    """Whether the answer may rest on the index, or only on what is attached."""
    return bool(st.session_state.get(RETRIEVAL_KEY, True))


def job() -> AddJob | None:
    """The latest adding to the chosen index, running or ended."""
    return cast("AddJob | None", _held(_JOBS, dict[Path, AddJob]()).get(index()))


def start_job(paths: list[Path]) -> None:
    """Add ``paths`` to the chosen index in the background.

    Raises:
        MmqaError: The index cannot be opened.
    """
    _held(_JOBS, dict[Path, AddJob]())[index()] = AddJob(library(), paths)


def clear_job() -> None:
    """Forget the latest adding."""
    _held(_JOBS, dict[Path, AddJob]()).pop(index(), None)


def note(failure: Failure) -> None:
    """Keep a sentence to be shown once, at the next run of the page."""
    _held(_NOTICES, list[Failure]()).append(failure)


def take_notices() -> list[Failure]:
    """Sentences kept by :func:`note`, once."""
    return cast(list[Failure], st.session_state.pop(_NOTICES, []))


def attempt(action: Any, *arguments: Any) -> None:
    """Do ``action`` in a callback; an error becomes a notice instead of a broken page."""
    try:
        action(*arguments)
    except (MmqaError, OSError) as error:
        note(Failure.of(error))


def _held(name: str, empty: Any) -> Any:
    if name not in st.session_state:
        st.session_state[name] = empty
    return st.session_state[name]
