"""How the demo shows an answer."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from mmqa import Answer, Citation


def shown(answer: Answer) -> str:
    import demo

    console = Console(width=100, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(demo.panel(answer))
    return capture.get()


def test_an_answer_is_shown_with_its_recording_and_second():
    citation = Citation(1, "a.0", Path("/x/memo [1].flac"), start_s=64.4, quote="On [b]Thursday")
    text = shown(Answer("When?", "On Thursday.", (citation,)))
    assert "On Thursday." in text
    assert "memo [1].flac at 1:04" in text
    assert "On [b]Thursday" in text


def test_an_abstention_is_shown_without_citations():
    text = shown(Answer("Why?", "Nothing was found.", abstained=True))
    assert "Nothing was found." in text
    assert "[1]" not in text


def test_without_an_index_the_demo_says_how_to_make_one(tmp_path, capsys):
    import demo

    assert demo.main(["--index", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err
