"""What a name means in an index: id, path, folder, glob, in this order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmqa.errors import UsageError
from mmqa.fusion.concat import load
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore, item_id
from mmqa.records import MediaItem
from mmqa.targets import checked_tags, named_items

Fill = Callable[[Sequence[str]], IndexStore]


@pytest.fixture
def fill(tmp_path: Path) -> Iterator[Fill]:
    """An index of files with these paths below the working folder; none of them is on the disk."""
    fuser = load()
    store = IndexStore.create(
        tmp_path / "index", IndexIdentity("embedded", {}, "concat", fuser.width), fuser
    )

    def put(names: Sequence[str]) -> IndexStore:
        with store.transaction() as change:
            for name in names:
                place = Path(name) if name.startswith("document:") else tmp_path / name
                change.put(MediaItem(place, "00", "text", 1, 0), [], [], [])
        return store

    yield put
    store.close()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def named(store: IndexStore, *targets: str | Path) -> list[str]:
    here = Path.cwd()
    return [
        str(i.path.relative_to(here) if i.path.is_absolute() else i.path)
        for i in named_items(store, targets)
    ]


def test_a_file_is_named_by_any_way_to_it(fill: Fill, tmp_path: Path) -> None:
    store = fill(["a/x.txt", "b.txt"])
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    for way in ("a/x.txt", "./a/../a/x.txt", tmp_path / "a/x.txt", "link/x.txt"):
        assert named(store, way) == ["a/x.txt"]


def test_a_folder_names_all_below_it_and_nothing_beside_it(fill: Fill) -> None:
    store = fill(["a/x.txt", "a/b/y.txt", "a-2/z.txt", "a.txt"])
    assert named(store, "a") == named(store, "a/") == ["a/x.txt", "a/b/y.txt"]
    assert len(named(store, "/")) == 4


@pytest.mark.parametrize(
    ("glob", "fits"),
    [
        ("*.txt", ["c.txt"]),
        ("**/*.txt", ["a/x.txt", "a/b/y.txt", "c.txt"]),
        ("a/*", ["a/x.txt"]),
        ("a/**", ["a/x.txt", "a/b/y.txt"]),
        ("a/?.txt", ["a/x.txt"]),
        ("[a-b]/x.*", ["a/x.txt"]),
        ("../*/a/x.txt", ["a/x.txt"]),
    ],
)
def test_a_glob_names_the_files_that_fit_it(fill: Fill, glob: str, fits: list[str]) -> None:
    assert named(fill(["a/x.txt", "a/b/y.txt", "c.txt", "d.md"]), glob) == fits


def test_an_absolute_glob_may_begin_at_the_root(fill: Fill, tmp_path: Path) -> None:
    store = fill(["a/x.txt"])
    assert named(store, f"{tmp_path}/a/*.txt") == ["a/x.txt"]
    assert named(store, "/**/x.txt") == ["a/x.txt"]


@pytest.mark.parametrize("name", ["a*.txt", "a?.txt", "a[1].txt", "[ab].txt"])
def test_a_file_really_named_like_a_glob_wins_over_the_glob(fill: Fill, name: str) -> None:
    store = fill([name, "a1.txt", "ab.txt", "b.txt", "a.txt"])
    assert named(store, name) == [name]


def test_a_folder_really_named_like_a_glob_wins_too(fill: Fill) -> None:
    assert named(fill(["a[1]/x.txt", "a1/y.txt"]), "a[1]") == ["a[1]/x.txt"]
    assert named(fill([]), "a[1]/*.txt") == ["a1/y.txt"]


def test_an_id_names_its_file_and_so_does_that_of_a_segment(fill: Fill, tmp_path: Path) -> None:
    store = fill(["a/x.txt", "b.txt"])
    name = item_id(tmp_path / "b.txt", "00")
    assert named(store, name) == named(store, f"{name}.0") == ["b.txt"]


def test_a_document_of_a_program_is_named_by_its_path(fill: Fill) -> None:
    store = fill(["document:42", "b.txt"])
    assert named(store, "document:42") == ["document:42"]


@pytest.mark.parametrize(
    "name", ["line\nbreak.txt", "-rf", " ", "a\\b", os.fsdecode(b"\xff\xfe.txt"), "0123456789ab"]
)
def test_any_name_of_a_file_names_it(fill: Fill, name: str) -> None:
    assert named(fill([name, "b.txt"]), name) == [name]


def test_several_names_of_one_file_name_it_once(fill: Fill) -> None:
    assert named(fill(["a/x.txt", "b.txt"]), "b.txt", "**", "a") == ["b.txt", "a/x.txt"]


@pytest.mark.parametrize(
    "target", ["", "none.txt", "a/x", "*.md", "[", "0" * 12, "a\0b", "~nobody"]
)
def test_what_names_nothing_is_an_error(fill: Fill, target: str) -> None:
    with pytest.raises(UsageError, match="neither a path nor an id"):
        named(fill(["a/x.txt"]), "a/x.txt", target)


def test_tags_are_composed_trimmed_sorted_and_each_once() -> None:
    assert checked_tags(["  b ", "a", "b", "Cafe\u0301"]) == ("Caf\u00e9", "a", "b")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0", "x" * 101, "\u202eabc", "\ud800"])
def test_what_is_no_tag_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be kept"):
        checked_tags(["fine", name])


@given(st.text(max_size=8))
def test_a_kept_tag_is_kept_as_it_is(name: str) -> None:
    try:
        kept = checked_tags([name])
    except UsageError:
        return
    assert checked_tags(kept) == kept
