from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mmqa.fusion.router import (
    FrameWords,
    TrainedRouter,
    features,
    load,
    load_uniform,
    told,
    uniform,
    write,
)
from mmqa.records import MODALITIES

NAMES = ("visual", "text", "speech")


def router() -> TrainedRouter:
    """Two dimensions; "seen" says visual, "said" says speech, and the rest says nothing."""
    weights = np.zeros((3, 5), np.float32)
    weights[0, 2], weights[2, 3] = np.log(4), np.log(4)  # frame block: [seen, said]
    frame = FrameWords(("seen", "said"))
    return TrainedRouter(weights, frame, np.eye(2, dtype=np.float32), encoder="e5")


def test_weights_before_training_are_even_and_sum_to_one() -> None:
    weights = uniform(["visual", "text", "visual"])
    assert weights == {"visual": 0.5, "text": 0.5}
    assert load_uniform().weigh("who said it?", None).weights == uniform(MODALITIES)


def test_alpha_is_the_softmax_of_w_times_h_by_hand() -> None:
    # h = [1, 0; 0, 1; 1]: only "said" is a frame word, so the logits are [0, 0, ln 4].
    weighing = router().weigh("What was SAID?", np.array([1.0, 0.0], np.float32))
    assert weighing.by == "learned"
    assert [weighing.weights[m] for m in NAMES] == pytest.approx([1 / 6, 1 / 6, 4 / 6], abs=1e-6)


def test_a_question_without_frame_words_rests_on_its_vector_alone() -> None:
    rows = features(["Ferry"], np.array([[0.6, 0.8]], np.float32), router().frame, np.eye(2))
    assert rows.tolist() == [[np.float32(0.6), np.float32(0.8), 0.0, 0.0, 1.0]]


def test_without_a_vector_the_weights_are_even_and_said_to_be() -> None:
    weighing = router().weigh("囹圄", None)
    assert weighing.by == "uniform"
    assert weighing.weights == uniform(NAMES)


def test_a_vector_of_another_encoder_is_refused_with_the_remedy() -> None:
    with pytest.raises(ModelError, match="mmqa train router"):
        router().weigh("seen", np.zeros(3, np.float32))


def test_frame_words_are_whole_words_and_the_longest_in_chinese() -> None:
    frame = FrameWords(("say", "说", "说了", "谁"))
    assert frame.places("they said: 谁说了话") == [3, 2]


@pytest.mark.parametrize("named", [["text"], ["speech", "text"], ["text", "visual"]])
def test_what_the_user_names_weighs_most_and_nothing_is_shut_out(named: list[str]) -> None:
    weights = told(named)  # type: ignore[arg-type]
    assert weights is not None
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-5)
    assert max(weights, key=lambda m: weights[m]) == named[0]
    assert all(weights[m] == pytest.approx(0.1) for m in NAMES if m not in named)


def test_a_router_that_was_written_reads_back_and_weighs_the_same(tmp_path: Path) -> None:
    path = write(router(), tmp_path)
    again = load(tmp_path)
    vector = np.array([0.6, 0.8], np.float32)
    assert again.weigh("said", vector) == router().weigh("said", vector)
    assert again.encoder == "e5"
    assert len(again.fingerprint) == 16
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_missing_and_a_broken_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="mmqa train router"):
        load(tmp_path)
    (tmp_path / "router.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(ModelDamagedError):
        load(tmp_path)


def test_the_shipped_router_was_fitted_to_three_modalities_and_says_to_which_encoder() -> None:
    shipped = load()
    assert shipped.modalities == NAMES
    assert shipped.encoder
    assert shipped.width == 384
