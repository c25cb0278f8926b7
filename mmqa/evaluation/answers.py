"""Questions with expected words and files: is the answer there, with the right file beside it?

Knows: the format of ``questions.toml`` and how an answer is judged. Refuses to know: how answers
are made.

A file of JSON Lines (:mod:`mmqa.evaluation.questions_file`) may be given too; of it, questions with
an ``answer`` are asked. Its answers are also compared as SQuAD does: exact match and F1 of words.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmqa.errors import ConfigError
from mmqa.evaluation import metrics, questions_file
from mmqa.evaluation.metrics import exact_match, token_f1
from mmqa.evaluation.report import Figure, wilson
from mmqa.evaluation.text_normalizer import tokens
from mmqa.interfaces import Progress
from mmqa.records import Answer, Chunk

if TYPE_CHECKING:
    from mmqa.library import Library

ANSWERED_TARGET = 0.9
ABSTAINED_TARGET = 0.8


@dataclass(frozen=True, slots=True)
class Case:
    """One question and what its answer must hold.

    Attributes:
        id: Short name.
        question: What is asked.
        all: Words that must all be in the answer.
        any: Words of which one must be in the answer; empty asks for none.
        files: Files that must all be cited, seen from the folder of the questions.
        answerable: False where the right answer is to abstain.
        accepted: Whole answers that are right, for exact match and F1; may be none.
    """

    id: str
    question: str
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    answerable: bool = True
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went.

    Attributes:
        id: The question's name.
        question: What was asked.
        answerable: Whether an answer exists.
        ok: Whether it counts.
        fault: What is wrong; empty when ``ok``.
        answer: What was answered.
        source: ``generated``, ``quoted`` or ``none``.
        cited: Names of the files that were cited, best first.
        exact: 1 where it is word for word an accepted answer, else 0; ``None`` without any.
        f1: How far its words are those of an accepted answer, 0–1; ``None`` without any.
    """

    id: str
    question: str
    answerable: bool
    ok: bool
    fault: str
    answer: str
    source: str
    cited: tuple[str, ...]
    exact: float | None = None
    f1: float | None = None

    def line(self) -> str:
        """The outcome as a line."""
        mark = "ok  " if self.ok else "MISS"
        fault = f"  ({self.fault})" if self.fault else ""
        cited = f" [{', '.join(self.cited)}]" if self.cited else ""
        return f"{mark} {self.question}  ->  {self.answer!r}{cited}{fault}"


@dataclass(frozen=True, slots=True)
class AnswersReport:
    """All outcomes with their totals.

    Attributes:
        suite: Name of the file of questions.
        outcomes: One a question, in the file's order.
    """

    suite: str
    outcomes: tuple[Outcome, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Share of answerable questions that were answered, and of others that were declined."""
        return (*self._shares(), *self._words())

    def _shares(self) -> list[Figure]:
        """What is promised of the project's own questions, and measured of others."""
        own = all(o.exact is None for o in self.outcomes)
        answered = [o.ok for o in self.outcomes if o.answerable]
        declined = [o.ok for o in self.outcomes if not o.answerable]
        found = (
            _share("answered", answered, ANSWERED_TARGET if own else None),
            _share("abstained", declined, ABSTAINED_TARGET if own else None),
        )
        return [figure for figure in found if figure is not None]

    def _words(self) -> list[Figure]:
        """Exact match and F1 of the answers that have accepted ones."""
        exact = [o.exact for o in self.outcomes if o.exact is not None]
        f1 = [o.f1 for o in self.outcomes if o.f1 is not None]
        if not exact:
            return []
        return [
            metrics.figure("exact match", np.array(exact)),
            metrics.figure("F1 of words", np.array(f1)),
        ]

    @property
    def passed(self) -> bool:
        """Whether every figure reached its target."""
        return all(figure.reached is not False for figure in self.figures)

    def lines(self) -> list[str]:
        """The report for people."""
        counts = [f"  {f.line()} = {round(f.value * f.n)} of {f.n}" for f in self._shares()]
        words = [f"  {f.line()}" for f in self._words()]
        return [self.suite, *(f"  {o.line()}" for o in self.outcomes), *counts, *words]

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "suite": self.suite,
            "passed": self.passed,
            "figures": [figure.to_json() for figure in self.figures],
            "outcomes": [asdict(outcome) for outcome in self.outcomes],
        }


def load(path: Path) -> list[Case]:
    """The questions of a TOML file, or those with an answer of a JSON Lines file.

    Raises:
        ConfigError: It cannot be read, or a question holds something unknown or expects nothing.
    """
    if path.suffix == ".jsonl":
        return _accepted(path)
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
        cases = [_case(entry) for entry in entries]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the questions in {str(path)!r} cannot be read: {error}", "Correct the file."
        ) from error
    empty = [case.id for case in cases if case.answerable and not (case.all or case.any)]
    if empty:
        raise ConfigError(
            f"{', '.join(empty)} in {str(path)!r} expect no words",
            "Give all, any, or answerable = false.",
        )
    return cases


def _accepted(path: Path) -> list[Case]:
    asked = [q for q in questions_file.read(path).questions if q.answer and q.question]
    if not asked:
        raise ConfigError(
            f"no question in {str(path)!r} says what the answer is",
            'Give accepted answers: "answer": ["…"].',
        )
    return [Case(f"line {q.line}", q.question, any=q.answer, accepted=q.answer) for q in asked]


def _case(entry: dict[str, Any]) -> Case:
    lists = {name: tuple(entry.get(name, ())) for name in ("all", "any", "files", "accepted")}
    return Case(**{**entry, **lists})


def judge(case: Case, answer: Answer, folder: Path) -> Outcome:
    """Compare an answer with what is expected.

    Args:
        case: The question.
        answer: What was answered.
        folder: Where the files of ``case.files`` start.
    """
    cited = [citation.path for citation in answer.citations]
    fault = _fault(case, answer, {path.resolve() for path in cited}, folder)
    return Outcome(
        id=case.id,
        question=case.question,
        answerable=case.answerable,
        ok=not fault,
        fault=fault,
        answer=answer.text,
        source=answer.source,
        cited=tuple(dict.fromkeys(path.name for path in cited)),
        exact=exact_match(answer.text, case.accepted) if case.accepted else None,
        f1=token_f1(answer.text, case.accepted) if case.accepted else None,
    )


def _fault(case: Case, answer: Answer, cited: set[Path], folder: Path) -> str:
    if not case.answerable:
        return "" if answer.abstained else "did not abstain"
    if answer.abstained:
        return "abstained"
    missing = [word for word in case.all if not holds(answer.text, word)]
    if missing:
        return f"lacks {', '.join(missing)}"
    if case.any and not any(holds(answer.text, word) for word in case.any):
        return f"has none of {', '.join(case.any)}"
    uncited = [name for name in case.files if (folder / name).resolve() not in cited]
    return f"does not cite {', '.join(uncited)}" if uncited else ""


def holds(text: str, words: str) -> bool:
    """Whether ``words`` stand in ``text`` as whole words, case and punctuation aside.

    >>> holds("It leaves from Pier 4.", "pier 4"), holds("It costs 42.", "4")
    (True, False)
    """
    haystack, needle = tokens(text), tokens(words)
    starts = range(len(haystack) - len(needle) + 1)
    return any(haystack[i : i + len(needle)] == needle for i in starts)


def _share(name: str, oks: Sequence[bool], target: float | None) -> Figure | None:
    if not oks:
        return None
    low, high = wilson(sum(oks), len(oks))
    return Figure(name, sum(oks) / len(oks), len(oks), low, high, target=target)


def run(
    library: Library,
    file: Path,
    progress: Progress | None = None,
    limit: int | None = None,
) -> AnswersReport:
    """Ask every question of a file and judge the answers.

    Args:
        library: An index that holds the files.
        file: TOML, whose files are seen from its folder; or JSON Lines.
        progress: Told after each question.
        limit: Only the first ones.

    Raises:
        ConfigError: The questions cannot be read.
    """
    cases = load(file)[:limit]
    outcomes = []
    for done, case in enumerate(cases, start=1):
        outcomes.append(judge(case, library.ask(case.question), file.parent))
        if progress is not None:
            progress(Chunk("asking", done, len(cases), "steps"))
    return AnswersReport(file.stem, tuple(outcomes))
