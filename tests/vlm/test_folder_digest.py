"""A model's folder is told from any other by names and bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mmqa.vlm.folder_digest import folder_digest


def test_it_is_of_each_files_name_and_checksum_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "below").mkdir()
    files = [(b"a", b"one"), (b"b", b"two")]
    told = b"bf16" + b"".join(name + hashlib.sha256(data).digest() for name, data in files)
    assert folder_digest(tmp_path, "bf16") == hashlib.sha256(told).hexdigest()[:16]


def test_another_byte_name_or_number_type_gives_another(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"one")
    found = {folder_digest(tmp_path), folder_digest(tmp_path, "int8")}
    file.write_bytes(b"two")
    found.add(folder_digest(tmp_path))
    file.rename(tmp_path / "b")
    found.add(folder_digest(tmp_path))
    assert len(found) == 4


def test_files_that_do_not_count_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"one")
    told = folder_digest(tmp_path, pattern="*.safetensors")
    (tmp_path / "notes.md").write_text("of no matter")
    assert told == folder_digest(tmp_path, pattern="*.safetensors") != folder_digest(tmp_path)
