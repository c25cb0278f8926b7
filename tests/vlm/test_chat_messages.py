"""LangChain's messages as prompts and back, worked by hand."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from PIL import Image

from mmqa.errors import UsageError
from mmqa.records import PICTURE_MARK as MARK
from mmqa.records import Message, Picture, Prompt
from mmqa.vlm.chat_messages import from_prompt, picture_block, to_prompt

RED = Picture(np.full((4, 6, 3), (255, 0, 0), np.uint8))
BLUE = Picture(np.full((4, 6, 3), (0, 0, 255), np.uint8))


def encoded(picture: Picture) -> str:
    file = io.BytesIO()
    Image.fromarray(picture.pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def human(*blocks: Any) -> list[BaseMessage]:
    return [HumanMessage(content=list(blocks))]


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def test_roles_become_ours() -> None:
    messages = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Ho"), HumanMessage("?")]
    assert to_prompt(messages).messages == (
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Ho"),
        Message("user", "?"),
    )
    named = [ChatMessage(role="user", content="Hi"), ChatMessage(role="assistant", content="Ho")]
    assert to_prompt(named).messages == (Message("user", "Hi"), Message("assistant", "Ho"))


def test_messages_of_one_role_in_a_row_become_one() -> None:
    messages = [HumanMessage("a"), HumanMessage("b"), AIMessage("c"), AIMessage("d")]
    assert to_prompt(messages).messages == (Message("user", "a\nb"), Message("assistant", "c\nd"))


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded(RED)}"}},
        {"type": "image_url", "image_url": f"data:image/png;base64,{encoded(RED)}"},
        {"type": "image", "base64": encoded(RED), "mime_type": "image/png"},
        {"type": "image", "source_type": "base64", "data": encoded(RED), "mime_type": "image/png"},
        {"type": "image", "url": f"data:image/png;base64,{encoded(RED)}"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                     "data": encoded(RED)}},
        {"type": "image", "picture": RED},
    ],
)  # fmt: skip
def test_a_picture_is_understood_in_every_shape(block: dict[str, Any]) -> None:
    prompt = to_prompt(human(text("What is "), block, text("?")))
    assert prompt.messages == (Message("user", f"What is {MARK}?"),)
    assert np.array_equal(prompt.pictures[0].pixels, RED.pixels)


def test_a_picture_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    file.write_bytes(base64.b64decode(encoded(RED)))
    prompt = to_prompt(human({"type": "image", "path": str(file)}))
    assert np.array_equal(prompt.pictures[0].pixels, RED.pixels)
    with pytest.raises(UsageError, match="missing"):
        to_prompt(human({"type": "image", "path": str(tmp_path / "missing.png")}))


def test_pictures_keep_their_order_over_messages() -> None:
    messages = [
        *human(picture_block(RED), text("one")),
        AIMessage("red"),
        *human("and ", picture_block(BLUE), text("two")),
    ]
    prompt = to_prompt(messages)
    assert [m.text for m in prompt.messages] == [f"{MARK}one", "red", f"and {MARK}two"]
    assert prompt.pictures == (RED, BLUE)


def test_marks_that_people_write_are_taken_out() -> None:
    assert to_prompt([HumanMessage(f"a{MARK}b")]).messages[0].text == "ab"
    prompt = to_prompt(human(f"x{MARK}", text(f"a{MARK}b"), picture_block(RED)))
    assert prompt.messages[0].text == f"xab{MARK}"


def test_what_a_model_thought_is_left_out() -> None:
    content: list[Any] = [{"type": "thinking", "thinking": "Hm."}, text("Hello")]
    assert to_prompt([AIMessage(content=content)]).messages == (Message("assistant", "Hello"),)


def test_a_picture_may_be_read_by_what_is_given() -> None:
    block = {"type": "image", "base64": base64.b64encode(b"bytes").decode()}
    seen: list[bytes] = []

    def read(data: bytes) -> Picture:
        seen.append(data)
        return BLUE

    assert to_prompt(human(block), read).pictures == (BLUE,)
    assert seen == [b"bytes"]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "there is no message"),
        (human({"type": "image", "url": "https://a.example/cat.png"}), "fetches nothing"),
        (human({"type": "image_url", "image_url": {"url": "http://a/b.png"}}), "fetches nothing"),
        (human({"type": "image", "url": "file:///etc/passwd"}), "fetches nothing"),
        (human({"type": "image", "file_id": "f-1"}), "no picture"),
        (human({"type": "image", "base64": "!!!"}), "no base64"),
        (human({"type": "image", "base64": "aGVsbG8="}), "cannot be read"),
        (human({"type": "audio", "base64": "aGVsbG8="}), "'audio'"),
        (human({"type": "file", "base64": "aGVsbG8="}), "'file'"),
        ([ToolMessage("4", tool_call_id="1")], "'tool'"),
        ([AIMessage("", tool_calls=[{"name": "add", "args": {}, "id": "1"}])], "calls tools"),
        ([ChatMessage(role="critic", content="no")], "'critic'"),
    ],
)
def test_what_is_not_understood_is_refused(messages: list[BaseMessage], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        to_prompt(messages)


def test_a_prompt_comes_back_as_it_was() -> None:
    prompt = Prompt(
        (
            Message("system", "Be brief."),
            Message("user", f"Picture 1: {MARK}\nPicture 2: {MARK}\nWhich is red?"),
            Message("assistant", "1"),
            Message("user", "Sure?"),
        ),
        (RED, BLUE),
    )
    messages = from_prompt(prompt)
    assert [type(message) for message in messages] == [
        *(SystemMessage, HumanMessage, AIMessage, HumanMessage)
    ]
    assert messages[3].content == "Sure?"
    back = to_prompt(messages)
    assert back.messages == prompt.messages
    assert back.pictures == prompt.pictures  # the same objects: nothing was encoded


def test_pictures_without_a_mark_stand_before_the_last_question() -> None:
    prompt = Prompt((Message("user", "a"), Message("assistant", "b"), Message("user", "c")), (RED,))
    assert to_prompt(from_prompt(prompt)).messages[2] == Message("user", f"{MARK}c")


def test_pictures_are_told_apart_by_their_pixels() -> None:
    again = Picture(RED.pixels.copy())
    assert picture_block(RED)["id"] == picture_block(again)["id"] != picture_block(BLUE)["id"]
    wide = Picture(RED.pixels.reshape(6, 4, 3))
    assert picture_block(wide)["id"] != picture_block(RED)["id"]
