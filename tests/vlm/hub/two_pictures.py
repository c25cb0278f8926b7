"""What both processes are asked: two pictures that differ in size."""

from __future__ import annotations

import numpy as np

from mmqa.records import PICTURE_MARK, Message, Picture, Prompt

FAMILIES = ("qwen3_5", "qwen3_vl", "qwen2_5_vl", "smolvlm")
"""Families whose processors have a part for video."""


def prompt() -> Prompt:
    rng = np.random.default_rng(0)
    shapes = ((60, 80, 3), (90, 50, 3))
    pictures = tuple(Picture(rng.integers(0, 255, shape, dtype=np.uint8)) for shape in shapes)
    words = f"Picture 1: {PICTURE_MARK}\nPicture 2: {PICTURE_MARK}\nWhat is different?"
    return Prompt((Message("system", "Be brief."), Message("user", words)), pictures)
