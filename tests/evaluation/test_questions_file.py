"""A user's own file of questions: good lines are measured, bad ones are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmqa.errors import ConfigError
from mmqa.evaluation.questions_file import AskedFor, Held, parse, read, resolve


def _file(folder: Path, *lines: str) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_line_says_what_is_asked_and_what_is_right(tmp_path: Path) -> None:
    (tmp_path / "ball.png").write_bytes(b"")
    line = json.dumps(
        {
            "question": " a red football ",
            "relevant": ["IMG_1.jpg", "sports/**"],
            "image": "ball.png",
            "kind": "mine",
            "needs": ["text", "visual"],
            "answer": "red",
            "family": "ball",
        }
    )
    assert parse(line, 3, tmp_path) == AskedFor(
        question="a red football",
        relevant=("IMG_1.jpg", "sports/**"),
        image=tmp_path / "ball.png",
        kind="mine",
        needs=("visual", "text"),
        answer=("red",),
        family="ball",
        line=3,
    )


def test_what_is_written_is_read_again_the_same(tmp_path: Path) -> None:
    asked = AskedFor("a cat", ("cat.jpg",), None, "mine", ("speech",), ("yes",), "f", 1)
    path = _file(tmp_path, json.dumps(asked.to_json()))
    assert read(path).questions == (asked,)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON"),
        ("[1]", "no object"),
        ('{"question": "a"}', "what is relevant"),
        ('{"relevant": ["a"]}', "neither a question nor an image"),
        ('{"question": 7, "relevant": ["a"]}', "question is no text"),
        ('{"question": "a", "relevant": [1]}', "relevant is no list"),
        ('{"question": "a", "relevant": [""]}', "relevant is no list"),
        ('{"question": "a", "relevant": ["a"], "needs": ["smell"]}', "'smell'; known: visual"),
        ('{"question": "a", "relevants": ["a"]}', "'relevants', which means nothing"),
        ('{"question": "a", "relevant": ["a"], "image": "gone.png"}', "there is no picture"),
    ],
)
def test_a_bad_line_is_named_with_its_reason_and_the_rest_is_taken(
    tmp_path: Path, line: str, reason: str
) -> None:
    path = _file(tmp_path, "# mine", "", '{"question": "q", "relevant": ["a"]}', line)
    found = read(path)
    assert [one.question for one in found.questions] == ["q"]
    assert [one.line for one in found.refused] == [4]
    assert reason in str(found.refused[0])


def test_a_file_without_any_question_is_an_error_that_shows_the_format(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 1: it is no JSON.*(?s:.*)Write one object"):
        read(_file(tmp_path, "cats"))


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "none.jsonl")


HELD = [
    Held(Path("/home/me/trip/IMG_1.jpg"), ("0f3a5c7e9b1d.0",)),
    Held(Path("/home/me/old/IMG_1.jpg"), ("aaaaaaaaaaaa.0",)),
    Held(Path("/home/me/talk.wav"), ("bbbbbbbbbbbb.0", "bbbbbbbbbbbb.1")),
    Held(Path("/home/me/a[1].png"), ("cccccccccccc.0",)),
]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("IMG_1.jpg", {"trip/IMG_1.jpg", "old/IMG_1.jpg"}),
        ("trip/IMG_1.jpg", {"trip/IMG_1.jpg"}),
        ("./trip/IMG_1.jpg", {"trip/IMG_1.jpg"}),
        ("/home/me/old/IMG_1.jpg", {"old/IMG_1.jpg"}),
        ("*.jpg", {"trip/IMG_1.jpg", "old/IMG_1.jpg"}),
        ("me/**", {"trip/IMG_1.jpg", "old/IMG_1.jpg", "talk.wav", "a[1].png"}),
        ("0f3a5c7e9b1d", {"trip/IMG_1.jpg"}),
        ("bbbbbbbbbbbb.1", {"talk.wav"}),
        ("a[1].png", {"a[1].png"}),
    ],
)
def test_names_ends_of_paths_globs_and_ids_name_files(name: str, files: set[str]) -> None:
    ((_, found),), refused = resolve([AskedFor("q", (name,))], HELD)
    assert {path.relative_to("/home/me").as_posix() for path in found} == files
    assert not refused


@pytest.mark.parametrize("name", ["MG_1.jpg", "rip/IMG_1.jpg", "ffffffffffff", "*.gif"])
def test_a_question_for_what_the_index_lacks_is_refused_and_the_others_stay(name: str) -> None:
    asked = [AskedFor("gone", ("talk.wav", name), line=1), AskedFor("there", ("talk.wav",), line=2)]
    found, (refused,) = resolve(asked, HELD)
    assert [one.question for one, _ in found] == ["there"]
    assert str(refused) == f"line 1: {name!r} names nothing in the index"
