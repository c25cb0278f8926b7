"""Prompts are continued in place: in pieces, cropped, together, from a kept head."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmqa.errors import ModelDamagedError
from mmqa.vlm.decoding import graph, running
from mmqa.vlm.decoding.running import Running, open_session
from mmqa.vlm.decoding.shape import Shape
from mmqa.vlm.decoding.smoothing import scales_of

CLOSE = {"rtol": 0, "atol": 2e-2}
"""One token or many go through other kernels: sums in another order may tip a rounding."""


@pytest.fixture(scope="module")
def make(small):
    shape = Shape.of(small.config)
    session = open_session(graph.body(shape, small.state_dict(), scales_of(small)), 1)
    return lambda rows=1, capacity=64: Running(session, shape, rows, capacity)


@pytest.fixture(scope="module")
def read(small):
    """Tokens → embeddings (1, t, w)."""
    table = small.get_input_embeddings().weight.detach()
    return lambda *tokens: table[torch.tensor([tokens])].numpy()


def test_token_by_token_gives_what_the_whole_prompt_gives(make, read):
    whole, one_by_one = make(), make()
    wanted = whole.extend(read(3, 14, 15, 92, 65))
    for token in (3, 14, 15, 92, 65):
        found = one_by_one.extend(read(token))
    np.testing.assert_allclose(found, wanted, **CLOSE)
    assert one_by_one.lengths.tolist() == [5]


def test_the_order_of_tokens_matters(make, read):
    assert not np.allclose(make().extend(read(3, 14, 15)), make().extend(read(14, 3, 15)), **CLOSE)


def test_after_a_crop_it_goes_on_as_if_the_rest_had_never_been(make, read):
    once = make()
    once.extend(read(7, 8, 9))
    wanted = once.extend(read(30))
    once.crop(3)
    once.extend(read(50, 60, 70))
    once.crop(3)
    assert np.array_equal(once.extend(read(30)), wanted)


def test_prompts_of_different_lengths_go_on_together(make, read):
    prompts, following = [(1, 2, 3, 4, 5, 6), (40, 41), (70, 71, 72)], (9, 10, 11)
    both = make(rows=3)
    for number, prompt in enumerate(prompts):
        both.row(number).extend(read(*prompt))
    assert both.lengths.tolist() == [6, 2, 3]
    found = both.extend(np.concatenate([read(token) for token in following]))
    for number, prompt in enumerate(prompts):
        alone = make()
        alone.extend(read(*prompt))
        np.testing.assert_allclose(found[number], alone.extend(read(following[number]))[0], **CLOSE)


def test_a_kept_head_stands_for_reading_it(make, read):
    first, second = make(), make(rows=2)
    first.extend(read(5, 6, 7, 8))
    wanted = first.row(0).extend(read(20, 21))
    second.begin(first.head(4))
    assert second.lengths.tolist() == [4, 4]
    for number in range(2):
        assert np.array_equal(second.row(number).extend(read(20, 21)), wanted)


def test_what_was_kept_is_not_written_to_again(make, read):
    one = make()
    one.extend(read(5, 6, 7))
    head = one.head(3)
    before = [part.clone() for pair in head for part in pair]
    one.crop(0)
    one.extend(read(80, 81, 82, 83))
    after = [part for pair in head for part in pair]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_long_prompt_is_read_in_pieces(make, read, monkeypatch):
    tokens = tuple(range(40))
    wanted = make().extend(read(*tokens))
    monkeypatch.setattr(running, "PIECE", 16)
    assert np.allclose(make().extend(read(*tokens)), wanted, **CLOSE)


def test_there_must_be_room(make, read):
    full = make(capacity=4)
    full.extend(read(1, 2, 3))
    with pytest.raises(ValueError, match="room for 1"):
        full.extend(read(4, 5))
    full.extend(read(4))
    with pytest.raises(ValueError, match="room for 0"):
        full.extend(read(5))


def test_several_tokens_of_several_prompts_at_once_are_refused(make, read):
    with pytest.raises(ValueError, match="2 × 3 tokens"):
        make(rows=2).extend(np.concatenate([read(1, 2, 3), read(4, 5, 6)]))


def test_a_damaged_graph_is_a_sentence(tmp_path):
    path = tmp_path / "body.onnx"
    path.write_bytes(b"no graph at all")
    with pytest.raises(ModelDamagedError, match="cannot be loaded"):
        open_session(path, 1)
