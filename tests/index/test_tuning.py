import numpy as np
import pytest

from mmqa.evaluation.made_up_vectors import MadeUpCorpus
from mmqa.fusion.concat import ConcatFuser
from mmqa.index import index_types, tuning
from mmqa.index.faiss_segments import FaissRows
from mmqa.records import Calibration, Features

FUSER = ConcatFuser(24)
EVEN = {"visual": 0.5, "text": 0.5}
CALIBRATION = {"visual": Calibration(0.1, 0.2), "text": Calibration(0.2, 0.1)}


@pytest.fixture(scope="module")
def corpus():
    return MadeUpCorpus(24)


@pytest.fixture(scope="module")
def files(corpus):
    """Which file each of 6,000 segments belongs to."""
    sizes = [len(one.text) for one in corpus.files(6_000, seed=1)]
    return np.repeat(np.arange(len(sizes)), sizes)


@pytest.fixture(scope="module")
def stored(corpus):
    """Features of 6,000 segments."""
    return [
        Features({n: v for n, v in (("visual", a), ("text", b)) if v.any()}, {"visual": 0.2})
        for one in corpus.files(6_000, seed=1)
        for a, b in zip(one.visual, one.text, strict=True)
    ]


def related(files, places, numbers):
    """For each place the rowids of its file."""
    return [set(numbers[files == files[place]].tolist()) for place in places]


def built(stored, kind):
    matrix = FUSER.fuse(stored)
    index = index_types.empty(kind, FUSER.width, len(matrix))
    wide = index_types.padded(matrix, index.d)
    index.train(wide)
    numbers = np.arange(len(matrix), dtype=np.int64) + 5
    index.add_with_ids(wide, numbers)
    return FaissRows(kind, index, 5, len(matrix) + 4), numbers, matrix


def test_a_question_is_one_vector_asked_of_all_modalities_with_even_weights(stored):
    some = stored[:3]
    asked = tuning.questions_of(some, FUSER, CALIBRATION)
    for place, one in enumerate(some):
        own = sorted(one.vectors)
        vector = one.vectors[own[place % len(own)]]
        by_hand = FUSER.fuse_question(
            Features({"visual": vector, "text": vector}), EVEN, CALIBRATION
        )
        np.testing.assert_allclose(asked[place], by_hand, rtol=1e-6)
    assert not tuning.questions_of([Features({})], FUSER, {}).any()


@pytest.mark.parametrize("piece", [7, 1000, 6000])
def test_truth_gathered_in_pieces_is_that_of_numpy_without_the_own_file(stored, files, piece):
    matrix = FUSER.fuse(stored)
    numbers = np.arange(len(matrix), dtype=np.int64) * 2
    own = related(files, range(0, 6000, 700), numbers)
    asked = tuning.questions_of(stored[::700], FUSER, CALIBRATION)
    truth = tuning.Truth(own, asked)
    for start in range(0, len(matrix), piece):
        truth.add(numbers[start : start + piece], matrix[start : start + piece])
    for question, others, found in zip(asked, own, truth.finish(), strict=True):
        order = [n for n in numbers[np.argsort(-(matrix @ question))].tolist() if n not in others]
        assert found == set(order[:10])


@pytest.mark.parametrize("target", [0.8, 0.97])
def test_tuning_reaches_the_target_on_questions_it_never_saw(corpus, stored, files, target):
    rows, numbers, matrix = built(stored, index_types.IVF_SQ8)
    places = np.linspace(0, len(stored) - 1, tuning.QUESTIONS).astype(int)
    asked = tuning.questions_of([stored[i] for i in places], FUSER, CALIBRATION)
    truth = tuning.Truth(related(files, places, numbers), asked)
    truth.add(numbers, matrix)
    rows.nprobe, recall = tuning.tune(rows, truth, target)
    assert 1 <= rows.nprobe < rows.lists
    assert recall >= target
    vectors = corpus.questions(400, seed=77)
    fresh = np.stack(
        [
            FUSER.fuse_question(Features({"visual": v, "text": v}), EVEN, CALIBRATION)
            for v in vectors
        ]
    )
    found, _ = rows.search(fresh, index_types.LEAST_CANDIDATES, None)
    exact = numbers[np.argsort(-(fresh @ matrix.T), axis=1)[:, :10]]
    shares = [
        len(set(e.tolist()) & set(f.tolist())) / 10 for e, f in zip(exact, found, strict=True)
    ]
    error = np.std(shares) * (2 / len(shares)) ** 0.5  # of the difference between two samples
    assert np.mean(shares) >= target - 3 * error


def test_a_target_out_of_reach_gets_the_best_there_is(stored, files, monkeypatch):
    rows, numbers, matrix = built(stored, index_types.IVF_SQ8)
    own = related(files, range(0, 6000, 60), numbers)
    truth = tuning.Truth(own, tuning.questions_of(stored[::60], FUSER, {}))
    truth.add(numbers, matrix)
    real = tuning._recall
    monkeypatch.setattr(tuning, "_recall", lambda *a: 0.9 * real(*a))
    nprobe, recall = tuning.tune(rows, truth, 0.99)
    assert 1 < nprobe <= rows.lists
    assert recall == pytest.approx(0.9, abs=0.01)


def test_without_a_question_every_list_is_looked_into():
    empty = tuning.Truth([], np.zeros((0, FUSER.width), np.float32))
    rng = np.random.default_rng(0)
    rows, _, _ = built(
        [Features({"text": v / np.linalg.norm(v)}) for v in rng.standard_normal((200, 24))],
        index_types.IVF_SQ8,
    )
    assert tuning.tune(rows, empty, 0.9) == (rows.lists, None)
