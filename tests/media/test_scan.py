"""Walking: stable, complete, and no trap in a folder stops it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from mmqa.media.scan import Refused, scan, survey
from mmqa.records import Source

ODD_NAMES = [
    "with space.txt",
    'it\'s "quoted".txt',
    "line\nbreak.txt",
    "🐙 emoji.txt",
    "渡轮.txt",
    os.fsdecode(b"undecodable \xff\xfe.txt"),
]


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def names(found: list[Path | Refused]) -> list[str]:
    return [f.name for f in found if isinstance(f, Path)]


def refusals(found: list[Path | Refused]) -> list[Refused]:
    return [f for f in found if isinstance(f, Refused)]


def test_files_come_before_folders_and_both_by_name(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/b/y.txt", "c.txt"):
        touch(tmp_path / name)
    found = list(scan([tmp_path]))
    assert names(found) == ["b.txt", "c.txt", "z.txt", "y.txt"]
    assert list(scan([tmp_path])) == found


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_a_file_system_allows_is_found(tmp_path: Path, name: str) -> None:
    path = touch(tmp_path / name)
    assert list(scan([tmp_path])) == [path]
    assert list(scan([path])) == [path]


def test_hidden_files_and_litter_are_passed_over(tmp_path: Path) -> None:
    for name in (
        ".git/config",
        ".hidden.jpg",
        "__MACOSX/._a.jpg",
        "Thumbs.db",
        ".DS_Store",
        "desktop.ini",
        "kept.jpg",
    ):
        touch(tmp_path / name)
    assert names(list(scan([tmp_path]))) == ["kept.jpg"]


def test_a_hidden_file_that_is_named_is_taken(tmp_path: Path) -> None:
    path = touch(tmp_path / ".hidden.jpg")
    assert list(scan([path])) == [path]


def test_captions_beside_media_are_no_items(tmp_path: Path) -> None:
    for name in ("photo.jpg", "photo.jpg.txt", "talk.MP3", "talk.txt", "note.txt"):
        touch(tmp_path / name)
    assert names(list(scan([tmp_path]))) == ["note.txt", "photo.jpg", "talk.MP3"]


def test_a_caption_named_beside_its_picture_is_no_item_either(tmp_path: Path) -> None:
    photo, words = touch(tmp_path / "p.jpg"), touch(tmp_path / "p.txt")
    assert list(scan([words, photo])) == [photo]
    assert list(scan([words])) == [words]


def test_a_path_named_twice_is_given_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = touch(tmp_path / "d" / "a.jpg")
    (tmp_path / "link.jpg").symlink_to(path)
    monkeypatch.chdir(tmp_path)
    ways = [path, Path("d/a.jpg"), tmp_path / "d" / ".." / "d", tmp_path / "link.jpg", tmp_path]
    assert list(scan(ways)) == [path]


def test_a_link_to_a_folder_around_it_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "d" / "a.jpg")
    (tmp_path / "d" / "loop").symlink_to(tmp_path)
    found = list(scan([tmp_path]))
    assert names(found) == ["a.jpg"]
    [refused] = refusals(found)
    assert refused.path == tmp_path / "d" / "loop"
    assert "leads back to a folder around it" in refused.reason


def test_links_in_a_circle_and_into_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to(tmp_path / "nothing")
    touch(tmp_path / "kept.jpg")
    found = list(scan([tmp_path]))
    assert names(found) == ["kept.jpg"]
    reasons = {r.path.name: r.reason for r in refusals(found)}
    assert "leads back to itself" in reasons["a"]
    assert "leads back to itself" in reasons["b"]
    assert "does not exist" in reasons["c"]


def test_pipes_and_sockets_are_refused_without_opening_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # a socket's path must be short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(folder / "socket"))
            found = list(scan([tmp_path, folder, Path("/dev/null")]))
    finally:
        shutil.rmtree(folder)
    assert [r.reason for r in refusals(found)] == [
        "it is a named pipe, not a file",
        "it is a socket, not a file",
        "it is a device, not a file",
    ]


def test_what_does_not_exist_is_refused(tmp_path: Path) -> None:
    [refused] = list(scan([tmp_path / "gone"]))
    assert isinstance(refused, Refused)
    assert "there is no such file" in refused.reason


def test_a_folder_that_vanishes_meanwhile_does_not_stop_the_walk(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt")
    touch(tmp_path / "folder" / "b.txt")
    touch(tmp_path / "z" / "c.txt")
    walk = scan([tmp_path])
    first = next(walk)
    shutil.rmtree(tmp_path / "folder")
    rest = list(walk)
    assert names([first, *rest]) == ["a.txt", "c.txt"]
    assert [r.path.name for r in refusals(rest)] == ["folder"]


def test_a_name_too_long_for_the_system_is_refused(tmp_path: Path) -> None:
    [refused] = list(scan([tmp_path / ("x" * 300)]))
    assert isinstance(refused, Refused)
    assert "too long" in refused.reason


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs users as on Unix")
def test_a_folder_without_permission_is_refused_and_the_rest_is_found() -> None:
    """Root may read everything, so the walk runs in a process that is nobody."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        folder.chmod(0o755)
        touch(folder / "closed" / "a.txt")
        touch(folder / "z" / "kept.txt")
        (folder / "closed").chmod(0o000)
        out = run_as_nobody(
            """
            from pathlib import Path
            from mmqa.media.scan import scan
            drop()
            for found in scan([Path(sys.argv[1])]):
                print(found)
            """,
            folder,
        )
    finally:
        (folder / "closed").chmod(0o755)
        shutil.rmtree(folder)
    assert "permission to read it is denied" in out
    assert "kept.txt" in out


def run_as_nobody(code: str, argument: Path) -> str:
    """Run code that calls ``drop()`` once its imports are done, and return what it printed."""
    drop = "import os, sys\ndef drop():\n    os.getuid() == 0 and os.setuid(65534)\n"
    result = subprocess.run(
        [sys.executable, "-c", drop + textwrap.dedent(code), str(argument)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_folder_that_is_an_index_is_passed_over_unless_it_is_named(tmp_path: Path) -> None:
    touch(tmp_path / "trip" / "catalogue.sqlite")
    touch(tmp_path / "trip" / "thumbs" / "ab.jpg")
    touch(tmp_path / "a.txt")
    assert names(list(scan([tmp_path]))) == ["a.txt"]
    assert names(list(scan([tmp_path / "trip"]))) == ["catalogue.sqlite", "ab.jpg"]


def surveyed(folder: Path, **globs: tuple[str, ...]) -> list[str]:
    found = survey([Source(folder, **globs)])
    return [path.relative_to(folder).as_posix() for path in found.files]


def test_a_survey_holds_what_the_globs_choose(tmp_path: Path) -> None:
    for name in ("a.png", "b.txt", "deep/c.png", "deep/deeper/d.png", ".hidden.png", ".git/e.png"):
        touch(tmp_path / name)
    assert surveyed(tmp_path) == ["a.png", "b.txt", "deep/c.png", "deep/deeper/d.png"]
    assert surveyed(tmp_path, include=("*.png",)) == ["a.png"]
    assert surveyed(tmp_path, include=("**/*.png",)) == ["a.png", "deep/c.png", "deep/deeper/d.png"]
    assert surveyed(tmp_path, include=("deep/**",), exclude=("**/d.*",)) == ["deep/c.png"]


def test_two_sources_of_one_folder_choose_together(tmp_path: Path) -> None:
    for name in ("a.png", "b.txt", "c.md"):
        touch(tmp_path / name)
    sources = [Source(tmp_path, ("*.png",)), Source(tmp_path, ("*.txt", "*.png"))]
    assert [path.name for path in survey(sources).files] == ["a.png", "b.txt"]


def test_globs_see_a_linked_folder_where_it_was_found(tmp_path: Path) -> None:
    touch(tmp_path / "far" / "x.png")
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "linked").symlink_to(tmp_path / "far")
    found = survey([Source(tmp_path / "near", ("linked/*",))])
    assert found.files == (tmp_path / "far" / "x.png",)
    assert found.folders == (tmp_path / "near", tmp_path / "far")


def test_a_folder_that_cannot_be_read_is_unread_but_one_that_is_gone_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "closed" / "a.png")
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    scandir = os.scandir

    def deny(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deny)
    found = survey([Source(tmp_path)])
    assert found.unread == (tmp_path / "closed",)
    assert {refused.path.name for refused in found.refused} == {"closed", "broken"}
