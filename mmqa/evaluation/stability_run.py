"""One run of everything that stability means, over an index and questions with known answers.

Knows: the order, the sizes of the samples, and how a changed copy of the index is made. Refuses to
know: which collection it is, and what counts as stable (``stability`` does).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from mmqa.evaluation import changed_media, stability
from mmqa.evaluation.changed_media import Changed
from mmqa.evaluation.metrics import bootstrap_interval
from mmqa.evaluation.report import Figure
from mmqa.evaluation.stability import Asked, Trial, ranked, teller, trial
from mmqa.evaluation.stability_report import StabilityReport
from mmqa.evaluation.text_normalizer import tokens, word_errors
from mmqa.interfaces import Progress, Reader
from mmqa.media.augment import PICTURES, RECORDINGS, STRENGTHS, Strength
from mmqa.media.reader import FileReader
from mmqa.records import MediaItem, Picture

if TYPE_CHECKING:
    from mmqa.library import Library

OpenLibrary = Callable[[Path], "Library"]
"""Opens, and makes, an index in a folder, with the configuration of the one that is measured."""
Media = Literal["pictures", "recordings"]
KINDS: dict[Media, str] = {"pictures": "image", "recordings": "audio"}
_Thing = TypeVar("_Thing")
SHORTEST_WORDS = 3
"""Transcripts of fewer words say nothing about a share of words kept."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is tried; the rest is left out at random.

    Attributes:
        questions: Questions in words.
        pictures: Pictures that ask.
        media: Files of each kind that are replaced in the index.
        seeds: Draws of each change of words and of picture questions.
    """

    questions: int = 300
    pictures: int = 40
    media: int = 400
    seeds: int = 2


def run(
    library: Library,
    open_library: OpenLibrary,
    asked: Sequence[Asked],
    *,
    suite: str,
    sizes: Sizes | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> StabilityReport:
    """Change words, picture questions, and the media of the index, one after the other.

    Args:
        library: The index as it is; it is only read.
        open_library: Makes the changed copies, in a temporary folder.
        asked: Questions with the files that they should find.
        suite: What to call it.
        sizes: How much of it is tried.
        seed: Of the samples and of every change.
        progress: Told of each stage.
    """
    limits = sizes or Sizes()
    rng = np.random.default_rng(seed)
    sample = _sample(asked, limits.questions, rng)
    seeds = range(seed, seed + limits.seeds)
    reader = FileReader()
    items = library.items()
    trials = stability.changed_words(library, sample, seeds, teller(progress, "changed words"))
    trials += stability.worded_otherwise(library, asked)
    shown = _shown(_sample(_of(items, "pictures"), limits.pictures, rng), reader)
    tell = teller(progress, "changed picture questions")
    trials += stability.changed_pictures(library, shown, PICTURES, seeds[:1], tell)
    kept: list[Figure] = []
    for kind in KINDS:
        chosen = _sample(_of(items, kind), limits.media, rng)
        for strength in STRENGTHS if chosen else ():
            again = _Again(library, open_library, reader, sample, seed, progress)
            found, words = again.trial(kind, strength, chosen)
            trials.append(found)
            kept += words
    how = _how(limits, len(sample), len(shown), len(items), seed)
    return StabilityReport(suite, tuple(trials), how, tuple(kept))


@dataclass(frozen=True, slots=True)
class _Again:
    """The same questions to a copy of the index with changed media."""

    library: Library
    open_library: OpenLibrary
    reader: Reader
    asked: Sequence[Asked]
    seed: int
    progress: Progress | None

    def trial(
        self, kind: Media, strength: Strength, chosen: Sequence[MediaItem]
    ) -> tuple[Trial, list[Figure]]:
        texts = [one.text for one in self.asked]
        with tempfile.TemporaryDirectory(prefix="mmqa-stability-") as folder:
            changed = self._change(kind, strength, chosen, Path(folder) / "media")
            with self.open_library(Path(folder) / "index") as copy:
                self._fill(copy, changed, f"{strength} {kind}")
                origin = {one.copy: one.origin for one in changed}
                after = ranked(copy, texts, origin)
                found = trial(
                    (f"{kind} in the index", "one a file, in turn", strength),
                    self.seed,
                    texts,
                    before=ranked(self.library, texts),
                    after=after,
                    relevant=[one.relevant for one in self.asked],
                )
                heard = kind == "recordings"
                return found, self._words_kept(copy, changed, strength) if heard else []

    def _change(
        self, kind: Media, strength: Strength, chosen: Sequence[MediaItem], folder: Path
    ) -> list[Changed]:
        tell = teller(self.progress, f"changing {kind}, {strength}")
        if kind == "pictures":
            changes = PICTURES[strength]
            return changed_media.change_pictures(
                chosen, self.reader, changes, folder, seed=self.seed, tell=tell
            )
        return changed_media.change_recordings(
            chosen, self.reader, RECORDINGS[strength], folder, seed=self.seed, tell=tell
        )

    def _fill(self, copy: Library, changed: Sequence[Changed], label: str) -> None:
        """The changed files, and all others, of which nothing is read by a model again."""
        gone = {one.origin for one in changed}
        copy.reuse(self.library.status().path)
        tell = teller(self.progress, f"adding {label}")
        wanted = [one.copy for one in changed]
        wanted += [item.path for item in self.library.items() if item.path not in gone]
        copy.add(wanted, on_event=lambda event: tell(event.done, len(wanted)))

    def _words_kept(
        self, copy: Library, changed: Sequence[Changed], strength: Strength
    ) -> list[Figure]:
        """1 − word error rate of the new transcripts against the old ones, by change."""
        before = transcripts(self.library.status().path, [one.origin for one in changed])
        after = transcripts(copy.status().path, [one.copy for one in changed])
        shares: dict[str, list[float]] = {}
        for one, old, new in zip(changed, before, after, strict=True):
            if len(tokens(old)) >= SHORTEST_WORDS:
                kept = 1 - word_errors(tokens(old), tokens(new)) / len(tokens(old))
                shares.setdefault(one.change, []).append(max(0.0, kept))
        return [
            _share(f"recordings, {strength}: words kept after {change}", values)
            for change, values in sorted(shares.items())
        ]


def transcripts(index: Path, paths: Sequence[Path]) -> list[str]:
    """What was heard in each of n files of an index."""
    from mmqa.index.catalogue import Catalogue

    with closing(Catalogue(index)) as catalogue:
        return [
            " ".join(s.text.transcript for s in catalogue.item_segments(path)) for path in paths
        ]


def _share(name: str, values: Sequence[float]) -> Figure:
    found = bootstrap_interval(np.array(values, np.float32))
    return Figure(name, found.mean, len(values), found.low, found.high)


def _of(items: Sequence[MediaItem], kind: Media) -> list[MediaItem]:
    return [item for item in items if item.kind == KINDS[kind]]


def _shown(items: Sequence[MediaItem], reader: Reader) -> dict[str, Picture]:
    shown = {}
    for item in items:
        (picture,) = reader.read(item.path).parts
        assert isinstance(picture, Picture)
        shown[str(item.path)] = picture
    return shown


def _sample(things: Sequence[_Thing], most: int, rng: np.random.Generator) -> list[_Thing]:
    """At most so many, at random, in their order."""
    if len(things) <= most:
        return list(things)
    return [things[i] for i in sorted(rng.choice(len(things), most, replace=False))]


def _how(
    sizes: Sizes, questions: int, pictures: int, items: int, seed: int
) -> dict[str, str | int | float]:
    return {
        "questions in words": questions,
        "picture questions": pictures,
        "files in the index": items,
        "files changed of each kind, at most": sizes.media,
        "seeds": sizes.seeds,
        "first seed": seed,
        "rankings": "files, each once; the first 10 of each are compared",
        "intervals": "95 %, bootstrap over questions; changes and seeds are averaged within one",
        "changes": "mmqa.media.augment: mild and strong, set before anything was measured",
    }
