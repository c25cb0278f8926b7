"""What the rest asks of a model of transformers is answered."""

from __future__ import annotations

import torch

from mmqa.vlm.decoding.loading import opened


def test_it_has_settings_and_embeddings_as_a_model_of_transformers_has(small, tmp_path):
    model = opened(
        small.config,
        small.generation_config,
        lambda: small,
        store=tmp_path / "made",
        source="a",
        threads=1,
    )
    assert (model.config, model.generation_config) == (small.config, small.generation_config)
    tokens = torch.tensor([[4, 5]])
    wanted = small.get_input_embeddings()(tokens)
    assert torch.equal(model.get_input_embeddings()(tokens), wanted)


def test_the_weights_take_about_nine_bits_each_and_the_table_as_it_was(small, decoder_of, tmp_path):
    shared = decoder_of(small)
    options = {"source": "a", "threads": 1}
    whole, body = (
        opened(small.config, None, lambda: small, store=tmp_path / name, vocabulary=ends, **options)
        for name, ends in (("whole", None), ("body", shared.vocabulary))
    )
    matrices = 2 * (64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128)
    table = 96 * 64
    known = 20_000  # angles, norms, and the graph itself
    assert 0 <= body.weight_bytes - matrices * 9 / 8 < known
    assert 0 <= whole.weight_bytes - matrices * 9 / 8 - table * (4 + 9 / 8) < known
