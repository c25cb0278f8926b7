"""Videos, the whole way: added, searched, asked, looked at, moved and removed; real weights."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa import Library
from mmqa.cli import main
from mmqa.media.audio import read_audio
from mmqa.records import Filter, Pixels, Recording

from .films import slide, write_film

pytestmark = pytest.mark.weights
SAMPLES = Path(__file__).parents[1] / "indexes/samples"
BUDGET = slide("Budget 2031", "Roof repairs 4,200")


def photograph(name: str) -> Pixels:
    image = Image.open(SAMPLES / "pictures" / name).convert("RGB")
    return np.asarray(image.resize((640, 360)))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A talk: a slide without a word, then a photograph while the captain speaks, then mute."""
    folder = tmp_path_factory.mktemp("media")
    voice = read_audio(SAMPLES / "recordings/memo-0614.ogg", "ogg", 3600.0).recording
    assert isinstance(voice, Recording)
    silence = np.zeros(5 * 16_000, np.float32)
    pictures = sorted(p.name for p in (SAMPLES / "pictures").glob("*.jpg"))
    shown = [
        (BUDGET, 5.0),
        (photograph(pictures[0]), voice.duration_s),
        (photograph(pictures[1]), 4.0),
    ]
    sound = np.concatenate([silence, voice.samples])
    write_film(folder / "talk.mp4", shown, sound=sound, sound_hz=16_000, rate=12)
    return folder


@pytest.fixture(scope="module")
def index(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "index"
    with Library.open(folder) as library:
        report = library.add(media)
    assert (report.added, report.failed) == (1, ())
    return folder


@pytest.fixture
def library(index: Path) -> Iterator[Library]:
    with Library.open(index, create=False) as opened:
        yield opened


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code = main([*arguments, "--json"])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_segment_has_what_is_seen_read_and_said(library: Library) -> None:
    status = library.status()
    assert status.by_kind == {"video": 1}
    assert status.by_modality["visual"] == status.segments
    assert status.by_modality["speech"] >= 1
    assert status.by_modality["text"] >= 1


def test_a_slide_is_found_by_what_stands_on_it(library: Library) -> None:
    best = library.search("What do the roof repairs cost?")[0]
    assert best.segment.kind == "video"
    assert "4,200" in best.segment.text.ocr
    assert best.segment.start_s == 0.0
    assert best.thumbnail is not None
    assert Image.open(best.thumbnail).size == (256, 144)


def test_a_sentence_is_found_by_what_is_said_and_shows_what_is_seen_then(library: Library) -> None:
    best = library.search("Why is the ferry late?")[0].segment
    assert "ferry" in best.text.transcript
    assert best.start_s is not None
    assert best.start_s >= 4.5
    assert best.frame_s is not None
    assert best.frame_s > 4.5


def test_answers_point_to_the_second(library: Library) -> None:
    answer = library.ask("How late will the ferry be?")
    assert "forty" in answer.text.lower() or "40" in answer.text
    first = answer.citations[0]
    assert first.path.name == "talk.mp4"
    assert first.start_s is not None
    assert first.end_s is not None
    assert 4.5 <= first.start_s < first.end_s
    assert first.quote


def test_which_slide_is_answered_with_file_and_time(library: Library) -> None:
    answer = library.ask("Which slide shows the budget?")
    assert answer.text.startswith("talk.mp4 0:00: Budget 2031")
    assert answer.citations[0].start_s == 0.0


def test_only_videos_may_be_asked_for(
    library: Library, capsys: pytest.CaptureFixture[str], index: Path
) -> None:
    assert not library.search("ferry", where=Filter(kinds=("image",)))
    code, found = run(
        capsys, "search", "ferry", "--modality", "video", "--index", str(index), "-k", "1"
    )
    assert code == 0
    assert found[0]["kind"] == "video" if "kind" in found[0] else found


def test_the_frame_of_a_segment_can_be_looked_at(library: Library) -> None:
    best = library.search("budget roof repairs")[0].segment
    picture = library._picture_of(best)
    assert picture.pixels.shape == (360, 640, 3)
    assert float(np.abs(picture.pixels.astype(np.int16) - BUDGET).mean()) < 12


def test_documents_of_langchain_name_the_times(library: Library) -> None:
    (document,) = library.as_retriever(k=1).invoke("Why is the ferry late?")
    assert document.metadata["start_s"] >= 4.5
    assert document.metadata["kind"] == "video"


def test_a_video_that_is_moved_is_not_read_again(media: Path, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    shutil.copytree(media, folder)
    with Library.open(tmp_path / "index") as library:
        library.sync(folder)
        before = {s.ordinal: s.frame_s for s in _segments(library)}
        (folder / "talk.mp4").rename(folder / "lecture.mp4")
        started = time.monotonic()
        report = library.sync(folder)
        assert (report.moved, report.added) == (1, 0)
        assert time.monotonic() - started < 600
        assert {s.ordinal: s.frame_s for s in _segments(library)} == before
        (folder / "lecture.mp4").unlink()
        (folder / "note.txt").write_text("The ferry is late.")
        library.sync(folder)
        library.compact()
        assert not list((tmp_path / "index/thumbs").glob("*"))


def _segments(library: Library) -> list[Any]:
    return [hit.segment for hit in library.search("ferry budget", k=50)]


def test_an_add_that_is_killed_in_a_video_goes_on_with_the_next_run(
    media: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    command = [sys.executable, "-m", "mmqa", "add", str(media), "--index", str(index), "--json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ}) as process:
        while not list(index.glob("thumbs/*")) and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    with Library.open(index) as library:
        report = library.add(media)
        assert report.added + report.skipped == 1
        assert library.verify() == ()
        assert library.status().by_kind == {"video": 1}
