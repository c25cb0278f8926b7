"""What is kept of pairs to be trained on, and the reason for each that goes."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.media import cleaning
from mmqa.records import Picture, Recording

RATE = 16_000


@pytest.mark.parametrize(
    ("caption", "reason"),
    [
        ("a red bicycle", ""),
        ("TV", ""),
        ("猫", ""),
        ("Image of a cat", ""),
        ("testing the water", ""),
        ("", "no caption"),
        ("12:30", "no words"),
        ("***", "no words"),
        ("Untitled", "boilerplate"),
        ("untitled (3)", "boilerplate"),
        ("Photo 12", "boilerplate"),
        ("OLYMPUS DIGITAL CAMERA", "boilerplate"),
        ("Created with GIMP", "boilerplate"),
        ("未命名", "boilerplate"),
        ("IMG_0231", "a name by a machine"),
        ("DSC00042.JPG", "a name by a machine"),
        ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "a name by a machine"),
        ("word " * 300, "too long"),
    ],
)
def test_a_caption_that_says_nothing_is_named_as_such(caption: str, reason: str) -> None:
    assert cleaning.refuse_caption(caption) == reason


def test_captions_lose_mark_up_controls_and_double_spaces_but_not_arithmetic() -> None:
    dirty = "  <b>Ann&#39;s</b>\u202e caf\u0065\u0301,\n 3 < 4 "
    assert cleaning.clean_caption(dirty) == "Ann's café, 3 < 4"


def test_blank_and_tiny_pictures_are_refused_and_a_coloured_gradient_is_not() -> None:
    gradient = np.zeros((64, 64, 3), np.uint8)
    gradient[:, :, 2] = np.arange(64)
    assert cleaning.refuse_picture(Picture(gradient)) == ""
    assert cleaning.refuse_picture(Picture(np.full((64, 64, 3), 9, np.uint8))) == "blank picture"
    assert cleaning.refuse_picture(Picture(gradient[:, :30])) == "tiny picture"


def test_silent_clipped_and_too_short_or_long_recordings_are_refused() -> None:
    tone = np.sin(np.arange(RATE) / 10).astype(np.float32)
    refuse = cleaning.refuse_recording
    assert refuse(Recording(0.5 * tone)) == ""
    assert refuse(Recording(np.zeros(RATE, np.float32))) == "silent recording"
    assert refuse(Recording(np.clip(3 * tone, -1, 1))) == "clipped recording"
    assert refuse(Recording(0.5 * tone[:1600])) == "short recording"
    assert refuse(Recording(0.5 * tone), longest_s=0.5) == "long recording"


def test_of_duplicates_the_first_stays_whatever_the_case() -> None:
    found = cleaning.clean_pairs(["x", "y", "x"], ["A Dog", "a dog", "a dog!"[:-1]])
    assert found.kept == (0, 1)
    assert found.dropped == ((2, "duplicate"),)


def test_several_captions_of_one_picture_stay_where_they_share_a_word() -> None:
    found = cleaning.clean_pairs(["x", "x"], ["a brown dog runs", "the dog on a beach"])
    assert found.kept == (0, 1)


def test_captions_that_contradict_each_other_all_go() -> None:
    found = cleaning.clean_pairs(["x", "x", "y"], ["a bus", "a pear tree", "a bus"])
    assert found.kept == (2,)
    assert found.reasons() == {"conflicting labels": 2}


def test_a_caption_that_says_nothing_contradicts_nothing() -> None:
    found = cleaning.clean_pairs(["x", "x"], ["IMG_0231", "a bus"])
    assert found.kept == (1,)
    assert found.captions == ("a bus",)
    assert found.dropped == ((0, "a name by a machine"),)


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(ValueError):
        cleaning.clean_pairs(["x"], ["a", "b"])
