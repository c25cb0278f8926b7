"""``search`` and ``ask``: one question, or many from a file.

Knows: the JSON of hits and answers, and how both look on a terminal. Refuses to know: retrieval.
"""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from mmqa.commands.narrowing import filter_of
from mmqa.commands.output import printable, settings, talk, write_json, write_line
from mmqa.errors import MmqaError, UsageError
from mmqa.library import Library
from mmqa.records import (
    Answer,
    Citation,
    DoneEvent,
    Hit,
    SearchResult,
    SegmentText,
    TokenEvent,
)
from mmqa.times import clock

REFUSED = 3

SEEN = "Seen in the picture by the language model. No words confirm it: look yourself."
"""Said of an answer that rests on the model's eye alone; the chat says the same."""

AT_ONCE = 64
"""Questions of a file that are searched together."""

ANSWERED_AT_ONCE = 16
"""Questions of a file that are answered together: each line is written once its group is done."""

Case: TypeAlias = tuple[str, str | None, str | None] | UsageError
"""Words, picture and recording of a line, or what is wrong with it."""

One: TypeAlias = Callable[[str, str | None, str | None], dict[str, Any]]
Several: TypeAlias = Callable[[Sequence[str]], list[dict[str, Any]]]


def search(options: Namespace) -> int:
    """Find segments; data on stdout."""
    where, k = filter_of(options), _k(options, 10)
    with Library.open(config=settings(options), create=False) as library:

        def one(question: str, image: str | None, audio: str | None) -> dict[str, Any]:
            found = library.search(question, image=image, audio=audio, k=k, where=where)
            return result_json(found)

        def several(questions: Sequence[str]) -> list[dict[str, Any]]:
            return [result_json(r) for r in library.search_batch(questions, k=k, where=where)]

        if options.batch:
            return _batch(options.batch, one, several)
        found = library.search(
            options.question, image=options.image, audio=options.audio, k=k, where=where
        )
    if options.json:
        write_json(result_json(found))
    else:
        _tell_heard(options, found.question)
        _show_hits(found)
    return 0


def ask(options: Namespace) -> int:
    """Answer; streamed on a terminal."""
    where, k = filter_of(options), _k(options, 8)
    with Library.open(config=settings(options), create=options.no_retrieval) as library:
        extra: dict[str, Any] = {"k": k, "where": where, "retrieval": not options.no_retrieval}

        def one(question: str, image: str | None, audio: str | None) -> dict[str, Any]:
            images = [image] if image else []
            return answer_json(library.ask(question, images=images, audio=audio, **extra))

        def several(questions: Sequence[str]) -> list[dict[str, Any]]:
            return [answer_json(answer) for answer in library.ask_batch(questions, **extra)]

        if options.batch:
            return _batch(options.batch, one, several, at_once=ANSWERED_AT_ONCE)
        events = library.stream(
            options.question, images=options.image or [], audio=options.audio, **extra
        )
        answer = _follow(events, live=not options.json and sys.stdout.isatty())
    if options.json:
        write_json(answer_json(answer))
    else:
        _tell_heard(options, answer.question)
        _show_answer(answer)
    return 0


def _k(options: Namespace, default: int) -> int:
    return default if options.k is None else int(options.k)


# --------------------------------------------------------------------------- JSON


def hit_json(hit: Hit) -> dict[str, Any]:
    """One hit as the design lays it down."""
    segment = hit.segment
    return {
        "rank": hit.rank,
        "id": segment.id,
        "path": str(segment.path),
        "modality": segment.kind,
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "page": segment.page,
        "score": round(hit.score, 6),
        "contributions": {name: round(v, 6) for name, v in hit.contributions.items()},
        "text": segment.text.best(),
        "prompt_words": [word.word for word in segment.text.prompt_words],
        "description": segment.text.description,
    }


def result_json(result: SearchResult) -> dict[str, Any]:
    """A search as the design lays it down."""
    return {
        "question": result.question,
        "modality_weights": dict(result.modality_weights),
        "weighed_by": result.weighed_by,
        "hits": [hit_json(hit) for hit in result.hits],
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as the design lays it down."""
    return {
        "question": answer.question,
        "modality_weights": dict(answer.modality_weights),
        "weighed_by": answer.weighed_by,
        "hits": [hit_json(hit) for hit in answer.hits],
        "answer": answer.text,
        "citations": [
            {
                "n": c.n,
                "id": c.id,
                "path": str(c.path),
                "start_s": c.start_s,
                "end_s": c.end_s,
                "page": c.page,
                "quote": c.quote,
            }
            for c in answer.citations
        ],
        "abstained": answer.abstained,
        "source": answer.source,
        "timings": {name: round(value, 4) for name, value in answer.timings.items()},
    }


# --------------------------------------------------------------------------- batches


def _batch(source: str, one: One, several: Several, at_once: int = AT_ONCE) -> int:
    """One result a line, in order; a question that fails is answered with its error.

    Questions of a file that are words alone are asked together; standard input is answered line by
    line, so that a program can wait for an answer before it asks on.
    """
    together = at_once if source != "-" else 1
    refused = 0
    for group in _groups(_lines(source), together):
        for number, result in _results(group, one, several):
            if isinstance(result, MmqaError):
                refused += 1
                write_json({"line": number, "error": str(result)})
            else:
                write_json(result)
    return REFUSED if refused else 0


def _groups(lines: Iterable[str], together: int) -> Iterator[list[tuple[int, Case]]]:
    """Lines with their numbers: as many as possible of words alone together, others by themselves.

    >>> lines = ['{"question": "a"}', '{"question": "b"}', '{"image": "c"}', '{"question": "d"}']
    >>> [[number for number, _ in group] for group in _groups(lines, 8)]
    [[1, 2], [3], [4]]
    """
    group: list[tuple[int, Case]] = []
    for number, line in enumerate(lines, start=1):
        case = _case(line, number)
        worded = not isinstance(case, MmqaError) and bool(case[0]) and case[1:] == (None, None)
        if group and (not worded or len(group) >= together):
            yield group
            group = []
        if worded:
            group.append((number, case))
        else:
            yield [(number, case)]
        if len(group) >= together:
            yield group
            group = []
    if group:
        yield group


def _results(
    group: Sequence[tuple[int, Case]], one: One, several: Several
) -> Iterator[tuple[int, dict[str, Any] | MmqaError]]:
    questions = [case[0] for _, case in group if not isinstance(case, MmqaError)]
    if len(group) > 1:
        with suppress(MmqaError):  # one of them is at fault: asked by itself it says so
            yield from zip([number for number, _ in group], several(questions), strict=True)
            return
    for number, case in group:
        try:
            yield number, case if isinstance(case, MmqaError) else one(*case)
        except MmqaError as error:
            yield number, error


def _lines(source: str) -> Iterator[str]:
    if source == "-":
        yield from (line for line in sys.stdin if line.strip())
        return
    try:
        text = Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{source!r} cannot be read: {error}", "Check the path.") from error
    yield from (line for line in text.splitlines() if line.strip())


def _case(line: str, number: int) -> Case:
    remedy = 'Write one JSON object a line: {"question": "…", "image": "…", "audio": "…"}.'
    try:
        case = json.loads(line)
    except json.JSONDecodeError as error:
        return UsageError(f"line {number} is not JSON ({error.msg})", remedy)
    except RecursionError:
        return UsageError(f"line {number} is nested too deeply", remedy)
    if not isinstance(case, dict) or not set(case) <= {"question", "image", "audio"}:
        return UsageError(f"line {number} is no object of question, image and audio", remedy)
    if not all(isinstance(value, str | None) for value in case.values()):
        return UsageError(f"line {number} has a value that is no text", remedy)
    return case.get("question") or "", case.get("image"), case.get("audio")


# --------------------------------------------------------------------------- for people


def _follow(events: Iterator[Any], live: bool) -> Answer:
    """Show the words as they come; the last event holds the answer."""
    answer: Answer | None = None
    for event in events:
        if live and isinstance(event, TokenEvent):
            talk.print(event.text, end="", style="dim", markup=False)
        if isinstance(event, DoneEvent):
            answer = event.answer
    if live:
        talk.print()
    if answer is None:
        raise AssertionError("a stream ends with DoneEvent")
    return answer


def _tell_heard(options: Namespace, question: str) -> None:
    """What was understood of a question that was spoken."""
    if options.audio and not options.question:
        talk.print(f"heard: “{printable(question)}”", markup=False)


def _show_hits(result: SearchResult) -> None:
    if not result.hits:
        talk.print("nothing was found")
    for hit in result.hits:
        parts = "  ".join(f"{name} {value:+.2f}" for name, value in hit.contributions.items())
        write_line(f"{hit.rank:3}. {hit.score:+.2f}  {_place(hit)}")
        write_line(f"     {_told(hit.segment.text)}")
        write_line(f"     {parts}")


def _show_answer(answer: Answer) -> None:
    write_line(answer.text)
    for citation in answer.citations:
        write_line(f"  [{citation.n}] {_cited(citation)}")
    if answer.source == "seen":
        talk.print(SEEN, markup=False)


def _told(text: SegmentText) -> str:
    """The most telling words, and who told them where nobody did."""
    best = text.best()
    by = "described by the model: " if best and best == text.description else ""
    return by + _short(best)


def _place(hit: Hit) -> str:
    where = printable(hit.segment.path)
    if hit.segment.start_s is not None:
        where += f" at {clock(hit.segment.start_s)}"
    return where + (f" page {hit.segment.page}" if hit.segment.page else "")


def _cited(citation: Citation) -> str:
    where = printable(citation.path)
    if citation.start_s is not None:
        where += f" at {clock(citation.start_s)}"
    if citation.page:
        where += f" page {citation.page}"
    return f"{where}: “{_short(citation.quote)}”" if citation.quote else where


def _short(text: str, longest: int = 160) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"
