import numpy as np
import pytest

from mmqa.fusion.calibration import ROWS, SIGMA_FLOOR, calibrate


def test_mean_and_deviation_are_those_of_all_pairs_less_hubness():
    bank = np.array([[1, 0], [0, 1]], np.float32)
    vectors = np.array([[0.6, 0.8], [1, 0]], np.float32)
    found = calibrate(bank, vectors, np.array([0.1, 0.3], np.float32))
    # pairs: 0.6-0.1, 1-0.3, 0.8-0.1, 0-0.3  =  0.5, 0.7, 0.7, -0.3
    assert found.mu == pytest.approx(0.4)
    assert found.sigma == pytest.approx(np.sqrt((0.01 + 0.09 + 0.09 + 0.49) / 4))


def test_copies_of_one_vector_do_not_give_a_deviation_of_nothing():
    same = np.array([[1, 0]], np.float32)
    assert calibrate(same, same, np.zeros(1, np.float32)).sigma == SIGMA_FLOOR


def test_a_large_index_is_sampled_and_gives_the_same_numbers_each_time():
    rng = np.random.default_rng(1)
    bank = rng.standard_normal((10, 4)).astype(np.float32)
    vectors = rng.standard_normal((5 * ROWS, 4)).astype(np.float32)
    hubness = np.zeros(len(vectors), np.float32)
    once = calibrate(bank, vectors, hubness)
    assert once == calibrate(bank, vectors, hubness)
    full = bank @ vectors.T
    assert once.mu == pytest.approx(full.mean(), abs=0.05)
    assert once.sigma == pytest.approx(full.std(), rel=0.05)


def test_nothing_to_measure_is_an_error():
    with pytest.raises(ValueError, match="at least one vector"):
        calibrate(np.zeros((0, 2), np.float32), np.zeros((1, 2), np.float32), np.zeros(1))
