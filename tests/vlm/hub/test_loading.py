"""Loading refuses what is no model that sees, and never runs anything that came with one."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmqa import registry
from mmqa.errors import ConfigError, ModelDamagedError, ModelError, ModelMissingError
from mmqa.models.cache import role_folder
from mmqa.models.preset import load_preset, read_preset
from mmqa.models.pull import pull
from mmqa.records import Message
from mmqa.vlm.hub.loading import load

from ...models.hub_server import COMMIT, Hub, serve
from .conftest import OPTIONS, flat

Memory = namedtuple("Memory", "available")


@pytest.fixture
def llava(folder_of: Callable[[str], Path], tmp_path: Path) -> Path:
    """A whole model, to be harmed."""
    return Path(shutil.copytree(folder_of("llava"), tmp_path / "llava"))


def change(folder: Path, **settings: object) -> None:
    path = folder / "config.json"
    told = {**json.loads(path.read_text()), **settings}
    path.write_text(json.dumps({k: v for k, v in told.items() if v is not None}))


def refuse(folder: Path, said: str, kind: type[ModelError] = ModelError) -> None:
    with pytest.raises(kind, match=said):
        load(folder, threads=1, options=OPTIONS)


def test_the_registry_leads_here() -> None:
    assert registry.load("language_model", "transformers") is load


def test_a_folder_without_weights_is_refused(llava: Path) -> None:
    (llava / "model.safetensors").unlink()
    refuse(llava, r"no weights \(\*\.safetensors\)", ModelMissingError)


def test_pickled_weights_are_never_opened(llava: Path) -> None:
    tensors = load_file(llava / "model.safetensors")
    torch.save(tensors, llava / "pytorch_model.bin")
    (llava / "model.safetensors").unlink()
    refuse(llava, r"pickled weights only \(pytorch_model\.bin\)")


@pytest.mark.parametrize(
    ("kind", "architecture"), [("llama", "LlamaForCausalLM"), ("clip", "CLIPModel"), ("bert", "B")]
)
def test_a_model_that_does_not_see_and_write_is_named_by_its_architecture(
    llava: Path, kind: str, architecture: str
) -> None:
    change(llava, model_type=kind, architectures=[architecture])
    refuse(llava, rf"\({kind}: {architecture}\) does not read pictures and write text")


def test_a_configuration_that_names_no_architecture_is_refused(llava: Path) -> None:
    change(llava, model_type=None, architectures=None)
    refuse(llava, "does not read pictures and write text.*image-text-to-text")


def test_code_that_comes_with_a_model_is_never_run(llava: Path, tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    (llava / "modeling_own.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    own = {"AutoModelForImageTextToText": "modeling_own.Own", "AutoConfig": "modeling_own.Own"}
    change(llava, model_type="own", auto_map=own)
    refuse(llava, r"\(own\) needs code of its own.*never run")
    change(llava, model_type="llava", auto_map=own)
    load(llava, threads=1, options=OPTIONS)
    assert not trace.exists()


def test_weights_that_are_cut_short_are_refused(llava: Path) -> None:
    path = llava / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refuse(llava, "cannot be used", ModelDamagedError)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 100, b"\xff" * 100, b"{}", b"version https://git-lfs"]
)
def test_weights_that_are_no_safetensors_are_refused(llava: Path, content: bytes) -> None:
    (llava / "model.safetensors").write_bytes(content)
    refuse(llava, r"model\.safetensors' cannot be used: .*mmqa models verify", ModelDamagedError)


def test_weights_that_are_damaged_while_they_are_loaded_are_refused(
    llava: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def whole_before(folder: Path) -> int:
        path = folder / "model.safetensors"
        path.write_bytes(path.read_bytes()[:-100])
        return 1

    monkeypatch.setattr("mmqa.vlm.hub.loading.files.weights", whole_before)
    monkeypatch.setattr("mmqa.vlm.hub.loading.files.needed_bytes", _by_mode)
    monkeypatch.setattr("mmqa.vlm.hub.loading._free_bytes", lambda device: 10_000_000_000)
    refuse(llava, "cannot be used: .*mmqa models verify", ModelDamagedError)


def test_weights_that_are_missing_are_not_made_up(llava: Path) -> None:
    tensors = load_file(llava / "model.safetensors")
    gone = next(name for name in tensors if "mlp" in name and "language_model" in name)
    save_file({k: t for k, t in tensors.items() if k != gone}, llava / "model.safetensors")
    refuse(llava, r"not those of a LlavaForConditionalGeneration: 1 are missing .*e\.g\. .*mlp")


def test_weights_of_another_size_are_refused(llava: Path) -> None:
    tensors = load_file(llava / "model.safetensors")
    name = next(name for name in tensors if "projector" in name and tensors[name].dim() == 2)
    tensors[name] = tensors[name][:-1]
    save_file({k: t.contiguous() for k, t in tensors.items()}, llava / "model.safetensors")
    refuse(llava, r"1 are missing or of another size, e\.g\. .*projector")


def test_too_little_memory_is_told_with_figures_before_anything_is_loaded(
    llava: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmqa.vlm.hub.loading.psutil.virtual_memory", lambda: Memory(1000))
    monkeypatch.setattr("mmqa.vlm.hub.loading.load_processor", None)
    refuse(llava, r"needs about 0\.\d GB of memory, but 0\.0 GB are free\. Close other programs")


def test_where_fewer_bits_would_fit_that_is_the_remedy(
    llava: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmqa.vlm.hub.loading.files.needed_bytes", _by_mode)
    monkeypatch.setattr("mmqa.vlm.hub.loading.psutil.virtual_memory", lambda: Memory(5e9))
    refuse(llava, r"needs about 9\.0 GB of memory, but 5\.0 .*quantization = nf4, which needs 4\.0")


def _by_mode(folder: Path, *, number_bytes: int, mode: str) -> int:
    return {"none": 9_000_000_000, "nf4": 4_000_000_000}[mode]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(llava: Path) -> None:
    with pytest.raises(ConfigError, match="finds no GPU"):
        load(llava, threads=1, options=replace(OPTIONS, device="cuda"))


def test_a_model_that_fails_on_its_first_picture_is_refused_when_it_is_loaded(llava: Path) -> None:
    path = llava / "processor_config.json"
    told = {**json.loads(path.read_text()), "patch_size": 4}
    path.write_text(json.dumps(told))
    refuse(llava, "cannot be loaded: the language model failed")


def test_a_model_that_was_pulled_from_a_hub_answers(
    folder_of: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path.name: path.read_bytes() for path in folder_of("qwen3_5").iterdir()}
    hub = Hub(files, large={"model.safetensors"})
    server = serve(hub)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    own = load_preset("small").role("language_model")
    text = f"""
format = 1
name = "mine"
description = "A tiny model of a hub."
memory_bytes = 1

[[models]]
role = "language_model"
kind = "language_model"
loader = "{own.loader}"
description = "sees"
licence = "MIT"
source = "hub"
repo = "tiny/seer"
revision = "{COMMIT}"
conversion = "{own.conversion}"
memory_bytes = 1
installed_bytes = 1
"""
    preset = read_preset(text, where="mine.toml")
    pull(preset, tmp_path)
    server.shutdown()
    server.server_close()
    folder = role_folder("mine", "language_model", tmp_path)
    factory = registry.load("language_model", preset.role("language_model").loader)
    model = factory(folder, threads=1, options=OPTIONS)
    assert isinstance("".join(model.stream([Message("user", "?")], [flat(9, 9)])), str)
