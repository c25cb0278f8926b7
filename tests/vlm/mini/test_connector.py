"""The connector: pooling and tokens by hand, and its file."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from mmqa import weights_file
from mmqa.errors import ModelDamagedError, ModelMissingError
from mmqa.vlm.mini import connector
from mmqa.vlm.mini.connector import (
    FILE_NAME,
    POSITION_GAIN,
    Connector,
    ConnectorShape,
    embedding_digest,
    pooled,
)

SMALL = ConnectorShape(features=3, width=4, hidden=5, side=2)


def small(seed: int = 0, scale: float = 1.0) -> Connector:
    torch.manual_seed(seed)
    return Connector(SMALL, scale).eval()


def save(made: Connector, folder: Path) -> None:
    facts = {"seconds": 3}
    connector.save(made, folder, image_encoder="eye", language_model="words", facts=facts)


def test_windows_that_divide_are_plain_means_row_by_row() -> None:
    grid = np.arange(16.0).reshape(1, 1, 4, 4)
    # the upper left window holds 0 1 4 5, the upper right one 2 3 6 7
    assert pooled(grid, 2)[0, :, 0].tolist() == [2.5, 4.5, 10.5, 12.5]


def test_windows_that_do_not_divide_overlap() -> None:
    grid = np.arange(3.0).reshape(1, 1, 1, 3).repeat(3, axis=2)
    # columns 0–1 and 1–2: (0 + 1) / 2 and (1 + 2) / 2
    assert pooled(grid, 2)[0, :, 0].tolist() == [0.5, 1.5, 0.5, 1.5]


def test_channels_come_last_and_pictures_first() -> None:
    grid = np.zeros((5, 3, 9, 9), np.float16)
    grid[4, 1] = 2.0
    found = pooled(grid, 6)
    assert found.shape == (5, 36, 3)
    assert found.dtype == np.float32
    assert found[4].tolist() == [[0.0, 2.0, 0.0]] * 36
    assert not found[:4].any()


def test_a_picture_is_one_token_a_cell_and_one_for_the_whole() -> None:
    assert ConnectorShape(side=6).tokens == 37
    assert small()(torch.randn(7, 4, 3)).shape == (7, 5, 4)


def test_tokens_without_positions_are_as_loud_as_the_scale_says() -> None:
    made = small(scale=0.25)
    made.positions.data.zero_()
    loudness = made(torch.randn(2, 4, 3)).pow(2).mean(-1).sqrt()
    assert torch.allclose(loudness, torch.full((2, 5), 0.25), atol=1e-4)


def test_positions_are_added_tenfold_before_the_scale() -> None:
    made, grid = small(scale=0.5), torch.randn(1, 4, 3)
    positions = made.positions.detach().clone()
    with torch.inference_mode():
        whole = made(grid)
        made.positions.data.zero_()
        plain = made(grid)
    assert torch.allclose(whole - plain, 0.5 * POSITION_GAIN * positions, atol=1e-6)


def test_the_first_token_is_of_the_mean_and_each_other_of_its_own_cell() -> None:
    made, grid = small(), torch.randn(1, 4, 3)
    changed = grid.clone()
    changed[0, 2] += torch.tensor([1.0, -1.0, 0.0])
    with torch.inference_mode():
        moved = (made(changed) - made(grid)).abs().amax(-1)[0] > 1e-6
    assert moved.tolist() == [True, False, False, True, False]
    swapped = grid[:, [1, 0, 2, 3]]  # the mean is the same
    with torch.inference_mode():
        assert torch.allclose(made(swapped)[:, 0], made(grid)[:, 0], atol=1e-6)


def test_what_was_saved_is_read_back_as_float16_holds_it(tmp_path: Path) -> None:
    made = small(scale=0.1)
    save(made, tmp_path)
    found = connector.read(tmp_path)
    assert (found.image_encoder, found.language_model) == ("eye", "words")
    assert found.facts == {"seconds": 3}
    assert not found.connector.training
    assert found.connector.shape == SMALL
    for name, tensor in made.state_dict().items():
        assert torch.equal(found.connector.state_dict()[name], tensor.half().float()), name
    grid = torch.randn(2, 4, 3)
    with torch.inference_mode():
        assert torch.allclose(found.connector(grid), made(grid), atol=2e-2)


def test_a_changed_connector_has_another_fingerprint(tmp_path: Path) -> None:
    save(small(), tmp_path)
    first = connector.read(tmp_path).fingerprint
    save(small(), tmp_path)
    assert connector.read(tmp_path).fingerprint == first
    save(small(seed=1), tmp_path)
    assert connector.read(tmp_path).fingerprint != first


def test_tensors_of_another_shape_than_it_says_are_damage(tmp_path: Path) -> None:
    state = {name: t.numpy().astype(np.float16) for name, t in small().state_dict().items()}
    settings = {"shape": asdict(ConnectorShape(3, 4, 5, side=3)), "facts": {}}
    settings |= {"image_encoder": "", "language_model": ""}
    weights_file.write(tmp_path / FILE_NAME, state, settings)
    with pytest.raises(ModelDamagedError, match="positions"):
        connector.read(tmp_path)


@pytest.mark.parametrize("left_out", ["shape", "image_encoder", "language_model", "facts"])
def test_a_file_that_does_not_say_what_it_fits_is_damage(tmp_path: Path, left_out: str) -> None:
    state = {name: t.numpy().astype(np.float16) for name, t in small().state_dict().items()}
    settings = {"shape": asdict(SMALL), "facts": {}, "image_encoder": "", "language_model": ""}
    del settings[left_out]
    weights_file.write(tmp_path / FILE_NAME, state, settings)
    with pytest.raises(ModelDamagedError, match=left_out):
        connector.read(tmp_path)


def test_a_file_that_was_cut_off_is_damage_and_no_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=FILE_NAME):
        connector.read(tmp_path)
    save(small(), tmp_path)
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ModelDamagedError, match="train connector"):
        connector.read(tmp_path)


def test_the_digest_of_word_embeddings_is_that_of_their_bfloat16() -> None:
    embeddings = torch.randn(10, 4)
    halves = embeddings.bfloat16()
    assert embedding_digest(embeddings) == embedding_digest(halves)
    by_hand = halves.view(torch.int16).numpy().tobytes()
    assert embedding_digest(embeddings) == hashlib.sha256(by_hand).hexdigest()[:16]
    embeddings[3, 2] += 1
    assert embedding_digest(embeddings) != embedding_digest(halves)
