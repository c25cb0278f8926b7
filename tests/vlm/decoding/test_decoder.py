"""The decoder says what transformers says from the same numbers, and keeps its contract."""

from __future__ import annotations

import pytest
import torch

from mmqa.vlm.batching import padded
from mmqa.vlm.prefix import Prefix

from .small_models import ids, said

PROMPTS = ([5, 80, 33, 2, 61], [17, 90], [44, 8, 29, 71, 3, 12, 55])


def generated(model, prompt, n=8):
    tokens = model.generate(
        torch.tensor([prompt]), max_new_tokens=n, do_sample=False, eos_token_id=None, pad_token_id=0
    )
    return tokens[0, len(prompt) :].tolist()


def test_it_says_what_transformers_says_from_the_same_rounded_numbers(decoder_of, small, yardstick):
    decoder = decoder_of(small)
    for prompt in PROMPTS:
        assert said(decoder, ids(*prompt)) == [generated(yardstick, prompt)]


def test_embeddings_stand_for_tokens(decoder_of, small):
    decoder = decoder_of(small)
    inputs = {"inputs_embeds": small.get_input_embeddings()(torch.tensor([PROMPTS[0]])).detach()}
    assert said(decoder, inputs) == said(decoder, ids(*PROMPTS[0]))


def test_vectors_that_no_token_has_are_read_as_transformers_reads_them(
    decoder_of, small, yardstick
):
    """As those of pictures are."""
    torch.manual_seed(3)
    words = small.get_input_embeddings()(torch.tensor([PROMPTS[2]])).detach()
    mixed = torch.cat([words[:, :2], torch.randn(1, 6, 64) * words.std(), words[:, 2:]], 1)
    wanted = yardstick.generate(
        inputs_embeds=mixed, max_new_tokens=8, do_sample=False, eos_token_id=None, pad_token_id=0
    )
    assert said(decoder_of(small), {"inputs_embeds": mixed}) == wanted.tolist()


def test_prompts_side_by_side_say_what_each_says_alone(decoder_of, small):
    decoder = decoder_of(small)
    batch = padded([ids(*prompt) for prompt in PROMPTS], 0)
    assert said(decoder, batch) == [said(decoder, ids(*prompt))[0] for prompt in PROMPTS]


def test_nothing_is_computed_after_the_last_row_is_over(decoder_of, small, monkeypatch):
    from mmqa.vlm.decoding.running import Running

    decoder, steps = decoder_of(small), []
    extend = Running.extend
    monkeypatch.setattr(Running, "extend", lambda self, x: steps.append(x.shape) or extend(self, x))
    first, second = said(decoder, ids(*PROMPTS[0]), 2)[0]
    assert len(steps) == 2  # the prompt, and its first token
    steps.clear()
    assert said(decoder, ids(*PROMPTS[0]), 20, over=lambda token: token == second) == [
        [first, second]
    ]
    assert len(steps) == 2


def test_no_more_tokens_than_were_asked_for(decoder_of, small):
    assert [len(row) for row in said(decoder_of(small), ids(1, 2, 3), 1)] == [1]


def test_the_same_seed_draws_the_same_tokens(decoder_of, small):
    decoder = decoder_of(small)
    one, same, other = (
        said(decoder, ids(1, 2, 3), 12, temperature=3.0, seed=seed) for seed in (1, 1, 2)
    )
    assert one == same != other


HEAD = [9, 8, 7, 6, 5, 4]


@pytest.mark.parametrize("prefix_bytes", [0, 10_000_000])
def test_a_kept_head_changes_nothing_to_the_bit(decoder_of, small, prefix_bytes):
    decoder = decoder_of(small, prefix_bytes=prefix_bytes)
    prompts = [[*HEAD, *rest] for rest in PROMPTS]
    fresh, kept = (
        [
            said(decoder, ids(*prompt), prefix=Prefix(tuple(prompt), (2, 6)), temperature=1.0)
            for prompt in prompts
        ]
        for _ in range(2)
    )
    assert fresh == kept
    assert bool(decoder._prefixes.used_bytes) == bool(prefix_bytes)
    decoder.forget()
    assert decoder._prefixes.used_bytes == 0


def test_a_kept_head_is_not_read_again(decoder_of, small, monkeypatch):
    from mmqa.vlm.decoding.running import Running

    decoder, steps = decoder_of(small, prefix_bytes=10_000_000), []
    extend = Running.extend
    monkeypatch.setattr(
        Running, "extend", lambda self, x: steps.append(x.shape[1]) or extend(self, x)
    )
    for prompt in ([*HEAD, 1, 2], [*HEAD, 3, 4, 5]):
        said(decoder, ids(*prompt), 1, prefix=Prefix(tuple(prompt), (6,)))
    assert steps == [6, 2, 3]


def test_rows_that_share_a_head_say_what_each_says_alone(decoder_of, small):
    decoder = decoder_of(small)
    rows = [ids(*HEAD, *rest) for rest in PROMPTS]
    prefix = Prefix((*HEAD, *PROMPTS[0]), (6,))
    together = said(decoder, padded(rows, 0, shared=6), prefix=prefix)
    assert together == [said(decoder, row, prefix=prefix)[0] for row in rows]
