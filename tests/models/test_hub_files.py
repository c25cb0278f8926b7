"""Which files of a repository are fetched, and that each is what the hub lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.models.hub_files import Listed, OnlyPickledError, choose, wrong_files


def listed(*names: str) -> list[Listed]:
    return [Listed(name, 1, "0" * 40) for name in names]


def chosen(*names: str) -> list[str]:
    return [file.name for file in choose(listed(*names))]


def test_weights_settings_tokenizer_and_licence_are_fetched_and_programs_are_not() -> None:
    wanted = ("config.json", "model.safetensors", "merges.txt", "tokenizer.model", "LICENSE")
    others = ("pytorch_model.bin", "modeling.py", "model.onnx", "x.gguf", ".gitattributes", "a.pkl")
    assert chosen(*wanted, *others) == list(wanted)


def test_what_lies_in_folders_is_another_form_of_the_model() -> None:
    assert chosen("model.safetensors", "onnx/config.json", "original/model.safetensors") == [
        "model.safetensors"
    ]


def test_weights_that_a_repository_holds_twice_are_fetched_once() -> None:
    shard = "model.safetensors-00001-of-00001.safetensors"
    assert chosen(shard, "consolidated.safetensors") == [shard]
    assert chosen("weights.safetensors") == ["weights.safetensors"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["config.json", "pytorch_model.bin", "a.ckpt"], ["pytorch_model.bin", "a.ckpt"]),
        (["config.json", "deep/model.safetensors"], []),
        ([], []),
    ],
)
def test_a_repository_without_safetensors_is_refused(names: list[str], found: list[str]) -> None:
    with pytest.raises(OnlyPickledError) as caught:
        chosen(*names)
    assert caught.value.found == found


def test_small_files_are_checked_as_git_does_and_large_ones_by_sha256(tmp_path: Path) -> None:
    # git hash-object: printf hello | git hash-object --stdin; printf hello | sha256sum
    git = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"
    sha = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    (tmp_path / "a").write_bytes(b"hello")
    good = [Listed("a", 5, git), Listed("a", 5, "0" * 40, sha)]
    assert wrong_files(tmp_path, good) == []
    bad = [Listed("a", 5, "0" * 40), Listed("a", 5, git, "0" * 64), Listed("a", 6, git)]
    assert wrong_files(tmp_path, [*bad, Listed("gone", 5, git)]) == ["a", "a", "a", "gone"]
