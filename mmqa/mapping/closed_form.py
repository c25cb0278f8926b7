"""Pictures into the text-embedding space, in closed form: ConSE plus kernel ridge regression.

Knows: the formula and NumPy. Refuses to know: which encoder made the features, how the matrices
were fitted, and any deep-learning library.

The vector of a picture is ``normalize(K(U·(z − z̄), L)·B + s·|c|·c + s′·c′)``:

- K(…)·B is kernel ridge regression from ``z = [f / |f|, ½·√probabilities]``, f = pooled^0.7, on
  principal axes U to the embeddings of captions, with landmarks L (Nyström: Williams & Seeger
  2001). It carries drawings, colours, and what the classifier has no class for. It is left at its
  own length: far from all landmarks it is short, and the classifier decides.
- c is ConSE (Norouzi et al. 2014, "Zero-Shot Learning by Convex Combination of Semantic
  Embeddings", §3): the mean of the class names' centred embeddings, weighted by the classifier's
  probabilities. It carries photographs of what the classifier knows. Where the classifier is
  unsure c is short, and its length counts once more: then the regression decides.
- c′ is ConSE as it is for drawings. To a classifier of photographs all drawings look like
  envelopes, web sites and wall clocks; so a class counts by how much more probable it is than for
  other drawings: the centred log probabilities, less their mean and over their deviation among
  drawings, softmax again. Of unit length.

B and the class embeddings are fitted to have no part along the mean of the text bank: that part
says that a vector is a text, not which, and only made hubs. With the matrices in place this costs
nothing at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmqa.errors import ModelError
from mmqa.mapping.shipped import Weights, read
from mmqa.records import Calibration, Channel, Floats, ImageFeatures

NEIGHBOURS = 10
"""How many entries of a bank make up a vector's hubness."""
ROWS_AT_ONCE = 256
"""Rows compared with a whole bank or vocabulary together: memory does not grow with all of them."""

_PROBABILITY_SHARE = 0.5
_POWER = 0.7  # evens out a few large activations


@dataclass(frozen=True, slots=True, eq=False)
class ClosedFormMapping:
    """A :class:`mmqa.interfaces.CrossModalMapping` with fixed matrices."""

    weights: Weights

    @property
    def fingerprint(self) -> str:
        """Digest of the weights' file."""
        return f"closed-form-{self.weights.fingerprint}"

    @property
    def bank(self) -> Floats:
        """The fixed text bank, float32 (n, d), unit rows."""
        return self.weights.bank

    @property
    def picture_bank(self) -> Floats:
        """Mapped pictures of the fitting set, each by a fit that did not see it; float32 (p, d)."""
        return self.weights.picture_bank

    @property
    def picture_calibration(self) -> Mapping[Channel, Calibration]:
        """How unrelated segments score, hubness taken away, when a picture is the question."""
        return self.weights.calibration

    def map(self, features: ImageFeatures) -> Floats:
        """Map n pictures to float32 (n, d), each of unit length.

        Raises:
            ModelError: The features have no probabilities, or not the widths of the fit.
        """
        z = inputs(features)
        w = self.weights
        if z.shape[1] != len(w.offset):
            raise ModelError(
                "mapping",
                f"the image features are {z.shape[1]} wide, the mapping was fitted to "
                f"{len(w.offset)}",
                "Use the image encoder that the mapping was fitted with, or fit it again.",
            )
        turned: Floats = np.matmul(z - w.offset, w.axes)
        near = kernel(turned, w.landmarks, w.gamma)
        assert features.probabilities is not None  # inputs() refused it
        named = conse(features.probabilities, w.classes, w.temperature)
        sureness = np.float32(w.named_share) * np.linalg.norm(named, axis=1, keepdims=True)
        mixed: Floats = near @ w.coefficients + sureness * named
        if w.drawn_share:
            peculiar = unusual(features.probabilities, w.usual, w.spread, w.drawn_temperature)
            mixed = mixed + np.float32(w.drawn_share) * normalize(peculiar @ w.classes)
        return normalize(mixed)

    def hubness(self, vectors: Floats) -> Floats:
        """Half the mean similarity of each of (n, d) rows to its 10 nearest of the text bank."""
        return hubness(vectors, self.weights.bank)

    def picture_hubness(self, vectors: Floats) -> Floats:
        """The same among the picture bank: counts where a picture asks."""
        return hubness(vectors, self.weights.picture_bank)

    def ask_pictures(self, vectors: Floats) -> Floats:
        """Words ask pictures as they are: pictures are mapped into the space of words."""
        return vectors

    def ask_words(self, vectors: Floats) -> Floats:
        """Mapped pictures ask words as they are."""
        return vectors


def load(folder: Path | None = None, *, threads: int = 1) -> ClosedFormMapping:
    """The mapping from ``folder``, or the one that ships with the package.

    Args:
        folder: Holds ``embedded.safetensors``.
        threads: Not used: a product of two small matrices is quicker than waking threads.

    Raises:
        ModelMissingError: There are no weights.
        ModelDamagedError: They cannot be read.
    """
    del threads
    return ClosedFormMapping(read(folder))


def inputs(features: ImageFeatures) -> Floats:
    """The regression's input z = [f / |f|, ½·√probabilities], float32 (n, d + c).

    Raises:
        ModelError: The encoder has no classifier.
    """
    if features.probabilities is None:
        raise ModelError(
            "mapping",
            "the closed-form mapping needs class probabilities, and the image encoder gives none",
            "Choose an image encoder with a classifier, or another mapping.",
        )
    powers: Floats = np.maximum(features.pooled, 0) ** np.float32(_POWER)
    roots = _PROBABILITY_SHARE * np.sqrt(features.probabilities)
    return np.concatenate([normalize(powers), roots], axis=1, dtype=np.float32)


def kernel(left: Floats, right: Floats, gamma: float) -> Floats:
    """exp(−γ·|x − y|²) of each of (n, r) with each of (m, r) rows, (n, m).

    >>> kernel(np.array([[0.0, 1.0]]), np.array([[0.0, 1.0], [0.0, 0.0]]), np.log(2)).tolist()
    [[1.0, 0.5]]
    """
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)[None, :]
    near: Floats = np.exp(-gamma * np.maximum(squares - 2 * left @ right.T, 0))
    return near


def conse(probabilities: Floats, classes: Floats, temperature: float = 1.0) -> Floats:
    """Probability-weighted mean of class embeddings; (n, c) and (c, d) give (n, d).

    ``temperature`` < 1 sharpens the probabilities: p^(1/T), made to sum to 1 again.

    >>> conse(np.array([[0.75, 0.25]]), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [[0.75, 0.25]]
    """
    sharpened = probabilities ** (1 / temperature)
    weights = sharpened / sharpened.sum(axis=1, keepdims=True)
    mixed: Floats = weights @ classes
    return mixed


def unusual(probabilities: Floats, usual: Floats, spread: Floats, temperature: float) -> Floats:
    """How much more probable each class is than it usually is, as a distribution, (n, c).

    >>> p = np.array([[0.8, 0.2]])
    >>> usual = log_ratios(p)[0]
    >>> unusual(p, usual, np.ones(2), 1.0).tolist()
    [[0.5, 0.5]]
    """
    ratios = (log_ratios(probabilities) - usual) / spread / temperature
    raised = np.exp(ratios - ratios.max(axis=1, keepdims=True))
    found: Floats = raised / raised.sum(axis=1, keepdims=True)
    return found


def log_ratios(probabilities: Floats) -> Floats:
    """Log probabilities (n, c), less their mean over the classes; below 1e-9 they are as that."""
    logs = np.log(np.maximum(probabilities, np.float32(1e-9)))
    centred: Floats = logs - logs.mean(axis=1, keepdims=True)
    return centred


def hubness(vectors: Floats, bank: Floats, neighbours: int = NEIGHBOURS) -> Floats:
    """Half the mean inner product of each row with its nearest bank entries, float32 (n,).

    Cross-domain similarity local scaling (Conneau et al. 2018, "Word Translation Without Parallel
    Data", §2.3) takes r(x) + r(y) away from 2·cos(x, y); of a question all hits share r(y), which
    leaves cos − r(x)/2.

    >>> hubness(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]]), 2)
    array([0.4], dtype=float32)
    """
    k = min(neighbours, bank.shape[0])
    half = np.zeros(len(vectors), np.float32)
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        similarities = vectors[start : start + ROWS_AT_ONCE] @ bank.T
        nearest = np.partition(similarities, -k, axis=1)[:, -k:]
        half[start : start + ROWS_AT_ONCE] = nearest.mean(axis=1) / 2
    return half


def normalize(rows: Floats) -> Floats:
    """Rows at unit length; a row of zeros stays one.

    >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = np.divide(rows, np.where(lengths > 0, lengths, 1))
    return unit
