"""Shots found by their words: what stands on a slide, what is said, and both seen and said.

Knows: when a hit is right (it lies in the right file and mostly within the right shot), and what a
single modality finds. Refuses to know: how videos are made (``made_videos``), and how they are
read: the index holds only what the project itself saw and heard.

Questions of ``both`` name a thing that is seen in two shots and a place that is talked about in two
shots; one shot has both. What one modality finds alone is measured on the same questions, with
weights that let it look or listen only, and without search by letter.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmqa.calibrating import Calibrations
from mmqa.evaluation import made_videos
from mmqa.evaluation.made_videos import Asked, MadeVideo
from mmqa.evaluation.report import Figure, Report, wilson
from mmqa.index.store import IndexStore
from mmqa.interfaces import Progress
from mmqa.parts import Parts
from mmqa.questions import Asking, question_parts
from mmqa.records import MODALITIES, Chunk, Modality, Question, Segment, Weighing
from mmqa.retrieval.search import search
from mmqa.times import clock

if TYPE_CHECKING:
    from mmqa.library import Library

KINDS: dict[str, tuple[str, float]] = {
    "slide": ("slide text", 0.85),
    "speech": ("speech", 0.85),
    "both": ("seen and said", 0.7),
}
"""Kind of question → its name in the report, and what is to be reached."""
ALONE: tuple[Modality, ...] = ("visual", "speech")

LibraryFactory = Callable[[Path], "Library"]
"""Opens, and makes, an index in a folder."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question with the shot that answers it."""

    asked: Asked
    path: Path
    start_s: float
    end_s: float

    def answered_by(self, segment: Segment) -> bool:
        """Whether a segment is of this shot: more than half of it lies within."""
        return segment.path == self.path and self.holds(segment.start_s, segment.end_s)

    def holds(self, start_s: float | None, end_s: float | None) -> bool:
        """Whether more than half of a span lies within the shot."""
        if start_s is None or end_s is None:
            return False
        inside_s = min(end_s, self.end_s) - max(start_s, self.start_s)
        return inside_s > 0.5 * (end_s - start_s)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        searched: The first hit of each case.
        answered: For each case of ``both``: whether the answer rests on the right shot.
        alone: Modality → the first hit of each case of ``both``.
    """

    searched: Sequence[Segment | None]
    answered: Sequence[bool]
    alone: Mapping[Modality, Sequence[Segment | None]]


def cases(made: Sequence[MadeVideo]) -> list[Case]:
    """What is asked of some videos."""
    return [
        Case(asked, video.path.resolve(), start_s, end_s)
        for video in made
        for shot, (start_s, end_s) in zip(video.planned.shots, video.times, strict=True)
        for asked in shot.asked
    ]


def run(
    library_factory: LibraryFactory,
    parts: Parts,
    part: made_videos.Part = "test",
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Make the videos, index them in a temporary folder, and ask.

    Args:
        library_factory: Opens the temporary index.
        parts: The models, for asking by one modality.
        part: ``development`` is for choosing settings, ``test`` for reporting.
        limit: Only the first so many videos.
        progress: Told of each video and each question.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    planned = made_videos.plan(part)[:limit]
    with tempfile.TemporaryDirectory(prefix="mmqa-videos-") as place:
        folder = Path(place)
        videos, index = folder / "videos", folder / "index"
        videos.mkdir()
        made = made_videos.make(planned, videos, progress=progress)
        put = cases(made)
        alone = [case for case in put if case.asked.kind == "both"]
        with library_factory(index) as library:
            segments = library.add(videos, on_progress=progress).segments
            found = Found(
                _searched(library, put, progress),
                _answered(library, alone, progress),
                {name: _alone(parts, index, alone, name, progress) for name in ALONE},
            )
    return report(made, put, found, segments)


def _searched(
    library: Library, put: Sequence[Case], progress: Progress | None
) -> list[Segment | None]:
    found: list[Segment | None] = []
    for done, case in enumerate(put, start=1):
        hits = library.search(case.asked.words, k=1)
        found.append(hits[0].segment if hits else None)
        _tell(progress, "searching", done, len(put))
    return found


def _answered(library: Library, put: Sequence[Case], progress: Progress | None) -> list[bool]:
    """Whether the first citation of each answer is of the right shot and carries its words."""
    right = []
    for done, case in enumerate(put, start=1):
        cited = library.ask(case.asked.words).citations[:1]
        right.append(
            any(
                one.path == case.path and case.holds(one.start_s, one.end_s) and bool(one.quote)
                for one in cited
            )
        )
        _tell(progress, "asking", done, len(put))
    return right


def _alone(
    parts: Parts, index: Path, put: Sequence[Case], modality: Modality, progress: Progress | None
) -> list[Segment | None]:
    """What is found first by one modality, without search by letter."""
    weights: dict[Modality, float] = {one: float(one == modality) for one in MODALITIES}
    asking = Asking(
        text_encoder=lambda: parts.text_encoder,
        image_encoder=lambda: parts.image_encoder,
        mapping=parts.mapping,
        prompts=lambda: parts.query_prompts,
        said=lambda _: Weighing(weights, "words"),
        languages=parts.languages,
    )
    found: list[Segment | None] = []
    with IndexStore.open(index, None, parts.fuser) as store:
        calibration = Calibrations(store, parts.fuser, lambda: parts.mapping).current()
        for done, case in enumerate(put, start=1):
            encoded = asking.encoded(Question(case.asked.words))
            asked = question_parts(encoded, parts.mapping, calibration)
            with store.snapshot() as view:
                hits = search(view, parts.fuser, asked, "", k=1, lexical_weight=0.0)
            found.append(hits[0].segment if hits else None)
            _tell(progress, f"{modality} alone", done, len(put))
    return found


def _tell(progress: Progress | None, label: str, done: int, total: int) -> None:
    if progress is not None:
        progress(Chunk(label, done, total, "steps"))


def report(made: Sequence[MadeVideo], put: Sequence[Case], found: Found, segments: int) -> Report:
    """Figures from what was found.

    Args:
        made: The videos.
        put: n cases.
        found: What was found for each.
        segments: How many the index holds.
    """
    hits = [
        one is not None and case.answered_by(one)
        for case, one in zip(put, found.searched, strict=True)
    ]
    shots = sum(len(video.times) for video in made)
    figures = [
        _share(
            f"shot R@1, {name}",
            [h for h, c in zip(hits, put, strict=True) if c.asked.kind == kind],
            1 / shots,
            target,
        )
        for kind, (name, target) in KINDS.items()
        if any(case.asked.kind == kind for case in put)
    ]
    alone = [case for case in put if case.asked.kind == "both"]
    if alone:
        figures.append(_share("answers from the right shot, seen and said", found.answered))
        figures += [
            _share(
                f"shot R@1, seen and said, {modality} alone",
                [
                    s is not None and c.answered_by(s)
                    for c, s in zip(alone, segments_of, strict=True)
                ],
            )
            for modality, segments_of in found.alone.items()
        ]
    return Report(
        "retrieval: videos",
        tuple(figures),
        {
            "videos": len(made),
            "shots": shots,
            "segments": segments,
            "seconds": round(sum(video.times[-1][1] for video in made)),
            "speech": "synthetic: three voices of flite",
            "right": "more than half of the first hit lies within the shot",
            "alone": "the same questions, one modality, no search by letter",
        },
        tuple(
            f"{case.asked.words!r} ({case.asked.kind}) for {case.path.name} "
            f"{clock(case.start_s)}-{clock(case.end_s)} found {_named(one)}"
            for case, one, hit in zip(put, found.searched, hits, strict=True)
            if not hit
        ),
    )


def _share(
    name: str, hits: Sequence[bool], chance: float | None = None, target: float | None = None
) -> Figure:
    low, high = wilson(sum(hits), len(hits))
    return Figure(name, sum(hits) / len(hits), len(hits), low, high, chance, target)


def _named(segment: Segment | None) -> str:
    if segment is None or segment.start_s is None or segment.end_s is None:
        return "nothing"
    words = segment.text.transcript or segment.text.ocr.replace("\n", " / ")
    return f"{segment.path.name} {clock(segment.start_s)}-{clock(segment.end_s)}: {words[:80]!r}"
