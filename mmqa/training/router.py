"""Fits the router: multinomial logistic regression with soft targets on generated phrasings.

Knows: the targets, the loss and how to hold out frames. Refuses to know: where the phrasings come
from (``phrasings``), and every question that is tested on.

The loss is the cross-entropy between α(q) = softmax(W·h(q)) and a soft target, plus λ·|W|²/2 (not
of the bias), minimised to convergence by L-BFGS: no seed decides where it ends. A question that
asks to look has the target 0.8 for looking and 0.1 for the others, so that a wrong decision still
leaves the right modality a voice; one that asks for nothing has even targets. Each kind of asking
has the same weight in the sum. How much of α counts in a search is another setting
(``router_trust``): questions that need two modalities lose by a router that is sure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.fusion.router import (
    FOLDER,
    FrameWords,
    TrainedRouter,
    features,
    softmax,
    write,
)
from mmqa.interfaces import Progress, TextEncoder
from mmqa.records import MODALITIES, Chunk, Floats
from mmqa.training.phrasings import ASKS, Ask, Phrasing, grammar, questions

FOLDS = 5
"""Of the development figure; each frame is held out once."""

_STEPS = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """What the fit may choose; the defaults were chosen on held-out frames and own questions.

    Attributes:
        penalty: λ of L2, > 0, against the mean loss of a question.
        share: Target of the modality that is asked for, ⅓–1.
        templates_each: Most templates of one frame.
        contents_each: Questions of one template.
        seed: Which templates and contents are drawn.
    """

    penalty: float = 3e-4
    share: float = 0.8
    templates_each: int = 10
    contents_each: int = 6
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FitReport:
    """What a fit did.

    Attributes:
        path: The weights that were written.
        questions: How many phrasings it saw.
        frames: Of how many frames.
        held_out_accuracy: Share of the questions of held-out frames whose first modality is right.
        held_out: How many of them ask for a modality.
        size_bytes: Size of the file.
        languages: Of the phrasings.
    """

    path: Path
    questions: int
    frames: int
    held_out_accuracy: float
    held_out: int
    size_bytes: int
    languages: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """A fit promises no figure."""
        return True

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {**asdict(self), "path": str(self.path), "languages": list(self.languages)}

    def lines(self) -> list[str]:
        """Sentences for people."""
        return [
            f"Fitted to {self.questions} questions of {self.frames} frames"
            f" ({', '.join(self.languages)}).",
            f"Of {self.held_out} questions of held-out frames (development),"
            f" {self.held_out_accuracy:.3f} have the right first modality.",
            f"Wrote {self.path} ({self.size_bytes / 1e3:.0f} kB).",
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Phrasings with what the encoder makes of them.

    Attributes:
        phrasings: n of them.
        rows: float32 (n, 2 d + 1), h of each.
        frame: The words that say how something is asked.
        frame_vectors: float32 (m, d), their centred embeddings.
    """

    phrasings: Sequence[Phrasing]
    rows: Floats
    frame: FrameWords
    frame_vectors: Floats


def train(
    text_encoder: TextEncoder,
    languages: Sequence[str] = ("en",),
    *,
    out: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> FitReport:
    """Fit the router and write it.

    Args:
        text_encoder: Whose questions it weighs.
        languages: Whose phrasings are used: those that the encoder knows.
        out: Folder of the weights; ``None`` means the package's own.
        settings: What was chosen in development unless given.
        progress: Told of four steps.
    """
    chosen = settings or Settings()
    tell = progress or (lambda _chunk: None)
    made = [
        phrasing
        for language in languages
        for phrasing in questions(
            language,
            templates_each=chosen.templates_each,
            contents_each=chosen.contents_each,
            seed=chosen.seed,
        )
    ]
    tell(Chunk("phrase questions", 1, _STEPS, "steps"))
    encoded = encode(made, text_encoder, languages)
    tell(Chunk("encode questions", 2, _STEPS, "steps"))
    right = held_out(encoded, chosen)
    tell(Chunk("hold out frames", 3, _STEPS, "steps"))
    router = router_of(encoded, chosen, text_encoder.fingerprint)
    path = write(router, out or FOLDER)
    tell(Chunk("fit", 4, _STEPS, "steps"))
    frames = len({p.frame for p in made})
    size = path.stat().st_size
    return FitReport(
        path, len(made), frames, float(np.mean(right)), len(right), size, tuple(languages)
    )


def encode(
    phrasings: Sequence[Phrasing], text_encoder: TextEncoder, languages: Sequence[str]
) -> Encoded:
    """h of each phrasing, with the frame words' vectors as they are shipped."""
    words = dict.fromkeys(w for language in languages for w in grammar(language).frame_words)
    frame = FrameWords(tuple(words))
    table = text_encoder.encode(frame.words)
    table = (table - table.mean(axis=0)).astype(np.float32)
    vectors = text_encoder.encode([p.text for p in phrasings])
    return Encoded(
        phrasings, features([p.text for p in phrasings], vectors, frame, table), frame, table
    )


def router_of(encoded: Encoded, settings: Settings, encoder: str = "") -> TrainedRouter:
    """The router fitted to all of them."""
    asks = [p.ask for p in encoded.phrasings]
    weights = fit(encoded.rows, targets(asks, settings.share), importance(asks), settings.penalty)
    return TrainedRouter(
        weights, encoded.frame, encoded.frame_vectors, MODALITIES, encoder, asdict(settings)
    )


def held_out(encoded: Encoded, settings: Settings) -> list[bool]:
    """For each question that asks for a modality: whether a fit without its frame puts it first."""
    numbers = np.array([fold(p.frame) for p in encoded.phrasings])
    asks = [p.ask for p in encoded.phrasings]
    wanted, weight = targets(asks, settings.share), importance(asks)
    right: list[bool] = []
    for number in range(FOLDS):
        out = numbers == number
        if not out.any() or out.all():
            continue
        weights = fit(encoded.rows[~out], wanted[~out], weight[~out], settings.penalty)
        first = (encoded.rows[out] @ weights.T).argmax(axis=1)
        held = [p for p, kept in zip(encoded.phrasings, out, strict=True) if kept]
        right += [
            MODALITIES[place] == phrasing.ask
            for place, phrasing in zip(first, held, strict=True)
            if phrasing.ask != "neutral"
        ]
    return right


def fold(frame: str) -> int:
    """Which fold a frame falls into, by SHA-256.

    >>> 0 <= fold("a photo of {thing}") < FOLDS
    True
    """
    return hashlib.sha256(f"mmqa frame\0{frame}".encode()).digest()[0] % FOLDS


def targets(asks: Sequence[Ask], share: float) -> Floats:
    """Soft targets, float32 (n, 3), in the order of ``MODALITIES``.

    >>> targets(["text"], 0.5).tolist()
    [[0.25, 0.5, 0.25]]
    """
    rest = (1 - share) / (len(MODALITIES) - 1)
    rows = {name: [share if name == m else rest for m in MODALITIES] for name in MODALITIES}
    even = [1 / len(MODALITIES)] * len(MODALITIES)
    return np.array([even if ask == "neutral" else rows[ask] for ask in asks], np.float32)


def importance(asks: Sequence[Ask]) -> Floats:
    """Weights float32 (n,) that sum to 1, so that each kind of asking has the same sum.

    >>> importance(["text", "speech", "speech"]).tolist()
    [0.5, 0.25, 0.25]
    """
    counts = {ask: asks.count(ask) for ask in ASKS if ask in asks}
    return np.array([1 / (len(counts) * counts[ask]) for ask in asks], np.float32)


def fit(rows: Floats, wanted: Floats, weight: Floats, penalty: float) -> Floats:
    """W of softmax regression with L2, float32 (m, h); the last column is the bias.

    Minimises −Σ_i w_i Σ_m t_im log α_im + λ/2 · |W|² (bias left out); convex, so there is one end.

    Args:
        rows: (n, h), the last column ones.
        wanted: (n, m), targets that sum to 1.
        weight: (n,), of each question.
        penalty: λ.
    """
    from scipy.optimize import minimize

    x = rows.astype(np.float64)
    shape = (wanted.shape[1], x.shape[1])
    ridge = np.full(shape, penalty)
    ridge[:, -1] = 0.0

    def loss(flat: Any) -> tuple[float, Any]:
        w = flat.reshape(shape)
        alpha = np.maximum(softmax(x @ w.T), 1e-12)
        error = weight[:, None] * (alpha - wanted)
        value = -(weight[:, None] * wanted * np.log(alpha)).sum() + (ridge * w * w).sum() / 2
        return float(value), (error.T @ x + ridge * w).ravel()

    done = minimize(
        loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500}
    )
    return np.asarray(done.x, np.float32).reshape(shape)
