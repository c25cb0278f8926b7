"""Which pictures a prompt has room for.

Knows: that the weakest goes first, and what a model holds.
Refuses to know: where pictures come from, and what is asked about them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmqa.interfaces import VisionLanguageModel
from mmqa.records import Message, Picture


def fitting(
    model: VisionLanguageModel,
    pictures: Sequence[Picture],
    messages: Callable[[int], Sequence[Message]],
    *,
    answer_tokens: int,
) -> int:
    """How many of the pictures, the best of them, fit the model together with the words.

    Args:
        model: Counts tokens, those of pictures included.
        pictures: Best first.
        messages: Number of pictures that are shown → the prompt that shows them.
        answer_tokens: Room for the answer.

    Returns:
        0 to ``len(pictures)``. At 0, whether the words alone fit is not looked at.
    """
    for shown in range(len(pictures), 0, -1):
        tokens = model.count_tokens(messages(shown), pictures[:shown])
        if tokens + answer_tokens <= model.context_tokens:
            return shown
    return 0
