"""The weakest pictures go first where a prompt has no room for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from mmqa.interfaces import VisionLanguageModel
from mmqa.records import PICTURE_MARK, Message, Picture
from mmqa.vlm.fitting import fitting

DOT = Picture(np.zeros((1, 1, 3), np.uint8))


class Counting:
    """Takes a word for a token, and a picture for ten."""

    context_tokens = 40

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Picture] = ()) -> int:
        words = sum(len(m.text.replace(PICTURE_MARK, "").split()) for m in messages)
        assert sum(m.text.count(PICTURE_MARK) for m in messages) == len(pictures)
        return words + 10 * len(pictures)


def asked(shown: int) -> list[Message]:
    return [Message("user", f"{PICTURE_MARK * shown} What is it?")]


@pytest.mark.parametrize(
    ("pictures", "answer_tokens", "fit"),
    [(3, 7, 3), (3, 8, 2), (4, 7, 3), (9, 27, 1), (9, 28, 0), (0, 5, 0)],
)
def test_as_many_as_fit_beside_the_words_and_the_answer(
    pictures: int, answer_tokens: int, fit: int
) -> None:
    model = cast(VisionLanguageModel, cast(Any, Counting()))
    assert fitting(model, [DOT] * pictures, asked, answer_tokens=answer_tokens) == fit
