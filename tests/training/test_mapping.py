"""Fitting, on numbers small enough to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmqa.corpora import concepts
from mmqa.corpora.openmoji import Emoji
from mmqa.mapping.closed_form import ClosedFormMapping, normalize
from mmqa.records import Floats, ImageFeatures
from mmqa.training import mapping as fitting
from mmqa.training import texts
from mmqa.training.drawings import Drawing
from mmqa.training.kernel_ridge import Settings

TABLE = {
    "cat": [1, 0, 0],
    "pet": [0, 1, 0],
    "a photo of a cat": [1, 0, 0],
    "a picture of a cat": [1, 0, 0],
    "It purrs.": [0, 0, 1],
}


class Texts:
    """A few known vectors; of any other text, one made from its bytes."""

    fingerprint = "texts"
    width = 3

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = [TABLE.get(t, [len(t), sum(t.encode()) % 7, 1]) for t in texts]
        return normalize(np.array(rows, np.float32))


def emoji(annotation: str, *tags: str) -> Emoji:
    return Emoji(annotation, "x", annotation, tags, "objects", "", False, Path("x.svg"))


def test_a_caption_is_the_annotation_and_half_its_tags() -> None:
    found = texts.caption_vectors([emoji("cat", "pet"), emoji("cat")], Texts(), 0.75)
    np.testing.assert_allclose(found, [[0.8, 0.6, 0], [1, 0, 0]], atol=1e-6)


def test_class_vectors_are_names_plus_half_the_description_and_centred() -> None:
    classes = [(["cat"], "It purrs."), (["cat"], "")]
    found = texts.class_vectors(classes, Texts())
    described = np.array([1, 0, 0.5]) / np.sqrt(1.25)
    cat = np.array([1.0, 0, 0])
    mean = (described + cat) / 2
    np.testing.assert_allclose(found, [described - mean, cat - mean], atol=1e-6)


def test_unrelated_pairs_leave_out_pairs_of_one_concept() -> None:
    rows = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    # a and b only: four pairs of 0; the a–a pairs of 1 do not count
    found = fitting.unrelated(rows, rows, np.zeros(3, np.float32), ["a", "b", "a"])
    assert (found.mu, found.sigma) == (0.0, 0.0)


def test_questions_stand_at_the_end_of_the_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("# animals\ndog\ncat\n# questions and captions\nwhat is this\n")
    assert texts.read_vocabulary(path) == (("dog", "cat", "what is this"), 2)


def test_the_shipped_vocabulary_has_no_word_twice() -> None:
    words, named = texts.read_vocabulary(texts.VOCABULARY)
    assert len(words) == len(set(words))
    assert 1500 < named < len(words)


def test_a_fit_gives_weights_that_map_near_their_captions() -> None:
    names = [n for n in (f"thing{i}zz" for i in range(60)) if concepts.side(n) != "test"]
    drawings = [Drawing(emoji(n), "openmoji") for n in names]
    random = np.random.default_rng(1)
    features = ImageFeatures(
        random.random((len(names), 20)).astype(np.float32),
        random.dirichlet(np.ones(2), len(names)).astype(np.float32),
    )
    classes = [(["cat"], "It purrs."), (["dog"], "")]
    settings = Settings(ridge=1e-3, axes=15, landmarks=99)
    weights = fitting.fit(drawings, features, Texts(), classes, settings=settings)
    mapped = ClosedFormMapping(weights).map(features)
    assert mapped.shape == (len(names), 3)
    assert weights.calibration["visual"].sigma > 0
    captions = Texts().encode(names)
    own = (mapped * captions).sum(axis=1).mean()
    assert own > (mapped @ captions.T).mean()


def test_unseen_vectors_come_from_fits_without_the_concept() -> None:
    names = [n for n in (f"thing{i}zz" for i in range(40)) if concepts.side(n) != "test"]
    drawings = [Drawing(emoji(n), "openmoji") for n in names]
    random = np.random.default_rng(1)
    features = ImageFeatures(
        random.random((len(names), 5)).astype(np.float32),
        random.dirichlet(np.ones(2), len(names)).astype(np.float32),
    )
    captions = normalize(random.standard_normal((len(names), 3)).astype(np.float32))
    classes = normalize(random.standard_normal((2, 3)).astype(np.float32))
    said = fitting.Texts(captions, captions, classes, normalize(captions + 1), tuple(names))
    settings = Settings(axes=4, landmarks=99)
    before = fitting.unseen(drawings, features, said, settings)
    changed = captions.copy()
    changed[0] = -changed[0]
    after = fitting.unseen(drawings, features, replace(said, captions=changed), settings)
    same_fold = [fitting.fold(d.concept) == fitting.fold(drawings[0].concept) for d in drawings]
    np.testing.assert_array_equal(before[same_fold], after[same_fold])
    assert not np.allclose(before, after)
