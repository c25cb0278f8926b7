"""Opening the mini model: a small random one, with what must fit and does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmqa.config import Config
from mmqa.errors import ConfigError, ModelDamagedError, ModelError, ModelMissingError
from mmqa.parts import Parts
from mmqa.records import Message, Picture
from mmqa.vlm.mini import WEIGHTS, adapters, connector
from mmqa.vlm.mini.connector import Connector, ConnectorShape, embedding_digest
from mmqa.vlm.mini.loading import load
from mmqa.vlm.options import LoadOptions
from mmqa.vlm.text_model import load as load_text

from .small_chat import WIDTH, ColourEye, llama, saved

SHAPE = ConnectorShape(features=3, width=WIDTH, hidden=8, side=2)
OPTIONS = LoadOptions(quantization="none", device="cpu", image_encoder_fingerprint="colours")
ASKED = [Message("user", "Is it red?")]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("words") / "model")


@pytest.fixture(scope="module")
def sight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sight")
    write_connector(folder)
    write_adapters(folder, "model.layers.0.mlp.down_proj")
    return folder


def write_connector(folder: Path, *, seed: int = 0, image_encoder: str = "colours") -> None:
    digest = embedding_digest(llama(seed).get_input_embeddings().weight)
    torch.manual_seed(0)
    connector.save(
        Connector(SHAPE, 0.3),
        folder,
        image_encoder=image_encoder,
        language_model=digest,
        facts={},
    )


def write_adapters(folder: Path, layer: str) -> None:
    torch.manual_seed(1)
    halves = {"A": torch.randn(2, 128) * 0.2, "B": torch.randn(WIDTH, 2) * 0.2}
    named = {f"base_model.model.{layer}.lora_{n}.weight": t for n, t in halves.items()}
    adapters.save(named, 2.0, folder)


def options(sight: Path, **changed: object) -> LoadOptions:
    plain = replace(OPTIONS, connector=sight, image_encoder=ColourEye)
    return replace(plain, **changed)  # type: ignore[arg-type]


def test_what_fits_is_loaded_and_sees(words: Path, sight: Path) -> None:
    model = load(words, threads=1, options=options(sight))
    picture = Picture(np.full((20, 20, 3), 200, np.uint8))
    assert model.sees
    assert "".join(model.stream(ASKED, [picture], max_tokens=4))
    assert model.context_tokens == 256


def test_it_is_warm_when_it_comes_a_picture_was_looked_at(words: Path, sight: Path) -> None:
    eye = ColourEye()
    load(words, threads=1, options=options(sight, image_encoder=lambda: eye))
    assert eye.looked == 1


def test_its_fingerprint_follows_the_words_the_connector_and_the_adapters(
    words: Path, sight: Path, tmp_path: Path
) -> None:
    def fingerprint() -> str:
        return load(words, threads=1, options=options(tmp_path)).fingerprint

    write_connector(tmp_path)
    write_adapters(tmp_path, "model.layers.0.mlp.down_proj")
    first = fingerprint()
    assert first == load(words, threads=1, options=options(sight)).fingerprint
    write_adapters(tmp_path, "model.layers.1.mlp.down_proj")
    second = fingerprint()
    write_connector(tmp_path, image_encoder="")
    third = load(words, threads=1, options=options(tmp_path, image_encoder_fingerprint=""))
    text = load_text(words, threads=1, options=OPTIONS).fingerprint
    assert len({first, second, third.fingerprint, text}) == 4


@pytest.mark.parametrize("mode", ["int8", "nf4", "auto"])
def test_quantized_both_models_are_and_are_kept_apart(
    words: Path, sight: Path, tmp_path: Path, mode: str
) -> None:
    store = tmp_path / "kept"
    chosen = options(sight, quantization=mode, stored=store)
    model = load(words, threads=1, options=chosen)
    assert any((store.with_name("kept-seeing")).iterdir())
    assert any(store.iterdir())
    picture = Picture(np.full((20, 20, 3), 200, np.uint8))
    first = "".join(model.stream(ASKED, [picture], max_tokens=6))
    again = load(words, threads=1, options=chosen)  # from the store
    assert "".join(again.stream(ASKED, [picture], max_tokens=6)) == first


def test_another_language_model_is_refused(words: Path, tmp_path: Path) -> None:
    write_connector(tmp_path, seed=1)
    write_adapters(tmp_path, "model.layers.0.mlp.down_proj")
    with pytest.raises(ModelError, match=f"{tmp_path}.*another language model"):
        load(words, threads=1, options=options(tmp_path))


def test_another_image_encoder_is_refused(words: Path, sight: Path) -> None:
    with pytest.raises(ModelError, match=f"{sight}.*another image encoder"):
        load(words, threads=1, options=options(sight, image_encoder_fingerprint="other eyes"))


def test_an_image_encoder_that_does_not_say_what_it_is_is_taken(words: Path, sight: Path) -> None:
    assert load(words, threads=1, options=options(sight, image_encoder_fingerprint="")).sees


def test_adapters_of_another_language_model_are_refused_by_their_layer(
    words: Path, tmp_path: Path
) -> None:
    write_connector(tmp_path)
    write_adapters(tmp_path, "model.layers.30.mlp.down_proj")
    with pytest.raises(ModelError, match=r"layers\.30"):
        load(words, threads=1, options=options(tmp_path))


def test_no_image_encoder_is_an_error_of_the_configuration(words: Path, sight: Path) -> None:
    with pytest.raises(ConfigError, match="image encoder"):
        load(words, threads=1, options=options(sight, image_encoder=None))


def test_a_folder_without_a_connector_or_without_adapters_names_the_file(
    words: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelMissingError, match=r"connector\.safetensors"):
        load(words, threads=1, options=options(tmp_path))
    write_connector(tmp_path)
    with pytest.raises(ModelMissingError, match=r"adapters\.safetensors"):
        load(words, threads=1, options=options(tmp_path))


def test_a_damaged_connector_is_named(words: Path, tmp_path: Path) -> None:
    (tmp_path / connector.FILE_NAME).write_bytes(b"not a connector")
    with pytest.raises(ModelDamagedError, match=str(tmp_path)):
        load(words, threads=1, options=options(tmp_path))


def test_a_missing_language_model_says_how_to_get_it(sight: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="mmqa models pull"):
        load(tmp_path, threads=1, options=options(sight))


@pytest.mark.weights
def test_a_setting_that_names_a_folder_without_a_connector_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"connector\.safetensors"):
        _ = Parts(Config(vlm=str(tmp_path))).language_model
    with pytest.raises(ConfigError, match="no folder"):
        _ = Parts(Config(vlm=str(tmp_path / "nowhere"))).language_model


@pytest.mark.weights
def test_what_ships_fits_the_embedded_encoder_and_language_model() -> None:
    trained = connector.read(WEIGHTS)
    assert trained.image_encoder == Parts(Config()).fingerprints()["image_encoder"]
    learned = adapters.read(WEIGHTS)
    assert len(learned.halves) == 30 * 7  # every linear layer of SmolLM2-135M
