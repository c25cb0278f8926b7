"""How a model is asked and timed, with one whose clock and words are known."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from mmqa.config import Config
from mmqa.errors import ModelError
from mmqa.evaluation.evidence_questions import drawn
from mmqa.evaluation.line_process import serve
from mmqa.evaluation.quantization_process import (
    Asked,
    passages_prompt,
    picture_cases,
    started,
    timed,
)
from mmqa.records import Message, Prompt


class Clockwork:
    """Reads a word a ms and writes one in 10 ms, ``words`` of them at most, by its own clock."""

    fingerprint = "clockwork"
    sees = False
    weight_bytes = 123

    def __init__(self, words: int = 1000) -> None:
        self.words = words
        self.now_s = 0.0
        self.read: list[str] = []

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Any] = ()) -> int:
        return sum(len(message.text.split()) for message in messages)

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[str]:
        self.read.append(messages[-1].text)
        self.now_s += 0.001 * self.count_tokens(messages)
        for _ in range(min(self.words, max_tokens)):
            self.now_s += 0.01
            yield "word "

    def complete(self, prompts: Sequence[Prompt], *, max_tokens: int) -> list[str]:
        return [f"{max_tokens} {prompt.messages[-1].text[-9:]}" for prompt in prompts]


class Parts:
    def __init__(self, model: Clockwork) -> None:
        self.language_model = model


def test_reading_and_writing_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Clockwork()
    monkeypatch.setattr(time, "perf_counter", lambda: model.now_s)
    found = timed(cast(Any, model), 0)
    words = len(model.read[0].split())  # read in a ms each; then one is written, in 10 ms
    assert found["prefill"] == pytest.approx(words / (0.001 * words + 0.01))
    # 48 words are written in 0.48 s; what the first one takes is counted as reading
    assert found["decode"] == pytest.approx(100, rel=0.01)


def test_no_two_turns_read_the_same() -> None:
    model = Clockwork(words=1)
    for turn in range(3):
        timed(cast(Any, model), turn)
    assert len(set(model.read)) == 6
    assert len({text[:20] for text in model.read}) > 4  # not even their beginnings are


def test_an_answer_that_ends_at_once_gives_no_speed() -> None:
    assert timed(cast(Any, Clockwork(words=3)), 0)["decode"] is None


def test_lines_are_answered_one_by_one() -> None:
    lines = [
        {"facts": True},
        {"ask": "passages", "n": 5, "seed": 1, "from": 2, "to": 4},
        {"ask": "passages", "n": 5, "seed": 1, "from": 4, "to": 68},
    ]
    out = io.StringIO()
    parts = cast(Any, Parts(Clockwork()))
    serve(
        lambda: Asked(parts).answer,
        io.StringIO("".join(json.dumps(line) + "\n" for line in lines)),
        out,
    )
    facts, some, rest = map(json.loads, out.getvalue().splitlines())
    assert (facts["sees"], facts["weight_bytes"]) == (False, 123)
    assert facts["resident_bytes"] > 10_000_000
    wanted = [f"48 {question.question[-9:]}" for question in drawn(5, 1)]
    assert (some["said"], rest["said"]) == (wanted[2:4], wanted[4:])


def test_passages_are_put_as_the_product_puts_evidence() -> None:
    question = drawn(1)[0]
    system, *_, user = passages_prompt(question).messages
    assert system.role == "system"
    for number, passage in enumerate(question.passages, start=1):
        assert f"[{number}] {passage}" in user.text
    assert user.text.endswith(f"Question: {question.question}")


def test_what_goes_wrong_in_the_process_is_raised_here_and_ends_it() -> None:
    with started(Config(preset="no such preset", quantization="nf4")) as ask:
        with pytest.raises(ModelError, match="no such preset"):
            ask({"facts": True})
        with pytest.raises(ModelError, match=r"quantization = nf4 ended \(0\)"):
            ask({"facts": True})


@pytest.mark.corpus
def test_pictures_are_drawn_whole_and_with_all_their_questions() -> None:
    cases = picture_cases(50, seed=0)
    assert len(cases) == 50
    keys = list(dict.fromkeys(case.example.key for case in cases))
    assert [case.example.key for case in cases] == sorted(
        (case.example.key for case in cases), key=keys.index
    )
    asked = [case.asked.question for case in cases]
    assert [case.asked.question for case in picture_cases(20, seed=0)] == asked[:20]
    assert keys != list(dict.fromkeys(case.example.key for case in picture_cases(50, seed=1)))
