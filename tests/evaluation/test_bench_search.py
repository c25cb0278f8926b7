"""Made-up segments look like real ones."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation.bench_search import by_turns, made_up_features, made_up_texts, run


class Mapping:
    bank = np.eye(16, dtype=np.float32)

    def hubness(self, modality, vectors):
        return np.zeros(len(vectors), np.float32)


def test_vectors_are_unit_and_modalities_are_missing_in_part():
    features = made_up_features(Mapping(), 300)
    assert len(features) == 300
    for one in features:
        assert one.vectors
        for vector in one.vectors.values():
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert sum("visual" in one.vectors for one in features) == 200
    assert {frozenset(one.vectors) for one in features} == {
        frozenset({"visual"}),
        frozenset({"text"}),
        frozenset({"visual", "text"}),
    }


def test_made_up_texts_are_the_same_every_time():
    assert made_up_texts(5) == made_up_texts(5)
    assert len(set(made_up_texts(50))) == 50


def test_both_ways_are_asked_by_turns_and_the_first_round_does_not_count():
    asked = []
    ways = {"a": lambda q: asked.append("a" + q), "b": lambda q: asked.append("b" + q)}
    by_turns(ways, ["1", "2"], rounds=1)
    assert asked == ["a1", "b1", "a2", "b2"] * 2


@pytest.mark.weights
def test_the_bench_runs_through_the_real_store():
    report = run(segments=200, rounds=1)
    assert report.how["segments"] == 200
    assert report.figures[0].value > 0
