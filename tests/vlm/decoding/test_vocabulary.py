"""The two ends: rows of the table, and the output layer."""

from __future__ import annotations

import numpy as np
import torch

from mmqa.vlm.decoding import graph
from mmqa.vlm.decoding.running import open_session
from mmqa.vlm.decoding.smoothing import LAST
from mmqa.vlm.decoding.vocabulary import Vocabulary


def test_tokens_become_rows_of_the_table_in_float32(small):
    table = small.get_input_embeddings().weight.detach().bfloat16()
    found = Vocabulary(table, None).embed(torch.tensor([7, 0, 7]))
    assert found.dtype == torch.float32
    assert torch.equal(found, table[[7, 0, 7]].float())


def test_logits_are_products_with_the_rows():
    table = torch.randint(-127, 128, (96, 64), generator=torch.Generator().manual_seed(1)) / 127.0
    hidden = torch.randint(-127, 128, (3, 64), generator=torch.Generator().manual_seed(0)) / 127.0
    hidden[:, ::32] = table[:, ::32] = 1.0  # all on the grid of 127 steps, so nothing is rounded
    head = graph.head({graph.EMBEDDINGS: table}, {LAST: torch.ones(64)})
    found = Vocabulary(table, open_session(head, 1)).logits(hidden.numpy())
    np.testing.assert_allclose(found, hidden @ table.T, atol=1e-4)


def test_scales_cancel_out():
    """Powers of two change no rounding."""
    table = torch.randn(96, 64, generator=torch.Generator().manual_seed(2))
    hidden = torch.randn(2, 64, generator=torch.Generator().manual_seed(3)).numpy()
    plain, scaled = (
        Vocabulary(table, open_session(graph.head({graph.EMBEDDINGS: table}, {LAST: s}), 1))
        for s in (torch.ones(64), torch.full((64,), 4.0))
    )
    np.testing.assert_allclose(plain.logits(hidden), scaled.logits(hidden), rtol=1e-5, atol=1e-5)
