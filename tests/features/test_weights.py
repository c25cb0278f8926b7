from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mmqa.features.weights import digest


def with_manifest(folder: Path, sha256: str) -> Path:
    path = folder / "text_encoder" / "model.onnx"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    facts = path.stat()
    known = {"sha256": sha256, "size_bytes": facts.st_size, "mtime_ns": facts.st_mtime_ns}
    manifest = {"format": 1, "roles": {"text_encoder": {"files": {"model.onnx": known}}}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return path


def test_the_manifest_saves_reading_the_file(tmp_path: Path) -> None:
    path = with_manifest(tmp_path, hashlib.sha256(b"weights").hexdigest())
    vouched = digest(path, version="1")
    (tmp_path / "manifest.json").unlink()
    assert digest(path, version="1") == vouched


def test_a_file_changed_since_is_read_again(tmp_path: Path) -> None:
    path = with_manifest(tmp_path, hashlib.sha256(b"weights").hexdigest())
    before = digest(path, version="1")
    path.write_bytes(b"other weights")
    assert digest(path, version="1") != before


def test_the_version_of_the_code_counts(tmp_path: Path) -> None:
    path = with_manifest(tmp_path, "00")
    assert digest(path, version="1") != digest(path, version="2")
