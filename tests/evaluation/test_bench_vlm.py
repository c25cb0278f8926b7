"""Ratios are put together from turns; and the bench runs end to end."""

from __future__ import annotations

import pytest

from mmqa.config import Config
from mmqa.evaluation import bench_vlm
from mmqa.evaluation.bench_vlm import BARE, FULL, LLAMA, OWN, _figures, _speeds, run


def turn(own=0.01, full=0.04, bare=0.05, llama=0.008, **picture):
    """Seconds a token; the first takes ten times as long, for mmqa eleven."""
    seconds = {OWN: own, FULL: full, BARE: bare, LLAMA: llama}
    found = {name: {"token_s": s, "first_s": 10 * s} for name, s in seconds.items()}
    found[OWN].update(batch_s=2.0, first_s=0.55)
    found[BARE].update(batch_s=3.0)
    for name, value in picture.items():
        found[{"own": OWN, "bare": BARE}[name.removeprefix("picture_")]]["picture_s"] = value
    return found


def test_figures_are_medians_of_ratios_within_a_turn():
    turns = [turn(), turn(own=0.02, bare=0.2), turn(own=0.1, bare=0.1)]
    figures = {figure.name: figure for figure in _figures(turns)}
    assert figures["decode: mmqa / bare generate"].value == pytest.approx(5.0)  # of 5, 10, 1
    assert figures["decode: mmqa / bare generate"].target == 0.95
    assert figures["first token: mmqa / bare generate"].value == pytest.approx(0.55)
    assert figures["decode: mmqa / llama.cpp (goal >= 0.7)"].value == pytest.approx(0.4)
    assert figures["16 prompts at once: mmqa / bare generate"].value == pytest.approx(1.5)


def test_a_goal_is_no_target():
    (figure,) = (f for f in _figures([turn(llama=0.0001)]) if "goal" in f.name)
    assert figure.reached is None


def test_too_late_a_first_token_is_missed():
    slow = turn(bare=0.04)
    figures = {f.name: f.reached for f in _figures([slow])}
    assert figures["first token: mmqa / bare generate"] is False  # 0.55 against 0.4


def test_without_llama_cpp_and_without_eyes_there_are_no_such_figures():
    blind = turn()
    del blind[LLAMA]
    names = " ".join(figure.name for figure in _figures([blind]))
    assert "llama" not in names
    assert "picture" not in names


def test_a_picture_is_compared_with_reading_as_many_tokens():
    figures = {f.name: f for f in _figures([turn(picture_own=0.2, picture_bare=0.18)])}
    found = figures["first token about a picture: mmqa / bare generate of as many tokens"]
    assert found.value == pytest.approx(0.2 / 0.18)
    assert found.reached


def test_speeds_are_told_in_units_of_people():
    told = _speeds([turn()])
    assert told["mmqa, decode, tokens/s"] == 100.0
    assert told["bare generate, first token, ms"] == 500
    assert told["mmqa, 16 prompts of 8 tokens, s"] == 2.0


@pytest.mark.weights
def test_the_bench_runs_end_to_end(monkeypatch):
    monkeypatch.setattr(bench_vlm.llama_cpp, "missing", lambda role: "left out of this test")
    report = run(Config(threads=1), rounds=1)
    assert all(figure.value > 0 for figure in report.figures)
    assert report.how["llama.cpp"] == "not measured: left out of this test"
    assert 100 < report.how["mmqa, memory, MB"] < 3000
