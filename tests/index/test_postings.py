"""Which rows hold a word, against SQLite's own rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import IndexDamagedError
from mmqa.index import postings
from mmqa.index.postings import Postings
from mmqa.records import Filter

FERRY = '("ferry" OR "ferries")'


def rows(store, expression: str) -> list[int]:
    with store.snapshot() as view:
        return view.holding(expression).tolist()


def test_rows_that_match_come_in_order(opened, fill) -> None:
    store = opened()
    for n, words in enumerate(("ferry", "train", "two ferries", "ferry ferry")):
        fill(store, [f"/{n}"], words=words)
    assert rows(store, FERRY) == [1, 3, 4]
    assert rows(store, '"boat"') == []
    with store.snapshot() as view:
        assert view.document_frequency([FERRY, '"boat"', '"train"']) == [3, 0, 1]


def test_a_change_is_seen_at_once(opened, fill) -> None:
    store = opened()
    fill(store, ["/a"], words="ferry")
    assert rows(store, FERRY) == [1]
    fill(store, ["/b"], words="ferry")
    assert rows(store, FERRY) == [1, 2]
    with store.transaction() as change:
        change.remove(Path("/a"))
    assert rows(store, FERRY) == [2]
    with store.snapshot() as view:
        assert view.document_frequency([FERRY]) == [1]


def test_a_filter_narrows_them(opened, fill) -> None:
    store = opened()
    fill(store, ["/a"], kind="image", words="ferry")
    fill(store, ["/b"], kind="audio", words="ferry")
    with store.snapshot() as view:
        assert view.holding(FERRY, Filter(kinds=("audio",))).tolist() == [2]
        assert view.holding(FERRY, Filter(kinds=("text",))).tolist() == []


def test_what_was_read_is_kept_until_it_is_too_much(opened, fill, monkeypatch) -> None:
    store = opened()
    for n in range(6):
        fill(store, [f"/{n}"], words="ferry train" if n % 2 else "ferry")
    monkeypatch.setattr(postings, "KEPT_ROWS", 8)
    kept = Postings(store)
    first = kept.rows('"ferry"')
    assert kept.rows('"ferry"') is first
    assert kept.rows('"train"').tolist() == [2, 4, 6]  # nine in all: the older ones go
    again = kept.rows('"ferry"')
    assert again is not first
    assert np.array_equal(again, first)


def test_a_full_text_index_that_names_rows_which_are_not_there_is_damaged(opened, fill) -> None:
    store = opened()
    fill(store, ["/a"], words="ferry")
    with store.transaction() as change:
        change.execute("INSERT INTO words (rowid, body) VALUES (77, 'ferry')")
        change.touched = True
    with store.snapshot() as view, pytest.raises(IndexDamagedError, match="words"):
        view.holding(FERRY)
