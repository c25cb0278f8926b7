"""Rows and columns of the generalisation matrix, from the public collections.

Knows: which side of which collection is fitted to and which is asked, and how pictures become
pairs. Refuses to know: the equations, and what ships.

A fit sees training and development sides only. openclipart is split by concept, and whatever
OpenMoji tests on is on its test side, so a fit to either shows the other's tests nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmqa.evaluation import kept_features, mixed, retrieval_openclipart
from mmqa.evaluation.generalisation import (
    Fit,
    Gallery,
    Pairs,
    conse_alone,
    fitted,
    photographs_test,
)
from mmqa.evaluation.questions_file import read as read_questions
from mmqa.evaluation.retrieval_openmoji import gallery
from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress, TextEncoder
from mmqa.mapping.closed_form import ClosedFormMapping
from mmqa.records import ImageFeatures
from mmqa.training import clipart
from mmqa.training.drawings import Drawing, collect, collect_clipart, collect_styles, encode
from mmqa.training.kernel_ridge import Settings
from mmqa.training.mapping import joined, rows, tells_of
from mmqa.training.texts import caption_vectors

EMOJI, OPENCLIPART = "emoji", "openclipart"


class Suites:
    """The public collections, encoded once.

    Args:
        image_encoder: Must give class probabilities.
        text_encoder: Gives the space of words.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching and encoding.
    """

    def __init__(
        self,
        image_encoder: ImageEncoder,
        text_encoder: TextEncoder,
        folder: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._images, self._texts = image_encoder, text_encoder
        self._folder, self._progress = folder, progress
        self._emoji = collect(folder, progress)
        self._emoji_features = encode(self._emoji, image_encoder, folder, progress)

    def fits(self, configured: CrossModalMapping) -> list[Fit]:
        """ConSE alone, each collection, both, and the mapping that is configured."""
        found = []
        if isinstance(configured, ClosedFormMapping):
            weights, settings = configured.weights, Settings()
            emoji, clips = self._emoji_pairs(settings), self._openclipart_pairs()
            weak = replace(clips, importance=clips.importance * np.float32(settings.weak_share))
            found = [conse_alone(weights)]
            found += [fitted(pairs, weights) for pairs in (emoji, clips, emoji + weak)]
        return [*found, Fit("as configured", configured, None)]

    def tests(self) -> list[Gallery]:
        """OpenMoji, Noto, openclipart, photographs and the mixed collection's pictures."""
        return [
            self._emoji_test("openmoji", "OpenMoji, unseen concepts"),
            self._emoji_test("noto", "Noto, unseen concepts"),
            self._openclipart_test(),
            photographs_test(self._images, self._texts, self._folder, self._progress),
            self._mixed_test(),
        ]

    # ------------------------------------------------------------------------------ emoji

    def _emoji_pairs(self, settings: Settings) -> Pairs:
        kept = np.array([drawing.side != "test" for drawing in self._emoji])
        styles = collect_styles(self._emoji, self._folder, self._progress)
        drawn = [d for d in self._emoji if d.side != "test"] + styles
        features = joined(rows(self._emoji_features, kept), self._encoded(styles))
        captions = caption_vectors([d.emoji for d in drawn], self._texts, settings.tag_share)
        weights = [1.0 if d.source == "openmoji" else settings.style_share for d in drawn]
        return Pairs(EMOJI, features, captions, np.array(weights, np.float32))

    def _encoded(self, drawings: Sequence[Drawing]) -> ImageFeatures:
        return encode(drawings, self._images, self._folder, self._progress)

    def _emoji_test(self, source: str, name: str) -> Gallery:
        places = sorted(gallery(self._emoji, "test", source))
        chosen = np.zeros(len(self._emoji), bool)
        chosen[places] = True
        questions = self._texts.encode([self._emoji[i].emoji.annotation for i in places])
        right = np.eye(len(places), dtype=bool)
        return Gallery(name, questions, rows(self._emoji_features, chosen), right, (EMOJI,))

    # ------------------------------------------------------------------------ openclipart

    def _openclipart_pairs(self) -> Pairs:
        """Its fitting sides, but what tells of a concept that OpenMoji is tested on."""
        held = [drawing for drawing in self._emoji if drawing.side == "test"]
        clips = collect_clipart(self._folder, self._progress)
        shown = ~tells_of(clips, held, self._texts)
        kept = [clip for clip, keep in zip(clips, shown.tolist(), strict=True) if keep]
        features = rows(self._encoded(clips), shown)
        captions = caption_vectors([clip.emoji for clip in kept], self._texts, 0)
        return Pairs(OPENCLIPART, features, captions, np.ones(len(kept), np.float32))

    def _openclipart_test(self) -> Gallery:
        """As the suite of that name asks."""
        clips = clipart.tested(clipart.depicted(self._folder, self._progress))
        asked = retrieval_openclipart.questions(clips)
        concepts = np.array([clip.concept for clip in clips])
        right = concepts[asked][:, None] == concepts[None, :]
        questions = self._texts.encode([clips[place].name for place in asked])
        features = clipart.encode(clips, self._images, self._folder, self._progress)
        return Gallery("openclipart, test side", questions, features, right, (OPENCLIPART,))

    # ------------------------------------------------------------------------------ mixed

    def _mixed_test(self) -> Gallery:
        """Pictures of the mixed collection; questions that need nothing but looking."""
        root = mixed.build("test", self._folder, self._progress)
        files = sorted(path for path in (root / "pictures").iterdir() if path.suffix != ".txt")
        names = [path.relative_to(root).as_posix() for path in files]
        asked = [
            one
            for one in read_questions(root / mixed.QUESTIONS).questions
            if one.needs == ("visual",)
        ]
        asked = [one for one in asked if set(one.relevant) & set(names)]
        features = kept_features.encode(
            "mixed",
            files,
            [f"{root.parent.name} {name}" for name in names],
            self._images,
            folder=self._folder,
            progress=self._progress,
        )
        right = np.array([[name in one.relevant for name in names] for one in asked])
        questions = self._texts.encode([one.question for one in asked])
        return Gallery("mixed, pictures", questions, features, right)
