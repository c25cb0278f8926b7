"""What the language model is asked about one question, and what is made of what it writes.

Knows: when it looks at pictures and when it words an answer, the prompt of each, and when its words
are trusted. Refuses to know: searching, streams and batches; models, templates and pixels are
passed in.

A small language model copies numbers wrongly and cannot cite. So it words what code picked, code
checks the wording against it, and what was picked is the answer where the check fails. What it sees
in a picture rests on nothing but that, and is marked as seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeAlias

from mmqa.config import Config
from mmqa.drafting import Draft, Found, citations
from mmqa.errors import MediaError
from mmqa.evidence.grounding import fault
from mmqa.evidence.ranking import covered
from mmqa.evidence.words import content
from mmqa.interfaces import VisionLanguageModel
from mmqa.looking import shown, words_of
from mmqa.prompts.assemble import Exhibit, lay_out
from mmqa.prompts.template import Templates, language_of
from mmqa.records import (
    AnswerSource,
    Citation,
    Message,
    Picture,
    Prompt,
    Question,
    SearchResult,
    Segment,
)
from mmqa.seeing import to_look_at
from mmqa.vlm.fitting import fitting

OpenPicture = Callable[[Segment], Picture]
Said: TypeAlias = tuple[str, AnswerSource, tuple[Citation, ...]]
"""The words of an answer, where they are from, and what they rest on."""


@dataclass(slots=True)
class Stopwatch:
    """Seconds a stage, measured from mark to mark."""

    seconds: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=perf_counter)

    def mark(self, stage: str, shared_by: int = 1) -> None:
        """Book the time since the last mark to ``stage``.

        Args:
            stage: What took it.
            shared_by: How many questions it was for; each is booked its share.
        """
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + (now - self.last) / shared_by
        self.last = now

    def go_on(self) -> None:
        """Forget the time since the last mark: it was spent on other questions."""
        self.last = perf_counter()


@dataclass(frozen=True, slots=True)
class Case:
    """A question, and all that is known before the language model is asked.

    Attributes:
        asked: In words, with what is attached.
        result: What the search found.
        found: The same, with the attachments.
        plan: What would be answered without a language model.
        watch: How long that took.
    """

    asked: Question
    result: SearchResult
    found: Found
    plan: Draft
    watch: Stopwatch


@dataclass(frozen=True, slots=True)
class Task:
    """What the language model is to write.

    Attributes:
        stage: Under which the time is booked.
        prompt: What it is asked.
        said: One sentence of its → the answer, or ``None`` where nothing came of it.
    """

    stage: str
    prompt: Prompt
    said: Callable[[str], Said | None]


class Posing:
    """Makes tasks for one language model.

    Args:
        language_model: Gives the model; called only when there is something to ask it.
        config: ``min_score``, ``answer_tokens`` and ``max_pictures`` are read.
        templates: Language → prompt templates.
        open_picture: The pixels of a segment that was found; ``None`` shows attached ones only.
        writes_in: Languages that the model writes (ISO 639-1); empty means any.
        names: Whether the model names what pictures show; otherwise prompt words do.
    """

    def __init__(
        self,
        language_model: Callable[[], VisionLanguageModel],
        config: Config,
        *,
        templates: Callable[[str], Templates],
        open_picture: OpenPicture | None,
        writes_in: Sequence[str],
        names: bool,
    ) -> None:
        self._language_model = language_model
        self._config = config
        self._templates = templates
        self._open_picture = open_picture
        self._writes_in = writes_in
        self._names = names

    def looking(self, case: Case) -> Task | None:
        """To answer by looking at pictures; ``None`` where there is nothing to look at or with."""
        asked = case.asked
        segments = to_look_at(
            asked, case.found, case.plan, self._config.min_score, names=self._names
        )
        language = language_of(asked.text)
        if not segments or (self._writes_in and language not in self._writes_in):
            return None
        model = self._language_model()
        if not model.sees:
            return None
        case.watch.mark("loading")
        prompt = self._showing(asked, segments, model)
        if prompt is None:
            case.watch.mark("looking")
            return None
        seen = segments[: len(prompt.pictures)]
        return Task("looking", prompt, lambda written: _seen(written, seen))

    def _showing(
        self, asked: Question, segments: Sequence[Segment], model: VisionLanguageModel
    ) -> Prompt | None:
        """The prompt that shows the best pictures, as many as fit; ``None`` where none does."""
        templates = self._templates(language_of(asked.text))
        pictures = self._pictures(asked, segments)[: self._config.max_pictures]

        def prompt(number: int) -> Prompt:
            about = [words_of(segment) for segment in segments[:number]]
            return shown(templates, asked.text, pictures[:number], about)

        number = fitting(
            model,
            pictures,
            lambda number: prompt(number).messages,
            answer_tokens=self._config.answer_tokens,
        )
        return prompt(number) if number else None

    def _pictures(self, question: Question, segments: Sequence[Segment]) -> Sequence[Picture]:
        """The pixels of segments; none of those whose file cannot be read any more."""
        if question.pictures:
            return question.pictures
        if self._open_picture is None:
            return ()
        try:
            return [self._open_picture(segment) for segment in segments]
        except MediaError:  # the file went away since it was indexed: what words say still stands
            return ()

    def wording(self, case: Case) -> Task | None:
        """To word an answer from the evidence; ``None`` where the plan stands as it is.

        Raises:
            GenerationError: The question leaves no room for evidence.
        """
        if not case.plan.evidence:
            return None
        model = self._language_model()
        case.watch.mark("loading")
        question, plan = case.asked.text, case.plan
        messages, stands = self._prompt(question, plan, model)
        return Task(
            "generation",
            Prompt(messages),
            lambda written: _checked(written, stands, question, plan),
        )

    def _prompt(
        self, question: str, plan: Draft, model: VisionLanguageModel
    ) -> tuple[tuple[Message, ...], str]:
        """The messages, and the text that the answer must stand in."""
        templates = self._templates(language_of(question))
        room = model.context_tokens - self._config.answer_tokens

        def messages(evidence: str) -> tuple[Message, ...]:
            return templates.messages("answer", evidence=evidence, question=question)

        exhibits = [Exhibit(sentence.text) for sentence in plan.evidence]
        evidence, kept = lay_out(
            exhibits, templates, lambda text: model.count_tokens(messages(text)) <= room
        )
        stands = "\n".join(f"{s.context}\n{s.text}" for s in plan.evidence[:kept])
        return messages(evidence), stands


def planned(plan: Draft) -> Said:
    """The answer without the language model."""
    return plan.text, plan.source, citations(plan.cited)


def _seen(written: str, segments: Sequence[Segment]) -> Said | None:
    if not written:
        return None
    marks = " ".join(f"[{n}]" for n in range(1, len(segments) + 1))
    return f"{written} {marks}", "seen", citations([(segment, "") for segment in segments])


def _checked(written: str, stands: str, question: str, plan: Draft) -> Said:
    """What was written, if it stands in the evidence; else what is quoted from it."""
    if fault(written, stands, question):
        return planned(plan)
    return f"{written} [{source_number(written, plan)}]", "generated", citations(plan.cited)


def source_number(written: str, plan: Draft) -> int:
    """The number of the citation whose sentence holds most of what was written."""
    said = content(written)
    best = max(plan.evidence, key=lambda sentence: covered(said, sentence.text))
    ids = [segment.id for segment, _ in plan.cited]
    return ids.index(best.segment.id) + 1
