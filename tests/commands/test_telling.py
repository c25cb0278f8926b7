"""How work is told while it goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmqa.commands import telling as module
from mmqa.commands.telling import telling
from mmqa.records import AddEvent, Chunk


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_event_as_json_says_where_a_file_was_only_if_it_moved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with telling("adding", as_json=True) as tell:
        tell.event(AddEvent("added", Path("/a"), 2, flags=("tiny",)))
        tell.event(AddEvent("moved", Path("/c"), was=Path("/b")))
    added, moved = printed(capsys)
    assert added == {
        **{"event": "added", "path": "/a", "segments": 2, "reason": "", "flags": ["tiny"]},
    }
    assert moved["was"] == "/b"


def test_long_steps_are_told_as_json_only_where_that_was_asked_for_and_not_too_often(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.5, 1.0, 1.5, 2.5, *[9.0] * 9])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    with telling("rebuilding", as_json=True, steps=True) as tell:
        for done in (1, 2, 3, 4):
            tell.step(Chunk("writing", done, 4, "steps"))
    told = printed(capsys)
    assert [event["done"] for event in told] == [2, 4]
    assert told[0] == {"event": "progress", "label": "writing", "done": 2, "total": 4}


def test_adding_prints_no_progress_among_its_objects(capsys: pytest.CaptureFixture[str]) -> None:
    with telling("adding", as_json=True) as tell:
        tell._last_s = -100.0
        tell.step(Chunk("writing", 1, 4, "steps"))
    assert printed(capsys) == []


def test_words_name_what_changed_and_escape_what_a_terminal_would_obey(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with telling("syncing", as_json=False, changes=True) as tell:
        tell.event(AddEvent("unchanged", Path("/same")))
        tell.event(AddEvent("moved", Path("/c\n[red]"), was=Path("/b")))
        tell.event(AddEvent("refused", Path("/d"), reason="it is empty"))
        tell.notice("waiting")
    said = capsys.readouterr().err
    assert said == "moved /c\\n[red] (was /b)\nrefused /d: it is empty\nwaiting\n"
