"""Examples → rows of token ids: one prefix a set of pictures, and a block a question.

Knows: the prompt templates and the layout of the model that is trained. Refuses to know: vectors,
losses, and where examples come from.

All questions about the same pictures share their prefix, so a row is::

    prefix (pictures, words about them) | question 1 + answer 1 | question 2 + answer 2 | …

Each block sees the prefix and itself, at the positions it would have alone: the sums are those of
separate prompts, several times cheaper (findings.md; the idea is that of a shared prompt's cache).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.prompts.looking import PictureWords, messages, template_for
from mmqa.prompts.template import Templates
from mmqa.training.visual_examples import Asked, Example
from mmqa.vlm.mini.layout import Layout

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One set of pictures with some of its questions.

    Attributes:
        ids: Token ids (t,), ``VISUAL`` where a visual token stands.
        positions: Position of each token (t,).
        block: 0 in the prefix, then 1, 2, … (t,).
        answer: bool (t,), true where the *next* token is one of the answer's, its end included.
    """

    ids: Ids
    positions: Ids
    block: Ids
    answer: NDArray[np.bool_]


class Rows:
    """Lays examples out for one tokenizer.

    Args:
        tokenizer: With a chat template and an end mark.
        layout: Of the model that is trained.
        templates: English prompt templates.
    """

    def __init__(self, tokenizer: Any, layout: Layout, templates: Templates) -> None:
        self._tokenizer = tokenizer
        self._layout = layout
        self._templates = templates

    def row(self, example: Example, words: Sequence[Sequence[str]], asked: Sequence[Asked]) -> Row:
        """One row.

        Args:
            example: Whose pictures are asked about.
            words: Prompt words of each picture; empty where they are to be left out.
            asked: At least one of its questions.
        """
        read = example.read or ("",) * len(example.pictures)
        about = [PictureWords(tuple(w), r) for w, r in zip(words, read, strict=True)]
        prompts = [self._prompt(about, one) for one in asked]
        answers = [self._answer(one.answer) for one in asked]
        return _packed(prompts, answers)

    def _prompt(self, about: Sequence[PictureWords], one: Asked) -> list[int]:
        name = template_for(one.question, len(about))
        told = messages(self._templates, name, about, one.question)
        return self._layout.ids(told, len(about))

    def _answer(self, answer: str) -> list[int]:
        ids: list[int] = self._tokenizer(answer, add_special_tokens=False)["input_ids"]
        return [*ids, int(self._tokenizer.eos_token_id)]


def _packed(prompts: Sequence[list[int]], answers: Sequence[list[int]]) -> Row:
    shared = _shared(prompts)
    ids, positions, block = list(prompts[0][:shared]), list(range(shared)), [0] * shared
    answer = [False] * shared
    for number, (prompt, told) in enumerate(zip(prompts, answers, strict=True), start=1):
        own = [*prompt[shared:], *told]
        ids += own
        positions += range(shared, shared + len(own))
        block += [number] * len(own)
        asked = len(prompt) - shared
        answer += [asked - 1 <= place < len(own) - 1 for place in range(len(own))]
    return Row(
        np.array(ids, np.int64),
        np.array(positions, np.int64),
        np.array(block, np.int64),
        np.array(answer, bool),
    )


def _shared(prompts: Sequence[list[int]]) -> int:
    """How many first tokens all prompts share; of each, one token at least is its own."""
    shortest = min(len(prompt) for prompt in prompts) - 1
    for place in range(shortest):
        if len({prompt[place] for prompt in prompts}) > 1:
            return place
    return shortest


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """b rows of one length t, padded at their ends.

    Attributes:
        ids: int64 (b, t); padding is 0.
        positions: int64 (b, t).
        sees: bool (b, t, t): whether token i (second axis) sees token j.
        answer: bool (b, t).
    """

    ids: Ids
    positions: Ids
    sees: NDArray[np.bool_]
    answer: NDArray[np.bool_]


def batch(rows: Sequence[Row]) -> Batch:
    """Put rows together; padding sees itself and is seen by nobody else."""
    count, length = len(rows), max(len(row.ids) for row in rows)
    ids, positions = np.zeros((count, length), np.int64), np.zeros((count, length), np.int64)
    block = np.full((count, length), -1, np.int64)
    answer = np.zeros((count, length), bool)
    for number, row in enumerate(rows):
        ids[number, : len(row.ids)] = row.ids
        positions[number, : len(row.ids)] = row.positions
        block[number, : len(row.ids)] = row.block
        answer[number, : len(row.ids)] = row.answer
    earlier = np.tri(length, dtype=bool)
    alike = block[:, :, None] == block[:, None, :]
    prefix = (block == 0)[:, None, :] & (block >= 0)[:, :, None]
    return Batch(ids, positions, (alike | prefix) & earlier, answer)
