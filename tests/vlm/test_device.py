"""Where a model runs."""

from __future__ import annotations

import pytest
import torch

from mmqa.errors import ConfigError
from mmqa.vlm.device import number_type, place


def test_the_cpu_is_taken_when_it_is_named() -> None:
    assert place("cpu") == "cpu"


def test_a_gpu_is_taken_where_there_is_one() -> None:
    assert place("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ConfigError, match=r"finds no GPU.*device = cpu"):
        place("cuda")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"avx512_bf16": True}, torch.bfloat16), ({"avx2": True}, torch.float32)],
)
def test_sixteen_bits_only_where_the_processor_multiplies_them(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert number_type("cpu") == expected
