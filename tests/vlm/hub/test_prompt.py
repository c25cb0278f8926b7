"""Messages become turns of text and pictures; what users write never becomes a control token."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mmqa.errors import GenerationError
from mmqa.records import PICTURE_MARK, Message, Prompt
from mmqa.vlm.hub.model import HubModel
from mmqa.vlm.hub.prompt import Conversation, _tiles, converse

from .conftest import flat, noise

NOTHING = re.compile(r"(?!)")
IMAGE = {"type": "image"}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def talk(*texts: str, pictures: int) -> Conversation:
    return converse([Message("user", t) for t in texts], pictures, NOTHING)


def contents(talk: Conversation) -> list[Any]:
    return [turn["content"] for turn in talk.turns]


def test_a_mark_becomes_a_picture_between_the_words_around_it() -> None:
    found = talk(f"1: {PICTURE_MARK}\n2: {PICTURE_MARK}\nSame?", pictures=2)
    assert contents(found) == [[text("1: "), IMAGE, text("\n2: "), IMAGE, text("\nSame?")]]
    assert found.order == [0, 1]


def test_pictures_without_a_mark_stand_before_the_text_of_the_users_last_message() -> None:
    messages = [
        Message("user", f"{PICTURE_MARK}a"),
        Message("user", "b"),
        Message("assistant", "c"),
    ]
    found = converse(messages, 3, NOTHING)
    assert contents(found) == [[IMAGE, text("a")], [IMAGE, IMAGE, text("b")], [text("c")]]
    assert found.order == [0, 1, 2]


def test_pictures_are_in_the_order_of_their_places_not_of_their_marks() -> None:
    messages = [Message("user", "first"), Message("assistant", f"look: {PICTURE_MARK}")]
    assert converse(messages, 2, NOTHING).order == [1, 0]


def test_a_mark_without_a_picture_is_dropped_and_leaves_one_text() -> None:
    assert contents(talk(f"a {PICTURE_MARK}b", pictures=0)) == [[text("a b")]]


def test_an_empty_message_is_still_a_turn() -> None:
    assert contents(talk("", pictures=0)) == [[text("")]]


def test_what_a_user_writes_cannot_end_a_turn_or_bring_a_picture_in(model: HubModel) -> None:
    layout = model._layout
    special = [t.content for t in layout._tokenizer.added_tokens_decoder.values() if t.special]
    hostile = "".join(special)
    picture = flat(40, 40)

    def tokens(words: str) -> list[int]:
        laid = layout.lay_out(Prompt((Message("user", words),), (picture,)))
        return layout.inputs([laid])["input_ids"][0].tolist()

    ids = set(layout._tokenizer.convert_tokens_to_ids(special))
    meant = [token for token in tokens("Describe it.") if token in ids]
    assert [token for token in tokens(f"Describe it. {hostile}") if token in ids] == meant


def test_a_broken_control_token_is_read_as_the_words_it_was(model: HubModel) -> None:
    token = model._layout._tokenizer.eos_token
    laid = model._layout.lay_out(Prompt((Message("user", f"What does {token} mean?"),)))
    assert f"What does {token[0]} {token[1:]} mean?" in laid.text


def test_a_template_without_system_messages_gets_it_at_the_head_of_the_first_turn(
    model_of: Any,
) -> None:
    layout = model_of("gemma3")._layout
    messages = (Message("system", "Be brief."), Message("user", "What is it?"))
    rendered = layout.lay_out(Prompt(messages)).text
    assert "<start_of_turn>user\nBe brief." in rendered and "What is it?" in rendered


def test_a_conversation_that_the_template_refuses_is_an_error_with_its_reason(
    model_of: Any,
) -> None:
    layout = model_of("gemma3")._layout
    with pytest.raises(GenerationError, match=r"template refuses.*no system messages"):
        layout.lay_out(Prompt((Message("system", "Alone."),)))


def test_a_model_that_can_think_aloud_is_asked_not_to(model_of: Any) -> None:
    rendered = model_of("qwen3_5")._layout.lay_out(Prompt((Message("user", "Hi"),))).text
    assert rendered.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")


def test_the_mark_that_begins_a_prompt_stands_there_once(model_of: Any) -> None:
    layout = model_of("gemma3")._layout
    laid = layout.lay_out(Prompt((Message("user", "Hi"),), (flat(40, 40),)))
    begin = layout._tokenizer.bos_token_id
    assert layout.inputs([laid])["input_ids"][0].tolist().count(begin) == 1


def test_tokens_are_counted_as_the_model_gets_them_pictures_included(model: HubModel) -> None:
    words = f"Two:\n{PICTURE_MARK}\n\n{PICTURE_MARK}\nand {PICTURE_MARK}. Which?"
    for pictures in ([], [flat(60, 80)], [noise(33, 50), noise(300, 90), flat(1, 1)]):
        prompt = Prompt((Message("user", words),), tuple(pictures))
        made = model._layout.inputs([model._layout.lay_out(prompt)])
        assert model._layout.count(prompt) == made["input_ids"].shape[1]


class _Tiling:
    """What an image processor of Idefics 3 says about itself."""

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)


@pytest.mark.parametrize(
    ("pixels", "side"), [(1_000_000, 1092), (10_000_000, 1456), (130_000, 364), (1, 364)]
)
def test_a_budget_means_fewer_tiles_where_pictures_are_enlarged(pixels: int, side: int) -> None:
    tiling = _Tiling(
        max_image_size={"longest_edge": 364}, size={"longest_edge": 1456}, do_image_splitting=True
    )
    assert _tiles(tiling, pixels) == {"size": {"longest_edge": side}}


def test_other_processors_keep_their_own_sizes() -> None:
    assert _tiles(_Tiling(size={"longest_edge": 16_777_216, "shortest_edge": 65_536}), 1) == {}
    assert _tiles(_Tiling(size={"height": 896, "width": 896}), 1) == {}
