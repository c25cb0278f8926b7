"""The verbs: Protocols that stages implement and flows call.

Knows: what a stage takes and gives, with shapes and units. Refuses to know: which class does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mmqa.records import (
    Asker,
    Calibration,
    Channel,
    Chunk,
    Features,
    Floats,
    Heard,
    ImageFeatures,
    LongRecording,
    Media,
    Message,
    Modality,
    Picture,
    Prompt,
    PromptWord,
    Recording,
    Sound,
    Transcript,
    Weighing,
    Wording,
)

Progress = Callable[[Chunk], None]
"""Called as long work advances; must be quick and must not raise."""

Cancelled = Callable[[], bool]
"""Asked between two units of work; true means stop as soon as the state is consistent."""


class Reader(Protocol):
    """Turns one file into cleaned media."""

    def read(self, path: Path) -> Media:
        """Read and clean ``path``.

        Raises:
            MediaError: The file is refused; the reason is a sentence.
        """
        ...


class ImageEncoder(Protocol):
    """Pictures → features."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same pixels would give other numbers."""
        ...

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        """Encode n pictures at once; ``grid`` also returns the spatial features."""
        ...


class TextEncoder(Protocol):
    """Texts → unit vectors in the shared space."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text would give other numbers."""
        ...

    @property
    def width(self) -> int:
        """Length d of one vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Floats:
        """Encode n texts into float32 (n, d), each of unit length."""
        ...


class Transcriber(Protocol):
    """Recordings → words with times."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same sound could give other words."""
        ...

    def transcribe(self, recording: Sound) -> Transcript:
        """Transcribe a recording, long or short; silence gives no spans, never invented words."""
        ...

    def transcribe_many(self, recordings: Sequence[Recording]) -> list[Transcript]:
        """Transcribe n recordings; short ones may share the model's fixed window."""
        ...

    def listen(self, recording: LongRecording, heard: Heard | None = None) -> Iterator[Heard]:
        """Transcribe a long recording bit by bit, in bounded memory.

        Args:
            recording: What is listened to.
            heard: Where an earlier listening was left off; ``None`` begins at the start.

        Yields:
            How far it came, every few minutes of sound; the last one is ``done``.
        """
        ...


class TextRecognizer(Protocol):
    """Pictures → the text that stands in them (OCR)."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same pixels could give other words."""
        ...

    def recognize(self, picture: Picture) -> str:
        """Text in reading order, one line a line; empty where there is none."""
        ...


class CrossModalMapping(Protocol):
    """Image features → the text-embedding space (cross-modal mapping), and back."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same features would map elsewhere."""
        ...

    @property
    def bank(self) -> Floats:
        """The text bank: float32 (n, d), unit rows; stands for questions nobody asked yet."""
        ...

    @property
    def picture_bank(self) -> Floats:
        """The picture bank: float32 (m, d), mapped pictures that the mapping was not fitted to.

        It stands for pictures that nobody asked with yet.
        """
        ...

    @property
    def picture_calibration(self) -> Mapping[Channel, Calibration]:
        """How unrelated segments score when a picture is the question."""
        ...

    def map(self, features: ImageFeatures) -> Floats:
        """Map n pictures to float32 (n, d), each of unit length."""
        ...

    def hubness(self, vectors: Floats) -> Floats:
        """Half the mean similarity of each of (n, d) rows to its 10 nearest of the text bank."""
        ...

    def picture_hubness(self, vectors: Floats) -> Floats:
        """The same among the picture bank, float32 (n,)."""
        ...

    def ask_pictures(self, vectors: Floats) -> Floats:
        """Vectors of words (n, d) → as they ask mapped pictures, unit rows (n, d)."""
        ...

    def ask_words(self, vectors: Floats) -> Floats:
        """Mapped pictures (n, d) → as they ask vectors of words, unit rows (n, d)."""
        ...


class PromptWords(Protocol):
    """Vectors in the shared space → the words they lie near."""

    def words(
        self, vectors: Floats, k: int = 8, *, of: Asker = "pictures"
    ) -> list[tuple[PromptWord, ...]]:
        """The k best words of each of (n, d) rows, best first.

        Args:
            vectors: Mapped pictures, or vectors of what was said.
            k: How many words of each.
            of: What the rows are vectors of.
        """
        ...


class Fuser(Protocol):
    """Vectors per modality → one vector, so that one inner product is the score."""

    @property
    def name(self) -> str:
        """What it is called: ``concat``, ``weighted``, ``attention``."""
        ...

    @property
    def fingerprint(self) -> str:
        """Digest of its weights; empty where nothing was fitted."""
        ...

    @property
    def width(self) -> int:
        """Length of a fused vector."""
        ...

    def fuse(self, features: Sequence[Features]) -> Floats:
        """n segments → float32 (n, width), as stored; a segment without vectors is all zero.

        Raises:
            ValueError: A vector has the wrong length.
        """
        ...

    def fuse_question(
        self,
        features: Features,
        weights: Mapping[Modality, float],
        calibration: Mapping[Channel, Calibration],
        *,
        asked_by: Asker = "words",
    ) -> Floats:
        """A question → float32 (width,), as asked; ``calibration`` is that of its kind.

        It is linear in the question: vectors of the parts of one question may be added.
        """
        ...

    def contributions(
        self, question: Floats, features: Sequence[Features]
    ) -> dict[Modality, Floats]:
        """Share of each modality in ``fuse(features) @ question``, each float32 (n,).

        They sum to it exactly.
        """
        ...

    def calibrate(
        self, bank: Floats, features: Sequence[Features], *, asked_by: Asker = "words"
    ) -> dict[Channel, Calibration]:
        """How unrelated questions, rows of ``bank`` (b, d), score against segments of an index."""
        ...


class Router(Protocol):
    """A question → how much to look, read and listen: α(q) = softmax(W·h(q))."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same question would be weighed otherwise."""
        ...

    def weigh(self, text: str, vector: Floats | None) -> Weighing:
        """Weights for a question.

        Args:
            text: Its words, as the text encoder takes them in.
            vector: float32 (d,), what the text encoder makes of them; ``None`` without words.
        """
        ...


class QueryPrompt(Protocol):
    """A question → further ways to ask it."""

    @property
    def name(self) -> str:
        """What it is called in the configuration."""
        ...

    def wordings(self, text: str, vector: Floats | None) -> tuple[Wording, ...]:
        """Further wordings, best first; none where it has nothing to add."""
        ...


class VisionLanguageModel(Protocol):
    """Messages and pictures → words."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same prompt could give other words."""
        ...

    @property
    def sees(self) -> bool:
        """Whether pixels reach the model; if not, pictures are described in the prompt only."""
        ...

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus answer, in tokens."""
        ...

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Picture] = ()) -> int:
        """Length of the prompt that ``messages`` and ``pictures`` make, in tokens."""
        ...

    def stream(
        self,
        messages: Sequence[Message],
        pictures: Sequence[Picture] = (),
        *,
        max_tokens: int = 96,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Yield the answer piece by piece.

        Args:
            messages: The conversation, at least one message; see :class:`mmqa.records.Prompt`.
            pictures: In the order of the marks.
            max_tokens: Longest answer.
            stop: The answer ends before the first of these strings; none of it is yielded.
            temperature: 0 is greedy: the same prompt gives the same words. Else samples.
            seed: Of the sampling.
            cancelled: Asked after each token; true ends the answer there.

        Raises:
            GenerationError: The prompt does not fit, no turn came free in time, memory ran out, or
                the model failed.
        """
        ...

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        """The answers to n prompts, greedily; what can run together does. Raises as ``stream``."""
        ...

    def release(self) -> None:
        """Free what it holds; it cannot be used afterwards."""
        ...
