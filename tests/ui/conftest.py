"""A stand-in library for the page's tests: same methods, real small media, no models."""

from __future__ import annotations

import math
import shutil
import struct
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from mmqa.errors import IndexMissingError, MmqaError
from mmqa.media.reader import FileReader
from mmqa.records import (
    AddEvent,
    AddReport,
    Answer,
    Chunk,
    Citation,
    CitationEvent,
    DoneEvent,
    FaissFile,
    Hit,
    KeyFrame,
    PromptWord,
    Recording,
    RetrievalEvent,
    SearchResult,
    Segment,
    SegmentText,
    TokenEvent,
)

APP = Path(__file__).parents[2] / "ui" / "app.py"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # a microphone that needs no permission, into which a file is played
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
SPOKEN = Path(__file__).parents[2] / "indexes" / "samples" / "recordings" / "memo-0614.ogg"


@dataclass
class Status:
    path: Path
    items: int
    segments: int
    by_kind: dict[str, int]
    name: str = "stand-in"
    preset: str = "embedded"
    fusion: str = "concat"
    index_bytes: int = 1_234_567
    faiss_files: tuple[FaissFile, ...] = (FaissFile("a", 6, "flat"),)


@dataclass
class StandInLibrary:
    """Answers from a script; records what it was asked."""

    folder: Path
    hits: tuple[Hit, ...] = ()
    text: str = "The ferry leaves at nine."
    spoken: str = "When does the ferry leave?"
    frames: tuple[KeyFrame, ...] = ()
    abstains: bool = False
    raises: Exception | None = None
    refuses: tuple[tuple[Path, str], ...] = ()
    by_kind: dict[str, int] = field(default_factory=lambda: {"image": 2, "audio": 1})
    known_tags: tuple[str, ...] = ()
    taken_s: tuple[float, float] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    added: list[Path] = field(default_factory=list)
    closed: bool = False
    warm: bool = False

    def status(self) -> Status:
        total = sum(self.by_kind.values())
        return Status(self.folder, total, 2 * total, self.by_kind)

    def tags(self) -> tuple[str, ...]:
        return self.known_tags

    def period_s(self) -> tuple[float, float] | None:
        return self.taken_s

    def stream(self, question: str, **rest: Any) -> Iterator[Any]:
        self.asked.append({"question": question, **rest})
        question = question or (self.spoken if rest.get("audio") else "")
        weights = {"visual": 0.3, "text": 0.7}
        yield RetrievalEvent(SearchResult(question, weights, self.hits))
        if self.raises:
            raise self.raises
        for word in self.text.split(" "):
            yield TokenEvent(word + " ")
        citations = () if self.abstains else self._citations()
        for citation in citations:
            yield CitationEvent(citation)
        yield DoneEvent(
            Answer(question, self.text, citations, self.hits, weights, self.abstains, "generated")
        )

    def _citations(self) -> tuple[Citation, ...]:
        cited = [hit.segment for hit in self.hits[:2]]
        return tuple(
            Citation(n, s.id, s.path, s.start_s, s.end_s) for n, s in enumerate(cited, start=1)
        )

    def add(
        self,
        paths: tuple[Path, ...],
        *,
        on_event: Callable[[AddEvent], None],
        cancelled: Callable[[], bool],
        on_progress: Callable[[Chunk], None],
    ) -> AddReport:
        self.added.extend(paths)
        total = len(paths) + len(self.refuses)
        for done, (path, reason) in enumerate(self.refuses, start=1):
            on_event(AddEvent("refused", path, reason=reason, done=done, total=total))
        for done, path in enumerate(paths, start=1 + len(self.refuses)):
            on_event(AddEvent("added", path, segments=1, done=done, total=total))
        return AddReport(len(paths), 0, self.refuses, len(paths), 0.1)

    def key_frames(self, path: Path) -> tuple[KeyFrame, ...]:
        return self.frames

    def warm_up(self) -> None:
        self.warm = True

    def close(self) -> None:
        self.closed = True


def write_tone(path: Path, seconds: float = 4.0) -> Path:
    """A quiet tone as a WAV file."""
    rate_hz = 8_000
    samples = [int(3000 * math.sin(i / 9)) for i in range(int(rate_hz * seconds))]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


def write_spoken(path: Path) -> Path:
    """What is said in :data:`SPOKEN`, as the WAV file that Chromium wants."""
    (recording,) = FileReader().read(SPOKEN).parts
    assert isinstance(recording, Recording)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(recording.rate_hz)
        out.writeframes((recording.samples * 32_000).astype("<i2").tobytes())
    return path


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A folder with a picture and a recording."""
    folder = tmp_path / "media"
    folder.mkdir()
    Image.new("RGB", (60, 40), "orange").save(folder / "pier.jpg")
    write_tone(folder / "announcement.wav")
    return folder


def three_hits(media: Path) -> tuple[Hit, ...]:
    """A cited recording, a cited picture, and a note that is only near."""
    spoken = SegmentText(transcript="The ferry leaves at nine from pier four.")
    seen = SegmentText(ocr="PIER 4", prompt_words=(PromptWord("dock", 1.0),))
    noted = SegmentText(passage="Bring an umbrella.")
    return (
        Hit(
            1,
            Segment("a.0", media / "announcement.wav", "", "audio", 0, 2.7, 3.9, text=spoken),
            3.1,
            {"text": 2.1, "lexical": 1.0},
        ),
        Hit(
            2,
            Segment("b.0", media / "pier.jpg", "", "image", 0, text=seen),
            2.2,
            {"visual": 1.4, "text": 0.9, "lexical": -0.1},
        ),
        Hit(
            3,
            Segment("c.0", media / "gone.txt", "", "text", 0, page=2, text=noted),
            0.4,
            {"text": 0.4},
        ),
    )


@pytest.fixture
def hits(media: Path) -> tuple[Hit, ...]:
    return three_hits(media)


@pytest.fixture
def library(tmp_path: Path, hits: tuple[Hit, ...]) -> StandInLibrary:
    return StandInLibrary(tmp_path / "index", hits)


@pytest.fixture
def page(
    library: StandInLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppTest]:
    """The page over the stand-in, drawn once; the index is there."""
    library.folder.mkdir()
    (library.folder / "index.toml").write_text("")

    def open_library(path: Path, create: bool) -> StandInLibrary:
        if path.name == "absent" and not create:
            raise IndexMissingError(path, f"there is no index in {str(path)!r}", "Create one.")
        if path.name == "forbidden":
            raise MmqaError(f"{str(path)!r} cannot be written", "Choose another folder.")
        return library

    monkeypatch.setattr("ui.state.open_library", open_library)
    monkeypatch.setattr("ui.state.known_indexes", lambda: [library.folder])
    monkeypatch.setenv("MMQA_INDEX", str(library.folder))
    st.cache_resource.clear()
    yield AppTest.from_file(APP, default_timeout=20).run()
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real Chromium; where there is none, its tests are skipped with a plain sentence.

    Its microphone hears :data:`SPOKEN`.

    One a module, not a session: playwright keeps an event loop running in this thread until it is
    closed, and no asynchronous test can run beside it.
    """
    program = next((path for path in CHROMIUM if Path(path).exists()), shutil.which("chromium"))
    if program is None:
        pytest.skip("no Chromium on this machine, so the chat was not tried in a browser")
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: no browser test"
    )
    with sync_api.sync_playwright() as playwright:
        heard = write_spoken(tmp_path_factory.mktemp("microphone") / "spoken.wav")
        flags = [*FLAGS, f"--use-file-for-fake-audio-capture={heard}"]
        started = playwright.chromium.launch(executable_path=program, args=flags)
        yield started
        started.close()
