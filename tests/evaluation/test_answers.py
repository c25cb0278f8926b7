"""Answers are judged by words and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.errors import ConfigError
from mmqa.evaluation.answers import Case, holds, judge, load, run
from mmqa.records import Answer, Citation

HERE = Path("/samples")
CASE = Case("roof", "When?", all=("Thursday",), any=("nine", "9"), files=("memo.flac",))


def answer(text: str, *files: str, abstained: bool = False) -> Answer:
    cited = tuple(Citation(n, f"{n}.0", HERE / file) for n, file in enumerate(files, start=1))
    return Answer("?", text, cited, abstained=abstained)


def test_right_words_with_the_right_file_count():
    outcome = judge(CASE, answer("On Thursday at 9.", "other.txt", "memo.flac"), HERE)
    assert outcome.ok
    assert outcome.cited == ("other.txt", "memo.flac")


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (answer("At nine.", "memo.flac"), "lacks Thursday"),
        (answer("On Thursday.", "memo.flac"), "has none of nine, 9"),
        (answer("Thursday, nine.", "other.txt"), "does not cite memo.flac"),
        (answer("Thursday, nine.", abstained=True), "abstained"),
    ],
)
def test_what_is_wrong_is_named(given, fault):
    assert judge(CASE, given, HERE).fault == fault


def test_a_question_without_answer_wants_abstention():
    case = Case("x", "Why?", answerable=False)
    assert judge(case, answer("Nothing was found.", abstained=True), HERE).ok
    assert judge(case, answer("Because."), HERE).fault == "did not abstain"


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("It costs 22.30 EUR", "22.30", True),
        ("It costs 122.30 EUR", "22.30", False),
        ("the FLOWER-pot", "flower pot", True),
        ("the flowerpot", "flower pot", False),
        ("下次会议时间：3月18日下午", "3月18日", True),
        ("13月18日", "3月18日", False),
        ("Café", "cafe", True),
    ],
)
def test_words_are_found_whole(text, words, expected):
    assert holds(text, words) is expected


def test_a_run_asks_every_question_and_totals(tmp_path):
    path = tmp_path / "q.toml"
    path.write_text(
        '[[question]]\nid = "a"\nquestion = "A?"\nall = ["yes"]\nfiles = ["f.txt"]\n'
        '[[question]]\nid = "b"\nquestion = "B?"\nanswerable = false\n'
    )

    class Library:
        def ask(self, question: str) -> Answer:
            if question == "A?":
                return Answer(question, "Yes.", (Citation(1, "f.0", tmp_path / "f.txt"),))
            return Answer(question, "No idea.", abstained=True)

    told = []
    report = run(Library(), path, told.append)
    assert report.passed
    assert [figure.value for figure in report.figures] == [1.0, 1.0]
    assert [chunk.done for chunk in told] == [1, 2]
    assert report.to_json()["outcomes"][0]["cited"] == ("f.txt",)
    assert any("1 of 1" in line for line in report.lines())


@pytest.mark.parametrize(
    "text",
    [
        "question = 1",
        "[[question]]\nid = 'a'\nquestion = 'A?'\nfoo = 1\nall = ['x']",
        "[[question]]\nid = 'a'\nquestion = 'A?'",
        "nothing = 1",
    ],
)
def test_a_file_that_is_no_list_of_questions_is_refused(tmp_path, text):
    path = tmp_path / "q.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"q\.toml"):
        load(path)


class Saying:
    """A library that always says the same."""

    def ask(self, question: str) -> Answer:
        return answer("At the Pier 4")


def test_answers_to_a_file_of_json_lines_are_also_compared_word_for_word(tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text(
        '{"question": "where?", "relevant": ["a"], "answer": ["pier 4", "pier four"]}\n'
        '{"question": "found, not answered", "relevant": ["a"]}\n'
        '{"question": "whence?", "relevant": ["a"], "answer": ["the lake"]}\n',
        encoding="utf-8",
    )
    report = run(Saying(), file)
    assert [o.question for o in report.outcomes] == ["where?", "whence?"]
    values = {figure.name: figure.value for figure in report.figures}
    assert values["answered"] == 0.5
    assert values["exact match"] == 0.0  # "at" is no article
    assert values["F1 of words"] == pytest.approx((0.8 + 0.0) / 2)
    assert report.passed, "nothing is promised of questions of one's own"
    assert any(line.strip().startswith("F1 of words 0.400") for line in report.lines())


def test_json_lines_without_any_answer_are_refused(tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text('{"question": "q", "relevant": ["a"]}', encoding="utf-8")
    with pytest.raises(ConfigError, match="what the answer is"):
        load(file)


def test_questions_with_words_alone_are_not_compared_word_for_word():
    outcome = judge(CASE, answer("On Thursday at 9.", "memo.flac"), HERE)
    assert (outcome.exact, outcome.f1) == (None, None)
