from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import ConfigError
from mmqa.evaluation.router import Question, decide, read, run
from mmqa.records import Floats, Weighing


class Lengths:
    """An encoder whose vectors nobody looks at."""

    fingerprint = "lengths"
    width = 1

    def encode(self, texts: Sequence[str]) -> Floats:
        return np.ones((len(texts), 1), np.float32)


class Listens:
    """A router that always listens first."""

    fingerprint = "listens"

    def weigh(self, text: str, vector: Floats | None) -> Weighing:
        return Weighing({"visual": 0.2, "text": 0.2, "speech": 0.6}, "learned")


def questions(folder: Path) -> Path:
    path = folder / "questions.toml"
    path.write_text(
        '[english]\nvisual = ["Is a goat in the picture?", "What colour is the goat?"]\n'
        'text = ["the abstract of the goat paper"]\nspeech = ["Was the goat brought up by Ann?"]\n'
        '[chinese]\nspeech = ["录音里谁提到了山羊？"]\n',
        encoding="utf-8",
    )
    return path


def test_the_users_words_decide_before_the_router(tmp_path: Path) -> None:
    asked = [Question("Is a goat in the picture?", "en", "visual")]
    (one,) = decide(asked, Listens(), Lengths(), ("en",))
    assert one.weighing.by == "words"
    assert one.right


def test_the_accuracy_is_the_share_of_right_first_modalities(tmp_path: Path) -> None:
    report = run(Listens(), Lengths(), ("en",), path=questions(tmp_path))
    by_name = {figure.name: figure for figure in report.figures}
    english = by_name["right first modality, English"]
    assert (english.value, english.n) == (0.5, 4)  # one by words, and the one that listens
    assert by_name["of them decided by words"].value == 1.0
    assert by_name["of them decided by learned"].value == pytest.approx(1 / 3)
    assert by_name["right first modality, Chinese"].n == 1
    assert not report.passed
    assert report.how["confusion, asked to visual"] == "visual 1, text 0, speech 1, even 0"
    assert len(report.misses) == 2


def test_even_weights_are_no_decision() -> None:
    class Even(Listens):
        def weigh(self, text: str, vector: Floats | None) -> Weighing:
            return Weighing({"visual": 1 / 3, "text": 1 / 3, "speech": 1 / 3}, "uniform")

    (one,) = decide([Question("goat?", "en", "visual")], Even(), Lengths(), ())
    assert one.first is None
    assert not one.right


def test_a_file_that_names_no_modality_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.toml"
    path.write_text('[english]\nsmell = ["cheese?"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="smell"):
        read(path)


def test_the_shipped_questions_are_enough_to_say_something() -> None:
    english = [q for q in read() if q.language == "en"]
    assert len(english) >= 150
    assert len({q.text for q in english}) == len(english)
