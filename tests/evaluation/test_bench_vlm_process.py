"""What the models of the bench are asked, and how an answer is timed."""

from __future__ import annotations

import os

import numpy as np
import pytest

from mmqa.config import Config
from mmqa.errors import ModelError
from mmqa.evaluation import bench_vlm_process as process


def test_no_prompt_begins_like_another():
    texts = [process.story(turn)[0].text for turn in range(12)]
    assert len({text[:3] for text in texts}) == 12
    assert all(text.endswith("happens.") for text in texts)


def test_prompts_of_a_batch_differ():
    assert len({messages[0].text for messages in process.short(0)}) == process.BATCH


def test_every_turn_has_a_picture_of_its_own():
    one, same, other = (process.noise(turn).pixels for turn in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_an_answer_is_timed_from_its_tokens():
    timing = process._timing(10.0, [10.5, 10.6, 10.7, 10.8])
    assert timing == {"first_s": pytest.approx(0.5), "token_s": pytest.approx(0.1)}


def test_an_answer_of_one_token_has_no_speed():
    with pytest.raises(ModelError, match="1 tokens"):
        process._timing(0.0, [1.0])


def test_threads_of_all_wait_as_mmqa_s_do_or_as_was_said(monkeypatch):
    from mmqa.parts import Parts

    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    everybody = process.waiting()
    Parts(Config())
    assert everybody == {"OMP_WAIT_POLICY": os.environ["OMP_WAIT_POLICY"]}
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert process.waiting() == {"OMP_WAIT_POLICY": "ACTIVE"}


def test_what_cannot_be_loaded_is_told_by_the_process(tmp_path):
    nowhere = Config(cache=str(tmp_path))
    with process.started("bare", nowhere) as ask, pytest.raises(ModelError, match="is not in"):
        ask({"time": 0})
