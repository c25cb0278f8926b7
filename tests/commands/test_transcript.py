"""``mmqa transcript`` as a person types it, over real recordings and the real models."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmqa.cli import main
from mmqa.media.subtitles import parse_cues

pytestmark = pytest.mark.weights

RECORDINGS = Path(__file__).parents[2] / "indexes" / "samples" / "recordings"
Run = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def memo(tmp_path: Path) -> Path:
    return Path(shutil.copy(RECORDINGS / "memo-0614.ogg", tmp_path / "memo.ogg"))


def test_a_recording_that_is_in_no_index_is_listened_to(
    memo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(memo.parent)
    assert main(["transcript", str(memo)]) == 0
    shown = capsys.readouterr()
    words = " ".join(cue.text for cue in parse_cues(shown.out, comments=False)).lower()
    assert "ferry" in words
    assert "listened to now" in shown.err
    assert not (memo.parent / "indexes").exists()


def test_a_recording_of_the_index_is_written_down_from_it(
    memo: Path, index: Path, run: Run, tmp_path: Path
) -> None:
    run("add", memo)
    out = tmp_path / "memo.vtt"
    code, (told,) = run("transcript", memo, "--out", out)
    assert (code, told["source"], told["out"]) == (0, "index", str(out))
    assert out.read_text().startswith("WEBVTT\n\n00:00:0")
    assert told["spans"][0]["end_s"] > told["spans"][0]["start_s"]
    item = run("search", "ferry")[1][0]["hits"][0]["id"]
    memo.unlink()
    assert run("transcript", item, "--format", "txt")[1][0]["spans"] == told["spans"]


def test_a_file_that_is_there_is_not_overwritten(
    memo: Path, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.srt"
    out.write_text("mine")
    assert main(["transcript", str(memo), "--out", str(out)]) == 2
    assert "already" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_a_transcript_beside_a_recording_takes_the_place_of_recognition(
    memo: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = memo.with_suffix(".srt")
    beside.write_text("1\n00:00:02,000 --> 00:00:04,500\nThe marmalade is in the blue cupboard.\n")
    event = run("add", memo)[1][0]
    assert "transcript-file" in event["flags"]
    (found,) = run("search", "Where is the marmalade?", "-k", "1")[1]
    hit = found["hits"][0]
    assert hit["text"] == "The marmalade is in the blue cupboard."
    assert (hit["start_s"], hit["end_s"]) == (2.0, 4.5)

    assert run("add", memo)[1][0]["event"] == "unchanged"
    beside.write_text(beside.read_text().replace("marmalade", "honey"))
    assert run("add", memo)[1][0]["event"] == "added"
    assert "honey" in run("search", "honey", "-k", "1")[1][0]["hits"][0]["text"]

    beside.unlink()
    event = run("add", memo)[1][0]
    assert (event["event"], event["flags"]) == ("added", [])
    assert "ferry" in json.dumps(run("search", "ferry", "-k", "1")[1][0]["hits"]).lower()


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01" * 99, b"1\n09:00:00,000 --> 09:00:01,000\nX\n"]
)
def test_a_transcript_that_cannot_be_used_is_told_and_the_recording_is_heard(
    memo: Path, run: Run, content: bytes
) -> None:
    memo.with_suffix(".srt").write_bytes(content)
    event = run("add", memo)[1][0]
    assert event["flags"] == ["unreadable-transcript"]
    assert "ferry" in run("search", "ferry", "-k", "1")[1][0]["hits"][0]["text"].lower()
