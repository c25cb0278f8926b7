"""How questions about pictures are worded: frames from a table, kept apart by split.

Knows: the grammar of ``*_phrasings.toml`` and the small liberties people take in writing. Refuses
to know: what is asked about, what is true, and which picture.

A frame is a pattern with choices ``[a|b|]`` and slots ``{name}``. What is held out is held out by
frame: the lists named ``test`` are never trained on.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mmqa.training.phrasings import templates
from mmqa.training.visual_examples import Split

_SLOT = re.compile(r"\{(\w+)\}")


@cache
def frames(file: Path) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Frames of a table: what is asked → ``train`` or ``test`` → patterns.

    Raises:
        FileNotFoundError: There is no such table.
    """
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        asked: {side: tuple(listed) for side, listed in sides.items()}
        for asked, sides in tables.items()
    }


def worded(
    file: Path, asked: str, split: Split, slots: Mapping[str, str], rng: random.Random
) -> tuple[str, str]:
    """A question and the key of its phrasing.

    Args:
        file: Table of frames.
        asked: Name of a list of frames, e.g. ``count``.
        split: ``development`` shares the phrasings of ``train``.
        slots: What the slots of every frame of the list may need.
        rng: Chooses.

    Raises:
        KeyError: A frame needs a slot that is not given.
    """
    side = "test" if split == "test" else "train"
    listed = frames(file)[asked][side]
    number = rng.randrange(len(listed))
    template = rng.choice(_templates(listed[number]))
    text = _SLOT.sub(lambda slot: slots[slot[1]], template)
    return _typed(text, rng), f"{asked}/{side}/{number}"


@cache
def _templates(frame: str) -> tuple[str, ...]:
    return tuple(templates(frame))


def _typed(text: str, rng: random.Random) -> str:
    """As typed: two in three start with a capital, one in five lacks the mark at the end."""
    if rng.random() < 0.2:
        text = text.rstrip("?.")
    return text[0].upper() + text[1:] if rng.random() < 0.65 else text
