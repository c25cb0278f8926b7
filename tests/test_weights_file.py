"""What was fitted is one file that is whole, or not there, or named as damaged."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmqa import weights_file
from mmqa.errors import ModelDamagedError, ModelMissingError
from mmqa.weights_file import Tensors


def opened(path: Path) -> tuple[Tensors, dict[str, Any], str]:
    return weights_file.read(
        path, lambda *found: found, role="head", name="classifier", remedy="Train it again."
    )


def test_tensors_and_settings_come_back_with_the_digest_of_the_file(tmp_path: Path) -> None:
    turned = np.arange(6, dtype=np.int8).reshape(2, 3).T  # not contiguous
    path = weights_file.write(tmp_path / "new" / "w.safetensors", {"a": turned}, {"k": [1, "x"]})
    tensors, settings, fingerprint = opened(path)
    assert tensors["a"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert tensors["a"].dtype == np.int8
    assert settings == {"k": [1, "x"]}
    assert fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"classifier .*w' is missing\. Train it again"):
        opened(tmp_path / "w")


@pytest.mark.parametrize("content", [b"", b"no safetensors file", b"\xff" * 64])
def test_anything_else_is_named_as_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(ModelDamagedError, match=r"classifier .* cannot be read"):
        opened(tmp_path / "w")


def test_so_is_one_in_which_something_does_not_fit(tmp_path: Path) -> None:
    path = weights_file.write(tmp_path / "w", {"a": np.zeros(2)}, {})
    with pytest.raises(ModelDamagedError, match="two numbers, not three"):
        weights_file.read(path, _refuse, role="head", name="classifier", remedy="")


def _refuse(tensors: Tensors, settings: dict[str, Any], fingerprint: str) -> None:
    raise ValueError("two numbers, not three")


def test_what_cannot_be_written_leaves_the_file_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weights_file.write(tmp_path / "w", {"a": np.ones(2)}, {})
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(weights_file.os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        weights_file.write(path, {"a": np.zeros(2)}, {})
    assert path.read_bytes() == before
