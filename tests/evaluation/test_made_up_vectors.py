from itertools import pairwise

import numpy as np
import pytest

from mmqa.evaluation.made_up_vectors import MadeUpCorpus, statistics


@pytest.fixture(scope="module")
def corpus():
    return MadeUpCorpus(198)


def test_there_are_as_many_segments_as_asked_for_and_always_the_same(corpus):
    files = list(corpus.files(5_000, seed=2))
    again = list(MadeUpCorpus(198).files(5_000, seed=2))
    assert sum(len(one.text) for one in files) == 5_000
    assert all((a.visual == b.visual).all() for a, b in zip(files, again, strict=True))
    assert files[0].text.shape[1] == 198


def test_every_segment_has_unit_vectors_of_one_modality_or_both(corpus):
    files = list(corpus.files(5_000, seed=2))
    lengths = np.stack(
        [
            np.concatenate([np.linalg.norm(getattr(f, m), axis=1) for f in files])
            for m in ("visual", "text")
        ]
    )
    there = lengths > 0
    np.testing.assert_allclose(lengths[there], 1.0, rtol=1e-5)
    assert there.any(axis=0).all()
    assert there[0].mean() == pytest.approx(0.67, abs=0.03)
    assert there[1].mean() == pytest.approx(0.33 + 0.67 * 0.7, abs=0.03)


def test_they_lie_as_real_embeddings_do(corpus):
    """The table in the module, as measured of 6,000 vectors of all-MiniLM-L6-v2."""
    found = statistics(corpus.questions(6_000, seed=1))
    assert found["random"] == pytest.approx(0.156, abs=0.03)
    assert found["random_deviation"] == pytest.approx(0.132, abs=0.02)
    assert found["nearest"] == pytest.approx(0.763, abs=0.03)
    assert found["nearest_10"] == pytest.approx(0.599, abs=0.04)
    assert found["nearest_100"] == pytest.approx(0.467, abs=0.04)
    assert 14.3 <= found["intrinsic_dimension"] < 25
    assert found["half_variance"] == pytest.approx(28, abs=4)


def test_segments_of_a_file_resemble_each_other_more_than_others(corpus):
    files = [f.text for f in corpus.files(3_000, seed=3) if f.text.any(axis=1).sum() > 1]
    within = np.mean([(t @ t.T)[0, 1] for t in files if t[0].any() and t[1].any()])
    across = np.mean([a[0] @ b[0] for a, b in pairwise(files)])
    assert within > across + 0.3
