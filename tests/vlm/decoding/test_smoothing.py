"""Smoothing changes no product, and makes outliers do less harm."""

from __future__ import annotations

import torch

from mmqa.vlm.decoding.smoothing import LAST, scales_of

from .small_models import as_decoded, make_llama, smooth

PROMPT = torch.tensor([[5, 80, 33, 2, 61, 17, 90, 44, 8, 29]])


def with_an_outlier():
    """A model one of whose channels is 60 times as loud as the others."""
    model = make_llama()
    with torch.no_grad():
        for layer in model.model.layers:
            for norm in (layer.input_layernorm, layer.post_attention_layernorm):
                norm.weight[3] = 60.0
            for linear in (layer.self_attn.q_proj, layer.self_attn.k_proj, layer.self_attn.v_proj):
                linear.weight[:, 3] /= 60.0
            for linear in (layer.mlp.gate_proj, layer.mlp.up_proj):
                linear.weight[:, 3] /= 60.0
    return model


def logits(model):
    with torch.inference_mode():
        return model(PROMPT).logits


def test_in_full_numbers_a_smoothed_model_is_the_same_model():
    model = make_llama(tie_word_embeddings=False)
    wanted = logits(model)
    torch.testing.assert_close(logits(smooth(model)), wanted, rtol=1e-3, atol=1e-3)


def test_every_norm_has_scales(small):
    names = set(scales_of(small))
    assert names == {name for name, _ in small.named_modules() if name.endswith("norm")}
    assert LAST in names


def test_the_loud_channel_gets_the_largest_scale():
    found = scales_of(with_an_outlier())
    layers = [scales for name, scales in found.items() if name != LAST]
    assert [int(scales.argmax()) for scales in layers] == [3] * 4


def test_after_smoothing_rounding_does_less_harm(monkeypatch):
    from mmqa.vlm.decoding import smoothing

    def error():
        model = with_an_outlier()
        wanted = logits(model)
        return float((logits(as_decoded(model)) - wanted).square().mean())

    smoothed = error()
    monkeypatch.setattr(smoothing, "scales", lambda largest, matrices: torch.ones_like(largest))
    assert smoothed < 0.5 * error()


def test_nothing_of_the_watching_stays(small):
    scales_of(small)
    assert not any(part._forward_hooks for part in small.modules())
