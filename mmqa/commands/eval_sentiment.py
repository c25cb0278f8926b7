"""``eval sentiment``: public ratings that nothing was fitted to.

Knows: the suites' names. Refuses to know: how they are measured.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmqa.applications.sentiment import label_words
from mmqa.applications.sentiment.opinions import Label
from mmqa.commands.output import settings
from mmqa.corpora.fetch import default_folder
from mmqa.errors import UsageError
from mmqa.evaluation import sentiment as measuring
from mmqa.evaluation.report import Report
from mmqa.interfaces import Progress
from mmqa.parts import Parts
from mmqa.records import Floats, Prompt
from mmqa.training import sentiment
from mmqa.training.feature_cache import FeatureCache

SUITES = ("emoji", "sentences", "language-model")
ASKED = 300
"""Sentences that the language model is asked about."""


@dataclass(frozen=True, slots=True)
class Reports:
    """Several suites, one after the other."""

    each: tuple[Report, ...]

    @property
    def passed(self) -> bool:
        """Whether all reached their targets."""
        return all(one.passed for one in self.each)

    def lines(self) -> list[str]:
        """For people."""
        return [line for one in self.each for line in one.lines()]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {"passed": self.passed, "suites": [one.to_json() for one in self.each]}


def run(options: Namespace, tell: Progress) -> Reports:
    """Measure ``--suite``, or emoji and sentences without it.

    Raises:
        UsageError: There is no such suite.
    """
    if options.suite not in (None, *SUITES):
        raise UsageError(
            f"there is no suite {options.suite!r} of sentiment", f"Known: {', '.join(SUITES)}."
        )
    parts = Parts(settings(options))
    means = sentiment.Means(parts.mapping, parts.prompt_words, _remembering(parts))
    rated = sentiment.of_sentences(means, progress=tell)
    if options.suite == "language-model":
        limit = options.limit or ASKED
        return Reports((measuring.language_model(rated, lambda t: _said(parts, t), limit),))
    drawn = sentiment.of_emoji(parts.image_encoder, means, progress=tell)
    wanted = (options.suite,) if options.suite else ("emoji", "sentences")
    suites = {"emoji": measuring.emoji, "sentences": measuring.sentences}
    return Reports(tuple(suites[name](drawn, rated, tell) for name in wanted))


def _remembering(parts: Parts) -> sentiment.Encode:
    """Texts are encoded once, and found again in the cache of the corpora."""
    cache = FeatureCache(default_folder() / "pairs")

    def encode(texts: Sequence[str]) -> Floats:
        encoder = parts.text_encoder
        kept = cache.texts(encoder.fingerprint, texts)
        if kept is None:
            kept = encoder.encode(texts)
            cache.keep_texts(encoder.fingerprint, texts, kept)
        return kept

    return encode


def _said(parts: Parts, texts: Sequence[str]) -> list[Label | None]:
    templates = parts.templates("en")
    prompts = [Prompt(templates.messages("sentiment_words", text=text)) for text in texts]
    answers: list[str] = []
    for first in range(0, len(prompts), 16):
        batch = prompts[first : first + 16]
        answers += parts.language_model.complete(batch, max_tokens=label_words.ANSWER_TOKENS)
    return [label_words.said(answer) for answer in answers]
