"""Each condition alone and all together, against what Python finds in the same rows."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mmqa.index.snapshot import KEPT_FILTERS
from mmqa.records import Filter

DAY_NS = 86_400_000_000_000
FILES = [
    # path, kind, taken (days), changed (days), tags, metadata
    ("/trip/a.png", "image", 10, 99, ("sea",), ""),
    ("/trip/b.wav", "audio", None, 20, ("sea", "talk"), ""),
    ("/trip/deep/c.png", "image", 30, 1, (), ""),
    ("/trip2/d.png", "image", 40, 1, ("海",), ""),
    ("/trip", "text", None, 50, (), ""),
    ("/tri%_/[x].txt", "text", 60, 1, ("a'b", 'c"d'), ""),
    ("document:1", "text", None, 70, (), '{"year": 2024, "draft": true, "by": "Ann"}'),
    ("document:2", "text", None, 80, (), '{"year": "2024", "draft": null, "o\'k": 1.5}'),
]


@pytest.fixture
def store(opened, make):
    with opened() as store:
        with store.transaction() as change:
            for path, kind, taken, changed, tags, metadata in FILES:
                item, *rest = make(path, kind=kind, n=2, words="ferry")
                taken_ns = None if taken is None else taken * DAY_NS
                item = replace(
                    item,
                    mtime_ns=changed * DAY_NS,
                    taken_ns=taken_ns,
                    tags=tags,
                    metadata=metadata,
                )
                change.put(item, *rest)
        store.flush()
        yield store


def paths(store, where):
    """Of the segments that dense search, lexical search and the catalogue let through."""
    with store.snapshot() as view:
        dense = view.search(np.ones(store.identity.width, np.float32), 99, where)[0]
        lexical = [number for number, _ in view.lexical('"ferry"', 99, where)]
        assert sorted(dense) == sorted(lexical)
        found = [str(segment.path) for segment in view.segments(sorted(dense))]
    assert found == sorted(found, key=found.index)
    assert found[::2] == found[1::2]  # both segments of each file
    return found[::2]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Filter(), [f[0] for f in FILES]),
        (Filter(kinds=("audio", "image")), [f[0] for f in FILES[:4]]),
        (Filter(folders=(Path("/trip"),)), [FILES[n][0] for n in (0, 1, 2, 4)]),
        (Filter(folders=(Path("/trip/deep"), Path("/trip2"))), [FILES[2][0], FILES[3][0]]),
        (Filter(folders=(Path("/"),)), [f[0] for f in FILES[:6]]),
        (Filter(folders=(Path("/tri%_"),)), ["/tri%_/[x].txt"]),
        (Filter(folders=(Path("/nowhere"),)), []),
        (Filter(since_s=30 * 86400.0), [f[0] for f in FILES[2:]]),
        (Filter(until_s=30 * 86400.0), [FILES[0][0], FILES[1][0]]),
        (Filter(since_s=20 * 86400.0, until_s=40 * 86400.0), [FILES[1][0], FILES[2][0]]),
        (Filter(since_s=-1e30, until_s=1e30), [f[0] for f in FILES]),
        (Filter(tags=("sea",)), [FILES[0][0], FILES[1][0]]),
        (Filter(tags=("sea", "talk")), [FILES[1][0]]),
        (Filter(tags=("se",)), []),
        (Filter(tags=("a'b", 'c"d')), [FILES[5][0]]),
        (Filter(tags=("海",)), [FILES[3][0]]),
        (Filter(metadata=(("year", 2024),)), ["document:1"]),
        (Filter(metadata=(("year", "2024"),)), ["document:2"]),
        (Filter(metadata=(("draft", True), ("by", "Ann"))), ["document:1"]),
        (Filter(metadata=(("draft", None),)), ["document:2"]),
        (Filter(metadata=(("o'k", 1.5),)), ["document:2"]),
        (Filter(kinds=("image",), folders=(Path("/trip"),), tags=("sea",)), [FILES[0][0]]),
    ],
)
def test_a_filter_lets_through_what_it_says(store, where, expected):
    assert paths(store, where) == expected


def test_all_combinations_of_kinds_folders_and_times_are_intersections(store):
    kinds = [(), ("image",), ("image", "audio")]
    folders = [(), (Path("/trip"),)]
    times = [(None, None), (15 * 86400.0, None), (None, 35 * 86400.0)]
    for kind, folder, (since_s, until_s) in product(kinds, folders, times):
        alone = [
            Filter(kinds=kind),
            Filter(folders=folder),
            Filter(since_s=since_s, until_s=until_s),
        ]
        both = set.intersection(*(set(paths(store, one)) for one in alone))
        assert set(paths(store, Filter(kind, folder, since_s, until_s))) == both


def test_a_filter_sees_what_was_added_since_it_was_last_asked(store, make):
    where = Filter(folders=(Path("/trip"),))
    before = paths(store, where)
    with store.transaction() as change:
        change.put(*make("/trip/z.png", n=2, words="ferry"))
        change.remove(Path("/trip/a.png"))
    assert paths(store, where) == [*before[1:], "/trip/z.png"]
    with store.transaction() as change:
        change.tag(Path("/trip/z.png"), add=["sea"])
    assert paths(store, Filter(tags=("sea",))) == ["/trip/b.wav", "/trip/z.png"]


def test_tags_stay_when_a_file_is_put_again_and_go_when_taken_off(store, make):
    path = Path("/trip/b.wav")
    with store.transaction() as change:
        change.put(*make(str(path), kind="audio", seed=1))
    assert store.known(path).tags == ("sea", "talk")
    with store.transaction() as change:
        assert change.tag(path, add=["new"], remove=["sea", "never there"])
        assert not change.tag(Path("/nowhere"), add=["x"])
    assert store.known(path).tags == ("new", "talk")
    assert store.verify() == []


def test_no_more_than_some_filters_are_kept(store):
    wheres = [Filter(since_s=float(n)) for n in range(KEPT_FILTERS + 5)]
    for where in [*wheres, *wheres[:3]]:
        assert paths(store, where) == [f[0] for f in FILES]
    with store.snapshot() as view:
        assert len(view._view.allowed) == KEPT_FILTERS
