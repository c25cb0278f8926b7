"""The graph computes what transformers computes from the same rounded numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmqa.vlm.decoding import graph
from mmqa.vlm.decoding.running import Running, open_session
from mmqa.vlm.decoding.shape import Shape
from mmqa.vlm.decoding.smoothing import scales_of

from .small_models import as_decoded, make_llama

PROMPT = torch.tensor([[5, 80, 33, 2, 61, 17, 90, 44, 8, 29]])


def hidden_and_logits(model, tokens):
    """By the graphs: hidden state and logits of the last token."""
    shape, weights, scales = Shape.of(model.config), model.state_dict(), scales_of(model)
    body, head = graph.body(shape, weights, scales), graph.head(weights, scales)
    running = Running(open_session(body, 1), shape, 1, 32)
    embeddings = model.get_input_embeddings()(tokens).detach().numpy()
    hidden = running.extend(embeddings)
    return hidden, open_session(head, 1).run(["logits"], {"hidden": hidden})[0]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"tie_word_embeddings": False},
        {"num_attention_heads": 2, "head_dim": 32, "num_key_value_heads": 1},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 100.0}},
        {"rms_norm_eps": 0.1},
    ],
    ids=["tied", "own output layer", "one key head", "fast angles", "large epsilon"],
)
def test_logits_are_those_of_transformers_from_the_same_rounded_numbers(settings):
    _, logits = hidden_and_logits(make_llama(**settings), PROMPT)
    with torch.inference_mode():
        wanted = as_decoded(make_llama(**settings))(PROMPT).logits[:, -1]
    # measured: equal to 5e-5, where rounding itself moves logits by 0.2 to 0.5; but sums in another
    # order tip a number to the next of 255 steps now and then, which moves them by 0.07
    np.testing.assert_allclose(logits, wanted, atol=0.1)
    assert np.corrcoef(logits[0], wanted[0])[0, 1] > 0.9998


def test_positions_turn_by_the_angles_of_the_paper():
    shape = Shape.of(make_llama().config)
    cosines, sines = graph._rotary(shape)
    assert cosines.shape == sines.shape == (128, 8)
    np.testing.assert_allclose(cosines[3, 0], np.cos(3.0), rtol=1e-6)
    np.testing.assert_allclose(sines[5, 4], np.sin(5.0 * 10_000.0 ** (-8 / 16)), rtol=1e-5)
