import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmqa.fusion.concat import ConcatFuser, load
from mmqa.records import Calibration, Features

FUSER = ConcatFuser(2)
CALIBRATION = {"visual": Calibration(0.1, 0.05), "text": Calibration(0.2, 0.1)}
EVEN = {"visual": 0.5, "text": 0.5}


def vector(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


SEGMENT = Features(
    {"visual": vector(0.6, 0.8), "text": vector(0, 1)},
    {"visual": 0.3, "text": 0.1},
    {"visual": 0.2, "text": 0.4},
)


def test_the_score_is_the_hand_worked_sum():
    stored = FUSER.fuse([SEGMENT])
    question = Features({"visual": vector(0, 1), "text": vector(0.6, 0.8)})
    asked = FUSER.fuse_question(question, EVEN, CALIBRATION)
    # visual: 0.5 * (0.8 - 0.1 - 0.3) / 0.05 = 4; text: 0.5 * (0.8 - 0.2 - 0.1) / 0.1 = 2.5
    assert stored[0] @ asked == pytest.approx(6.5, abs=1e-5)
    shares = FUSER.contributions(asked, [SEGMENT])
    assert shares["visual"][0] == pytest.approx(4.0, abs=1e-5)
    assert shares["text"][0] == pytest.approx(2.5, abs=1e-5)


def test_a_picture_as_the_question_counts_the_hubness_among_pictures():
    question = Features({"visual": vector(0, 1), "text": vector(0.6, 0.8)})
    asked = FUSER.fuse_question(question, EVEN, CALIBRATION, asked_by="pictures")
    # visual: 0.5 * (0.8 - 0.1 - 0.2) / 0.05 = 5; text: 0.5 * (0.8 - 0.2 - 0.4) / 0.1 = 1
    assert FUSER.fuse([SEGMENT])[0] @ asked == pytest.approx(6.0, abs=1e-5)


def test_calibration_is_measured_a_modality_at_a_time_with_the_hubness_of_the_asker():
    bank = np.eye(2, dtype=np.float32)
    by_words = FUSER.calibrate(bank, [SEGMENT, Features({"text": vector(0, 1)}, {"text": 0.1})])
    # visual: similarities 0.6 and 0.8, less 0.3; text: 0, 0, 1 and 1, less 0.1
    assert by_words["visual"].mu == pytest.approx(0.4)
    assert by_words["visual"].sigma == pytest.approx(0.1)
    assert by_words["text"].mu == pytest.approx(0.4)
    assert by_words["text"].sigma == pytest.approx(0.5)
    by_pictures = FUSER.calibrate(bank, [SEGMENT], asked_by="pictures")
    assert by_pictures["visual"].mu == pytest.approx(0.5)
    assert "speech" not in by_words


def test_a_missing_modality_contributes_exactly_nothing():
    segment = Features({"text": vector(1, 0)}, {"text": 0.2, "visual": 9.0})
    question = Features({"visual": vector(1, 0), "text": vector(1, 0)})
    shares = FUSER.contributions(FUSER.fuse_question(question, EVEN, CALIBRATION), [segment])
    assert shares["visual"][0] == 0.0
    assert shares["text"][0] != 0.0


def test_a_question_without_a_modality_gives_it_no_weight():
    segment = Features({"visual": vector(1, 0), "text": vector(1, 0)})
    asked = FUSER.fuse_question(Features({"text": vector(1, 0)}), EVEN, CALIBRATION)
    assert FUSER.contributions(asked, [segment])["visual"][0] == 0.0


def test_without_calibration_raw_similarity_counts():
    stored = FUSER.fuse([Features({"text": vector(0.6, 0.8)})])
    asked = FUSER.fuse_question(Features({"text": vector(1, 0)}), {"text": 1.0}, {})
    assert stored[0] @ asked == pytest.approx(0.6)


def test_a_vector_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match=r"text vector has shape \(3,\), not \(2,\)"):
        FUSER.fuse([Features({"text": vector(1, 0, 0)})])


def test_the_width_leaves_room_for_presence_and_hubness():
    assert load().width == 3 * (384 + 3)
    assert ConcatFuser(384, ("text",)).width == 387


@given(
    st.lists(st.sets(st.sampled_from(["visual", "text"])), min_size=1, max_size=6),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_contributions_sum_to_the_score(present, share, seed):
    rng = np.random.default_rng(seed)
    fuser = ConcatFuser(8)

    def unit() -> np.ndarray:
        raw = rng.standard_normal(8).astype(np.float32)
        return raw / np.linalg.norm(raw)

    rows = [Features({m: unit() for m in p}, {m: float(rng.random()) for m in p}) for p in present]
    asked = fuser.fuse_question(
        Features({"visual": unit(), "text": unit()}),
        {"visual": share, "text": 1 - share},
        CALIBRATION,
    )
    stored = fuser.fuse(rows)
    shares = fuser.contributions(asked, rows)
    np.testing.assert_allclose(sum(shares.values()), stored @ asked, atol=1e-4)
    for i, p in enumerate(present):
        for modality in {"visual", "text"} - p:
            assert shares[modality][i] == 0.0
