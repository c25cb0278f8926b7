"""The decoder that drives ``generate``: the same tokens as it gives, no step too many."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from mmqa.vlm.batching import padded
from mmqa.vlm.decoder import Inputs, TransformersDecoder
from mmqa.vlm.options import Decoding
from mmqa.vlm.prefix import Prefix

PROMPT = list(b"The ferry to Skarholm leaves from pier 4. Question: when?")
OTHER = list(b"The ferry to Skarholm leaves from pier 4. Which?")
HEAD = 42  # both begin alike so far


def of(tokens: list[int]) -> dict[str, torch.Tensor]:
    return {"input_ids": torch.tensor([tokens])}


def embedded(model: Any, tokens: list[int]) -> dict[str, torch.Tensor]:
    with torch.inference_mode():
        return {"inputs_embeds": model.get_input_embeddings()(torch.tensor([tokens]))}


def decoded(
    decoder: TransformersDecoder,
    inputs: Inputs,
    tokens: int = 8,
    prefix: Prefix | None = None,
    **decoding: Any,
) -> list[list[int]]:
    """Row by row."""
    steps: list[list[int]] = []

    def put(new: Sequence[int]) -> Sequence[bool]:
        steps.append(list(new))
        return [False] * len(new)

    with torch.inference_mode():
        decoder.decode(inputs, Decoding(tokens, **decoding), put, prefix)
    return [list(row) for row in zip(*steps, strict=True)]


def oracle(model: Any, tokens: list[int], n: int = 8) -> list[int]:
    """The greedy choices of the whole model, without any cache."""
    found = list(tokens)
    with torch.inference_mode():
        for _ in range(n):
            found.append(int(model(torch.tensor([found]), use_cache=False).logits[0, -1].argmax()))
    return found[len(tokens) :]


@contextmanager
def counted(model: Any) -> Iterator[list[int]]:
    """Positions of each forward pass."""
    passes: list[int] = []

    def note(module: Any, args: Any, kwargs: Any) -> None:
        given = kwargs.get("input_ids")
        given = kwargs.get("inputs_embeds") if given is None else given
        passes.append((args[0] if given is None else given).shape[1])

    hook = model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield passes
    finally:
        hook.remove()


def test_it_chooses_what_the_whole_model_would(llama: Any) -> None:
    assert decoded(TransformersDecoder(llama), of(PROMPT)) == [oracle(llama, PROMPT)]


def test_embeddings_give_the_same_as_their_tokens(llama: Any) -> None:
    found = decoded(TransformersDecoder(llama), embedded(llama, PROMPT))
    assert found == [oracle(llama, PROMPT)]


def test_nothing_is_computed_after_the_last_token(llama: Any) -> None:
    def put(new: Sequence[int]) -> Sequence[bool]:
        got.append(new[0])
        return [len(got) == 3]

    got: list[int] = []
    with counted(llama) as passes, torch.inference_mode():
        TransformersDecoder(llama).decode(of(PROMPT), Decoding(50), put)
    assert passes == [len(PROMPT), 1, 1]


def test_no_more_than_the_longest_answer(llama: Any) -> None:
    assert len(decoded(TransformersDecoder(llama), of(PROMPT), 5)[0]) == 5


def test_what_a_models_own_settings_add_is_left_out(llama: Any) -> None:
    model = copy.deepcopy(llama)
    settings = model.generation_config
    settings.repetition_penalty, settings.no_repeat_ngram_size = 5.0, 2
    settings.do_sample, settings.temperature, settings.top_k = True, 3.0, 5
    assert decoded(TransformersDecoder(model), of(PROMPT)) == [oracle(llama, PROMPT)]


def test_sampling_follows_its_seed_and_leaves_torchs_own_alone(llama: Any) -> None:
    decoder, before = TransformersDecoder(llama), torch.get_rng_state()
    one, again = (decoded(decoder, of(PROMPT), temperature=2.0, seed=5) for _ in range(2))
    assert one == again
    assert one != decoded(decoder, of(PROMPT), temperature=2.0, seed=6)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", ["tokens", "embeddings"])
def test_a_kept_head_saves_its_passes_and_changes_nothing(llama: Any, kind: str) -> None:
    def given(tokens: list[int]) -> Inputs:
        return of(tokens) if kind == "tokens" else embedded(llama, tokens)

    kept, never = (TransformersDecoder(llama, prefix_bytes=n) for n in (10**6, 0))
    with counted(llama) as passes:
        first = decoded(kept, given(PROMPT), 2, Prefix(tuple(PROMPT), (HEAD,)))
    assert passes == [HEAD, len(PROMPT) - HEAD, 1]
    assert first == decoded(never, given(PROMPT), 2, Prefix(tuple(PROMPT), (HEAD,)))
    with counted(llama) as passes:
        second = decoded(kept, given(OTHER), 2, Prefix(tuple(OTHER), (HEAD,)))
    assert passes == [len(OTHER) - HEAD, 1]
    assert second == decoded(never, given(OTHER), 2, Prefix(tuple(OTHER), (HEAD,)))
    assert second == [oracle(llama, OTHER, 2)]


def test_a_prompt_is_computed_in_steps_from_cut_to_cut(llama: Any) -> None:
    decoder, prefix = (
        TransformersDecoder(llama, prefix_bytes=10**6),
        Prefix(tuple(PROMPT), (20, 42)),
    )
    with counted(llama) as passes:
        assert decoded(decoder, of(PROMPT), prefix=prefix) == [oracle(llama, PROMPT)]
    assert passes[:3] == [20, 22, len(PROMPT) - 42]
    shorter = [*PROMPT[:30], *b"! Which one, then?"]
    with counted(llama) as passes:
        found = decoded(decoder, of(shorter), prefix=Prefix(tuple(shorter), (20, 42)))
    assert found == [oracle(llama, shorter)]
    assert passes[:2] == [22, len(shorter) - 42]


def test_keys_tell_two_pictures_apart_that_stand_at_the_same_place(llama: Any) -> None:
    """As a caller does it that puts embeddings of pictures where no tokens are."""
    torch.manual_seed(1)
    pictures = {name: torch.randn(1, 9, 32) for name in ("cat", "dog")}

    def asked(decoder: TransformersDecoder, name: str, question: list[int]) -> list[list[int]]:
        words = embedded(llama, question)["inputs_embeds"]
        keys = (*((name, n) for n in range(9)), *question)
        inputs = {"inputs_embeds": torch.cat([pictures[name], words], dim=1)}
        return decoded(decoder, inputs, 6, Prefix(keys, (9,)))

    kept = TransformersDecoder(llama, prefix_bytes=10**6)
    for name, question in (("cat", b"what?"), ("dog", b"what?"), ("cat", b"where?")):
        alone = asked(TransformersDecoder(llama), name, list(question))
        assert asked(kept, name, list(question)) == alone
    assert asked(kept, "cat", list(b"what?")) != asked(kept, "dog", list(b"what?"))


def test_a_head_that_is_kept_is_the_same_to_the_bit_in_bfloat16(llama: Any) -> None:
    model = copy.deepcopy(llama).to(torch.bfloat16)
    logits: list[torch.Tensor] = []

    def note(module: Any, args: Any, output: Any) -> None:
        logits.append(output.logits[0, -1].clone())

    decoder = TransformersDecoder(model, prefix_bytes=10**6)
    hook = model.register_forward_hook(note)
    for _ in range(2):
        decoded(decoder, of(PROMPT), 3, Prefix(tuple(PROMPT), (HEAD,)))
    hook.remove()
    assert len(logits) == 4 + 3  # the second time without the head
    for a, b in zip(logits[1:4], logits[4:], strict=True):
        assert torch.equal(a, b)


def test_rows_of_a_batch_are_as_each_alone(llama: Any) -> None:
    prompts = [PROMPT, OTHER, list(b"short")]
    batch = padded([of(tokens) for tokens in prompts], 257)
    assert decoded(TransformersDecoder(llama), batch) == [oracle(llama, p) for p in prompts]


def test_a_batch_computes_its_shared_head_once(llama: Any) -> None:
    batch = padded([of(PROMPT), of(OTHER)], 257, shared=HEAD)
    with counted(llama) as passes:
        found = decoded(TransformersDecoder(llama), batch, prefix=Prefix(tuple(PROMPT), (HEAD,)))
    assert found == [oracle(llama, PROMPT), oracle(llama, OTHER)]
    assert passes[:2] == [HEAD, len(PROMPT) - HEAD]


def test_a_head_that_a_sliding_window_has_passed_is_not_kept(llama: Any) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(0)
    model = MistralForCausalLM(
        MistralConfig(
            vocab_size=258,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            sliding_window=8,
            initializer_range=0.3,
        )
    ).eval()
    decoder = TransformersDecoder(model, prefix_bytes=10**6)
    for _ in range(2):
        found = decoded(decoder, of(PROMPT), prefix=Prefix(tuple(PROMPT), (HEAD,)))
        assert found == [oracle(model, PROMPT)]


def test_what_is_forgotten_is_computed_again(llama: Any) -> None:
    decoder, prefix = TransformersDecoder(llama, prefix_bytes=10**6), Prefix(tuple(PROMPT), (HEAD,))
    decoded(decoder, of(PROMPT), 1, prefix)
    decoder.forget()
    with counted(llama) as passes:
        decoded(decoder, of(PROMPT), 1, prefix)
    assert passes == [HEAD, len(PROMPT) - HEAD]
