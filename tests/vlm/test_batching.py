"""Prompts laid side by side."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from mmqa.vlm.batching import groups, padded


@given(st.lists(st.integers(1, 300), max_size=60))
def test_every_prompt_is_in_one_group_and_no_group_is_too_large(lengths: list[int]) -> None:
    found = groups(lengths, most_tokens=600, most_rows=8)
    assert sorted(n for group in found for n in group) == list(range(len(lengths)))
    for group in found:
        assert len(group) <= 8
        assert len(group) == 1 or max(lengths[n] for n in group) * len(group) <= 600


def test_tokens_are_padded_on_the_left() -> None:
    rows = [{"input_ids": torch.tensor([[1, 2]])}, {"input_ids": torch.tensor([[3, 4, 5, 6]])}]
    batch = padded(rows, 0)
    assert batch["input_ids"].tolist() == [[0, 0, 1, 2], [3, 4, 5, 6]]
    assert batch["attention_mask"].tolist() == [[0, 0, 1, 1], [1, 1, 1, 1]]


def test_a_shared_head_stays_in_front_of_the_padding() -> None:
    rows = [{"input_ids": torch.tensor([[7, 8, 1]])}, {"input_ids": torch.tensor([[7, 8, 2, 3]])}]
    batch = padded(rows, 0, shared=2)
    assert batch["input_ids"].tolist() == [[7, 8, 0, 1], [7, 8, 2, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0, 1], [1, 1, 1, 1]]


def test_embeddings_are_padded_with_zeros() -> None:
    rows = [{"inputs_embeds": torch.ones(1, 1, 2)}, {"inputs_embeds": torch.ones(1, 2, 2)}]
    batch = padded(rows, 9)
    assert batch["inputs_embeds"][0].tolist() == [[0, 0], [1, 1]]
    assert batch["attention_mask"].tolist() == [[0, 1], [1, 1]]
