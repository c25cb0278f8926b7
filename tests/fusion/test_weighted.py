"""What ships; how it computes is tested in test_one_vector."""

import numpy as np
import pytest

from mmqa.fusion.fitted import path_of
from mmqa.fusion.weighted import WeightedFuser, load
from mmqa.records import MODALITIES, Features


def units(rows: int) -> np.ndarray:
    raw = np.random.default_rng(0).standard_normal((rows, 384)).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def test_the_shipped_fuser_opens_and_is_small():
    fuser = load()
    assert isinstance(fuser, WeightedFuser)
    assert fuser.modalities == MODALITIES
    assert fuser.width == 387
    assert set(fuser.encoders) >= {"text_encoder", "image_encoder", "mapping"}
    assert path_of(None, "weighted").stat().st_size < 1_000_000


def test_its_maps_stay_near_what_they_started_from():
    """A text finds itself still: training turned no map away from the space of questions."""
    fuser, rows = load(), units(50)
    for modality in MODALITIES:
        stored = fuser.fuse([Features({modality: row}) for row in rows])
        asked = np.stack([fuser.fuse_question(Features({modality: row}), {}, {}) for row in rows])
        assert ((asked @ stored.T).argmax(axis=1) == np.arange(50)).all()


def test_it_knows_how_unrelated_segments_score_when_a_picture_asks():
    known = load().weights.picture_calibration
    assert known is not None
    assert known.sigma > 0


def test_shares_are_a_mixture_of_what_is_there():
    rows = units(3)
    both = Features(dict(zip(MODALITIES, rows, strict=True)))
    shares = load().shares([both, Features({"text": rows[0]})])
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    assert (shares[0] > 0.1).all(), "no modality is ignored"
    assert shares[1].tolist() == [0, 1, 0]
