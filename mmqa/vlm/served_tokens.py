"""How many tokens a prompt has, where only the server knows its tokenizer.

Knows: a guess that is too high rather than too low. Refuses to know: any tokenizer.

The rule was fitted to the vocabularies of SmolLM2 (49k), GPT-2 (Whisper's English one, 50k) and
Whisper's multilingual one on English, German, Polish, Russian, Chinese, Japanese, emoji, numbers,
hexadecimal, Python, TOML and Markdown: never below, 1.0 to 1.6 times what SmolLM2 has for prose,
up to 5 times for scripts that a vocabulary is good at. Too high costs a piece of evidence; too low
costs the answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from mmqa.records import PICTURE_MARK, Message, Picture
from mmqa.vlm.shown import sheet_size

MESSAGE_TOKENS = 8
"""Role and marks around one message; chat templates spend 3 to 6."""
PROMPT_TOKENS = 40
"""What a template says of itself: SmolLM2's system message has 20 tokens, Llama's date 25."""
PATCH = 16
"""Pixels a side of one token: the finest in use (Pixtral); Qwen-VL takes 28 or 32."""
PICTURE_TOKENS = 1200
"""Of a small picture: LLaVA-NeXT's least, two tiles."""
_MARGIN = 1.05
_RUNS = re.compile(r"[a-zA-Z]+|[0-9]+|[^\x00-\x7f]|\s+|.", re.DOTALL)


def text_tokens(text: str) -> int:
    """At most how many tokens ``text`` has; 0 for none.

    >>> text_tokens("The museum closes at 17:30.")
    15
    """
    return math.ceil(_MARGIN * sum(_run_tokens(run) for run in _RUNS.findall(text)))


def _run_tokens(run: str) -> int:
    first = run[0]
    if first >= "\x80":
        return 2 if first < "\u2000" else 3  # European letters; all others have 3 or 4 bytes
    if first.isalpha():
        return math.ceil(len(run) / (3 if run[1:].islower() else 2))
    if first.isdigit():
        return len(run) + 1  # digit by digit, and the space before them
    return len(run) - 1 if first.isspace() else 1  # one space belongs to the word behind it


def picture_tokens(picture: Picture, most_pixels: int) -> int:
    """At most how many tokens a picture has when it is sent with at most ``most_pixels``."""
    width, height = sheet_size(picture.pixels.shape, most_pixels)
    return max(PICTURE_TOKENS, math.ceil(width / PATCH) * math.ceil(height / PATCH))


def template_tokens(messages: Sequence[Message]) -> int:
    """At most what the chat template adds to the texts."""
    return PROMPT_TOKENS + MESSAGE_TOKENS * len(messages)


def bare(text: str) -> str:
    """A message's text without the marks, which are counted as pictures."""
    return text.replace(PICTURE_MARK, "")
