"""Adding, removing, tagging, rebuilding and compacting from the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa import Library
from mmqa.cli import main

pytestmark = pytest.mark.weights
Run = Callable[..., tuple[int, list[dict[str, Any]]]]


def tags(run: Run) -> dict[str, list[str]]:
    _, (status,) = run("status", "--items")
    return {Path(item["path"]).name: item["tags"] for item in status["items"]}


def test_adding_tells_of_each_file_and_tags_old_and_new_ones(run: Run, media: Path) -> None:
    code, events = run("add", media / "a.txt")
    assert (code, [e["event"] for e in events]) == (0, ["added", "done"])
    code, events = run("add", media, "--tag", "trip", "--tag", "2024")
    assert code == 0
    assert sorted(e["event"] for e in events) == ["added", "added", "done", "unchanged"]
    assert events[-1] == {"event": "done", "added": 2, "unchanged": 1, "refused": 0}
    assert set(map(tuple, tags(run).values())) == {("2024", "trip")}


def test_a_tag_that_cannot_be_kept_adds_nothing(run: Run, media: Path) -> None:
    assert run("add", media, "--tag", "a\nb")[0] == 2
    assert run("status")[1][0]["item_count"] == 0


@pytest.mark.parametrize(
    ("target", "removed"),
    [("{media}/a.txt", 1), ("{media}", 3), ("{media}/*.txt", 2), ("{media}/**/?.txt", 3)],
)
def test_removing_by_path_folder_and_glob(run: Run, media: Path, target: str, removed: int) -> None:
    run("add", media)
    code, events = run("remove", target.format(media=media))
    assert code == 0
    assert events[-1] == {"event": "done", "removed": removed}
    assert len(events) == removed + 1
    assert run("status")[1][0]["item_count"] == 3 - removed
    assert run("verify") == (0, [{"problems": [], "missing_media": []}])
    assert (media / "a.txt").exists()


def test_removing_takes_effect_at_once_for_a_reader_that_is_open(
    run: Run, index: Path, media: Path
) -> None:
    run("add", media)
    with Library.open(index) as reader:
        assert len(reader.search("ferry")) == 3
        run("remove", media / "deep")
        assert {hit.segment.path.name for hit in reader.search("ferry")} == {"a.txt", "b.txt"}


def test_one_target_that_names_nothing_removes_nothing(run: Run, media: Path) -> None:
    run("add", media)
    assert run("remove", media / "a.txt", media / "*.md")[0] == 2
    assert run("status")[1][0]["item_count"] == 3


@pytest.mark.parametrize(
    "name", ["line\nbreak.txt", "-rf.txt", "a[1]*.txt", os.fsdecode(b"\xff\xfe.txt"), "~.txt"]
)
def test_a_file_of_any_name_can_be_tagged_and_removed(
    run: Run, media: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(media)
    Path(name).write_text("The password of the boat house is heron.")
    Path("a1x.txt").write_text("Another note about the boat house.")
    run("add", media)
    code, events = run("tag", "--add", "odd", "--", name)
    assert code == 0
    assert (len(events), events[0]["tags"]) == (2, ["odd"])
    assert run("remove", "--", name)[1][-1] == {"event": "done", "removed": 1}
    assert run("status")[1][0]["item_count"] == 4


def test_tags_are_added_removed_and_listed(run: Run, media: Path) -> None:
    run("add", media)
    assert run("tag", media / "*.txt", "--add", "trip", "--add", "x")[1][-1]["tagged"] == 2
    run("tag", media / "a.txt", "--remove", "x", "--add", "Café")
    assert tags(run) == {"a.txt": ["Café", "trip"], "b.txt": ["trip", "x"], "c.txt": []}
    _, events = run("tag", media / "b.txt")
    assert events[0] == {"event": "item", "path": str(media / "b.txt"), "tags": ["trip", "x"]}
    assert events[-1] == {"event": "done", "tagged": 0}


def test_a_changed_file_keeps_its_tags(run: Run, media: Path) -> None:
    run("add", media, "--tag", "trip")
    (media / "a.txt").write_text("The ferry does not leave at all.")
    run("add", media)
    assert tags(run)["a.txt"] == ["trip"]


def test_rebuilding_and_compacting_leave_a_sound_index_that_finds_the_same(
    run: Run, index: Path, media: Path
) -> None:
    run("add", media)
    before = run("search", "ferry")[1]
    for command in ("rebuild", "compact"):
        code, events = run(command)
        assert code == 0
        assert events[-1]["event"] in ("rebuilt", "compacted")
        assert run("search", "ferry")[1] == before
        assert run("verify")[0] == 0


def test_rebuilding_calibrates_an_index_whose_writer_was_killed(
    run: Run, index: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmqa.ingest import Ingest

    with monkeypatch.context() as killed:
        killed.setattr(Ingest, "_finish", lambda self: None)
        run("add", media)
    run("compact")
    with Library.open(index) as library:
        assert "text" in library._store.calibration()
        assert library.status().pending == 0


def bytes_of(index: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(index.rglob("*")) if path.is_file())


def test_compacting_leaves_no_byte_of_what_was_removed(
    run: Run, index: Path, media: Path, tmp_path: Path
) -> None:
    """Words in the catalogue and its log, vectors there and in FAISS files, thumbnails."""
    secret = media / "xylophonic secret.txt"
    secret.write_text("Quixotryphon zebulated the marmalade at Wexcombe.")
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    Image.fromarray(noise).save(media / "gone.png")
    run("add", media, "--no-ocr")
    with Library.open(index) as library:
        store = library._store
        numbers = [n for path in (secret, media / "gone.png") for n in store.item_rowids(path)]
        vectors = [v for one in store.features(numbers) for v in one.vectors.values()]
        fused = store.fuser.fuse(store.features(numbers))
    stored = [vector.astype("<f2").tobytes() for vector in vectors]
    stored += [row.astype("<f4").tobytes() for row in fused]
    words = [b"Quixotryphon", b"quixotryphon", b"zebulated", b"xylophonic", b"Wexcombe"]
    there = bytes_of(index)
    assert all(vector in there for vector in stored[: len(vectors)])
    assert b"quixotryphon" in there.lower()
    (thumbnail,) = (index / "thumbs").glob("*.jpg")
    run("remove", secret, media / "gone.png")
    run("compact")
    there = bytes_of(index)
    assert not [vector for vector in stored if vector in there]
    pieces = [vector[200:232] for vector in stored[: len(vectors)]]
    assert not [piece for piece in pieces if piece in there]
    for word in words:
        assert word.lower() not in there.lower()
    assert not thumbnail.exists()
    assert run("verify")[0] == 0
    assert len(run("search", "ferry")[1][0]["hits"]) == 3


def test_words_are_for_people_and_say_what_was_done(
    index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (media / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert main(["add", str(media), "--index", str(index)]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "3 added" in printed.err
    assert "refused" in printed.err
    assert main(["tag", str(media / "a.txt"), "--add", "x y", "--index", str(index)]) == 0
    assert capsys.readouterr().out == f"{media}/a.txt  x y\n"
    assert main(["remove", str(media / "a.txt"), "--index", str(index)]) == 0
    assert capsys.readouterr().out == f"removed {media}/a.txt\n"
    assert main(["rebuild", "--index", str(index)]) == 0
    assert "rebuilt" in capsys.readouterr().err
