"""One question as a chat asks it: who ends it, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, cast

from mmqa.interfaces import Cancelled, VisionLanguageModel
from mmqa.records import Message, Picture, Prompt
from mmqa.vlm.chat_call import Call
from mmqa.vlm.options import Decoding


class Counting:
    """Writes numbers until it is told to stop; counts a template of three and words."""

    def __init__(self) -> None:
        self.cancelled: Cancelled | None = None
        self.options: dict[str, Any] = {}

    def count_tokens(self, messages: Any, pictures: Any = ()) -> int:
        return 3 + sum(len(message.text.split()) for message in messages) + 10 * len(pictures)

    def stream(
        self, messages: Any, pictures: Any, *, cancelled: Cancelled, **options: Any
    ) -> Iterator[str]:
        self.cancelled, self.options = cancelled, options
        for n in range(options["max_tokens"]):
            yield f"{n} "
            if cancelled():
                return


def call(model: Counting, cancelled: Cancelled | None = None) -> Call:
    prompt = Prompt((Message("user", "count for me"),), (cast(Picture, object()),))
    decoding = Decoding(max_tokens=9, stop=("x",), temperature=0.5, seed=4)
    return Call(cast(VisionLanguageModel, model), prompt, decoding, cancelled)


def test_the_model_is_asked_as_it_was_meant() -> None:
    model = Counting()
    assert "".join(call(model).pieces()) == "0 1 2 3 4 5 6 7 8 "
    assert model.options == {"max_tokens": 9, "stop": ("x",), "temperature": 0.5, "seed": 4}


def after(asked: int) -> Cancelled:
    """True from the n-th time it is asked."""
    times = iter(range(1, 1000))
    return lambda: next(times) >= asked


def test_either_may_end_it() -> None:
    assert list(call(Counting(), after(2)).pieces(after(7))) == ["0 ", "1 "]
    assert list(call(Counting(), after(7)).pieces(after(3))) == ["0 ", "1 ", "2 "]
    assert list(call(Counting()).pieces(after(1))) == ["0 "]


def test_leaving_tells_the_model() -> None:
    model = Counting()
    with closing(call(model).pieces()) as pieces:  # type: ignore[type-var]
        assert next(pieces) == "0 "
        assert model.cancelled is not None
        assert not model.cancelled()
    assert model.cancelled()


def test_the_answer_is_counted_without_the_template() -> None:
    used = call(Counting()).usage("one two")
    # a template of 3, three words and a picture of 10; then two words
    assert used == {"input_tokens": 16, "output_tokens": 2, "total_tokens": 18}
