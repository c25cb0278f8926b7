"""LangChain's messages ↔ our prompts.

Knows: how LangChain and OpenAI write pictures into a message. Refuses to know: models, and how a
picture is decoded. Nothing is fetched: a picture comes as bytes, as a file, or as pixels.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
)

from mmqa.errors import UsageError
from mmqa.records import PICTURE_MARK, Message, Picture, Prompt
from mmqa.vlm.chat_pictures import decoded
from mmqa.vlm.places import content, placed

ReadPicture: TypeAlias = Callable[[bytes], Picture]
"""Bytes of a picture file → its pixels."""
Role: TypeAlias = Literal["system", "user", "assistant"]

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
}
_THOUGHTS = frozenset({"reasoning", "thinking", "redacted_thinking"})
"""What a model thought is not told to it again."""


def to_prompt(messages: Sequence[BaseMessage], read: ReadPicture = decoded) -> Prompt:
    r"""The prompt that ``messages`` make.

    Pictures become marks in the order in which they stand. Messages of one role in a row become
    one, line by line, as many chat templates insist on turns. Marks in what people wrote go.

    Args:
        messages: At least one.
        read: What decodes pictures.

    Raises:
        UsageError: There is no message, or one holds what a vision-language model does not take:
            tool calls, sound, files, or a picture on the web; or its picture cannot be read.

    >>> to_prompt([HumanMessage("Hello"), HumanMessage("there")]).messages
    (Message(role='user', text='Hello\nthere'),)
    """
    if not messages:
        raise UsageError("there is no message", "Give at least one.")
    made: list[Message] = []
    pictures: list[Picture] = []
    for message in messages:
        role = _role(message)
        text = _text(message.content, pictures, read)
        if made and made[-1].role == role:
            made[-1] = Message(role, f"{made[-1].text}\n{text}")
        else:
            made.append(Message(role, text))
    return Prompt(tuple(made), tuple(pictures))


def from_prompt(prompt: Prompt) -> list[BaseMessage]:
    """LangChain's messages for ``prompt``; pictures go along as pixels, not encoded.

    Marks without a picture are dropped; pictures without a mark stand before the text of the last
    message of the user's. :func:`to_prompt` gives the prompt back.
    """
    contents = placed(prompt.messages, [picture_block(picture) for picture in prompt.pictures])
    return [
        _MADE_OF[message.role](content=content(pieces))
        for message, pieces in zip(prompt.messages, contents, strict=True)
    ]


_MADE_OF: Mapping[Role, type[BaseMessage]] = {
    "system": SystemMessage,
    "user": HumanMessage,
    "assistant": AIMessage,
}


def picture_block(picture: Picture) -> dict[str, Any]:
    """A content block with the pixels themselves, for use within this process.

    Its ``id`` is a digest of them, so that a cache of LangChain's tells two pictures apart.
    """
    digest = hashlib.sha256(str(picture.pixels.shape).encode())
    digest.update(picture.pixels.tobytes())
    return {"type": "image", "picture": picture, "id": digest.hexdigest()[:32]}


def _role(message: BaseMessage) -> Role:
    name = message.role if isinstance(message, ChatMessage) else message.type
    if getattr(message, "tool_calls", None) or name not in _ROLES:
        what = "a message calls tools" if name in _ROLES else f"a message is of {name!r}"
        raise UsageError(
            f"{what}, which this chat model does not know",
            "Give messages of the system, the user and the assistant.",
        )
    return _ROLES[name]


def _text(content: str | Sequence[Any], pictures: list[Picture], read: ReadPicture) -> str:
    """The text with a mark for each picture, which is appended to ``pictures``."""
    if isinstance(content, str):
        return content.replace(PICTURE_MARK, "")
    text = ""
    for block in content:
        if isinstance(block, str):
            text += block.replace(PICTURE_MARK, "")
        elif block.get("type") == "text":
            text += str(block.get("text", "")).replace(PICTURE_MARK, "")
        elif block.get("type") in {"image", "image_url"}:
            pictures.append(_picture(block, read))
            text += PICTURE_MARK
        elif block.get("type") not in _THOUGHTS:
            raise UsageError(
                f"a message holds a block of type {block.get('type')!r}",
                "This chat model takes text and pictures.",
            )
    return text


def _picture(block: Mapping[str, Any], read: ReadPicture) -> Picture:
    """The picture of a block, in any of the shapes that are in use.

    OpenAI's ``image_url``, LangChain's ``image`` of both versions, Anthropic's ``source``, a
    ``path``, or our own.
    """
    if isinstance(block.get("picture"), Picture):
        picture: Picture = block["picture"]
        return picture
    if block.get("path"):
        return read(_file(Path(str(block["path"])).expanduser()))
    source = block.get("source")
    found = source if isinstance(source, Mapping) else block
    data = found.get("base64") or found.get("data")
    if data:
        return read(_bytes(str(data)))
    url = found.get("image_url") or found.get("url")
    return read(_from_url(url.get("url") if isinstance(url, Mapping) else url))


def _from_url(url: object) -> bytes:
    head, comma, data = str(url or "").partition(",")
    if comma and head.lower().startswith("data:") and head.lower().endswith(";base64"):
        return _bytes(data)
    shown = str(url)[:80] if url else "no picture"
    raise UsageError(
        f"a message shows a picture by {shown!r}",
        "mmqa fetches nothing: give its bytes as base64 or data: URL, or the path of a file.",
    )


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except binascii.Error as error:
        raise UsageError(
            f"a picture in a message is no base64: {error}", "Encode the bytes of its file."
        ) from error


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the picture {str(path)!r} of a message cannot be read: {error.strerror}",
            "Check the path.",
        ) from error
