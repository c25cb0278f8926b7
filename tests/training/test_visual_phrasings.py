"""Wordings: what is tested with is never trained with, in all tables of frames."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from mmqa.training import visual_phrasings
from mmqa.training.phrasings import templates
from mmqa.training.visual_phrasings import frames, worded

TABLES = sorted(Path(visual_phrasings.__file__).parent.glob("*_phrasings.toml"))


def plain(template: str) -> str:
    """Without case, marks and spelling variants, which do not make another wording."""
    return re.sub(r"[^a-z{} ]", "", template.lower().replace("color", "colour")).strip()


def all_of(listed: tuple[str, ...]) -> set[str]:
    return {plain(template) for frame in listed for template in templates(frame)}


def test_scenes_and_charts_have_tables() -> None:
    assert {"scene_phrasings.toml", "chart_phrasings.toml"} <= {t.name for t in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.stem)
def test_no_test_wording_of_any_question_is_trained_on_anywhere(table: Path) -> None:
    trained = {t for other in TABLES for f in frames(other).values() for t in all_of(f["train"])}
    for asked, sides in frames(table).items():
        assert not all_of(sides["test"]) & trained, asked


@pytest.mark.parametrize("name", ["scene", "chart"])
def test_there_are_a_dozen_wordings_to_train_on_and_four_to_test_with(name: str) -> None:
    (table,) = (t for t in TABLES if t.stem == f"{name}_phrasings")
    for asked, sides in frames(table).items():
        assert set(sides) == {"train", "test"}
        assert len(sides["train"]) >= 12, asked
        assert len(sides["test"]) >= 4, asked
        for listed in sides.values():
            assert len(set(listed)) == len(listed), asked


def test_slots_are_filled_and_the_key_names_the_frame(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text('[count]\ntrain = ["how many {things}?"]\ntest = ["{things}: a number?"]\n')
    rng = random.Random(0)
    made = {worded(file, "count", "train", {"things": "stars"}, rng) for _ in range(200)}
    assert made == {
        ("How many stars?", "count/train/0"),
        ("how many stars?", "count/train/0"),
        ("How many stars", "count/train/0"),
        ("how many stars", "count/train/0"),
    }
    assert worded(file, "count", "development", {"things": "stars"}, rng)[1] == "count/train/0"
    assert worded(file, "count", "test", {"things": "stars"}, rng)[1] == "count/test/0"


def test_a_frame_that_needs_another_slot_says_so(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text('[count]\ntrain = ["how many {things}?"]\n')
    with pytest.raises(KeyError, match="things"):
        worded(file, "count", "train", {}, random.Random(0))
