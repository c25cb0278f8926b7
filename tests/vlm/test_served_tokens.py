"""The guess of a prompt's length, against a real tokenizer."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platformdirs import user_cache_path

from mmqa.records import PICTURE_MARK, Message, Picture
from mmqa.vlm.served_tokens import bare, picture_tokens, template_tokens, text_tokens

ROOT = Path(__file__).parents[2]
TEXTS = {
    "prose": (ROOT / "README.md").read_text(encoding="utf-8"),
    "python": (ROOT / "mmqa" / "library.py").read_text(encoding="utf-8"),
    "toml": (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
    "german": "Der Fährmann erklärte den Reisenden, dass die Überfahrt verschoben werden müsse. ",
    "names": "Weißwurstfrühstück; Dr. Krzysztof Szczepański, Łódź; São Paulo, Ñuñoa; naïve café. ",
    "chinese": "博物馆在下午五点三十分关门，星期一不开放。请问渡轮什么时候出发？",
    "japanese": "美術館は午後五時半に閉まります。フェリーはいつ出発しますか。",
    "russian": "Паром отправляется в половине шестого, музей закрыт по понедельникам.",
    "numbers": " ".join(str(n * 7919) for n in range(300)),
    "hexadecimal": " ".join(f"{n * 2654435761 % 2**32:08x}" for n in range(100)),
    "capitals": "THE MUSEUM CLOSES AT HALF PAST FIVE AND OPENS AGAIN ON TUESDAY",
    "emoji": "😀🎉🚢 " * 20,
    "short words": "cat dog a an the of to in it is we at on up go no so my he me",
}


@lru_cache
def tokenizer(role: str) -> Any:
    from tokenizers import Tokenizer

    root = os.environ.get("MMQA_CACHE")
    cache = Path(root) if root else user_cache_path("mmqa")
    return Tokenizer.from_file(str(cache / "models" / "embedded" / role / "tokenizer.json"))


@pytest.mark.weights
@pytest.mark.parametrize("role", ["language_model", "transcriber", "transcriber_multilingual"])
@pytest.mark.parametrize("name", TEXTS)
def test_the_guess_is_never_too_low_and_not_far_too_high(name: str, role: str) -> None:
    counted = len(tokenizer(role).encode(TEXTS[name], add_special_tokens=False).ids)
    assert counted <= text_tokens(TEXTS[name]) <= 5.5 * counted


def test_nothing_has_no_tokens() -> None:
    assert text_tokens("") == 0


def test_a_picture_is_counted_as_it_is_sent() -> None:
    large = Picture(np.zeros((2000, 2000, 3), np.uint8))
    # 1,000 × 1,000 pixels, 63 × 63 patches of 16
    assert picture_tokens(large, 1_000_000) == 3969
    assert picture_tokens(Picture(np.zeros((9, 9, 3), np.uint8)), 1_000_000) == 1200


def test_the_template_is_counted_by_messages() -> None:
    assert template_tokens([Message("user", "a"), Message("assistant", "b")]) == 40 + 2 * 8


def test_marks_of_pictures_are_no_text() -> None:
    assert bare(f"a{PICTURE_MARK}b") == "ab"
