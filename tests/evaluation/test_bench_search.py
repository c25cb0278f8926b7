"""Made-up segments look like real ones."""

from __future__ import annotations

import numpy as np
import pytest

from mmqa.evaluation.bench_search import (
    by_turns,
    made_up_features,
    made_up_questions,
    made_up_texts,
    run,
)


class Mapping:
    bank = np.eye(16, dtype=np.float32)

    def hubness(self, vectors):
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


def test_questions_differ_and_are_the_same_every_time():
    assert made_up_questions(40) == made_up_questions(40)
    assert len(set(made_up_questions(40))) == 40


def test_every_way_is_asked_each_question_and_none_always_first():
    asked = []
    ways = {"a": lambda q: asked.append("a" + q), "b": lambda q: asked.append("b" + q)}
    questions = [str(n) for n in range(20)]
    seconds = by_turns(ways, questions)
    assert {name: len(values) for name, values in seconds.items()} == {"a": 20, "b": 20}
    assert sorted(asked) == sorted(way + q for way in ways for q in questions)
    assert [word[1:] for word in asked[::2]] == questions
    assert {word[0] for word in asked[::2]} == {"a", "b"}


@pytest.mark.weights
def test_the_bench_runs_through_the_real_store():
    report = run(segments=200, questions=2)
    assert report.how["segments"] == 200
    assert "FAISS flat" in report.figures[0].name
    assert report.figures[0].target == 1.5
    assert all(figure.value > 0 for figure in report.figures)
