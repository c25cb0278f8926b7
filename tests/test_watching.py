"""Folders followed: no timing is tested, only that the index ends up as the folder is."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mmqa import AddEvent, Library, watching
from mmqa.config import Config
from mmqa.errors import IndexLockedError, UsageError
from mmqa.records import SyncReport

pytestmark = pytest.mark.weights
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET_S", 0.2)
    monkeypatch.setattr(watching, "LOOK_S", 0.05)
    monkeypatch.setattr(watching, "RETRY_S", 0.05)


class Watch:
    """A watch in a thread of its own, as ``mmqa sync --watch`` runs in a process of its own."""

    def __init__(self, library: Library, *folders: Path) -> None:
        self.library = library
        self.events: list[AddEvent] = []
        self.notices: list[str] = []
        self.rounds: list[SyncReport] = []
        self.failed: BaseException | None = None
        self.ended = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(folders,))
        self._thread.start()

    def _run(self, folders: tuple[Path, ...]) -> None:
        try:
            self.rounds.extend(
                self.library.watch(
                    list(folders),
                    self.events.append,
                    self._stop.is_set,
                    on_notice=self.notices.append,
                )
            )
        except BaseException as error:  # noqa: BLE001  # told to the test
            self.failed = error
        self.ended = True

    def until(self, reached: Callable[[], bool]) -> None:
        """Wait for it, and say what happened instead if it does not come."""
        end = time.monotonic() + PATIENCE_S
        while not reached():
            assert self.failed is None, self.failed
            assert time.monotonic() < end, (self.events, self.notices, self.rounds)
            time.sleep(0.02)

    def held(self) -> set[str]:
        return {item.path.name for item in self.library.items()}

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert self.ended


def patiently(change: Callable[[], object]) -> None:
    """Another writer may be at work for a moment."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            change()
        except IndexLockedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the lock is never given back")


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(f"The ferry to {name} leaves at nine.")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "index", config=Config(ocr=False)) as opened:
        yield opened


@pytest.fixture
def watch(library: Library, media: Path) -> Iterator[Watch]:
    begun = Watch(library, media)
    yield begun
    begun.stop()
    assert begun.failed is None
    assert library.verify() == ()


def test_what_happens_in_the_folder_happens_in_the_index(watch: Watch, media: Path) -> None:
    watch.until(lambda: watch.held() == {"a.txt", "b.txt"})
    (media / "deep" / "er").mkdir(parents=True)
    (media / "deep" / "er" / "c.txt").write_text("The harbour is closed.")
    watch.until(lambda: watch.held() == {"a.txt", "b.txt", "c.txt"})
    (media / "a.txt").rename(media / "deep" / "z.txt")
    watch.until(lambda: watch.held() == {"z.txt", "b.txt", "c.txt"})
    shutil.rmtree(media / "deep")
    watch.until(lambda: watch.held() == {"b.txt"})
    (media / "b.txt").write_text("The lighthouse is open on Sundays.")
    watch.until(lambda: [e.path.name for e in watch.events].count("b.txt") == 2)
    assert [e.event for e in watch.events if e.path.name == "z.txt"] == ["moved", "removed"]
    assert "Sundays" in watch.library.search("lighthouse")[0].segment.text.passage


def test_a_broken_file_does_not_end_it(watch: Watch, media: Path) -> None:
    watch.until(lambda: watch.held() == {"a.txt", "b.txt"})
    (media / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    watch.until(lambda: any(e.event == "refused" for e in watch.events))
    (media / "c.txt").write_text("The harbour is closed.")
    watch.until(lambda: "c.txt" in watch.held())


def test_it_waits_for_another_writer_and_lets_others_write_between_rounds(
    watch: Watch, library: Library, media: Path, tmp_path: Path
) -> None:
    watch.until(lambda: len(watch.rounds) > 0)
    with library._writer():
        (media / "c.txt").write_text("The harbour is closed.")
        watch.until(lambda: bool(watch.notices))
        assert "waiting until it has finished" in watch.notices[0]
        assert watch.held() == {"a.txt", "b.txt"}
    watch.until(lambda: "c.txt" in watch.held())
    other = tmp_path / "other.txt"
    other.write_text("A file from elsewhere.")
    patiently(lambda: library.add(other))
    assert "other.txt" in watch.held()


def test_what_changes_while_a_round_runs_is_seen_by_the_next(library: Library, media: Path) -> None:
    late = media / "late.txt"
    written = threading.Event()

    def write(event: AddEvent) -> None:
        if not written.is_set():
            late.write_text("Written while the first round ran.")
            written.set()

    rounds = library.watch(media, write)
    next(rounds)
    next(rounds)
    rounds.close()  # type: ignore[attr-defined]
    assert {item.path.name for item in library.items()} == {"a.txt", "b.txt", "late.txt"}


def test_an_unmounted_folder_empties_nothing_and_is_followed_again_when_it_is_back(
    watch: Watch, media: Path
) -> None:
    watch.until(lambda: len(watch.held()) == 2)
    away = media.with_name("away")
    media.rename(away)
    watch.until(lambda: any("is not there any more" in text for text in watch.notices))
    media.mkdir()
    watch.until(lambda: any("is empty" in text for text in watch.notices))
    assert watch.held() == {"a.txt", "b.txt"}
    media.rmdir()
    (away / "c.txt").write_text("The harbour is closed.")
    away.rename(media)
    watch.until(lambda: watch.held() == {"a.txt", "b.txt", "c.txt"})


def test_reading_files_causes_no_round(watch: Watch, media: Path) -> None:
    watch.until(lambda: len(watch.rounds) > 0)
    for _ in range(3):
        (media / "a.txt").read_text()
        list(media.iterdir())
    (media / "c.txt").write_text("The harbour is closed.")
    watch.until(lambda: len(watch.rounds) > 1)
    watch.until(lambda: "c.txt" in watch.held())
    assert len(watch.rounds) < 4


def test_an_index_in_the_folder_causes_no_round(media: Path) -> None:
    with Library.open(media / "index", config=Config(ocr=False)) as library:
        watch = Watch(library, media)
        watch.until(lambda: len(watch.rounds) > 0)
        patiently(lambda: library.tag(media / "a.txt", add=["trip"]))
        (media / "c.txt").write_text("The harbour is closed.")
        watch.until(lambda: len(watch.held()) == 3)
        watch.stop()
        assert watch.held() == {"a.txt", "b.txt", "c.txt"}
        assert len(watch.rounds) < 4


def test_where_the_system_cannot_tell_of_changes_they_are_looked_for(
    library: Library, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watching.Observer, "schedule", refuse)
    monkeypatch.setattr(watching, "UNTOLD_S", 0.2)
    watch = Watch(library, media)
    watch.until(lambda: len(watch.rounds) >= 1)
    (media / "c.txt").write_text("The harbour is closed.")
    watch.until(lambda: "c.txt" in watch.held())
    watch.stop()
    assert "does not tell of changes" in watch.notices[0]


def test_a_folder_that_is_not_there_at_the_start_is_an_error(
    library: Library, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="is not there"):
        next(library.watch(tmp_path / "none"))
    assert not [t for t in threading.enumerate() if "Observer" in t.name]
