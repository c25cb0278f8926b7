"""``mmqa sync``, once and with ``--watch``, as a person and as a service run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmqa.cli import main
from mmqa.index.lock import WriterLock

pytestmark = pytest.mark.weights
Run = Callable[..., tuple[int, list[dict[str, Any]]]]
DONE = {"event": "done", "added": 0, "unchanged": 0, "removed": 0, "moved": 0, "refused": 0}


def test_the_last_object_says_what_it_came_to(run: Run, media: Path) -> None:
    assert run("sync", media)[1][-1] == {**DONE, "added": 3}
    (media / "a.txt").rename(media / "z.txt")
    (media / "b.txt").unlink()
    (media / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, events = run("sync", media)
    assert code == 3
    assert events[-1] == {**DONE, "unchanged": 1, "removed": 1, "moved": 1, "refused": 1}
    (moved,) = [event for event in events if event["event"] == "moved"]
    assert (moved["path"], moved["was"]) == (str(media / "z.txt"), str(media / "a.txt"))


def test_a_dry_run_makes_no_index_and_changes_none(run: Run, index: Path, media: Path) -> None:
    code, events = run("sync", media, "--dry-run")
    assert code == 0
    assert events[-1] == {**DONE, "added": 3, "dry_run": True}
    assert not index.exists()
    run("sync", media)
    (media / "a.txt").unlink()
    assert run("sync", media, "--dry-run")[1][-1] == {
        **DONE,
        "unchanged": 2,
        "removed": 1,
        "dry_run": True,
    }
    assert run("status")[1][0]["item_count"] == 3


def test_globs_choose(run: Run, media: Path) -> None:
    (media / "x.md").write_text("A note about the harbour.")
    assert run("sync", media, "--include", "**/*.txt", "--exclude", "deep/**")[1][-1] == {
        **DONE,
        "added": 2,
    }


def test_a_folder_that_is_not_there_is_wrong_usage(
    run: Run, index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("sync", media)
    media.rename(media.with_name("away"))
    assert main(["sync", str(media), "--index", str(index)]) == 2
    assert "is not there" in capsys.readouterr().err
    assert run("status")[1][0]["item_count"] == 3


def test_while_another_process_writes_it_fails_and_says_who(
    run: Run, index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("sync", media)
    lock = WriterLock(index)
    try:
        assert main(["sync", str(media), "--index", str(index)]) == 1
        assert f"process {os.getpid()}" in capsys.readouterr().err
        assert run("sync", media, "--dry-run")[0] == 0
    finally:
        lock.release()
    assert run("sync", media)[0] == 0


def test_watching_and_a_dry_run_exclude_each_other(run: Run, media: Path) -> None:
    assert run("sync", media, "--watch", "--dry-run")[0] == 2


def test_words_say_what_happened(
    index: Path, media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync", str(media), "--index", str(index), "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "would be added:" in printed.err
    assert "would be 3 added, 0 unchanged" in printed.err
    assert main(["sync", str(media), "--index", str(index)]) == 0
    assert "3 added, 0 unchanged, 0 moved, 0 removed, 0 refused" in capsys.readouterr().err


class Watching:
    """``mmqa sync --watch --json`` in a process of its own."""

    def __init__(self, index: Path, media: Path) -> None:
        command = [sys.executable, "-m", "mmqa", "sync", str(media), "--index", str(index)]
        self.process = subprocess.Popen(
            [*command, "--watch", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._watchdog = threading.Timer(120.0, self.process.kill)
        self._watchdog.start()

    def until(self, event: str, name: str = "") -> dict[str, Any]:
        """The next event of this name, of a file of that name."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found: dict[str, Any] = json.loads(line)
            if found["event"] == event and found.get("path", "").endswith(name):
                return found
        raise AssertionError(self.process.communicate()[1])

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        self._watchdog.cancel()
        return self.process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watching_follows_the_folder_until_it_is_told_to_end(
    run: Run, index: Path, media: Path, number: int
) -> None:
    watching = Watching(index, media)
    assert watching.until("done")["added"] == 3
    (media / "new.txt").write_text("The harbour is closed.")
    watching.until("added", "new.txt")
    watching.until("done")
    (media / "new.txt").rename(media / "newer.txt")
    watching.until("moved", "newer.txt")
    watching.until("done")
    run("tag", media / "newer.txt", "--add", "trip")  # the lock is free between rounds
    assert watching.end(number) == 0
    assert run("status")[1][0]["item_count"] == 4
    assert run("verify") == (0, [{"problems": [], "missing_media": []}])


def test_a_watch_that_is_killed_leaves_a_sound_index(run: Run, index: Path, media: Path) -> None:
    watching = Watching(index, media)
    watching.until("added")
    watching.end(signal.SIGKILL)
    code, events = run("sync", media)
    assert code == 0
    assert events[-1]["added"] + events[-1]["unchanged"] == 3
    assert run("verify")[0] == 0
