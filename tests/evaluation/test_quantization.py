"""What fewer bits cost is counted right: by hand, and once with the real models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mmqa.config import Config
from mmqa.errors import ModelError
from mmqa.evaluation import quantization
from mmqa.evaluation.quantization import (
    MODES,
    Measured,
    Mode,
    Size,
    _refuse_alike,
    _Running,
    _same,
    report,
    run,
)
from mmqa.evaluation.report import Figure, Report

FULL = Measured(
    said={"passages": ["a", "b", "c", "d"]},
    right={"passages": [True, True, True, False]},
    weight_bytes=200,
    resident_bytes=1000,
    loaded_s=1.0,
    prefill=[100.0, 200.0, 100.0],
    decode=[10.0, 20.0, 10.0],
)
FEWER = Measured(
    said={"passages": ["a", "x", "y", "d "]},
    right={"passages": [True, False, False, True]},
    weight_bytes=50,
    resident_bytes=900,
    loaded_s=0.5,
    prefill=[50.0, 100.0, 200.0],
    decode=[15.0, None, 30.0],
)
TWO = (Mode("full", {"quantization": "none"}), Mode("few", {"quantization": "nf4"}))


def figures(found: Report) -> dict[str, Figure]:
    return {figure.name: figure for figure in found.figures}


def test_accuracy_agreement_and_loss_are_counted_by_hand() -> None:
    found = figures(report(TWO, {"full": FULL, "few": FEWER}, shipped="full"))
    assert found["passages, full: right"].value == 0.75
    assert found["passages, few: right"].value == 0.5
    low, high = found["passages, few: right"].low, found["passages, few: right"].high
    assert (low, high) == pytest.approx((0.1500, 0.8500), abs=1e-4)  # Wilson, 2 of 4
    assert found["passages, few: same words"].value == 0.5  # a and d; blanks do not count
    assert found["passages, few: points lost"].value == 25.0  # two lost, one won, of four
    assert found["passages, few: points lost"].target is None
    assert "passages, full: same words" not in found


def test_costs_are_ratios_and_speeds_medians_of_rounds() -> None:
    found = figures(report(TWO, {"full": FULL, "few": FEWER}, shipped="full"))
    assert found["few: memory of weights"].value == 0.25
    assert found["few: memory of process"].value == 0.9
    assert found["few: prefill speed"].value == 0.5  # of 0.5, 0.5 and 2
    assert found["few: decode speed"].value == 2.25  # of 1.5 and 3; the round without is left out
    assert found["few: decode speed"].n == 2


def test_absolute_values_stand_beside() -> None:
    how = report(TWO, {"full": FULL, "few": FEWER}, shipped="full").how
    assert how["full: prefill, tokens/s"] == 100.0
    assert how["few: decode, tokens/s"] == 22.5
    assert how["few: loading, s"] == 0.5
    assert how["shipped default"] == "full"


def test_the_shipped_default_may_lose_one_point_and_no_more() -> None:
    said = {"passages": ["same"] * 200}

    def losing(wrong: int) -> Measured:
        right = {"passages": [False] * wrong + [True] * (200 - wrong)}
        return replace(FEWER, said=said, right=right)

    for wrong, passed in ((0, True), (2, True), (3, False)):  # a point of 200 is two answers
        measured = {"full": losing(0), "few": losing(wrong)}
        found = report(TWO, measured, shipped="few")
        assert found.passed is passed
        name = "passages, shipped default (few): points lost"
        assert figures(found)[name].value == pytest.approx(wrong / 2)
    assert report(TWO, {"full": losing(0), "few": losing(50)}, shipped="full").passed


def test_a_mode_that_promises_is_held_to_it() -> None:
    promising = (TWO[0], replace(TWO[1], may_lose={"passages": 20.0}))
    assert not report(promising, {"full": FULL, "few": FEWER}, shipped="full").passed
    promising = (TWO[0], replace(TWO[1], may_lose={"passages": 25.0}))
    assert report(promising, {"full": FULL, "few": FEWER}, shipped="full").passed


def test_a_model_that_does_not_see_is_said_to_be_asked_no_pictures() -> None:
    measured = {"full": FULL, "few": FEWER}
    assert "does not see" in str(report(TWO, measured, shipped="full").how["pictures"])
    seeing = {
        name: replace(
            one, said={**one.said, "pictures": ["y"]}, right={**one.right, "pictures": [True]}
        )
        for name, one in measured.items()
    }
    found = report(TWO, seeing, shipped="full")
    assert "pictures" not in found.how
    assert figures(found)["pictures, few: right"].value == 1.0


def test_nf4_promises_a_point_where_pixels_are_asked() -> None:
    assert [mode.settings["quantization"] for mode in MODES] == ["none", "int8", "nf4"]
    assert MODES[2].may_lose == {"pictures": 1.0}


def running(fingerprint: str, ended: list[str]) -> _Running:
    def ask(question: dict[str, Any]) -> dict[str, Any]:
        return {}

    return _Running(ask, {"fingerprint": fingerprint}, lambda: ended.append(fingerprint))


def test_a_default_that_is_one_of_the_modes_is_not_measured_twice() -> None:
    ended: list[str] = []
    modes = {"full": running("a", ended), "few": running("b", ended)}
    assert _same(modes, running("b", ended)) == "few"
    assert ended == ["b"]
    other = running("c", ended)
    assert _same(modes, other) is other
    assert ended == ["b"]


def test_a_model_that_heeds_no_setting_is_refused() -> None:
    _refuse_alike({"full": {"fingerprint": "a"}, "few": {"fingerprint": "b"}})
    with pytest.raises(ModelError, match="the same with any of full, few"):
        _refuse_alike({"full": {"fingerprint": "a"}, "few": {"fingerprint": "a"}})


def test_memory_that_is_not_told_gives_no_ratio() -> None:
    silent = replace(FEWER, weight_bytes=0)
    found = figures(report(TWO, {"full": FULL, "few": silent}, shipped="full"))
    assert "few: memory of weights" not in found
    assert "few: memory of process" in found


def test_modes_are_timed_by_turns_and_the_first_round_is_not_counted() -> None:
    order: list[str] = []

    def process(name: str) -> Any:
        def ask(question: dict[str, Any]) -> dict[str, Any]:
            order.append(name)
            return {"prefill": float(question["time"]), "decode": None}

        return ask

    times = quantization._by_turns({"a": process("a"), "b": process("b")}, 3, None)
    assert [one["prefill"] for one in times["a"]] == [1.0, 2.0, 3.0]
    assert [set(order[n : n + 2]) for n in range(0, 8, 2)] == [{"a", "b"}] * 4


@pytest.mark.weights
def test_the_embedded_model_is_compared_with_itself_in_nf4() -> None:
    told: list[str] = []
    found = run(
        Config(threads=1, vlm="text"),
        modes=MODES[:1],
        default=Mode("shipped", {"quantization": "nf4"}),  # none of the modes: one more
        size=Size(pictures=0, passages=2, rounds=1),
        progress=lambda chunk: told.append(f"{chunk.label} {chunk.done}/{chunk.total}"),
    )
    by_name = figures(found)
    assert by_name["shipped: memory of weights"].value == pytest.approx(0.42, abs=0.03)
    assert by_name["passages, full precision: right"].n == 2
    assert by_name["passages, shipped default (shipped): points lost"].n == 2
    assert by_name["shipped: prefill speed"].n == 1
    assert found.how["shipped default"] == "shipped"
    assert told == ["full precision: passages 2/2", "shipped: passages 2/2", *TIMED]


TIMED = ("timing 0/1", "timing 1/1")
