"""The rule for questions, what counts as found, and the word error rate, by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mmqa.config import Config
from mmqa.evaluation.retrieval_asterisk import question_of, ratio_interval, report, run
from mmqa.library import Library


@dataclass(frozen=True)
class Prompt:
    path: Path
    text: str


PROMPTS = [
    Prompt(Path("a.wav"), "The roof is leaking again."),
    Prompt(Path("b.wav"), "Please press 1 for the office."),
    Prompt(Path("c.wav"), "the roof is leaking, again"),
    Prompt(Path("d.wav"), "Your call cannot be completed."),
]
HEARD = [p.text for p in PROMPTS]


def figures(found: list[str | None], heard: list[str] = HEARD) -> dict[str, float]:
    paths = [Path(name) if name else None for name in found]
    return {figure.name: figure for figure in report(PROMPTS, paths, heard).figures}


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Please enter a mailbox number.", "enter mailbox number"),
        ("That is not it, is it?", "that is not it is it"),
        ("Press 1 to continue", "press one continue"),
    ],
)
def test_questions_are_the_content_words_in_order(text, question):
    assert question_of(text) == question


def test_recordings_with_the_same_words_count_as_one():
    recall = figures(["c.wav", "b.wav", "a.wav", "d.wav"])["R@1"]
    assert (recall.value, recall.n) == (1.0, 4)
    # guessing: two prompts are right with probability 2/4, two with 1/4
    assert recall.chance == pytest.approx((2 * 0.5 + 2 * 0.25) / 4)


def test_another_recording_or_nothing_is_a_miss():
    assert figures(["b.wav", "b.wav", None, "d.wav"])["R@1"].value == 0.5


def test_word_error_rate_by_hand():
    heard = ["The hoof is leaking again.", "Press one for the office", *HEARD[2:]]
    rate = figures(["a.wav", "b.wav", "c.wav", "d.wav"], heard)["word error rate"]
    # one replaced, one dropped, of 5 + 6 + 5 + 5 words
    assert rate.value == pytest.approx(2 / 21)
    assert rate.n == 21
    assert rate.low <= rate.value <= rate.high
    assert rate.reached is False


def test_misses_say_what_was_asked_and_heard():
    misses = report(PROMPTS, [Path("b.wav")] * 4, HEARD).misses
    assert len(misses) == 3
    assert "roof leaking" in misses[0]
    assert "b.wav" in misses[0]


def test_the_interval_of_a_ratio_covers_it():
    low, high = ratio_interval([0, 1, 0, 2, 0, 0], [10, 8, 9, 12, 7, 6])
    assert 0 <= low < 3 / 52 < high < 0.2


@pytest.mark.weights
def test_recordings_are_found_from_what_the_project_hears():
    recordings = Path(__file__).parents[2] / "indexes/samples/recordings"
    prompts = [
        Prompt(
            recordings / "voicemail-02.mp3",
            "Hi, it is Martin from next door. I will water your plants while you are away. You "
            "said that the spare key is under the flower pot beside the garden gate. I will also "
            "empty your letter box.",
        ),
        Prompt(
            recordings / "memo-0616.wav",
            "Attention please. The train to Northfield leaves from platform seven, not from "
            "platform two. The train to Northfield will leave in ten minutes. Please stand behind "
            "the yellow line.",
        ),
        Prompt(recordings / "silence.wav", "(1 second of silence)"),
    ]
    told = []
    measured = run(lambda folder: Library.open(folder, config=Config()), prompts, told.append)
    recall, errors = measured.figures
    assert (recall.value, recall.n, recall.chance) == (1.0, 2, 0.5)
    assert errors.value < 0.15
    assert [(chunk.label, chunk.done) for chunk in told][-1] == ("asking", 2)
