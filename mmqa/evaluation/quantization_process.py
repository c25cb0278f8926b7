"""A fresh process with the language model of one configuration: it answers, and is timed.

Knows: which questions there are, how a model is asked them and timed, and how much memory this
process takes. Refuses to know: what is compared, and which answer is right.

One JSON object a line, each way. ``{"facts": true}`` tells what was loaded; ``{"ask": "pictures",
"n": N, "seed": S, "from": A, "to": B}`` answers some of the questions; ``{"time": TURN}`` times one
prompt and one answer that no turn before had.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mmqa.config import Config
from mmqa.errors import ModelError
from mmqa.evaluation import line_process, vqa
from mmqa.evaluation.evidence_questions import EvidenceQuestion, drawn
from mmqa.evaluation.line_process import Answering
from mmqa.evaluation.vqa import Case
from mmqa.interfaces import VisionLanguageModel
from mmqa.prompts.assemble import Exhibit, lay_out
from mmqa.prompts.template import Templates
from mmqa.records import Message, Prompt

if TYPE_CHECKING:
    from mmqa.parts import Parts

ANSWER_TOKENS = 48
"""Longest answer to a question about passages."""
TIMED_TOKENS = 48
_LEAST_TOKENS = 8
_FACTS_IN_A_PROMPT = 20


def started(config: Config) -> AbstractContextManager[Answering]:
    """A process with the language model of ``config``, as long as the block runs.

    Raises:
        ModelError: The model cannot be loaded or failed, or the process ended.
    """

    def ended(status: int) -> ModelError:
        return ModelError(
            "language_model",
            f"the process with quantization = {config.quantization} ended ({status})",
            "If memory ran out, close other programs, or choose a smaller model.",
        )

    return line_process.started(
        __name__,
        [json.dumps(asdict(config))],
        ended=ended,
        failed=lambda fact, remedy: ModelError("language_model", fact, remedy),
    )


def picture_cases(n: int, seed: int) -> list[Case]:
    """Questions of easy-VQA's test part, n at most: all of a picture's, pictures in drawn order.

    Raises:
        CorpusError: The package cannot be fetched.
    """
    from mmqa.training import easy_vqa

    examples = easy_vqa.examples("test")
    random.Random(seed).shuffle(examples)
    return vqa.cases(examples, n)


class Asked:
    """The language model of one configuration, and how it is asked and timed.

    Args:
        parts: Gives the model and what makes its prompts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        began_s = time.perf_counter()
        self._model = parts.language_model
        self._loaded_s = time.perf_counter() - began_s

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What a line asks for; see the module."""
        if "facts" in asked:
            return self._facts()
        if "time" in asked:
            return timed(self._model, asked["time"])
        some = slice(asked["from"], asked["to"])
        if asked["ask"] == "pictures":
            cases = picture_cases(asked["n"], asked["seed"])[some]
            return {"said": vqa.answers(self._model, self._looker, cases)}
        questions = drawn(asked["n"], asked["seed"])[some]
        prompts = [passages_prompt(question) for question in questions]
        return {"said": self._model.complete(prompts, max_tokens=ANSWER_TOKENS)}

    @cached_property
    def _looker(self) -> Any:
        from mmqa.looking import Looker

        return Looker(self._parts, self._parts.templates)

    def _facts(self) -> dict[str, Any]:
        import psutil

        return {
            "fingerprint": self._model.fingerprint,
            "sees": self._model.sees,
            "weight_bytes": int(getattr(self._model, "weight_bytes", 0)),
            "resident_bytes": int(psutil.Process().memory_info().rss),
            "loaded_s": self._loaded_s,
        }


def passages_prompt(question: EvidenceQuestion) -> Prompt:
    """The product's prompt of a question with the passages that were found for it."""
    templates = Templates("en")
    evidence, _ = lay_out([Exhibit(p) for p in question.passages], templates, lambda text: True)
    return Prompt(templates.messages("answer", evidence=evidence, question=question.question))


def timed(model: VisionLanguageModel, turn: int) -> dict[str, Any]:
    """Tokens a second of reading a prompt, and of writing an answer of :data:`TIMED_TOKENS`.

    Two prompts of like length, which nothing was read of before: of the first one token is written,
    of the second many; the difference in time is that of writing.

    Returns:
        ``prefill`` and ``decode``; the latter ``None`` where the answer ended at once.
    """
    first, second = (_story(2 * turn + part) for part in range(2))
    read_s, _ = _seconds(model, first, 1)
    all_s, written = _seconds(model, second, TIMED_TOKENS)
    speed = model.count_tokens(first) / read_s
    read_s *= model.count_tokens(second) / model.count_tokens(first)
    enough = written >= _LEAST_TOKENS and all_s > read_s
    return {"prefill": speed, "decode": (written - 1) / (all_s - read_s) if enough else None}


def _story(number: int) -> tuple[Message, ...]:
    facts = [one for q in drawn(_FACTS_IN_A_PROMPT, seed=1000 + number) for one in q.passages[:1]]
    text = f"{' '.join(facts)} Tell a long story in which all of this happens."
    return (Message("user", text),)


def _seconds(
    model: VisionLanguageModel, messages: Sequence[Message], tokens: int
) -> tuple[float, int]:
    """How long an answer takes, and how many tokens it has."""
    began_s = time.perf_counter()
    text = "".join(model.stream(messages, max_tokens=tokens))
    seconds = time.perf_counter() - began_s
    question = Message("user", "?")
    with_text, without = (
        model.count_tokens((question, Message("assistant", answer))) for answer in (text, "")
    )
    return seconds, min(tokens, with_text - without)


def main(config: Config) -> None:
    """Answer until there is no more to answer."""
    from mmqa.parts import Parts

    line_process.serve_alone(lambda: Asked(Parts(config)).answer)


if __name__ == "__main__":
    main(Config(**json.loads(sys.argv[1])))
