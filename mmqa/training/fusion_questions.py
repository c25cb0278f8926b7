"""Questions out of a user's own index, and out of files of questions: what fusers are trained on.

Knows: which words of a segment can ask for it, and how they are changed so that they are not the
segment's text again. Refuses to know: how questions are learned from.

Weak questions: a caption or the words of the file name ask for the picture; a piece of a transcript
for the span it stands in; a sentence of a passage, or its heading, for the passage; lines read in a
picture for the picture. All words come from the segment, so a fuser could learn no more from them
than to compare a text with itself. Against that: a question is a *piece* of its text, some of its
words are dropped, half are put into a frame that people ask with ("who talked about …?"); and the
modality it came from is often hidden in training (:attr:`WeakQuestion.source`).

Questions that people asked, with the files that answer them, are taken as they are.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mmqa.evaluation import questions_file
from mmqa.evaluation.questions_file import AskedFor, Held
from mmqa.evidence.sentences import split
from mmqa.index.catalogue import Catalogue
from mmqa.interfaces import TextEncoder
from mmqa.prompts.template import language_of
from mmqa.records import Features, Modality, Segment, SegmentText
from mmqa.training.fusion_data import FusionData, WeakQuestion, assemble
from mmqa.training.phrasings import Ask, grammar, templates

PIECE_WORDS = (4, 12)
"""Fewest and most words of a piece of a transcript or of text read in a picture."""

PIECES = 3
"""Most questions made of one text of a segment."""

MOST = 20_000
"""Most weak questions of an index, drawn when it has more, so that training takes minutes."""

DROPPED = 0.2
"""Chance that a word of a question is left out; at least two stay."""

FRAMED = 0.5
"""Chance that a question is put into a frame."""

_FRAME = re.compile(r"[^{}]*\{(?:thing|topic)\}[^{}]*")
_SLOT = re.compile(r"\{(?:thing|topic)\}")


@dataclass(frozen=True, slots=True)
class Worded:
    """A question in words, before it is encoded.

    Attributes:
        text: The words.
        segments: Numbers of the segments that answer it.
        source: As of :class:`WeakQuestion`.
    """

    text: str
    segments: tuple[int, ...]
    source: Modality | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """What an index holds, and what can be asked of it.

    Attributes:
        segments: Vectors of all segments.
        keys: Of each: which are the same thing, and on which side it falls.
        questions: In words.
        refused: Lines of question files that could not be used, a sentence each.
    """

    segments: tuple[Features, ...]
    keys: tuple[str, ...]
    questions: tuple[Worded, ...]
    refused: tuple[str, ...] = ()

    def data(self, encoder: TextEncoder) -> FusionData:
        """Encoded, and cut into what is learned from and what is kept back.

        Raises:
            UsageError: There is too little.
        """
        return assemble(self.segments, self.keys, encoded(self.questions, encoder))


def from_index(folder: Path, files: Sequence[Path] = (), *, seed: int = 0) -> Collected:
    """Weak questions of every segment of an index, and what people asked in some files.

    Args:
        folder: The index.
        files: Questions with the files of the index that answer them; see
            :mod:`mmqa.evaluation.questions_file`.
        seed: Same seed, same questions.

    Raises:
        IndexFolderError: There is no index, or it cannot be read.
        ConfigError: A file of questions cannot be read.
    """
    with closing(Catalogue(folder)) as catalogue:
        numbers = catalogue.numbers(1, 2**62)
        segments = catalogue.segments(numbers)
        features = catalogue.features(numbers)
    rng = random.Random(seed)
    questions = list(weak(segments, rng))
    questions = rng.sample(questions, min(MOST, len(questions)))
    asked, refused = _asked(files, segments)
    keys = [_key(one) for one in segments]
    return Collected(tuple(features), tuple(keys), (*questions, *asked), refused)


def weak(segments: Sequence[Segment], rng: random.Random) -> Iterator[Worded]:
    """Weak questions; what files of the same content say is asked once, and all of them answer."""
    places: dict[tuple[str, Modality], list[int]] = {}
    for number, segment in enumerate(segments):
        for text, source in askable(segment.text, rng):
            places.setdefault((text, source), []).append(number)
    for (text, source), answers in places.items():
        yield Worded(phrased(text, source, rng), tuple(answers), source)


def askable(text: SegmentText, rng: random.Random) -> Iterator[tuple[str, Modality]]:
    """What can be asked of a segment, and the modality that those words are part of."""
    for line in text.caption.splitlines()[:PIECES]:
        yield line, "text"
    for words in (text.name_words, text.heading):
        if words:
            yield words, "text"
    sentences = split(text.passage)
    for sentence in rng.sample(sentences, min(PIECES, len(sentences))):
        yield piece(sentence, rng), "text"
    for words, source in ((text.transcript, "speech"), (text.ocr, "text")):
        count = len(words.split())
        for _ in range(min(PIECES, count // PIECE_WORDS[0])):
            yield piece(words, rng), source  # type: ignore[misc]  # a tuple of literals is str


def piece(text: str, rng: random.Random) -> str:
    """Some words of a text that stand side by side; a short text is whole.

    >>> piece("one two three", random.Random(0))
    'one two three'
    """
    words = text.split()
    least, most = PIECE_WORDS
    length = min(rng.randint(least, most), len(words))
    start = rng.randint(0, len(words) - length)
    return " ".join(words[start : start + length])


def phrased(text: str, source: Modality, rng: random.Random) -> str:
    """A text as a question: some words dropped, half of the time in a frame.

    A caption is put into frames that look as well as into those that read.
    """
    words = text.strip(" .!?,;:").split()
    kept = [word for word in words if rng.random() >= DROPPED]
    said = " ".join(kept if len(kept) >= 2 else words)
    if rng.random() >= FRAMED:
        return said
    ask: Ask = "speech" if source == "speech" else rng.choice(("visual", "text", "neutral"))
    frames = _frames(language_of(text), ask)
    return _SLOT.sub(lambda _: said, rng.choice(frames)) if frames else said


def encoded(questions: Iterable[Worded], encoder: TextEncoder) -> list[WeakQuestion]:
    """Questions with their vectors; equal words are encoded once."""
    asked = list(questions)
    texts = list(dict.fromkeys(one.text for one in asked))
    vectors = dict(zip(texts, encoder.encode(texts), strict=True)) if texts else {}
    return [WeakQuestion(vectors[one.text], one.segments, one.source) for one in asked]


def _asked(
    files: Sequence[Path], segments: Sequence[Segment]
) -> tuple[tuple[Worded, ...], tuple[str, ...]]:
    places: dict[Path, list[int]] = {}
    for number, segment in enumerate(segments):
        places.setdefault(segment.path, []).append(number)
    held = [
        Held(path, tuple(segments[number].id for number in found)) for path, found in places.items()
    ]
    asked: list[Worded] = []
    refused: list[str] = []
    for file in files:
        read = questions_file.read(file)
        found, missing = questions_file.resolve([q for q in read.questions if _words(q)], held)
        refused += [f"{file.name}, {line}" for line in (*read.refused, *missing)]
        for one, paths in found:
            answers = sorted(number for path in paths for number in places[path])
            asked.append(Worded(one.question, tuple(answers)))
    return tuple(asked), tuple(refused)


def _words(asked: AskedFor) -> bool:
    return bool(asked.question) and asked.image is None


def _key(segment: Segment) -> str:
    """Copies of a file are one thing; spans and passages of a file are several."""
    return f"{segment.sha256}.{segment.ordinal}"


@cache
def _frames(language: str, ask: Ask) -> tuple[str, ...]:
    """Templates with one slot for a thing or a topic."""
    made = [t for frame in grammar(language).frames[ask] for t in templates(frame)]
    return tuple(t for t in made if _FRAME.fullmatch(t))
