"""The READ flow: a question → what was found → a short answer with its evidence.

Knows: the order of the steps and when the language model is trusted. Refuses to know: how anything
is searched, encoded or generated; stages are passed in. The policy, for a small language model that
copies numbers wrongly and cannot cite: retrieval finds, code picks the sentence that answers or
abstains, the model words it, code checks the wording against the sentence, and the sentence itself
is the answer where the check fails. Citations come from retrieval. Where the question asks how a
picture looks, and no words answer, the model is shown the picture; what it says then rests on
nothing but that, and is marked as seen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TypeAlias

from mmqa.config import Config
from mmqa.drafting import Draft, Found, citations, draft
from mmqa.errors import MediaError, UsageError
from mmqa.evidence.asking import sought_kind
from mmqa.evidence.attachments import heard
from mmqa.evidence.files import subject
from mmqa.evidence.grounding import fault
from mmqa.evidence.ranking import covered
from mmqa.evidence.sentences import split
from mmqa.evidence.words import content
from mmqa.interfaces import Cancelled, TextEncoder, VisionLanguageModel
from mmqa.looking import shown, words_of
from mmqa.prompts.assemble import Exhibit, lay_out
from mmqa.prompts.template import Templates, language_of
from mmqa.questions import Understood
from mmqa.records import (
    Answer,
    AnswerEvent,
    AnswerSource,
    Citation,
    CitationEvent,
    DoneEvent,
    Filter,
    Message,
    Picture,
    Prompt,
    Question,
    RetrievalEvent,
    SearchResult,
    Segment,
    TokenEvent,
)
from mmqa.seeing import to_look_at
from mmqa.vlm.chat_messages import from_prompt
from mmqa.vlm.chat_model import MmqaChat, stream_privately
from mmqa.vlm.fitting import fitting

Search = Callable[[Question, int, Filter | None], SearchResult]
Describe = Callable[[Question], Sequence[Segment]]
OpenPicture = Callable[[Segment], Picture]
Said: TypeAlias = tuple[str, AnswerSource, tuple[Citation, ...]]
"""The words of an answer, where they are from, and what they rest on."""


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
        config: ``min_score``, ``answer_tokens`` and ``max_pictures`` are read.
        understand: What the encoder of sentences takes in of a question.
        templates: Language → prompt templates.
        open_picture: The pixels of a segment that was found; ``None`` shows attached ones only.
        writes_in: Languages that the model writes (ISO 639-1); empty means any.
        names: Whether the model names what pictures show; otherwise prompt words do.
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
        templates: Callable[[str], Templates] = Templates,
        open_picture: OpenPicture | None = None,
        writes_in: Sequence[str] = ("en",),
        names: bool = True,
    ) -> None:
        self._search = search
        self._language_model = language_model
        self._text_encoder = text_encoder
        self._describe = describe
        self._config = config
        self._understand = understand
        self._templates = templates
        self._open_picture = open_picture
        self._writes_in = writes_in
        self._names = names

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
        plan = draft(
            asked,
            found,
            self._text_encoder,
            self._config.min_score,
            understood,
            writes_in=self._writes_in,
            templates_in=self._templates,
        )
        watch.mark("evidence")
        said = yield from self._look(asked, found, plan, watch, cancelled)
        if said is None:
            said = yield from self._say(asked, plan, watch, cancelled)
        text, source, cited = said
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
                abstained=source == "none",
                source=source,
                timings=watch.seconds,
            )
        )

    def _attached(self, question: Question) -> tuple[Segment, ...]:
        if not question.pictures and question.recording is None:
            return ()
        return tuple(self._describe(question))

    def _look(
        self,
        question: Question,
        found: Found,
        plan: Draft,
        watch: Stopwatch,
        cancelled: Cancelled | None,
    ) -> Generator[AnswerEvent, None, Said | None]:
        """Answer by looking at pictures; ``None`` where there is nothing to look at, or to see."""
        segments = to_look_at(question, found, plan, self._config.min_score, names=self._names)
        language = language_of(question.text)
        if not segments or (self._writes_in and language not in self._writes_in):
            return None
        model = self._language_model()
        if not model.sees:
            return None
        watch.mark("loading")
        pictures = self._pictures(question, segments)[: self._config.max_pictures]

        def prompt(number: int) -> Prompt:
            about = [words_of(segment) for segment in segments[:number]]
            return shown(self._templates(language), question.text, pictures[:number], about)

        number = fitting(
            model,
            pictures,
            lambda number: prompt(number).messages,
            answer_tokens=self._config.answer_tokens,
        )
        written = ""
        if number:
            written = yield from self._write(model, prompt(number), cancelled)
        watch.mark("looking")
        if not written:
            return None
        marks = " ".join(f"[{n}]" for n in range(1, number + 1))
        return f"{written} {marks}", "seen", citations([(s, "") for s in segments[:number]])

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

    def _say(
        self, question: Question, plan: Draft, watch: Stopwatch, cancelled: Cancelled | None
    ) -> Generator[AnswerEvent, None, Said]:
        """Stream the answer; returns it as it stands after the check."""
        cited = citations(plan.cited)
        if not plan.evidence:
            yield TokenEvent(plan.text)
            return plan.text, plan.source, cited
        model = self._language_model()
        watch.mark("loading")
        messages, stands = self._prompt(question.text, plan, model)
        written = yield from self._write(model, Prompt(messages), cancelled)
        watch.mark("generation")
        if fault(written, stands, question.text):
            return plan.text, plan.source, cited
        return f"{written} [{source_number(written, plan)}]", "generated", cited

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

    def _write(
        self, model: VisionLanguageModel, prompt: Prompt, cancelled: Cancelled | None
    ) -> Generator[AnswerEvent, None, str]:
        """Stream one sentence of the model's; returns it."""
        written = ""

        def enough() -> bool:
            return len(split(written)) > 1 or (cancelled is not None and cancelled())

        chat = MmqaChat(model=model, count_usage=False)
        for chunk in stream_privately(
            chat,
            from_prompt(prompt),
            max_tokens=self._config.answer_tokens,
            cancelled=enough,
        ):
            piece = str(chunk.content)
            if piece and len(split(written)) <= 1:
                written += piece
                yield TokenEvent(piece)
        return (split(written) or [""])[0].strip()


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
