"""Rows and batches of a connector's training, token by token."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmqa.prompts.template import Templates
from mmqa.records import Picture
from mmqa.training.connector_prompts import Row, Rows, batch
from mmqa.training.visual_examples import Asked, Example
from mmqa.vlm.mini.layout import VISUAL, Layout

from ..vlm.mini.small_chat import tokenizer

TOKENIZER = tokenizer()
LAYOUT = Layout(TOKENIZER, 2)
RED = Asked("Is it red?", "yes", "yes-no")
BLUE = Asked("Is it blue?", "no", "yes-no")
COLOUR = Asked("What colour is it?", "red", "colour")


def drawn() -> Picture:
    raise AssertionError("nothing looks at pixels here")


def example(*asked: Asked, pictures: int = 1, read: tuple[str, ...] = ()) -> Example:
    return Example("1", "toy", (drawn,) * pictures, asked, read)


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows(TOKENIZER, LAYOUT, Templates("en"))


def words(ids: Any) -> list[str]:
    return ["@" if i == VISUAL else TOKENIZER.convert_ids_to_tokens(int(i)) for i in ids]


def block(row: Row, number: int) -> str:
    return " ".join(words(row.ids[row.block == number]))


def test_questions_share_what_they_begin_with_and_nothing_more(rows: Rows) -> None:
    one = example(RED, BLUE)
    row = rows.row(one, [("thing",)], one.asked)
    assert block(row, 0) == "<|im_start|> user @ @ Looks like: thing Question: Is it"
    end = "Answer yes or no. <|im_end|> <|im_start|> assistant"
    assert block(row, 1) == f"red? {end} yes <|im_end|>"
    assert block(row, 2) == f"blue? {end} no <|im_end|>"
    assert row.block.tolist() == [0] * 10 + [1] * 10 + [2] * 10


def test_positions_start_again_in_each_block_where_the_prefix_ends(rows: Rows) -> None:
    one = example(RED, BLUE)
    row = rows.row(one, [("thing",)], one.asked)
    assert row.positions.tolist() == [*range(10), *range(10, 20), *range(10, 20)]


def test_learned_is_what_follows_the_prompt_the_end_mark_included(rows: Rows) -> None:
    one = example(RED, Asked("How many are there?", "one two", "count"))
    row = rows.row(one, [()], one.asked)
    following = np.roll(row.ids, -1)[row.answer]
    assert words(following) == ["yes", "<|im_end|>", "one", "two", "<|im_end|>"]
    # it is learned at the last word of the prompt, and at each word of the answer but its end
    assert words(row.ids[row.answer]) == ["assistant", "yes", "assistant", "one", "two"]
    assert row.block[row.answer].tolist() == [1, 1, 2, 2, 2]


def test_one_question_alone_has_one_token_of_its_own_at_least(rows: Rows) -> None:
    row = rows.row(example(RED), [()], [RED])
    assert block(row, 1) == "assistant yes <|im_end|>"
    assert row.positions.tolist() == list(range(len(row.ids)))


def test_prefix_and_block_are_the_prompt_that_is_asked_later(rows: Rows) -> None:
    from mmqa.prompts.looking import PictureWords, messages

    one = example(COLOUR, RED, BLUE, read=("sign",))
    row = rows.row(one, [("thing", "red")], one.asked)
    about = [PictureWords(("thing", "red"), "sign")]
    for number, asked in enumerate(one.asked, start=1):
        name = "question" if asked is COLOUR else "yes_no"
        prompt = LAYOUT.ids(messages(Templates("en"), name, about, asked.question), 1)
        answer = [*TOKENIZER(asked.answer)["input_ids"], TOKENIZER.eos_token_id]
        mine = (row.block == 0) | (row.block == number)
        assert row.ids[mine].tolist() == [*prompt, *answer]
        assert row.positions[mine].tolist() == list(range(len(prompt) + len(answer)))


def test_several_pictures_are_compared(rows: Rows) -> None:
    both = Asked("Are both red?", "no", "compare")
    row = rows.row(example(both, pictures=2), [("red",), ()], [both])
    assert block(row, 0) == (
        "<|im_start|> user Picture 1: @ @ Looks like: red Picture 2: @ @ Question: Are both red?"
        " Answer briefly. <|im_end|> <|im_start|>"
    )


def made(blocks: list[int], answer: list[int] | None = None) -> Row:
    length = len(blocks)
    marked = np.zeros(length, bool)
    marked[answer or []] = True
    return Row(np.arange(1, length + 1), np.arange(length), np.array(blocks), marked)


def test_who_sees_whom_by_hand() -> None:
    sees = batch([made([0, 0, 1, 1, 2])]).sees[0].astype(int).tolist()
    assert sees == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],  # the second block sees the prefix, and nothing of the first
    ]


def test_padding_stands_at_the_end_and_is_seen_by_nobody_else() -> None:
    together = batch([made([0, 1, 2, 2], [1, 3]), made([0, 1], [0])])
    assert together.ids.tolist() == [[1, 2, 3, 4], [1, 2, 0, 0]]
    assert together.positions.tolist() == [[0, 1, 2, 3], [0, 1, 0, 0]]
    assert together.answer.astype(int).tolist() == [[0, 1, 0, 1], [1, 0, 0, 0]]
    padded = together.sees[1]
    assert not padded[:2, 2:].any()
    assert padded[2:, :2].sum() == 0
    # a row without anything to see would give no numbers
    assert padded.diagonal().all()


def test_no_token_of_a_whole_row_sees_another_question(rows: Rows) -> None:
    one = example(COLOUR, RED, BLUE)
    row = rows.row(one, [("thing",)], one.asked)
    sees = batch([row]).sees[0]
    for at, number in enumerate(row.block):
        seen = set(row.block[sees[at]].tolist())
        assert seen <= {0, int(number)}
        # and of its own question all that came before
        own = (row.block == 0) | (row.block == number)
        assert sees[at, : at + 1].tolist() == own[: at + 1].tolist()
