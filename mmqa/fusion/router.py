"""How much each modality weighs for a question: α(q) = softmax(W·h(q)).

Knows: the softmax, the question's features h(q), and the one file that W lies in. Refuses to know:
how W was fitted (``mmqa.training.router``), which words name a place to look
(``mmqa.prompts.explicit``), and what the weights are used for.

With e the text encoder and d its width::

    h(q) = [ e(q) ; normalize(Σ_{w in q} (e(w) − ē)) ; 1 ]

The first half says what is asked and how. The second is the mean embedding of those words of the
question that say only *how* it is asked ("wearing", "printed", "mentioned"): a fixed list, encoded
once when W was fitted and shipped beside it, less its mean ē; a question without such words has
zeros there. No question is encoded twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmqa import weights_file
from mmqa.errors import ModelError
from mmqa.records import MODALITIES, Floats, Modality, Weighing

FOLDER = Path(__file__).parent / "weights"
FILE_NAME = "router.safetensors"

TOLD = (6.0, 5.0, 4.0)
"""Odds of what the user named first, second and third, before they are made to sum to 1."""

UNTOLD = 0.1
"""Weight of each modality that the user's words did not name."""

_ROLE = "router"
_REMEDY = "Fit it again with `mmqa train router`, or reinstall mmqa."
_TOKEN = re.compile(r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]+")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def uniform(modalities: Iterable[Modality]) -> dict[Modality, float]:
    """Even weights that sum to 1: the softmax of W = 0.

    >>> uniform(["visual", "text"])
    {'visual': 0.5, 'text': 0.5}
    """
    names = list(dict.fromkeys(modalities))
    return {name: 1.0 / len(names) for name in names}


def told(modalities: Sequence[Modality]) -> dict[Modality, float] | None:
    """Weights where the user's own words name modalities; ``None`` where they name none.

    Each modality that is not named keeps 0.1, so that evidence which is nowhere else is still
    found; the rest goes to those that are, the first the most.

    >>> told(["speech"])
    {'visual': 0.1, 'text': 0.1, 'speech': 0.8}
    >>> {name: round(weight, 2) for name, weight in told(["text", "visual"]).items()}
    {'visual': 0.41, 'text': 0.49, 'speech': 0.1}
    >>> told([]) is None
    True
    """
    named = list(dict.fromkeys(modalities))
    if not named:
        return None
    left = 1.0 - UNTOLD * (len(MODALITIES) - len(named))
    odds = dict(zip(named, TOLD, strict=False))
    whole = sum(odds.values())
    return {
        name: round(left * odds[name] / whole, 6) if name in odds else UNTOLD for name in MODALITIES
    }


class UniformRouter:
    """The router ``uniform``: it looks, reads and listens alike."""

    fingerprint = "uniform"

    def weigh(self, text: str, vector: Floats | None) -> Weighing:
        """Even weights, whatever is asked."""
        del text, vector
        return Weighing(uniform(MODALITIES), "uniform")


def load_uniform() -> UniformRouter:
    """The router that gives even weights.

    >>> load_uniform().weigh("a photo of a dog", None).by
    'uniform'
    """
    return UniformRouter()


# ------------------------------------------------------------------------------------ learned


@dataclass(frozen=True, slots=True)
class FrameWords:
    """The words that say how something is asked, and where each stands in a table of vectors.

    Attributes:
        words: Lower case, without repeats.
    """

    words: tuple[str, ...]

    def places(self, text: str) -> list[int]:
        """Places of the words that ``text`` holds, each as often as it holds it.

        Chinese has no spaces: there the longest word at each character counts.

        >>> FrameWords(("who", "mentioned", "谁", "提到")).places("Who mentioned bees? 谁提到蜜蜂")
        [0, 1, 2, 3]
        """
        known = {word: place for place, word in enumerate(self.words)}
        found: list[int] = []
        for token in _TOKEN.findall(text.lower()):
            pieces = _longest(token, known) if _CHINESE.match(token) else [token]
            found += [known[piece] for piece in pieces if piece in known]
        return found


def _longest(run: str, known: Mapping[str, int]) -> list[str]:
    """Known words of a run of characters, the longest at each place."""
    pieces: list[str] = []
    most, at = max(map(len, known), default=1), 0
    while at < len(run):
        lengths = range(min(most, len(run) - at), 0, -1)
        length = next((n for n in lengths if run[at : at + n] in known), 0)
        pieces += [run[at : at + length]] if length else []
        at += length or 1
    return pieces


@dataclass(frozen=True, eq=False)
class TrainedRouter:
    """A :class:`mmqa.interfaces.Router` with a fitted W.

    Attributes:
        weights: float32 (3, 2 d + 1), W; rows in the order of ``modalities``.
        frame: The words whose mean embedding is the second half of h.
        frame_vectors: float32 (n, d), their embeddings less the mean of all.
        modalities: What the rows stand for.
        encoder: Fingerprint of the text encoder that W was fitted to.
        settings: How it was fitted, for people.
        fingerprint: Digest of the file; empty before it is written.
    """

    weights: Floats
    frame: FrameWords
    frame_vectors: Floats
    modalities: tuple[Modality, ...] = MODALITIES
    encoder: str = ""
    settings: Mapping[str, float] | None = None
    fingerprint: str = ""

    @cached_property
    def width(self) -> int:
        """Length d of the vectors that it reads."""
        return int(self.frame_vectors.shape[1])

    def weigh(self, text: str, vector: Floats | None) -> Weighing:
        """α of one question; even weights where there is no vector.

        Raises:
            ModelError: The vector has another width than those of the fit.
        """
        if vector is None:
            return Weighing(uniform(self.modalities), "uniform")
        if vector.shape != (self.width,):
            raise ModelError(
                _ROLE,
                f"the question's vector has the shape {vector.shape}, the router was fitted to"
                f" vectors of {self.width} numbers",
                "Fit a router to this text encoder with `mmqa train router`.",
            )
        logits = self.weights @ features([text], vector[None], self.frame, self.frame_vectors)[0]
        alpha = softmax(logits[None])[0]
        return Weighing(dict(zip(self.modalities, alpha.tolist(), strict=True)), "learned")


def features(
    texts: Sequence[str], vectors: Floats, frame: FrameWords, frame_vectors: Floats
) -> Floats:
    """h of n questions, float32 (n, 2 d + 1): their vectors, their frame words' mean, and 1.

    >>> frame = FrameWords(("who", "said"))
    >>> table = np.array([[3.0, 0.0], [0.0, 4.0]], np.float32)
    >>> features(["Who said it?", "Ferry"], np.eye(2, dtype=np.float32), frame, table).tolist()
    [[1.0, 0.0, 0.6000000238418579, 0.800000011920929, 1.0], [0.0, 1.0, 0.0, 0.0, 1.0]]
    """
    rows = np.zeros((len(texts), 2 * vectors.shape[1] + 1), np.float32)
    rows[:, : vectors.shape[1]] = vectors
    rows[:, -1] = 1.0
    for row, text in zip(rows, texts, strict=True):
        places = frame.places(text)
        if places:
            mean = frame_vectors[places].sum(axis=0)
            row[vectors.shape[1] : -1] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return rows


def softmax(logits: Floats) -> Floats:
    """Rows of (n, m) as probabilities.

    >>> softmax(np.log(np.array([[1.0, 3.0]]))).round(6).tolist()
    [[0.25, 0.75]]
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


# ------------------------------------------------------------------------------------ the file


def write(router: TrainedRouter, folder: Path) -> Path:
    """Write ``router.safetensors`` whole or not at all; the frame words' vectors as int8.

    Returns:
        The file.
    """
    scale = np.maximum(np.abs(router.frame_vectors).max(axis=1), 1e-12).astype(np.float32) / 127
    tensors = {
        "weights": router.weights.astype(np.float32),
        "frame_vectors": np.rint(router.frame_vectors / scale[:, None]).astype(np.int8),
        "frame_vectors.scale": scale,
        "frame_words": np.frombuffer("\n".join(router.frame.words).encode(), np.uint8).copy(),
    }
    settings = {
        "modalities": list(router.modalities),
        "encoder": router.encoder,
        "fit": dict(router.settings or {}),
    }
    return weights_file.write(folder / FILE_NAME, tensors, settings)


def load(folder: Path | None = None) -> TrainedRouter:
    """The router from ``folder``, or the one that ships with the package.

    Raises:
        ModelMissingError: There are no weights.
        ModelDamagedError: They cannot be read.
    """
    path = (folder or FOLDER) / FILE_NAME
    return weights_file.read(path, _router, role=_ROLE, name="router", remedy=_REMEDY)


def _router(
    tensors: Mapping[str, NDArray[np.generic]], settings: Mapping[str, object], digest: str
) -> TrainedRouter:
    modalities, fit = settings["modalities"], settings["fit"]
    if not isinstance(modalities, list) or not isinstance(fit, dict):
        raise ValueError("the settings are not as expected")
    scale = tensors["frame_vectors.scale"].astype(np.float32)
    vectors = tensors["frame_vectors"].astype(np.float32) * scale[:, None]
    weights = tensors["weights"].astype(np.float32)
    if weights.shape != (len(modalities), 2 * vectors.shape[1] + 1):
        raise ValueError(f"W has the shape {weights.shape}")
    return TrainedRouter(
        weights,
        FrameWords(tuple(tensors["frame_words"].tobytes().decode().split("\n"))),
        vectors,
        tuple(modalities),
        str(settings["encoder"]),
        fit,
        digest,
    )
