"""The READ flow: a question → what was found → a short answer with its evidence.

Knows: the order of the steps and when the language model is trusted. Refuses to know: how anything
is searched, encoded or generated; stages are passed in. The policy, for a small language model that
copies numbers wrongly and cannot cite: retrieval finds, code picks the sentence that answers or
abstains, the model words it, code checks the wording against the sentence, and the sentence itself
is the answer where the check fails. Citations come from retrieval.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Literal

from mmqa.config import Config
from mmqa.drafting import Draft, Found, citations, draft
from mmqa.errors import UsageError
from mmqa.evidence.asking import sought_kind
from mmqa.evidence.attachments import heard
from mmqa.evidence.files import subject
from mmqa.evidence.grounding import fault
from mmqa.evidence.ranking import covered
from mmqa.evidence.sentences import split
from mmqa.evidence.words import content
from mmqa.interfaces import Cancelled, TextEncoder, VisionLanguageModel
from mmqa.prompts.assemble import Exhibit, lay_out
from mmqa.prompts.template import Templates, language_of
from mmqa.questions import Understood
from mmqa.records import (
    Answer,
    AnswerSource,
    AnswerEvent,
    CitationEvent,
    DoneEvent,
    Filter,
    Message,
    Question,
    RetrievalEvent,
    SearchResult,
    Segment,
    TokenEvent,
)

Search = Callable[[Question, int, Filter | None], SearchResult]
Describe = Callable[[Question], Sequence[Segment]]


@dataclass(slots=True)
class Stopwatch:
    """Seconds a stage, measured from mark to mark."""

    seconds: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=perf_counter)

    def mark(self, stage: str) -> None:
        """Book the time since the last mark to ``stage``."""
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self.last
        self.last = now


class Assistant:
    """Answers questions from what a search finds and from what is attached.

    Args:
        search: Question, number of hits, filter → hits; never asked when retrieval is off.
        language_model: Gives the model; called only when an answer is to be worded.
        text_encoder: Gives the encoder of sentences.
        describe: The attached pictures and recordings of a question as segments with their words
            (text in pictures, prompt words, transcripts); called only when something is attached.
        config: ``min_score`` and ``answer_tokens`` are read.
        understand: What the encoder of sentences takes in of a question.
    """

    def __init__(
        self,
        search: Search,
        language_model: Callable[[], VisionLanguageModel],
        text_encoder: Callable[[], TextEncoder],
        describe: Describe,
        config: Config,
        *,
        understand: Callable[[str], Understood] = Understood,
    ) -> None:
        self._search = search
        self._language_model = language_model
        self._text_encoder = text_encoder
        self._describe = describe
        self._config = config
        self._understand = understand

    def warm_up(self) -> None:
        """Load what answers, so that the first question does not wait for it."""
        self._text_encoder().encode(["warm up"])
        self._language_model()

    def ask(
        self,
        question: Question,
        *,
        k: int = 8,
        where: Filter | None = None,
        retrieval: bool = True,
    ) -> Answer:
        """The whole answer at once; see :meth:`stream`."""
        events = self.stream(question, k=k, where=where, retrieval=retrieval)
        return next(event.answer for event in events if isinstance(event, DoneEvent))

    def stream(
        self,
        question: Question,
        *,
        k: int = 8,
        where: Filter | None = None,
        retrieval: bool = True,
        cancelled: Cancelled | None = None,
    ) -> Iterator[AnswerEvent]:
        """Answer step by step: one retrieval event, tokens, citations, and the whole at last.

        Args:
            question: Words, pictures, a recording; at least one of them.
            k: How many segments are retrieved, from 1.
            where: Only segments that it lets through.
            retrieval: False answers from the attachments alone.
            cancelled: Asked at each token; true ends the wording there.

        Raises:
            UsageError: There is nothing to go by: no words, and none heard in the recording.
            GenerationError: The language model failed.
        """
        watch = Stopwatch()
        described = self._attached(question)
        asked = worded(question, described)
        attached = tuple(s for s in described if question.text or s.kind != "audio")
        understood = self._understand(asked.text)
        watch.mark("attachments")
        result = SearchResult(asked.text, {}, ())
        if retrieval:
            result = self._search(searched(asked, understood.words), k, where)
            result = replace(result, question=asked.text)
        watch.mark("retrieval")
        yield RetrievalEvent(result)
        found = Found(attached, result.hits)
        plan = draft(asked, found, self._text_encoder, self._config.min_score, understood)
        watch.mark("evidence")
        text, source = yield from self._say(asked, plan, watch, cancelled)
        cited = citations(plan.cited)
        yield from (CitationEvent(citation) for citation in cited)
        watch.mark("checking")
        yield DoneEvent(
            Answer(
                question=asked.text,
                text=text,
                citations=cited,
                hits=result.hits,
                modality_weights=result.modality_weights,
                weighed_by=result.weighed_by,
                abstained=plan.source == "none",
                source=source,
                timings=watch.seconds,
            )
        )

    def _attached(self, question: Question) -> tuple[Segment, ...]:
        if not question.pictures and question.recording is None:
            return ()
        return tuple(self._describe(question))

    def _say(
        self, question: Question, plan: Draft, watch: Stopwatch, cancelled: Cancelled | None
    ) -> Generator[AnswerEvent, None, tuple[str, AnswerSource]]:
        """Stream the answer; returns it as it stands after the check, and where it is from."""
        if not plan.evidence:
            yield TokenEvent(plan.text)
            return plan.text, plan.source
        model = self._language_model()
        watch.mark("loading")
        messages, stands = self._prompt(question.text, plan, model)
        written = yield from self._write(model, messages, question, cancelled)
        watch.mark("generation")
        if fault(written, stands, question.text):
            return plan.text, plan.source
        return f"{written} [{source_number(written, plan)}]", "generated"

    def _prompt(
        self, question: str, plan: Draft, model: VisionLanguageModel
    ) -> tuple[tuple[Message, ...], str]:
        """The messages, and the text that the answer must stand in."""
        templates = Templates(language_of(question))
        room = model.context_tokens - self._config.answer_tokens

        def messages(evidence: str) -> tuple[Message, ...]:
            return templates.messages("answer", evidence=evidence, question=question)

        exhibits = [Exhibit(sentence.text) for sentence in plan.evidence]
        evidence, kept = lay_out(
            exhibits, templates, lambda text: model.count_tokens(messages(text)) <= room
        )
        stands = "\n".join(f"{s.context}\n{s.text}" for s in plan.evidence[:kept])
        return messages(evidence), stands

    def _write(
        self,
        model: VisionLanguageModel,
        messages: Sequence[Message],
        question: Question,
        cancelled: Cancelled | None,
    ) -> Generator[AnswerEvent, None, str]:
        """Stream one sentence of the model's; returns it."""
        written = ""

        def enough() -> bool:
            return len(split(written)) > 1 or (cancelled is not None and cancelled())

        pictures = question.pictures if model.sees else ()
        for piece in model.stream(
            messages, pictures, max_tokens=self._config.answer_tokens, cancelled=enough
        ):
            if len(split(written)) <= 1:
                written += piece
                yield TokenEvent(piece)
        return (split(written) or [""])[0]


def searched(question: Question, understood: str) -> Question:
    """The question as searched: "find pictures like this" is asked by the picture alone."""
    pointing = bool(question.pictures) and sought_kind(question.text) and not subject(understood)
    return replace(question, text="") if pointing else question


def source_number(written: str, plan: Draft) -> int:
    """The number of the citation whose sentence holds most of what was written."""
    said = content(written)
    best = max(plan.evidence, key=lambda sentence: covered(said, sentence.text))
    ids = [segment.id for segment, _ in plan.cited]
    return ids.index(best.segment.id) + 1


def worded(question: Question, attached: Sequence[Segment]) -> Question:
    """The question in words: those it has, or what is said in its recording.

    Raises:
        UsageError: There are neither words nor pictures, and nobody speaks in the recording.
    """
    text = question.text.strip() or heard(attached)
    if not text and not question.pictures:
        raise UsageError(
            "no speech was heard in the recording, and nothing else was asked",
            "Ask in words, or record the question again.",
        )
    return replace(question, text=text)
