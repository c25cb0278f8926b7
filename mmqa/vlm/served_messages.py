"""A prompt as the ``messages`` of a chat completion.

Knows: where in the text pictures stand, and OpenAI's shape of content. Refuses to know: who reads
it, and how pictures are encoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmqa.records import Message
from mmqa.vlm.places import content, placed

Part = dict[str, Any]


def wire_messages(messages: Sequence[Message], urls: Sequence[str] = ()) -> list[dict[str, Any]]:
    """n messages as JSON; those without a picture keep plain text, which every server takes.

    Args:
        messages: At least one; see :func:`mmqa.vlm.places.placed` for where pictures stand.
        urls: Of the pictures.

    >>> from mmqa.records import PICTURE_MARK
    >>> wire_messages([Message("user", f"Compare {PICTURE_MARK}")], ["data:,a"])[0]["content"][0]
    {'type': 'text', 'text': 'Compare '}
    """
    made = placed(messages, [_picture(url) for url in urls])
    return [
        {"role": message.role, "content": content(pieces)}
        for message, pieces in zip(messages, made, strict=True)
    ]


def _picture(url: str) -> Part:
    return {"type": "image_url", "image_url": {"url": url}}
