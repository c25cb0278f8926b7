"""A prompt as the ``messages`` of a chat completion.

Knows: where in the text pictures stand, and OpenAI's shape of content. Refuses to know: who reads
it, and how pictures are encoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmqa.records import PICTURE_MARK, Message

Part = dict[str, Any]


def wire_messages(messages: Sequence[Message], urls: Sequence[str] = ()) -> list[dict[str, Any]]:
    """n messages as JSON; those without a picture keep plain text, which every server takes.

    Args:
        messages: Their n-th :data:`mmqa.records.PICTURE_MARK` stands for the n-th picture; marks
            without a picture are dropped.
        urls: Of the pictures. Those without a mark stand before the text of the last message of the
            user's.

    >>> wire_messages([Message("user", f"Compare {PICTURE_MARK}")], ["data:,a"])[0]["content"][0]
    {'type': 'text', 'text': 'Compare '}
    """
    left = iter(urls)
    made = [_parts(message.text, left) for message in messages]
    unmarked = [_picture(url) for url in left]
    if unmarked:
        last = _last_of_user(messages)
        made[last] = unmarked + made[last]
    return [
        {"role": message.role, "content": _content(parts)}
        for message, parts in zip(messages, made, strict=True)
    ]


def _parts(text: str, urls: Iterator[str]) -> list[Part]:
    """Text and pictures in order; ``urls`` is used up as far as there are marks."""
    parts: list[Part] = []
    for n, piece in enumerate(text.split(PICTURE_MARK)):
        url = next(urls, None) if n else None
        if url is not None:
            parts.append(_picture(url))
        if piece and parts and parts[-1]["type"] == "text":
            parts[-1]["text"] += piece
        elif piece:
            parts.append({"type": "text", "text": piece})
    return parts


def _picture(url: str) -> Part:
    return {"type": "image_url", "image_url": {"url": url}}


def _content(parts: list[Part]) -> str | list[Part]:
    if any(part["type"] == "image_url" for part in parts):
        return parts
    return "".join(part["text"] for part in parts)


def _last_of_user(messages: Sequence[Message]) -> int:
    """Index of the last message of the user's, or of the last at all."""
    of_user = [n for n, message in enumerate(messages) if message.role == "user"]
    return of_user[-1] if of_user else len(messages) - 1
