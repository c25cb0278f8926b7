from dataclasses import replace

import numpy as np
import pytest
import torch

from mmqa.fusion.calibration import calibrate
from mmqa.fusion.one_vector import OneVectorFuser
from mmqa.records import Features
from mmqa.training.fusion import fuser_of
from mmqa.training.fusion_model import FusionModel, calibrated_start

MODALITIES = ("visual", "text", "speech")
WIDTH = 8


def units(rows: int, seed: int, spread: float = 1.0) -> np.ndarray:
    """Unit rows; the last coordinate is always 0, so it is what questions use least."""
    raw = np.random.default_rng(seed).standard_normal((rows, WIDTH)).astype(np.float32)
    raw[:, 0] = raw[:, 0] * spread + (1 - spread)
    raw[:, -1] = 0
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def segments(seed: int = 0) -> list[Features]:
    rng = np.random.default_rng(seed)
    kinds = [{"visual"}, {"text"}, {"speech"}, {"visual", "text"}, {"text", "speech"}] * 8
    vectors = {m: units(len(kinds), 10 + place) for place, m in enumerate(MODALITIES)}
    vectors["visual"] = units(len(kinds), 20, spread=0.2)  # pictures lie close together
    return [
        Features(
            {m: vectors[m][row] for m in MODALITIES if m in kind},
            {m: float(rng.random()) / 3 for m in kind},
            {m: float(rng.random()) / 3 for m in kind},
        )
        for row, kind in enumerate(kinds)
    ]


def shaken(model: FusionModel) -> FusionModel:
    """The model after changes to every parameter, as training would make them."""
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape))
    return model


def tensors(found: list[Features]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    vectors = torch.zeros(len(found), 3, WIDTH)
    present = torch.zeros(len(found), 3, dtype=torch.bool)
    hubs = torch.zeros(2, len(found), 3)
    for row, one in enumerate(found):
        for place, m in enumerate(MODALITIES):
            if m in one.vectors:
                vectors[row, place] = torch.from_numpy(one.vectors[m])
                present[row, place] = True
                hubs[:, row, place] = torch.tensor([one.hubness[m], one.picture_hubness[m]])
    return vectors, present, hubs


@pytest.mark.parametrize("method", ["weighted", "attention"])
def test_what_is_stored_computes_what_was_trained(method):
    found = segments()
    start = calibrated_start(method, found, units(50, 1), units(30, 2), MODALITIES)
    model = shaken(FusionModel(start, rank=3))
    z, hubness = model.segments(*tensors(found))
    fuser: OneVectorFuser = fuser_of(model.weights())
    stored = fuser.fuse(found)
    np.testing.assert_allclose(stored[:, :WIDTH], z.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(stored[:, -2:].T, hubness.detach().numpy(), atol=1e-5)
    questions = units(4, 5)
    by_pictures = torch.tensor([False, True, False, True])
    asked = model.ask(torch.from_numpy(questions), by_pictures).detach().numpy()
    for row, picture in enumerate(by_pictures.tolist()):
        one = fuser.fuse_question(
            Features({"text": questions[row]}), {}, {}, asked_by="pictures" if picture else "words"
        )
        np.testing.assert_allclose(one[:WIDTH], asked[row], atol=1e-5)


@pytest.mark.parametrize("method", ["weighted", "attention"])
def test_untrained_it_orders_single_modalities_as_the_calibrated_score_does(method):
    found = segments()
    bank = units(50, 1)
    start = calibrated_start(method, found, bank, units(30, 2), MODALITIES)
    fuser = fuser_of(FusionModel(start, rank=3).weights())
    question = units(1, 7)[0]
    asked = fuser.fuse_question(Features({"text": question}), {}, fuser.calibrate(bank, found))
    single = [one for one in found if len(one.vectors) == 1]
    expected = []
    for one in single:
        ((m, vector),) = one.vectors.items()
        others = [o for o in found if m in o.vectors]
        known = calibrate(
            bank,
            np.stack([o.vectors[m] for o in others]),
            np.array([o.hubness[m] for o in others], np.float32),
        )
        expected.append((question @ vector - known.mu - one.hubness[m]) / known.sigma)
    scores = fuser.fuse(single) @ asked
    # the same up to one factor and one offset for all, so the correlation is 1
    assert np.corrcoef(scores, expected)[0, 1] == pytest.approx(1, abs=1e-5)


def test_questions_are_fitted_without_a_bias_so_that_scores_stay_linear_in_them():
    start = calibrated_start("weighted", segments(), units(50, 1), units(30, 2), MODALITIES)
    weights = shaken(FusionModel(start, rank=3)).weights()
    assert not weights.question.bias.any()
    assert weights.maps["visual"].bias.any()


def test_without_a_picture_bank_pictures_start_as_words_do():
    start = calibrated_start("weighted", segments(), units(50, 1), units(0, 2), MODALITIES)
    np.testing.assert_array_equal(start.offsets[0], start.offsets[1])


def test_the_temperature_cannot_run_away():
    start = calibrated_start("weighted", segments(), units(50, 1), units(0, 2), MODALITIES)
    model = FusionModel(replace(start), rank=2)
    with torch.no_grad():
        model.log_scale += 100
    assert model.scale().item() == 100
