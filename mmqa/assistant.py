"""The READ flow: a question → what was found → a short answer with its evidence.

Knows: the order of the steps, streamed for one question or together for several. Refuses to know:
how anything is searched, encoded or generated (stages are passed in), and when the language model
is asked and trusted (:mod:`mmqa.posing`). Retrieval finds, code picks the sentence that answers or
abstains, the model words it, code checks the wording. Citations come from retrieval. Where the
question asks how a picture looks, and no words answer, the model is shown the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mmqa.config import Config
from mmqa.drafting import Found, draft
from mmqa.errors import UsageError
from mmqa.evidence.asking import sought_kind
from mmqa.evidence.attachments import heard
from mmqa.evidence.files import subject
from mmqa.evidence.sentences import split
from mmqa.interfaces import Cancelled, TextEncoder, VisionLanguageModel
from mmqa.posing import Case, OpenPicture, Posing, Said, Stopwatch, Task, planned
from mmqa.prompts.template import Templates
from mmqa.questions import Understood
from mmqa.records import (
    Answer,
    AnswerEvent,
    CitationEvent,
    DoneEvent,
    Filter,
    Prompt,
    Question,
    RetrievalEvent,
    SearchResult,
    Segment,
    TokenEvent,
)
from mmqa.vlm.chat_messages import from_prompt
from mmqa.vlm.chat_model import MmqaChat, stream_privately

Search = Callable[[Question, int, Filter | None], SearchResult]
Describe = Callable[[Question], Sequence[Segment]]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A question in words, what is attached to it, and what was found."""

    asked: Question
    understood: Understood
    attached: tuple[Segment, ...]
    result: SearchResult
    watch: Stopwatch


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
        self._writes_in = writes_in
        self._posing = Posing(
            language_model,
            config,
            templates=templates,
            open_picture=open_picture,
            writes_in=writes_in,
            names=names,
        )

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

    def ask_many(
        self,
        questions: Sequence[Question],
        *,
        k: int = 8,
        where: Filter | None = None,
        retrieval: bool = True,
    ) -> list[Answer]:
        """What :meth:`ask` answers to each question, in order; the model writes them together.

        What is computed side by side may differ in the last bit of a number from what is computed
        alone, and so, now and then, in a word.

        Args:
            questions: As for :meth:`stream`.
            k: How many segments are retrieved for each, from 1.
            where: Only segments that it lets through.
            retrieval: False answers from the attachments alone.

        Raises:
            UsageError: There is nothing to go by in one of them.
            GenerationError: The language model failed at one of them.
        """
        cases = [self._plan(self._take_in(one, k, where, retrieval)) for one in questions]
        said: dict[int, Said] = {}
        for task_of in (self._posing.looking, self._posing.wording):
            tasks: dict[int, Task] = {}
            for number, case in enumerate(cases):
                case.watch.go_on()
                if number not in said and (task := task_of(case)) is not None:
                    tasks[number] = task
            for number, written in self._write_together(tasks, cases).items():
                if (found := tasks[number].said(written)) is not None:
                    said[number] = found
        for case in cases:
            case.watch.go_on()
        return [_answer(case, said.get(n) or planned(case.plan)) for n, case in enumerate(cases)]

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
        taken = self._take_in(question, k, where, retrieval)
        yield RetrievalEvent(taken.result)
        case = self._plan(taken)
        said = yield from self._say(case, cancelled)
        yield from (CitationEvent(citation) for citation in said[2])
        yield DoneEvent(_answer(case, said))

    # ------------------------------------------------------------------ before the model

    def _take_in(self, question: Question, k: int, where: Filter | None, retrieval: bool) -> _Taken:
        """Put the question into words, and find what there is to it."""
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
        return _Taken(asked, understood, attached, result, watch)

    def _attached(self, question: Question) -> tuple[Segment, ...]:
        if not question.pictures and question.recording is None:
            return ()
        return tuple(self._describe(question))

    def _plan(self, taken: _Taken) -> Case:
        """What would be answered without the language model."""
        found = Found(taken.attached, taken.result.hits)
        plan = draft(
            taken.asked,
            found,
            self._text_encoder,
            self._config.min_score,
            taken.understood,
            writes_in=self._writes_in,
            templates_in=self._templates,
        )
        taken.watch.mark("evidence")
        return Case(taken.asked, taken.result, found, plan, taken.watch)

    # ------------------------------------------------------------------ the model

    def _say(self, case: Case, cancelled: Cancelled | None) -> Generator[AnswerEvent, None, Said]:
        """Stream the answer; returns it as it stands after the check."""
        for task_of in (self._posing.looking, self._posing.wording):
            task = task_of(case)
            if task is None:
                continue
            written = yield from self._write(task.prompt, cancelled)
            case.watch.mark(task.stage)
            said = task.said(written)
            if said is not None:
                return said
        yield TokenEvent(case.plan.text)
        return planned(case.plan)

    def _write(
        self, prompt: Prompt, cancelled: Cancelled | None
    ) -> Generator[AnswerEvent, None, str]:
        """Stream one sentence of the model's; returns it."""
        written = ""

        def enough() -> bool:
            return len(split(written)) > 1 or (cancelled is not None and cancelled())

        chat = MmqaChat(model=self._language_model(), count_usage=False)
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
        return _first(written)

    def _write_together(self, tasks: Mapping[int, Task], cases: Sequence[Case]) -> dict[int, str]:
        """One sentence of the model's for each task, by its number."""
        if not tasks:
            return {}
        for number in tasks:
            cases[number].watch.go_on()
        prompts = [task.prompt for task in tasks.values()]
        written = self._language_model().complete(prompts, max_tokens=self._config.answer_tokens)
        for number, task in tasks.items():
            cases[number].watch.mark(task.stage, shared_by=len(tasks))
        return {number: _first(one) for number, one in zip(tasks, written, strict=True)}


def searched(question: Question, understood: str) -> Question:
    """The question as searched: "find pictures like this" is asked by the picture alone."""
    pointing = bool(question.pictures) and sought_kind(question.text) and not subject(understood)
    return replace(question, text="") if pointing else question


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


def _first(written: str) -> str:
    """The first sentence of what was written."""
    return (split(written) or [""])[0].strip()


def _answer(case: Case, said: Said) -> Answer:
    text, source, cited = said
    case.watch.mark("checking")
    return Answer(
        question=case.asked.text,
        text=text,
        citations=cited,
        hits=case.result.hits,
        modality_weights=case.result.modality_weights,
        weighed_by=case.result.weighed_by,
        abstained=source == "none",
        source=source,
        timings=case.watch.seconds,
    )
