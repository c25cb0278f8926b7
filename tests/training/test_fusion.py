from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmqa.fusion import opening
from mmqa.records import Features
from mmqa.training.fusion import FusionSettings, FusionTraining, train_fusion
from mmqa.training.fusion_data import FusionData, WeakQuestion, assemble
from mmqa.training.fusion_model import FusionModel, calibrated_start
from mmqa.training.fusion_tables import ndcg
from mmqa.training.loop import Settings

WIDTH = 12
QUICK = FusionSettings(
    rank=8, loop=Settings(epochs=20, batch=64, learning_rate=1e-2, patience=20, device="cpu")
)


def units(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return found.astype(np.float32)


def turned_pictures(n: int = 480) -> FusionData:
    """Things whose pictures lie in a space that is turned against that of words."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))[0]
    things = units(rng.standard_normal((n, WIDTH)))
    seen = units(things @ turn + 0.1 * rng.standard_normal((n, WIDTH)))
    read = units(things + 0.1 * rng.standard_normal((n, WIDTH)))
    asked = units(things + 0.1 * rng.standard_normal((n, WIDTH)))
    segments = []
    for row in range(n):
        vectors = {"visual": seen[row], "text": read[row]}
        present = [("visual",), ("text",), ("visual", "text")][row % 3]
        segments.append(Features({m: vectors[m] for m in present}))
    questions = [WeakQuestion(asked[row], (row,), "text" if row % 3 else None) for row in range(n)]
    return assemble(segments, [str(row) for row in range(n)], questions)


def bank() -> np.ndarray:
    return units(np.random.default_rng(1).standard_normal((100, WIDTH)))


def fit(tmp_path: Path, method: str = "weighted", epochs: int = 20, **options: object):
    return train_fusion(
        turned_pictures(),
        bank(),
        bank()[:50],
        method=method,
        path=tmp_path / "fusion.safetensors",
        encoders={"text_encoder": "abc"},
        settings=replace(QUICK, loop=replace(QUICK.loop, epochs=epochs)),
        **options,
    )


@pytest.mark.parametrize("method", ["weighted", "attention"])
def test_it_learns_how_pictures_are_turned_and_a_missing_modality_does_no_harm(tmp_path, method):
    report = fit(tmp_path, method)
    gained = {name: value - report.before[name] for name, value in report.after.items()}
    assert gained["whole"] > 0.3
    assert gained["without text"] > 0.3
    assert gained["without visual"] > 0.1
    fuser = opening.load(tmp_path)
    assert fuser.name == method
    assert fuser.encoders == {"text_encoder": "abc"}
    assert fuser.weights.trained["questions"] == report.questions
    assert fuser.weights.picture_calibration is not None
    assert {path.name for path in tmp_path.iterdir()} == {"fusion.safetensors", "training.jsonl"}


def test_what_it_stored_finds_what_it_says(tmp_path):
    report = fit(tmp_path)
    fuser, data = opening.load(tmp_path), turned_pictures()
    stored = fuser.fuse(data.segments)
    gains = []
    for one in (q for q, kept in zip(data.questions, data.kept_back, strict=True) if kept):
        known = fuser.calibrate(bank(), data.segments)
        asked = fuser.fuse_question(Features({"text": one.vector}), {}, known)
        scores = stored @ asked
        rank = int((scores > scores[one.segments[0]]).sum())
        gains.append(1 / np.log2(rank + 2) if rank < 10 else 0)
    assert np.mean(gains) == pytest.approx(report.after["whole"], abs=0.005)


def test_an_interrupted_run_ends_as_one_that_was_not(tmp_path):
    def stop(chunk: object) -> None:
        if getattr(chunk, "done", 0) == 14:
            raise KeyboardInterrupt

    whole = fit(tmp_path / "whole", epochs=3)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "cut", epochs=3, progress=stop)
    resumed = fit(tmp_path / "cut", epochs=3, resume=True)
    assert resumed.outcome.resumed_after is not None
    assert resumed.fingerprint == whole.fingerprint


def training(**changes: object) -> FusionTraining:
    data = turned_pictures()
    start = calibrated_start("weighted", data.segments, bank(), bank(), ["visual", "text"])
    return FusionTraining(FusionModel(start, 4), data, replace(QUICK, **changes))


def test_dropout_hides_the_source_most_but_never_the_last_modality():
    one = training(dropout=0.0, source_dropout=1.0)
    among = torch.arange(480)
    hidden = one._hidden(among, among)
    both = torch.arange(480) % 3 == 2
    assert not hidden[both, 1].any(), "the text that a question came from is hidden"
    assert hidden[both, 0].all()
    assert (hidden.sum(dim=1) >= 1).all()
    assert hidden[torch.arange(480) % 3 == 1, 1].all(), "a text that is alone stays"


def test_hard_negatives_are_never_of_the_group_that_answers():
    one = training(hard=5)
    with torch.no_grad():
        one.begin(1)
    for question in one.fitted.tolist():
        found = one.hard[question].tolist()
        assert len(set(found)) == 5
        assert question not in found


def test_other_segments_of_the_same_thing_are_masked_in_the_loss():
    data = turned_pictures()
    alike = replace(data, groups=np.zeros_like(data.groups))
    start = calibrated_start("weighted", data.segments, bank(), bank(), ["visual", "text"])
    one = FusionTraining(FusionModel(start, 4), alike, replace(QUICK, hard=0))
    one.begin(1)
    assert one.loss(np.arange(20)).item() == pytest.approx(0, abs=1e-6), "nothing is wrong"


def test_ndcg_of_several_right_answers_is_the_hand_worked_number():
    scores = torch.tensor([[0.9, 0.8, 0.7, 0.6]])
    answers = torch.tensor([[True, False, True, False]])
    # (1 + 1/log2(4)) / (1 + 1/log2(3)) = 1.5 / 1.63093
    assert ndcg(scores, answers).item() == pytest.approx(0.91972, abs=1e-5)
    assert ndcg(scores, answers, k=1).item() == 1
