from dataclasses import replace

import numpy as np
import pytest

from mmqa.errors import UsageError
from mmqa.records import Features
from mmqa.training.fusion_data import WeakQuestion, assemble, held_back


def vector(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def some(n: int = 200) -> tuple[list[Features], list[str], list[WeakQuestion]]:
    segments = [Features({"text": vector(1, row)}) for row in range(n)]
    questions = [WeakQuestion(vector(row, 1), (row,)) for row in range(n)]
    return segments, [f"thing {row // 2}" for row in range(n)], questions


def test_segments_of_one_key_fall_on_one_side_and_are_never_wrong_for_each_other():
    data = assemble(*some())
    assert (data.groups == np.arange(200) // 2).all()
    assert (data.kept_back[::2] == data.kept_back[1::2]).all()
    assert data.kept_back[::2].tolist() == [held_back(f"thing {n}") for n in range(100)]


def test_a_question_with_any_answer_that_is_kept_back_is_kept_back():
    segments, keys, questions = some()
    out = next(row for row in range(200) if held_back(keys[row]))
    data = assemble(segments, keys, [*questions, WeakQuestion(vector(0, 1), (0, out))])
    assert data.kept_back[-1]


def test_too_little_is_refused_with_what_there_is():
    segments, keys, questions = some()
    with pytest.raises(UsageError, match="on 10 questions and 0 kept back"):
        assemble(segments, keys, [q for q in questions if q.segments[0] < 10])


def test_the_digest_follows_everything_that_is_learned_from():
    segments, keys, questions = some()
    data = assemble(segments, keys, questions)
    assert data.digest() == assemble(segments, keys, questions).digest()
    changed = [
        assemble([replace(segments[0], hubness={"text": 0.5}), *segments[1:]], keys, questions),
        assemble(segments, keys, [replace(questions[0], source="text"), *questions[1:]]),
        assemble(segments, ["alone", *keys[1:]], questions),
    ]
    assert len({data.digest(), *(one.digest() for one in changed)}) == 4
