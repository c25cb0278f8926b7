"""Long recordings, and their sentences found again: three of 21 minutes on either side.

Knows: how they are built, what is asked, and what counts as found. Refuses to know: how anything is
heard and found.

Each is built from Asterisk's prompts (real speech of one speaker) and from made-up facts that
Flite's three voices say (synthetic speech), in an order drawn by a seed, with pauses of 5 s and
more between them; pink noise lies under all of it, 30, 20 and 15 dB below the speech. In each there
are 70 s of digital silence, 70 s of loud noise (white, pink, brown), and 70 s of chords like a
piano's. Prompts fall on sides by a hash of their words: settings are chosen on ``development``, and
figures are those of ``test``.

A prompt is asked for by its content words (as in :mod:`mmqa.evaluation.retrieval_asterisk`), a fact
by a question in other words. It is found where the first hit is of its recording and overlaps it.
Pauses are long enough that no span holds two of them: where people pause less, a span begins with
the first of several sentences, and this suite does not measure that.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmqa.corpora import asterisk
from mmqa.corpora.flite import VOICES, Flite
from mmqa.evaluation import made_up_sounds as made
from mmqa.evaluation.answers import holds
from mmqa.evaluation.changed_media import write_wav
from mmqa.evaluation.evidence_questions import drawn
from mmqa.evaluation.report import Figure, Report, wilson
from mmqa.evaluation.retrieval_asterisk import (
    SHORTEST_WORDS,
    LibraryFactory,
    Side,
    question_of,
    ratio_interval,
    side_of,
)
from mmqa.evaluation.text_normalizer import normalize, word_errors
from mmqa.interfaces import Progress
from mmqa.media.audio import RATE_HZ, read_audio
from mmqa.records import Chunk, Floats, Recording, Segment

if TYPE_CHECKING:
    from mmqa.library import Library

RECALL_TARGET, START_TARGET = 0.85, 0.90
NEAR_S = 1.0
"""A hit that begins this near to its sentence points to the second."""
LENGTH_S = 21 * 60.0
QUIET_S = 70.0
PAUSE_S = 5.0
SNRS_DB = (30.0, 20.0, 15.0)
NOISES = {"white": 0.0, "pink": 1.0, "brown": 2.0}
LONGEST_S = 12.0
"""Longer prompts are left out: they are menus of many sentences."""
FACTS = 5
"""Made-up facts in each recording: each frame of them once."""
_SPEECH_RMS, _NOISE_RMS = 0.06, 0.1
_TRIM = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """Something that is said, not yet anywhere.

    Attributes:
        text: The words.
        question: What is asked for it.
        sound: float32 (n,) at 16 kHz, from its first sound to its last.
        real: Whether a person speaks.
    """

    text: str
    question: str
    sound: Floats
    real: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A sentence where it was put: in a file, from ``start_s`` to ``end_s``."""

    text: str
    question: str
    real: bool
    path: Path
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Quiet:
    """A stretch in which nobody speaks; ``what`` is ``silence``, ``noise`` or ``chords``."""

    what: str
    path: Path
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Built:
    """Recordings as they were built."""

    paths: tuple[Path, ...]
    sentences: tuple[Placed, ...]
    quiet: tuple[Quiet, ...]


def run(
    library_factory: LibraryFactory,
    side: Side = "test",
    folder: Path | None = None,
    progress: Progress | None = None,
    seed: int = 0,
) -> Report:
    """Build the recordings in a temporary folder, add them, and ask for every sentence.

    Args:
        library_factory: Opens the temporary index.
        side: Whose prompts are said.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of each recording that was built and each question that was asked.
        seed: Of order, pauses and noise.

    Raises:
        CorpusError: A corpus cannot be fetched, or Flite cannot run here.
    """
    with tempfile.TemporaryDirectory(prefix="mmqa-long-") as place:
        built = build(Path(place), sentences(side, folder, progress), seed, progress)
        index = Path(place) / "index"
        with library_factory(index) as library:
            library.add(built.paths, on_progress=progress)
            found = _ask(library, built.sentences, progress)
        return report(built, found, _heard(index, built.paths), side)


def sentences(
    side: Side, folder: Path | None = None, progress: Progress | None = None
) -> list[Sentence]:
    """All that is said on a side: each of its prompts once, and the facts.

    Raises:
        CorpusError: A corpus cannot be fetched, or Flite cannot run here.
    """
    said: dict[str, Sentence] = {}
    for prompt in asterisk.load(folder, progress=progress):
        words = normalize(prompt.text)
        if len(words) >= SHORTEST_WORDS and side_of(prompt.text) == side:
            sound = _sound(prompt.path)
            if len(sound) <= LONGEST_S * RATE_HZ:
                one = Sentence(prompt.text, question_of(prompt.text), sound, real=True)
                said.setdefault(" ".join(words), one)
    return [*said.values(), *_facts(side, folder, progress)]


def _facts(side: Side, folder: Path | None, progress: Progress | None) -> list[Sentence]:
    flite = Flite(folder, progress=progress)
    asked = drawn(FACTS * len(SNRS_DB), seed=100 if side == "test" else 200)
    found = []
    with tempfile.TemporaryDirectory(prefix="mmqa-flite-") as place:
        for number, one in enumerate(asked):
            text = next(p for p in one.passages if holds(p, one.answer))
            path = Path(place) / f"{number}.wav"
            flite.say(text, path, VOICES[number % len(VOICES)])
            found.append(Sentence(text, one.question, _sound(path), real=False))
    return found


def _sound(path: Path) -> Floats:
    """A file from its first sound to its last, as loud as all others."""
    recording = read_audio(path, "wav", 3600.0).recording
    assert isinstance(recording, Recording)
    samples = recording.samples
    loud = np.flatnonzero(np.abs(samples) > _TRIM * np.abs(samples).max())
    samples = samples[loud[0] : loud[-1] + 1]
    level = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    return (samples * np.float32(_SPEECH_RMS / level)).clip(-1, 1)


# ------------------------------------------------------------------------------- building


def build(
    folder: Path, said: Sequence[Sentence], seed: int = 0, progress: Progress | None = None
) -> Built:
    """Write the recordings as WAV files.

    Args:
        folder: Where they are written.
        said: What is said, each once, in all of them together.
        seed: Of order, pauses and noise.
        progress: Told of each.
    """
    rng = random.Random(seed)
    order = rng.sample(said, len(said))
    placed: list[Placed] = []
    quiet: list[Quiet] = []
    paths = []
    for number, (snr_db, slope) in enumerate(zip(SNRS_DB, NOISES.values(), strict=True)):
        path = folder / f"long-{number + 1}.wav"
        samples, sentences_there, quiet_there = _laid_out(
            order[number :: len(SNRS_DB)], path, slope, rng
        )
        _under(samples, quiet_there, snr_db, seed=100 * seed + number)
        write_wav(Recording(samples.clip(-1, 1)), path)
        placed += sentences_there
        quiet += quiet_there
        paths.append(path)
        if progress is not None:
            progress(Chunk("building", number + 1, len(SNRS_DB), "files"))
    return Built(tuple(paths), tuple(placed), tuple(quiet))


def _laid_out(
    said: Sequence[Sentence], path: Path, slope: float, rng: random.Random
) -> tuple[Floats, list[Placed], list[Quiet]]:
    stretches: list[tuple[str, Floats]] = [
        ("silence", made.silence(QUIET_S)),
        ("noise", made.noise(QUIET_S, slope, _NOISE_RMS, seed=rng.randrange(1000))),
        ("chords", made.chords(QUIET_S, seed=rng.randrange(1000))),
    ]
    parts: list[Sentence | tuple[str, Floats]] = list(said)
    for number, stretch in enumerate(stretches, start=1):
        parts.insert(number * len(parts) // (len(stretches) + 1), stretch)
    pauses = _pauses(parts, rng)
    sounds: list[Floats] = []
    placed: list[Placed] = []
    quiet: list[Quiet] = []
    now = 0
    for part, pause in zip(parts, pauses, strict=True):
        sound = part.sound if isinstance(part, Sentence) else part[1]
        start, end = (now + pause) / RATE_HZ, (now + pause + len(sound)) / RATE_HZ
        if isinstance(part, Sentence):
            placed.append(Placed(part.text, part.question, part.real, path, start, end))
        else:
            quiet.append(Quiet(part[0], path, start, end))
        sounds += [np.zeros(pause, np.float32), sound]
        now += pause + len(sound)
    return np.concatenate(sounds), placed, quiet


def _pauses(parts: Sequence[Sentence | tuple[str, Floats]], rng: random.Random) -> list[int]:
    """Samples of silence before each part, so that all together are as long as they should be."""
    sounding_s = sum(len(p.sound if isinstance(p, Sentence) else p[1]) for p in parts) / RATE_HZ
    spare_s = max(0.0, LENGTH_S - sounding_s - PAUSE_S * len(parts))
    shares = [rng.uniform(0, 1) for _ in parts]
    return [round((PAUSE_S + spare_s * share / sum(shares)) * RATE_HZ) for share in shares]


def _under(samples: Floats, quiet: Sequence[Quiet], snr_db: float, seed: int) -> None:
    """Pink noise under all but what is to be silent or what is to be noise of its own."""
    level = _SPEECH_RMS / 10 ** (snr_db / 20)
    noise = made.noise(len(samples) / RATE_HZ + 1, 1.0, level, seed)[: len(samples)]
    for stretch in quiet:
        if stretch.what != "chords":
            noise[int(stretch.start_s * RATE_HZ) : int(stretch.end_s * RATE_HZ)] = 0
    samples += noise


# ------------------------------------------------------------------------------- asking


def _ask(
    library: Library, placed: Sequence[Placed], progress: Progress | None
) -> list[Segment | None]:
    found: list[Segment | None] = []
    for done, one in enumerate(placed, start=1):
        hits = library.search(one.question, k=1).hits
        found.append(hits[0].segment if hits else None)
        if progress is not None:
            progress(Chunk("asking", done, len(placed), "steps"))
    return found


def _heard(index: Path, paths: Sequence[Path]) -> list[Segment]:
    from mmqa.index.catalogue import Catalogue

    with closing(Catalogue(index)) as catalogue:
        return [s for path in paths for s in catalogue.item_segments(path.resolve())]


def report(
    built: Built, found: Sequence[Segment | None], heard: Sequence[Segment], side: Side
) -> Report:
    """Figures from what was found and heard.

    Args:
        built: The recordings.
        found: For each sentence, the first hit of its question.
        heard: All segments of the recordings.
        side: Whose prompts were said.
    """
    pairs = list(zip(built.sentences, found, strict=True))
    hits = [(one, segment) for one, segment in pairs if _is_found(one, segment)]
    errors = [
        word_errors(normalize(one.text), normalize(_words(one, heard))) for one in built.sentences
    ]
    return Report(
        suite=f"long-recordings: {side}",
        figures=(
            _share("R@1", len(hits), len(pairs), RECALL_TARGET),
            *(_recall_of(kind, pairs, real=kind == "real speech") for kind in _KINDS),
            _share(
                f"starts within {NEAR_S:.0f} s of its sentence",
                sum(abs((s.start_s or 0.0) - one.start_s) <= NEAR_S for one, s in hits if s),
                len(hits),
                START_TARGET,
            ),
            *_invented(built, heard),
            _errors(errors, built.sentences),
        ),
        how={
            "recordings": f"{len(built.paths)} of {LENGTH_S / 60:.0f} minutes",
            "speech": f"{sum(s.real for s in built.sentences)} prompts of one real speaker, "
            f"{sum(not s.real for s in built.sentences)} facts by three synthetic voices",
            "pink noise below speech, dB": ", ".join(f"{snr:.0f}" for snr in SNRS_DB),
            "pauses": f"{PAUSE_S:.0f} s and more",
            "found": "the first hit is of the recording and overlaps the sentence",
            "normaliser": "mmqa.evaluation.text_normalizer.normalize",
        },
        misses=tuple(_miss(one, s) for one, s in pairs if not _is_found(one, s)),
    )


_KINDS = ("real speech", "synthetic speech")


def _share(name: str, good: int, n: int, target: float | None) -> Figure:
    low, high = wilson(good, n) if n else (0.0, 1.0)
    return Figure(name, good / n if n else 0.0, n, low, high, target=target)


def _recall_of(kind: str, pairs: Sequence[tuple[Placed, Segment | None]], *, real: bool) -> Figure:
    mine = [(one, segment) for one, segment in pairs if one.real is real]
    good = sum(_is_found(one, segment) for one, segment in mine)
    return _share(f"R@1, {kind}", good, len(mine), None)


def _is_found(one: Placed, segment: Segment | None) -> bool:
    return (
        segment is not None
        and segment.path == one.path.resolve()
        and (segment.start_s or 0.0) < one.end_s
        and (segment.end_s or 0.0) > one.start_s
    )


def _words(one: Placed, heard: Sequence[Segment]) -> str:
    return " ".join(s.text.transcript for s in heard if _is_found(one, s))


def _invented(built: Built, heard: Sequence[Segment]) -> list[Figure]:
    """Words heard where nobody speaks; of chords nothing was promised."""
    figures = []
    for what in ("silence", "noise", "chords"):
        stretches = [q for q in built.quiet if q.what == what]
        words = [
            word
            for quiet in stretches
            for segment in heard
            if _within(segment, quiet)
            for word in normalize(segment.text.transcript)
        ]
        figures.append(
            Figure(
                f"words heard in {what} (n: seconds)",
                float(len(words)),
                round(sum(q.end_s - q.start_s for q in stretches)),
                target=None if what == "chords" else 0.0,
                lower_is_better=True,
            )
        )
    return figures


def _within(segment: Segment, quiet: Quiet) -> bool:
    middle_s = ((segment.start_s or 0.0) + (segment.end_s or 0.0)) / 2
    return segment.path == quiet.path.resolve() and quiet.start_s <= middle_s <= quiet.end_s


def _errors(errors: Sequence[int], said: Sequence[Placed]) -> Figure:
    lengths = [len(normalize(one.text)) for one in said]
    low, high = ratio_interval(errors, lengths)
    return Figure(
        "word error rate", sum(errors) / sum(lengths), sum(lengths), low, high, lower_is_better=True
    )


def _miss(one: Placed, segment: Segment | None) -> str:
    found = "nothing"
    if segment is not None:
        found = f"{segment.path.name} at {segment.start_s or 0:.1f} s: {segment.text.transcript!r}"
    return f"{one.question!r} for {one.path.name} at {one.start_s:.1f} s found {found}"
