"""Quantized weights are read again where they fit, and made anew where they do not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from mmqa.errors import ModelError
from mmqa.vlm import quantized_store
from mmqa.vlm.quantized_layers import make
from mmqa.vlm.quantized_store import fault, kept, read_layers, write_layers

KEY = {"mode": "nf4", "source": "abc", "bitsandbytes": "0.50.2"}


class Maker:
    """Makes a text, and counts how often; keeps it in a file."""

    def __init__(self) -> None:
        self.made = 0
        self.said: list[str] = []

    def get(self, folder: Path, key: dict[str, str] = KEY) -> str:
        return kept(
            folder, key, read=self._read, make=self._make, write=self._write, tell=self.said.append
        )

    def _make(self) -> str:
        self.made += 1
        return f"weights {self.made}"

    def _read(self, folder: Path) -> str:
        return (folder / "weights.txt").read_text(encoding="utf-8")

    def _write(self, text: str, folder: Path) -> None:
        (folder / "weights.txt").write_text(text, encoding="utf-8")
        (folder / "deeper").mkdir()
        (folder / "deeper" / "more.txt").write_text("more", encoding="utf-8")


@pytest.fixture
def maker() -> Maker:
    return Maker()


def test_the_second_time_it_is_read(maker: Maker, tmp_path: Path) -> None:
    place = tmp_path / "models" / "language_model-nf4"  # not even the parent is there
    assert [maker.get(place), maker.get(place), maker.get(place)] == ["weights 1"] * 3
    assert maker.made == 1
    assert maker.said == []
    assert [path.name for path in place.parent.iterdir()] == [place.name]


@pytest.mark.parametrize(
    ("name", "value"), [("source", "other"), ("bitsandbytes", "0.51"), ("mode", "int8")]
)
def test_weights_made_from_something_else_are_made_anew(
    maker: Maker, tmp_path: Path, name: str, value: str
) -> None:
    place = tmp_path / "q"
    maker.get(place)
    assert maker.get(place, {**KEY, name: value}) == "weights 2"
    assert maker.said == [
        f"The quantized weights in {str(place)!r} were made from something else ({name} changed);"
        " they are made anew."
    ]
    assert maker.get(place, {**KEY, name: value}) == "weights 2"


def damage_a_byte(place: Path) -> None:
    content = bytearray((place / "weights.txt").read_bytes())
    content[3] ^= 1
    (place / "weights.txt").write_bytes(bytes(content))


DAMAGE = {
    "a flipped bit": (damage_a_byte, "does not have its checksum"),
    "a cut file": (lambda p: (p / "deeper" / "more.txt").write_bytes(b""), "its checksum"),
    "a lost file": (lambda p: (p / "weights.txt").unlink(), "lack 'weights.txt'"),
    "no manifest": (lambda p: (p / "quantized.json").unlink(), "no readable 'quantized.json'"),
    "half a manifest": (lambda p: (p / "quantized.json").write_text("{"), "no readable"),
    "another manifest": (lambda p: (p / "quantized.json").write_text("[1]"), "no readable"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found_said_and_mended(maker: Maker, tmp_path: Path, what: str) -> None:
    harm, words = DAMAGE[what]
    place = tmp_path / "q"
    maker.get(place)
    harm(place)
    assert maker.get(place) == "weights 2"
    assert len(maker.said) == 1
    assert words in maker.said[0]
    assert fault(place, KEY) == ""


@pytest.mark.parametrize(
    "failure", [ModelError("language_model", "no such layer"), SafetensorError("no such layer")]
)
def test_what_cannot_be_read_is_made_anew(tmp_path: Path, failure: Exception) -> None:
    def fail(folder: Path) -> str:
        raise failure

    said: list[str] = []

    def get() -> str:
        return kept(
            tmp_path / "q",
            KEY,
            read=fail,
            make=lambda: "made",
            write=lambda text, folder: None,
            tell=said.append,
        )

    assert (get(), get()) == ("made", "made")
    assert len(said) == 1
    assert "cannot be read (no such layer" in said[0]


def test_a_disk_that_takes_nothing_is_no_failure(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(quantized_store, "_sync", full)
    assert maker.get(tmp_path / "q") == "weights 1"
    assert "cannot be kept" in maker.said[0]
    assert "No space left" in maker.said[0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_no_failure(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert maker.get(tmp_path / "file" / "q") == "weights 1"
    assert "cannot be kept" in maker.said[0]


def test_a_process_that_was_killed_leaves_nothing_half_done(maker: Maker, tmp_path: Path) -> None:
    place = tmp_path / "q"
    left, recent = tmp_path / ".q.part-dead", tmp_path / ".q.part-alive"
    for path in (left, recent):
        path.mkdir()
        (path / "weights.txt").write_text("half", encoding="utf-8")
    os.utime(left, (time.time() - 7200,) * 2)
    assert maker.get(place) == "weights 1"
    assert not left.exists()
    assert recent.exists()  # another process may be writing it


def test_two_processes_that_make_the_same_agree(tmp_path: Path) -> None:
    place = tmp_path / "q"
    other = Maker()

    def make() -> str:
        other.get(place)  # is quicker
        return "mine"

    said: list[str] = []
    write = other._write
    found = kept(place, KEY, read=other._read, make=make, write=write, tell=said.append)
    assert found == "mine"
    assert said == []
    assert fault(place, KEY) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["q"]


def test_the_manifest_is_for_people_too(maker: Maker, tmp_path: Path) -> None:
    maker.get(tmp_path / "q")
    manifest = json.loads((tmp_path / "q" / "quantized.json").read_text(encoding="utf-8"))
    assert manifest["key"] == {"format": "1", **KEY}
    assert list(manifest["files"]) == ["deeper/more.txt", "weights.txt"]


def test_layers_are_written_without_what_was_never_quantized(tmp_path: Path) -> None:
    layers = {
        "a.b": make("nf4", torch.nn.Linear(64, 32), "cpu"),
        "a.c": make("int8", torch.nn.Linear(64, 32), "cpu"),
    }
    write_layers(layers, tmp_path)
    found = read_layers(tmp_path)
    assert sorted(found) == ["a.b", "a.c"]
    assert sorted(found["a.c"]) == ["SCB", "weight"]
    assert "bias" not in found["a.b"]
    assert found["a.b"]["weight"].shape == (32 * 64 // 2, 1)  # two weights a byte
    assert found["a.b"]["weight.absmax"].shape == (32,)  # one scale a block of 64


def test_a_file_that_is_no_safetensors_is_an_error_of_models(tmp_path: Path) -> None:
    (tmp_path / "layers.safetensors").write_bytes(b"not at all")
    with pytest.raises(ModelError, match=r"layers\.safetensors"):
        read_layers(tmp_path)


def test_where_nobody_is_named_the_log_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for source in ("a", "b"):
        kept(
            tmp_path / "kept",
            {"source": source},
            read=lambda folder: "",
            make=lambda: "made",
            write=lambda text, folder: None,
        )
    (told,) = caplog.messages
    assert "made from something else (source changed)" in told
