"""Batches: what is asked together, in which order it is answered, and what a fault costs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mmqa.cli import main
from mmqa.commands import question
from mmqa.errors import MmqaError
from mmqa.records import Answer, Citation, Hit, SearchResult, Segment, SegmentText


class Asked:
    """Answers with what was asked; remembers in which groups."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    def one(self, text: str, image: str | None, audio: str | None) -> dict[str, Any]:
        self.groups.append([text or image or audio or ""])
        if text == "bad":
            raise MmqaError("bad was asked", "Ask something else.")
        return {"question": text, "image": image}

    def several(self, questions: Sequence[str]) -> list[dict[str, Any]]:
        if "bad" in questions:
            raise MmqaError("bad was asked", "Ask something else.")
        self.groups.append(list(questions))
        return [{"question": text, "image": None} for text in questions]


def write(path: Path, *cases: object) -> str:
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))
    return str(path)


def run(
    source: str, asked: Asked, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[dict[str, Any]]]:
    code = question._batch(source, asked.one, asked.several)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def words(*texts: str) -> list[dict[str, str]]:
    return [{"question": text} for text in texts]


def test_words_alone_are_asked_together(tmp_path: Path, capsys) -> None:
    asked = Asked()
    code, rows = run(write(tmp_path / "q", *words("a", "b", "c")), asked, capsys)
    assert (code, asked.groups) == (0, [["a", "b", "c"]])
    assert [row["question"] for row in rows] == ["a", "b", "c"]


def test_what_comes_with_a_picture_is_asked_by_itself_and_the_order_stays(
    tmp_path: Path, capsys
) -> None:
    asked = Asked()
    cases = [*words("a", "b"), {"question": "like this", "image": "x.png"}, *words("c", "d")]
    code, rows = run(write(tmp_path / "q", *cases), asked, capsys)
    assert (code, asked.groups) == (0, [["a", "b"], ["like this"], ["c", "d"]])
    assert [row["question"] for row in rows] == ["a", "b", "like this", "c", "d"]


def test_a_question_that_fails_does_not_cost_the_others_of_its_group(
    tmp_path: Path, capsys
) -> None:
    code, rows = run(write(tmp_path / "q", *words("a", "bad", "c")), Asked(), capsys)
    assert code == 3
    assert [row.get("question") for row in rows] == ["a", None, "c"]
    assert rows[1]["line"] == 2
    assert "bad was asked" in rows[1]["error"]


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('["a"]', "is no object"),
        ('{"query": "a"}', "is no object"),
        ('{"question": 3}', "has a value that is no text"),
    ],
)
def test_a_line_that_is_no_question_is_answered_in_its_place(
    tmp_path: Path, capsys, line: str, fact: str
) -> None:
    file = tmp_path / "q"
    file.write_text(f'{{"question": "a"}}\n\n{line}\n{{"question": "b"}}\n')
    code, rows = run(str(file), Asked(), capsys)
    assert code == 3
    assert [row.get("question") for row in rows] == ["a", None, "b"]
    assert rows[1]["line"] == 2
    assert fact in rows[1]["error"]


def test_groups_are_bounded(tmp_path: Path, capsys) -> None:
    asked = Asked()
    texts = [str(n) for n in range(question.AT_ONCE + 3)]
    code, rows = run(write(tmp_path / "q", *words(*texts)), asked, capsys)
    assert (code, [len(group) for group in asked.groups]) == (0, [question.AT_ONCE, 3])
    assert [row["question"] for row in rows] == texts


def test_answers_come_in_smaller_groups_than_hits(tmp_path: Path, capsys) -> None:
    asked = Asked()
    source = write(tmp_path / "q", *words(*"abcde"))
    question._batch(source, asked.one, asked.several, at_once=2)
    assert asked.groups == [["a", "b"], ["c", "d"], ["e"]]


def test_standard_input_is_answered_line_by_line(monkeypatch, capsys) -> None:
    asked = Asked()

    def lines() -> Iterator[str]:
        for text in ("a", "b"):
            assert len(asked.groups) == (0 if text == "a" else 1)  # answered before it asks on
            yield json.dumps({"question": text}) + "\n"

    class Pipe(io.StringIO):
        def __iter__(self) -> Iterator[str]:
            return lines()

    monkeypatch.setattr("sys.stdin", Pipe())
    code, rows = run("-", asked, capsys)
    assert (code, asked.groups) == (0, [["a"], ["b"]])
    assert [row["question"] for row in rows] == ["a", "b"]


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path, capsys) -> None:
    with pytest.raises(MmqaError, match="cannot be read"):
        run(str(tmp_path / "none"), Asked(), capsys)


def test_a_description_is_told_as_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    described = SegmentText(description="A dog on a couch.")
    written = SegmentText(ocr="EXIT", description="A door.")
    hits = [
        Hit(n, Segment(f"{n}.0", Path(f"/x/{n}.jpg"), "", "image", 0, text=text), 1.0, {})
        for n, text in enumerate((described, written), start=1)
    ]
    question._show_hits(SearchResult("dog", {}, tuple(hits)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "     described by the model: A dog on a couch."
    assert lines[4] == "     EXIT"
    assert question.hit_json(hits[1])["description"] == "A door."


@pytest.mark.parametrize("source", ["seen", "quoted", "generated", "none"])
def test_only_an_answer_that_was_merely_seen_says_so_in_the_words_of_the_chat(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cited = (Citation(1, "a.0", Path("/x/a.jpg"), None, None),)
    question._show_answer(Answer("What colour?", "Red [1]", cited, (), source=source))  # type: ignore[arg-type]
    told = capsys.readouterr()
    assert told.out.splitlines() == ["Red [1]", "  [1] /x/a.jpg"]
    assert " ".join(told.err.split()) == (question.SEEN if source == "seen" else "")
    chat = Path(question.__file__).parents[2] / "ui" / "chat_panel.py"
    assert f'"{question.SEEN}"' in chat.read_text(encoding="utf-8")


@pytest.mark.weights
def test_a_question_that_is_spoken_is_transcribed_told_and_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recordings = Path(__file__).parents[2] / "indexes" / "samples" / "recordings"
    spoken, index = str(recordings / "memo-0614.ogg"), str(tmp_path / "index")
    assert main(["add", str(recordings / "weather.mp3"), spoken, "--index", index]) == 0
    capsys.readouterr()
    assert main(["search", "--audio", spoken, "-k", "1", "--index", index]) == 0
    shown = capsys.readouterr()
    assert "heard: “" in shown.err
    assert "ferry" in shown.err.lower()
    assert "memo-0614.ogg at 0:0" in shown.out
    assert main(["ask", "--audio", spoken, "--json", "--index", index]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert "ferry" in answer["question"].lower()
    assert all(c["end_s"] > c["start_s"] >= 0 for c in answer["citations"])
