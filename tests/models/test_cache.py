"""The cache says what it holds, and never vouches for a file that changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs
import pytest

from mmqa.errors import ModelDamagedError, ModelMissingError
from mmqa.models.cache import (
    MANIFEST,
    cache_folder,
    describe,
    intact,
    read_manifest,
    role_fingerprint,
    role_folder,
    write_manifest,
)
from mmqa.models.preset import load_preset


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with the preset ``one`` and its role ``ear``: two files."""
    folder = tmp_path / "one" / "ear"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"abc")
    (folder / "deep" / "b.bin").write_bytes(b"de")
    write_manifest(tmp_path / "one", "one", {"ear": describe(folder, "recipe-1")})
    return tmp_path


def test_the_cache_is_the_setting_then_the_variable_then_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMQA_CACHE", str(tmp_path / "variable"))
    assert cache_folder(str(tmp_path / "setting")) == tmp_path / "setting" / "models"
    assert cache_folder() == tmp_path / "variable" / "models"
    monkeypatch.delenv("MMQA_CACHE")
    assert cache_folder() == platformdirs.user_cache_path("mmqa") / "models"


def test_a_role_that_was_pulled_has_a_folder_and_a_fingerprint(cache: Path) -> None:
    assert role_folder("one", "ear", cache) == cache / "one" / "ear"
    assert role_fingerprint("one", "ear", cache) == "recipe-1"


def test_a_role_that_was_never_pulled_is_missing_and_the_remedy_is_the_command(
    tmp_path: Path,
) -> None:
    for ask in (role_folder, role_fingerprint):
        with pytest.raises(ModelMissingError, match="Run: mmqa models pull embedded") as caught:
            ask("embedded", "text_encoder", tmp_path)
        assert caught.value.role == "text_encoder"


def test_a_model_that_an_older_mmqa_made_has_to_be_pulled_again(tmp_path: Path) -> None:
    folder = tmp_path / "embedded" / "text_encoder"
    folder.mkdir(parents=True)
    write_manifest(tmp_path / "embedded", "embedded", {"text_encoder": describe(folder, "old")})
    with pytest.raises(ModelMissingError, match=r"another version.*mmqa models pull embedded"):
        role_folder("embedded", "text_encoder", tmp_path)


def test_what_a_preset_shares_lies_with_the_other_one_and_is_not_pulled_twice(
    tmp_path: Path,
) -> None:
    recipe = load_preset("embedded").role("text_encoder").recipe
    folder = tmp_path / "embedded" / "text_encoder"
    folder.mkdir(parents=True)
    write_manifest(tmp_path / "embedded", "embedded", {"text_encoder": describe(folder, recipe)})
    assert role_folder("small", "text_encoder", tmp_path) == folder
    assert role_fingerprint("small", "text_encoder", tmp_path) == recipe
    with pytest.raises(ModelMissingError, match="Run: mmqa models pull small"):
        role_folder("small", "language_model", tmp_path)


def test_a_truncated_file_is_named_before_anything_is_loaded(cache: Path) -> None:
    (cache / "one" / "ear" / "a.bin").write_bytes(b"a")
    with pytest.raises(ModelDamagedError, match=r"a\.bin' has 1 bytes instead of 3.*pull one"):
        role_folder("one", "ear", cache)


def test_a_file_that_is_gone_is_named(cache: Path) -> None:
    (cache / "one" / "ear" / "deep" / "b.bin").unlink()
    with pytest.raises(ModelDamagedError, match=r"b\.bin' is gone"):
        role_folder("one", "ear", cache)


def test_a_description_holds_size_and_checksum_of_every_file_below(cache: Path) -> None:
    stored = read_manifest(cache / "one")["ear"]
    assert sorted(stored.files) == ["a.bin", "deep/b.bin"]
    assert stored.files["a.bin"].size_bytes == 3
    assert stored.files["a.bin"].sha256 == hashlib.sha256(b"abc").hexdigest()


def test_a_touched_file_is_still_intact_but_a_changed_one_is_not(cache: Path) -> None:
    folder = cache / "one" / "ear"
    stored = read_manifest(cache / "one")["ear"]
    os.utime(folder / "a.bin", ns=(1, 1))
    assert intact(folder, stored)
    (folder / "a.bin").write_bytes(b"abX")
    assert not intact(folder, stored)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 99}', '{"format": 1}'])
def test_a_manifest_that_cannot_be_read_vouches_for_nothing(cache: Path, content: str) -> None:
    (cache / "one" / MANIFEST).write_text(content)
    assert read_manifest(cache / "one") == {}


def test_writing_a_manifest_leaves_no_other_file(cache: Path) -> None:
    assert sorted(p.name for p in (cache / "one").iterdir()) == ["ear", MANIFEST]
