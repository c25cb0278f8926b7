"""The model cache: where converted models lie, and the manifest that says what they must be.

Knows: folders, sizes, times and checksums. Refuses to know: where models come from.

Layout: ``<root>/models/<preset>/<role>/…`` and ``<root>/models/<preset>/manifest.json``; the root
is the setting ``cache`` (``$MMQA_CACHE``) or the user's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from mmqa.errors import ModelDamagedError, ModelMissingError
from mmqa.models.preset import Preset, Role, load_preset, preset_names

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a file of the cache must be.

    Attributes:
        sha256: Lower-case hex digest.
        size_bytes: Size.
        mtime_ns: Time of last change when it was hashed; 0 where the file must be hashed again.
    """

    sha256: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class StoredRole:
    """One converted model: the recipe it was made by, and its files by relative path."""

    recipe: str
    files: Mapping[str, StoredFile]


def cache_folder(config_cache: str = "") -> Path:
    """The folder that holds one folder a preset; it need not exist yet.

    Args:
        config_cache: The setting ``cache``; empty means ``$MMQA_CACHE``, else the user's own.
    """
    root = config_cache or os.environ.get("MMQA_CACHE", "")
    base = Path(root).expanduser().absolute() if root else platformdirs.user_cache_path("mmqa")
    return base / "models"


def preset_folder(preset: str, cache: Path) -> Path:
    """The folder of one preset; it need not exist yet."""
    return cache / preset


def role_home(preset: Preset, role: Role, cache: Path) -> Path:
    """The folder in which the role's own lies, with the manifest that vouches for it.

    What a preset shares with another lies with the other: one copy, pulled once.
    """
    return preset_folder(role.home or preset.name, cache)


def _home(preset: str, role: str, cache: Path) -> Path:
    """The same, of a preset's name; one that cannot be looked up keeps all in its own folder."""
    if not _known(preset):
        return preset_folder(preset, cache)
    found = load_preset(preset)
    return role_home(found, found.role(role), cache)


def _known(preset: str) -> bool:
    return preset in preset_names() or preset.endswith(".toml")


def role_folder(preset: str, role: str, cache: Path) -> Path:
    """The folder with the converted files of ``role``, checked for presence and size.

    Args:
        preset: Name of the preset, or the path of its file.
        role: Name of the role, as in the preset's file.
        cache: As :func:`cache_folder` gives it.

    Raises:
        ModelMissingError: The role was never pulled, or by another recipe than the preset's.
        ModelDamagedError: A file of it is gone or has another size.
    """
    home = _home(preset, role, cache)
    folder = home / role
    stored = read_manifest(home).get(role)
    if stored is None or not folder.is_dir():
        raise ModelMissingError(
            role, f"the model for {role} is not in {str(folder)!r}", pull_remedy(preset)
        )
    if stored.recipe != _wanted_recipe(preset, role, stored.recipe):
        raise ModelMissingError(
            role,
            f"the model for {role} in {str(folder)!r} was made by another version of mmqa",
            pull_remedy(preset),
        )
    for path, facts in stored.files.items():
        problem = size_problem(folder / path, facts)
        if problem:
            raise ModelDamagedError(role, problem, pull_remedy(preset))
    return folder


def _wanted_recipe(preset: str, role: str, otherwise: str) -> str:
    """The recipe of a preset that can be looked up; of a preset from elsewhere, ``otherwise``."""
    return load_preset(preset).role(role).recipe if _known(preset) else otherwise


def role_fingerprint(preset: str, role: str, cache: Path) -> str:
    """16 hex digits that change whenever the role's weights or their conversion change.

    The same on every machine: made from the checksums of the sources, not of the converted files,
    whose bytes vary with the exporter's version while their numbers do not.

    Raises:
        ModelMissingError: The role was never pulled.
    """
    stored = read_manifest(_home(preset, role, cache)).get(role)
    if stored is None:
        raise ModelMissingError(
            role, f"the model for {role} is not in {str(cache)!r}", pull_remedy(preset)
        )
    return stored.recipe


def pull_remedy(preset: str) -> str:
    """What to type when something of ``preset`` is missing or damaged."""
    return f"Run: mmqa models pull {preset}."


def size_problem(path: Path, facts: StoredFile) -> str:
    """What is wrong with ``path`` as far as its size tells, as a sentence; empty when nothing."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return f"{str(path)!r} is gone"
    if size != facts.size_bytes:
        return f"{str(path)!r} has {size:,} bytes instead of {facts.size_bytes:,}"
    return ""


def intact(folder: Path, stored: StoredRole) -> bool:
    """Whether the files are as stored: by size and time, hashed only where the time differs."""
    for name, facts in stored.files.items():
        path = folder / name
        if size_problem(path, facts):
            return False
        if path.stat().st_mtime_ns != facts.mtime_ns and sha256_of(path) != facts.sha256:
            return False
    return True


def describe(folder: Path, recipe: str) -> StoredRole:
    """Hash every file under ``folder`` and make sure that it is on the disk."""
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest = sha256_of(path, sync=True)
        stat = path.stat()
        name = path.relative_to(folder).as_posix()
        files[name] = StoredFile(digest, stat.st_size, stat.st_mtime_ns)
    return StoredRole(recipe, files)


def sha256_of(path: Path, *, sync: bool = False) -> str:
    """Lower-case hex digest of a file; ``sync`` also flushes it to the disk."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if sync:
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    return digest


def read_manifest(folder: Path) -> dict[str, StoredRole]:
    """What was pulled into a preset's folder; nothing when it was never, or cannot be read.

    A manifest that cannot be read vouches for nothing: every role counts as not pulled, and a pull
    makes it anew.
    """
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return {}
        return {name: _stored(role) for name, role in data["roles"].items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _stored(data: Mapping[str, Any]) -> StoredRole:
    files = {name: StoredFile(**facts) for name, facts in data["files"].items()}
    return StoredRole(data["recipe"], files)


def write_manifest(folder: Path, preset: str, roles: Mapping[str, StoredRole]) -> None:
    """Write the manifest at once: a reader sees the old one or the new one."""
    data = {"format": FORMAT, "preset": preset, "roles": {k: asdict(v) for k, v in roles.items()}}
    path = folder / MANIFEST
    temporary = path.with_suffix(".new")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
