"""Made once, read the next time; two sets of weights over one vocabulary."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmqa.models.cache import cache_folder
from mmqa.vlm.decoding.loading import opened

from .small_models import ids, make_llama, said


def refused():
    raise AssertionError("the model was asked for")


def test_what_was_made_is_read_the_next_time(small, tmp_path):
    store = {"store": tmp_path / "made", "threads": 1}
    made = opened(small.config, None, lambda: small, source="a", **store)
    again = opened(small.config, None, refused, source="a", **store)
    assert said(again.decoder, ids(1, 2, 3)) == said(made.decoder, ids(1, 2, 3))


def test_of_other_weights_it_is_made_anew(small, tmp_path):
    told, other = [], make_llama(seed=5)
    store = {"store": tmp_path / "made", "threads": 1, "tell": told.append}
    before = opened(small.config, None, lambda: small, source="a", **store)
    after = opened(other.config, None, lambda: other, source="b", **store)
    assert said(before.decoder, ids(1, 2, 3)) != said(after.decoder, ids(1, 2, 3))
    assert "source changed" in told[0]


def test_a_damaged_store_is_made_anew(small, tmp_path):
    told = []
    store = {"store": tmp_path / "made", "threads": 1, "source": "a", "tell": told.append}
    made = opened(small.config, None, lambda: small, **store)
    (tmp_path / "made" / "body.onnx").write_bytes(b"?")
    again = opened(small.config, None, lambda: small, **store)
    assert "damaged" in told[0]
    assert said(again.decoder, ids(1, 2, 3)) == said(made.decoder, ids(1, 2, 3))


def test_where_nothing_can_be_stored_it_runs_from_memory(small, tmp_path):
    (tmp_path / "file").write_text("no folder")
    told = []
    decoder = opened(
        small.config,
        None,
        lambda: small,
        store=tmp_path / "file" / "made",
        source="a",
        threads=1,
        tell=told.append,
    )
    assert len(said(decoder.decoder, ids(1, 2, 3))[0]) == 8
    assert "cannot be kept" in told[0]


def test_two_sets_of_weights_share_one_vocabulary(small, decoder_of):
    """As plain and seeing weights do: the same ends, other layers between."""
    other = make_llama(seed=3)
    with torch.no_grad():
        other.get_input_embeddings().weight.copy_(small.get_input_embeddings().weight)
    plain = decoder_of(small)
    seeing = decoder_of(other, name="seeing", vocabulary=plain.vocabulary)
    alone = decoder_of(other, name="alone")
    assert seeing.vocabulary is plain.vocabulary
    assert said(seeing, ids(4, 5, 6)) == said(alone, ids(4, 5, 6))
    assert said(seeing, ids(4, 5, 6)) != said(plain, ids(4, 5, 6))


def test_a_shared_vocabulary_is_not_stored_twice(small, decoder_of, tmp_path):
    plain = decoder_of(small)
    for _ in range(2):  # made, and read
        decoder_of(small, name="seeing", vocabulary=plain.vocabulary)
    assert sorted(p.name for p in (tmp_path / "seeing").iterdir()) == [
        "body.onnx",
        "quantized.json",
    ]


def test_weights_of_16_bits_are_taken(decoder_of):
    half = make_llama().bfloat16()
    assert len(said(decoder_of(half), ids(1, 2, 3))[0]) == 8


@pytest.mark.weights
def test_the_embedded_model_predicts_as_it_does_in_full_numbers(tmp_path):
    """Measured over this text: KL 0.002, and 98 % of the likeliest tokens are the same."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from mmqa.vlm.decoding.running import Running

    folder = cache_folder() / "embedded" / "language_model"
    full = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    text = (Path(__file__).parents[3] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tokens = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")["input_ids"][:, :300]
    store = tmp_path / "made"
    made = opened(full.config, None, lambda: full, store=store, source="a", threads=1)
    decoder = made.decoder
    running = Running(decoder._session, decoder.shape, 1, 300)
    embeddings = decoder.vocabulary.embed(tokens[0]).numpy()[None]
    hidden = [running.extend(embeddings[:, :100])]
    hidden += [running.extend(embeddings[:, n : n + 1]) for n in range(100, 300)]
    found = torch.log_softmax(decoder.vocabulary.logits(np.concatenate(hidden)), -1)
    with torch.inference_mode():
        wanted = torch.log_softmax(full(tokens).logits[0, 99:], -1)
    divergence = (wanted.exp() * (wanted - found)).sum(-1).mean()
    same = (wanted.argmax(-1) == found.argmax(-1)).float().mean()
    assert divergence < 0.006
    assert same > 0.93
