"""Both fusers into one vector, by numbers worked by hand and by what must hold for any numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmqa.fusion.attention import AttentionFuser
from mmqa.fusion.fitted import AffineMap, FusionWeights, identity
from mmqa.fusion.weighted import WeightedFuser
from mmqa.records import Calibration, Features

MODALITIES = ("visual", "text", "speech")
CALIBRATION = {"fused": Calibration(mu=0.1, sigma=0.25)}
EVEN = dict.fromkeys(MODALITIES, 1.0)


def vector(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def plain(method: str, **changes: object) -> FusionWeights:
    """Two wide, three modalities, maps that change nothing."""
    weights = FusionWeights(
        method=method,
        modalities=MODALITIES,
        question=identity(2),
        maps=dict.fromkeys(MODALITIES, identity(2)),
        logits=np.zeros(3, np.float32),
        project=np.zeros((1, 2), np.float32),
        weigh=np.zeros(1, np.float32),
        hub_shares=np.zeros((2, 3), np.float32),
        offsets=np.zeros((2, 3), np.float32),
    )
    return replace(weights, **changes)


def random_weights(method: str, seed: int, width: int = 6) -> FusionWeights:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    def one() -> AffineMap:
        return AffineMap(
            1 + 0.3 * draw(width), 0.5 * draw(width, 2), 0.5 * draw(2, width), draw(width)
        )

    return FusionWeights(
        method,
        MODALITIES,
        one(),
        {m: one() for m in MODALITIES},
        draw(3),
        draw(4, width),
        draw(4),
        draw(2, 3),
        draw(2, 3),
    )


def fuser(weights: FusionWeights) -> WeightedFuser | AttentionFuser:
    return WeightedFuser(weights) if weights.method == "weighted" else AttentionFuser(weights)


def random_segments(present: list[set[str]], seed: int, width: int = 6) -> list[Features]:
    rng = np.random.default_rng(seed)

    def unit() -> np.ndarray:
        raw = rng.standard_normal(width).astype(np.float32)
        return raw / np.linalg.norm(raw)

    return [
        Features(
            {m: unit() for m in sorted(p)},
            {m: float(rng.random()) for m in sorted(p)},
            {m: float(rng.random()) for m in sorted(p)},
        )
        for p in present
    ]


def question(seed: int, width: int = 6) -> Features:
    (one,) = random_segments([{"text"}], seed + 1, width)
    return Features(dict.fromkeys(MODALITIES, one.vectors["text"]))


def test_the_weighted_score_is_the_hand_worked_sum():
    # w = (3/4, 1/4) over visual and text; logits are their logarithms
    weights = plain(
        "weighted",
        logits=np.log(vector(3, 1, 4)),
        hub_shares=np.full((2, 3), 0.5, np.float32),
        offsets=np.array([[0.04, 0, 0], [0, 0, 0]], np.float32),
    )
    stored = WeightedFuser(weights).fuse(
        [Features({"visual": vector(1, 0), "text": vector(0, 1)}, {"visual": 0.2, "text": 0.4})]
    )
    # Σ = (0.75, 0.25), |Σ| = 0.790569; z = (0.948683, 0.316228)
    # h = 0.75 · (0.5 · 0.2 + 0.04) + 0.25 · 0.5 · 0.4 = 0.155
    np.testing.assert_allclose(stored[0], [0.948683, 0.316228, 1, 0.155, 0], atol=1e-6)
    asked = WeightedFuser(weights).fuse_question(
        Features({"text": vector(0.6, 0.8)}), EVEN, CALIBRATION
    )
    # ⟨q, z⟩ = 0.569210 + 0.252982 = 0.822192; (0.822192 − 0.1 − 0.155) / 0.25
    assert stored[0] @ asked == pytest.approx(2.268768, abs=1e-5)


def test_contributions_are_the_hand_worked_shares():
    weights = plain("weighted", logits=np.log(vector(3, 1, 4)))
    segments = [Features({"visual": vector(1, 0), "text": vector(0, 1)})]
    one = WeightedFuser(weights)
    asked = one.fuse_question(Features({"text": vector(0.6, 0.8)}), EVEN, CALIBRATION)
    shares = one.contributions(asked, segments)
    # each less half of μ, all by σ: (0.569210 − 0.05) / 0.25 and (0.252982 − 0.05) / 0.25
    assert shares["visual"][0] == pytest.approx(2.076840, abs=1e-5)
    assert shares["text"][0] == pytest.approx(0.811929, abs=1e-5)
    assert shares["speech"][0] == 0.0


def test_the_attention_score_is_the_hand_worked_sum():
    # e = uᵀ tanh(V·x) = 2 · tanh(x_1): visual 2 · tanh(1) = 1.523188, text 0
    weights = plain(
        "attention", project=np.array([[1, 0]], np.float32), weigh=np.array([2], np.float32)
    )
    one = AttentionFuser(weights)
    segments = [Features({"visual": vector(1, 0), "text": vector(0, 1)})]
    # a = 4.586825 / 5.586825 = 0.821007
    np.testing.assert_allclose(one.shares(segments)[0], [0.821007, 0.178993, 0], atol=1e-5)
    # z = (0.821007, 0.178993) / 0.840292
    np.testing.assert_allclose(one.fuse(segments)[0, :2], [0.977050, 0.213013], atol=1e-5)


def test_maps_move_vectors_before_they_are_summed():
    halved = AffineMap(vector(0.5, 0.5), np.array([[1], [0]]), np.array([[0, 1]]), vector(0.0, 0.5))
    weights = plain("weighted", maps={**dict.fromkeys(MODALITIES, identity(2)), "visual": halved})
    # (1, 0) → (0.5, 0) + (0, 1) + (0, 0.5) = (0.5, 1.5), at unit length (0.316228, 0.948683)
    stored = WeightedFuser(weights).fuse([Features({"visual": vector(1, 0)})])
    np.testing.assert_allclose(stored[0, :2], [0.316228, 0.948683], atol=1e-6)


def test_a_picture_asks_through_the_map_of_pictures_without_its_bias_and_with_its_own_hubness():
    seen = AffineMap(vector(2, 3), np.zeros((2, 1)), np.zeros((1, 2)), vector(9, 9))
    weights = plain(
        "weighted",
        maps={**dict.fromkeys(MODALITIES, identity(2)), "visual": seen},
        hub_shares=np.ones((2, 3), np.float32),
    )
    one = WeightedFuser(weights)
    asked = one.fuse_question(
        Features({"visual": vector(0.6, 0.8)}), EVEN, CALIBRATION, asked_by="pictures"
    )
    np.testing.assert_allclose(asked, np.array([1.2, 2.4, -0.1, 0, -1]) / 0.25, rtol=1e-6)
    stored = one.fuse([Features({"text": vector(1, 0)}, {"text": 0.3}, {"text": 0.7})])
    assert stored[0, 3:].tolist() == pytest.approx([0.3, 0.7])


def test_a_picture_asks_with_the_statistics_of_the_fit_where_it_has_some():
    one = WeightedFuser(plain("weighted", picture_calibration=Calibration(0.3, 0.5)))
    seen = Features({"visual": vector(1, 0)})
    by_picture = one.fuse_question(seen, EVEN, CALIBRATION, asked_by="pictures")
    np.testing.assert_allclose(by_picture, [2, 0, -0.6, 0, -2], rtol=1e-6)
    by_words = one.fuse_question(seen, EVEN, CALIBRATION)
    np.testing.assert_allclose(by_words, [4, 0, -0.4, -4, 0], rtol=1e-6)
    raw = one.fuse_question(seen, EVEN, {}, asked_by="pictures")
    np.testing.assert_allclose(raw, [1, 0, 0, 0, 0])


def test_without_calibration_the_inner_product_alone_counts():
    weights = plain("weighted", hub_shares=np.ones((2, 3), np.float32))
    one = WeightedFuser(weights)
    stored = one.fuse([Features({"text": vector(0.6, 0.8)}, {"text": 0.4})])
    asked = one.fuse_question(Features({"text": vector(1, 0)}), EVEN, {})
    assert stored[0] @ asked == pytest.approx(0.6)


@pytest.mark.parametrize("method", ["weighted", "attention"])
def test_where_the_router_looks_changes_nothing_but_how_loud_a_question_is_does(method):
    one = fuser(random_weights(method, 3))

    def asked(*weights: float) -> np.ndarray:
        given = dict(zip(MODALITIES, weights, strict=True))
        return one.fuse_question(question(1), given, CALIBRATION)

    alone = 3**0.5  # as loud as 1, 1, 1
    np.testing.assert_allclose(asked(alone, 0, 0), asked(0, 0, alone), rtol=1e-6)
    np.testing.assert_allclose(asked(alone, 0, 0), asked(1, 1, 1), rtol=1e-5)
    np.testing.assert_allclose(2 * asked(0.5, 0.5, 0.5), asked(1, 1, 1), rtol=1e-6)
    assert not asked(0, 0, 0).any()


@pytest.mark.parametrize("method", ["weighted", "attention"])
def test_a_segment_without_vectors_is_zero_and_scores_nothing(method):
    one = fuser(random_weights(method, 4))
    (empty,) = one.fuse([Features({})])
    assert not empty.any()
    asked = one.fuse_question(question(2), EVEN, CALIBRATION)
    assert all(share[0] == 0.0 for share in one.contributions(asked, [Features({})]).values())
    assert one.fuse([]).shape == (0, 9)


@pytest.mark.parametrize("method", ["weighted", "attention"])
def test_a_segment_with_one_modality_is_that_vector_mapped(method):
    one = fuser(random_weights(method, 5))
    (segment,) = random_segments([{"speech"}], 6)
    mapped = one.weights.maps["speech"](segment.vectors["speech"][None])[0]
    np.testing.assert_allclose(one.fuse([segment])[0, :6], mapped / np.linalg.norm(mapped), 1e-5)


@pytest.mark.parametrize("method", ["weighted", "attention"])
def test_modalities_nobody_was_fitted_to_are_left_out(method):
    one = fuser(random_weights(method, 7))
    (segment,) = random_segments([{"text"}], 8)
    heard = Features({**segment.vectors, "acoustic": np.ones(6, np.float32)}, segment.hubness)
    np.testing.assert_array_equal(one.fuse([heard])[0, :6], one.fuse([segment])[0, :6])


def test_a_vector_of_the_wrong_length_is_refused():
    one = fuser(plain("weighted"))
    with pytest.raises(ValueError, match=r"text vector has shape \(3,\), not \(2,\)"):
        one.fuse([Features({"text": vector(1, 0, 0)})])
    with pytest.raises(ValueError, match=r"visual vector has shape \(3,\), not \(2,\)"):
        one.fuse_question(Features({"visual": vector(1, 0, 0)}), EVEN, CALIBRATION)


def test_weights_of_the_other_method_are_refused():
    with pytest.raises(ValueError, match="weights of 'attention' were given to 'weighted'"):
        WeightedFuser(plain("attention"))


def test_calibration_is_the_mean_and_deviation_of_unrelated_scores():
    one = fuser(plain("weighted", hub_shares=np.ones((2, 3), np.float32)))
    segments = [Features({"text": vector(0.6, 0.8)}, {"text": 0.1}, {"text": 0.3}), Features({})]
    bank = np.eye(2, dtype=np.float32)
    measured = one.calibrate(bank, segments)["fused"]
    # similarities 0.6 and 0.8 less 0.1; the segment without vectors does not count
    assert (measured.mu, measured.sigma) == pytest.approx((0.6, 0.1), abs=1e-6)
    assert one.calibrate(bank, segments, asked_by="pictures")["fused"].mu == pytest.approx(0.4)
    assert one.calibrate(bank, [Features({})]) == {}


@pytest.mark.parametrize("method", ["weighted", "attention"])
def test_calibrated_unrelated_questions_score_nothing_on_average(method):
    one = fuser(random_weights(method, 9))
    segments = random_segments([{"visual"}, {"text"}, {"visual", "text"}, {"speech"}] * 5, 10)
    bank = np.stack([question(seed).vectors["text"] for seed in range(40)])
    known = one.calibrate(bank, segments)
    asked = [one.fuse_question(Features({"text": row}), EVEN, known) for row in bank]
    scores = np.stack(asked) @ one.fuse(segments).T
    assert scores.mean() == pytest.approx(0, abs=1e-4)
    assert scores.std() == pytest.approx(1, abs=1e-4)


present = st.lists(st.sets(st.sampled_from(MODALITIES)), min_size=1, max_size=6)
methods = st.sampled_from(["weighted", "attention"])
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(methods, present, seeds, st.sampled_from(["words", "pictures"]))
def test_contributions_sum_to_the_score(method, kinds, seed, asked_by):
    one = fuser(random_weights(method, seed))
    segments = random_segments(kinds, seed)
    asked = one.fuse_question(question(seed), EVEN, CALIBRATION, asked_by=asked_by)
    shares = one.contributions(asked, segments)
    np.testing.assert_allclose(
        sum(shares.values()), one.fuse(segments) @ asked, atol=2e-4, rtol=1e-5
    )
    for row, kind in enumerate(kinds):
        for modality in set(MODALITIES) - kind:
            assert shares[modality][row] == 0.0


@settings(max_examples=30, deadline=None)
@given(methods, seeds, st.floats(-2, 2), st.floats(-2, 2))
def test_a_question_is_asked_linearly(method, seed, a, b):
    one = fuser(random_weights(method, seed))
    first, second = question(seed).vectors["text"], question(seed + 1).vectors["text"]

    def asked(row: np.ndarray) -> np.ndarray:
        return one.fuse_question(Features({"text": row.astype(np.float32)}), EVEN, {})

    np.testing.assert_allclose(
        asked(a * first + b * second), a * asked(first) + b * asked(second), atol=1e-4
    )


@settings(max_examples=30, deadline=None)
@given(methods, present, seeds, st.randoms(use_true_random=False))
def test_neither_the_order_of_segments_nor_of_modalities_matters(method, kinds, seed, random):
    weights = random_weights(method, seed)
    segments = random_segments(kinds, seed)
    order = list(range(len(segments)))
    random.shuffle(order)
    np.testing.assert_allclose(
        fuser(weights).fuse([segments[i] for i in order]),
        fuser(weights).fuse(segments)[order],
        atol=1e-5,
    )
    turned = replace(
        weights,
        modalities=MODALITIES[::-1],
        logits=weights.logits[::-1],
        hub_shares=weights.hub_shares[:, ::-1],
        offsets=weights.offsets[:, ::-1],
    )
    np.testing.assert_allclose(
        fuser(turned).fuse(segments), fuser(weights).fuse(segments), atol=1e-5
    )
