"""Which files are shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmqa.evidence.files import choose, description, subject
from mmqa.records import Floats, Hit, PromptWord, Segment, SegmentText


class Axes:
    """Each known text has its own direction; "ball" and "soccer ball" are 0.6 alike."""

    fingerprint = "axes"
    width = 3
    known = {  # noqa: RUF012
        **{"ball": (1.0, 0.0, 0.0), "soccer ball": (0.6, 0.8, 0.0)},
        **{"elephant": (0.0, 1.0, 0.0), "animal": (0.0, 0.6, 0.8)},
    }

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.array([self.known.get(t, (0.0, 0.0, 1.0)) for t in texts], np.float32)


def hit(name: str, score: float, *words: str, **text: str) -> Hit:
    guesses = tuple(PromptWord(w, 1.0) for w in words)
    segment = Segment(
        name, Path(f"/x/{name}"), "", "image", 0, text=SegmentText(prompt_words=guesses, **text)
    )
    return Hit(1, segment, score, {"visual": score})


def shown(question: str, *hits: Hit) -> list[str]:
    return [s.hit.segment.id for s in choose(question, hits, "image", Axes(), 1.5)]


def test_a_word_that_means_the_same_is_enough() -> None:
    assert shown("Show me a picture of a ball", hit("a", 1.0, "desk", "soccer ball")) == ["a"]


def test_the_name_of_a_whole_class_does_not_stand_for_each_of_it() -> None:
    animal = hit("a", 1.0, "face", "animal")
    assert shown("Do I have a picture of an elephant?", animal) == []
    assert shown("Do I have a picture of an animal?", animal) == ["a"]


def test_nothing_that_names_it_is_nothing_to_show() -> None:
    assert shown("Show me a picture of a ball", hit("a", 2.0, "desk")) == []


def test_a_very_high_score_is_enough_without_words() -> None:
    assert shown("Show me a picture of a ball", hit("a", 3.6, "desk")) == ["a"]


def test_a_description_by_the_model_is_enough_and_is_told_apart() -> None:
    found = hit("a", 1.0, "desk", description="soccer ball")
    (shown_file,) = choose("a picture of a ball", [found], "image", Axes(), 1.5)
    assert (shown_file.words, shown_file.guesses) == ("", "desk")
    assert shown_file.described == "soccer ball"


def test_what_is_sought_comes_first_among_the_guesses() -> None:
    found = choose("a ball", [hit("a", 2.0, "desk", "soccer ball")], "image", Axes(), 1.5)
    assert found[0].guesses == "soccer ball, desk"


def test_much_weaker_files_are_left_out() -> None:
    assert shown("a ball", hit("a", 3.0, "ball"), hit("b", 1.0, "ball")) == ["a"]


def test_a_file_with_two_pages_is_shown_once() -> None:
    assert shown("a ball", hit("a", 3.0, "ball"), hit("a", 2.9, "ball")) == ["a"]


def test_other_kinds_are_no_pictures() -> None:
    found = hit("a", 3.0, "ball")
    assert choose("a ball", [found], "audio", Axes(), 1.5) == []


def test_the_subject_is_what_remains_of_the_question() -> None:
    assert subject("Do I have any photos of the old lighthouse?") == "old lighthouse"


def test_a_description_is_short_and_on_one_line() -> None:
    assert description(SegmentText(ocr="PIER 4\nNO ENTRY")) == "PIER 4 / NO ENTRY"
    assert len(description(SegmentText(caption="word " * 100))) <= 122


def test_a_question_is_taken_as_far_as_it_is_understood() -> None:
    found = hit("a", 1.0, "desk", "soccer ball")
    question = "哪张照片里有球？"
    assert choose(question, [found], "image", Axes(), 1.5, understood="ball")
    assert choose(question, [found], "image", Axes(), 1.5, understood="") == []


def test_what_is_not_understood_is_found_to_the_letter() -> None:
    sign = hit("a", 1.0, caption="禁止吸烟")
    assert choose("哪张照片写着禁止吸烟？", [sign], "image", Axes(), 1.5, understood="")
    assert not choose("哪张照片写着开放时间？", [sign], "image", Axes(), 1.5, understood="")
