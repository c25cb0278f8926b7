"""Models of several families, saved to disk and loaded with fewer bits, as the product does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmqa.errors import ConfigError, ModelError
from mmqa.vlm import language_layers
from mmqa.vlm.language_layers import find, kind, linear_layers
from mmqa.vlm.quantization import in_place, pretrained, resolve, settings, weight_bytes

from .tiny_models import FAMILIES, TEXT, llama, tiny

TOKENS = torch.tensor([[5, 7, 11, 13, 17, 19]])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Family → a folder with its tiny model."""
    root = tmp_path_factory.mktemp("families")
    for family in FAMILIES:
        tiny(family).save_pretrained(root / family)
    return {family: root / family for family in FAMILIES}


def auto(family: str) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    return AutoModelForCausalLM if family == "llama" else AutoModelForImageTextToText


def load(folders: dict[str, Path], family: str, mode: str, **options: Any) -> Any:
    chosen: dict[str, Any] = {"device": "cpu", "dtype": torch.bfloat16, **options}
    return pretrained(auto(family), folders[family], mode, **chosen)


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=TOKENS).logits
    return found


@pytest.mark.parametrize("mode", ["int8", "nf4"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_becomes_what_it_should(
    folders: dict[str, Path], family: str, mode: str
) -> None:
    model = load(folders, family, mode)
    layers = find(model)
    kinds = {path: kind(module) for path, module in linear_layers(model)}
    assert {kinds[path] for path in layers.language} == {mode}
    assert {kinds[path] for path in layers.kept} <= {"none", "special"}
    assert kinds["lm_head"] == "none"
    assert model.get_input_embeddings().weight.dtype == torch.bfloat16
    assert not model.training


@pytest.mark.parametrize("mode", ["int8", "nf4"])
@pytest.mark.parametrize("family", ["llava", "qwen3_vl"])
def test_what_is_not_quantized_keeps_its_numbers(
    folders: dict[str, Path], family: str, mode: str
) -> None:
    full, fewer = (load(folders, family, m).state_dict() for m in ("none", mode))
    language = set(find(tiny(family)).language)
    same = [name for name in full if name.rpartition(".")[0] not in language]
    assert len(same) > 20
    assert all(torch.equal(full[name], fewer[name]) for name in same)


def test_a_module_quantized_in_place_equals_one_quantized_at_loading(
    folders: dict[str, Path],
) -> None:
    for mode in ("int8", "nf4"):
        loaded, changed = load(folders, "llama", mode), load(folders, "llama", "none")
        in_place(changed, mode)
        assert torch.equal(logits(loaded), logits(changed))


def test_answers_stay_close_and_change(folders: dict[str, Path]) -> None:
    full = logits(load(folders, "llama", "none")).float()
    spread = full.std()
    off = {m: (logits(load(folders, "llama", m)).float() - full).std() for m in ("int8", "nf4")}
    assert 0 < off["int8"] < 0.05 * spread
    assert off["int8"] < off["nf4"] < 0.5 * spread


# ------------------------------------------------------------------------------- the store


@pytest.mark.parametrize("mode", ["int8", "nf4"])
@pytest.mark.parametrize("family", ["llama", "llava"])
def test_what_was_stored_is_read_and_gives_the_same_to_the_bit(
    folders: dict[str, Path], tmp_path: Path, family: str, mode: str
) -> None:
    said: list[str] = []
    options: dict[str, Any] = {"store": tmp_path / "q", "source": "abc", "tell": said.append}
    made = load(folders, family, mode, **options)
    stored = (tmp_path / "q" / "model.safetensors").stat().st_mtime_ns
    read = load(folders, family, mode, **options)
    assert torch.equal(logits(made), logits(read))
    assert said == []
    assert (tmp_path / "q" / "model.safetensors").stat().st_mtime_ns == stored


def test_reading_does_not_need_the_full_weights(folders: dict[str, Path], tmp_path: Path) -> None:
    model = load(folders, "llava", "nf4", store=tmp_path / "q", source="abc")
    there = folders["llava"] / "model.safetensors"
    away = there.rename(tmp_path / "away.safetensors")
    try:
        again = load(folders, "llava", "nf4", store=tmp_path / "q", source="abc")
    finally:
        away.rename(there)
    assert torch.equal(logits(model), logits(again))


@pytest.mark.parametrize("mode", ["int8", "nf4"])
def test_layers_in_place_are_stored_and_put_back_to_the_bit(
    folders: dict[str, Path], tmp_path: Path, mode: str
) -> None:
    said: list[str] = []
    models = [load(folders, "llama", "none") for _ in range(2)]
    for model in models:
        in_place(model, mode, store=tmp_path / "q", source="abc", tell=said.append)
    assert torch.equal(logits(models[0]), logits(models[1]))
    assert said == []


def test_weights_of_another_model_are_not_taken_from_the_store(tmp_path: Path) -> None:
    said: list[str] = []
    models = [tiny("llama"), llama().eval()]
    assert not torch.equal(logits(models[0]), logits(models[1]))
    wanted = []
    for number, model in enumerate(models):
        in_place(model, "nf4", store=tmp_path / "q", source=str(number), tell=said.append)
        wanted.append(logits(model))
    assert len(said) == 1
    assert "source changed" in said[0]
    again = tiny("llama")
    in_place(again, "nf4", store=tmp_path / "q", source="0")
    assert torch.equal(logits(again), wanted[0])


def test_a_damaged_store_is_made_anew(folders: dict[str, Path], tmp_path: Path) -> None:
    said: list[str] = []
    options: dict[str, Any] = {"store": tmp_path / "q", "source": "abc", "tell": said.append}
    wanted = logits(load(folders, "llama", "nf4", **options))
    file = tmp_path / "q" / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-5] ^= 8
    file.write_bytes(content)
    assert torch.equal(logits(load(folders, "llama", "nf4", **options)), wanted)
    assert "checksum" in said[0]
    assert torch.equal(logits(load(folders, "llama", "nf4", **options)), wanted)
    assert len(said) == 1


# ----------------------------------------------------------------------------- what is refused


def test_a_skip_list_with_a_wrong_name_is_found_out(folders: dict[str, Path]) -> None:
    """As ``llm_int8_skip_modules=["visual"]`` does, which transformers ignores in silence."""
    wrong = settings("nf4", skip=("visual", "lm_head"), dtype=torch.bfloat16)
    model = auto("qwen3_vl").from_pretrained(
        folders["qwen3_vl"], quantization_config=wrong, dtype=torch.bfloat16, device_map="cpu"
    )
    with pytest.raises(ModelError, match=r"model\.visual\.blocks\.0.*should have 16 or 32 bits"):
        language_layers.check(model, "nf4")


def test_a_wrong_list_stops_loading(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language_layers.Layers, "skip_list", lambda self: ("model", "lm_head"))
    with pytest.raises(ModelError, match=r"language_model\.layers.*should be nf4, but are none"):
        load(folders, "llava", "nf4")


def test_a_model_that_is_quantized_already_is_not_quantized_again(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    load(folders, "llama", "int8", store=tmp_path / "q", source="abc")
    with pytest.raises(ModelError, match="quantized already"):
        pretrained(auto("llama"), tmp_path / "q", "nf4", device="cpu", dtype=torch.bfloat16)


def test_widths_that_the_kernel_gets_wrong_are_refused_before_anything_is_loaded(
    tmp_path: Path,
) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    narrow = {**TEXT, "hidden_size": 48, "intermediate_size": 96}
    model = LlamaForCausalLM(LlamaConfig(**narrow)).eval()
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"multiple of 64 inputs.*48.*quantization = int8"):
        pretrained(auto("llama"), tmp_path, "nf4", device="cpu", dtype=torch.bfloat16)
    with pytest.raises(ModelError, match="multiple of 64 inputs"):
        in_place(model, "nf4")
    in_place(model, "int8")


# -------------------------------------------------------------------------------- in place


class Twice(nn.Module):
    """The same layer in two places, as a model that sees and one that does not share it."""

    def __init__(self) -> None:
        super().__init__()
        shared = nn.Linear(64, 64)
        self.plain = nn.ModuleList([shared, nn.Linear(64, 64)])
        self.seeing = nn.ModuleList([shared, nn.Linear(64, 64)])


def test_a_layer_that_stands_in_two_places_is_quantized_once(tmp_path: Path) -> None:
    for store in (None, tmp_path / "q", tmp_path / "q"):
        module = Twice().eval()
        in_place(module, "nf4", store=store)
        assert module.plain[0] is module.seeing[0]
        assert module.plain[1] is not module.seeing[1]
        assert [kind(layer) for _, layer in linear_layers(module)] == ["nf4"] * 4


def test_no_mode_changes_nothing() -> None:
    model = tiny("llama")
    before = {path: id(layer) for path, layer in linear_layers(model)}
    in_place(model, "none")
    assert {path: id(layer) for path, layer in linear_layers(model)} == before


def test_memory_is_counted_by_hand() -> None:
    layer = nn.Sequential(nn.Linear(64, 32, dtype=torch.bfloat16)).eval()
    assert weight_bytes(layer) == 64 * 32 * 2 + 32 * 2
    fewer = nn.Sequential(nn.Linear(64, 32, dtype=torch.bfloat16)).eval()
    in_place(fewer, "nf4")
    # half a byte a weight, a float a block of 64, the 16 numbers, the bias
    assert weight_bytes(fewer) == 64 * 32 // 2 + 32 * 4 + 16 * 4 + 32 * 2
    fewer = nn.Sequential(nn.Linear(64, 32, dtype=torch.bfloat16)).eval()
    in_place(fewer, "int8")
    assert weight_bytes(fewer) == 64 * 32 + 32 * 4 + 32 * 2


def test_weights_that_are_shared_are_counted_once() -> None:
    model = tiny("llama")
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert weight_bytes(model) < sum(t.nbytes for t in model.state_dict().values())
    assert weight_bytes(model, model.model) == weight_bytes(model)
    assert weight_bytes(model, nn.Linear(2, 2)) == weight_bytes(model) + 6 * 4


# ------------------------------------------------------------------------------- the setting


def test_what_is_set_is_taken() -> None:
    assert [resolve(mode, device="cpu") for mode in ("none", "int8", "nf4")] == [
        *("none", "int8", "nf4")
    ]


def test_auto_saves_memory_where_a_model_is_large_and_answers_where_it_is_small() -> None:
    for device in ("cpu", "cuda"):
        assert resolve("auto", device=device, weights=135_000_000) == "none"
        assert resolve("auto", device=device, weights=4_000_000_000) == "nf4"


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(ConfigError, match=r"'int3'.*auto, none, int8, nf4"):
        resolve("int3", device="cpu")


# -------------------------------------------------------------------------- the embedded model


@pytest.fixture
def embedded() -> Iterator[Any]:
    from transformers import AutoModelForCausalLM

    from mmqa.models.cache import cache_folder

    folder = cache_folder() / "embedded" / "language_model"
    yield AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()


@pytest.mark.weights
def test_the_embedded_model_takes_two_fifths_of_the_memory_in_nf4(embedded: Any) -> None:
    language, kept = 106_168_320, 28_346_688  # weights in linear layers; embeddings and norms
    full = weight_bytes(embedded)
    assert full == pytest.approx(2 * (language + kept), rel=1e-3)
    in_place(embedded, "nf4")
    # half a byte, and four bytes for each 64; once run, a processor may keep two for each 64
    assert weight_bytes(embedded) == pytest.approx(language * 36 / 64 + 2 * kept, rel=1e-3)
    with torch.inference_mode():
        assert embedded(TOKENS).logits.isfinite().all()
    assert weight_bytes(embedded) == pytest.approx(language * 35 / 64 + 2 * kept, rel=0.02)
