"""Whether the cache holds what it should, to the bit.

Knows: manifest, checksums and recipes. Refuses to know: how a damaged role is made again; that is
``pull``, which repairs what is found here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from mmqa.models.cache import (
    StoredFile,
    StoredRole,
    read_manifest,
    role_home,
    sha256_of,
    size_problem,
    write_manifest,
)
from mmqa.models.conversions.installed import package_problems
from mmqa.models.preset import Preset, Role


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        role: The model it concerns.
        path: The file or folder.
        fact: What is wrong, a sentence without a full stop.
    """

    role: str
    path: Path
    fact: str

    def __str__(self) -> str:
        """The role and the fact, for a line on a screen."""
        return f"{self.role}: {self.fact}"


def verify(preset: Preset, cache: Path) -> list[Problem]:
    """Hash every file of ``preset``; the list is empty when all is as it was pulled.

    A file whose content is wrong loses its recorded time in the manifest, so that the next ``pull``
    sees it too, even where size and time look right.
    """
    problems: list[Problem] = []
    for role in preset.roles:
        home = role_home(preset, role, cache)
        manifest = read_manifest(home)
        stored = manifest.get(role.role)
        found = _role_problems(home / role.role, role, stored)
        problems += found
        if stored is not None and found and os.access(home, os.W_OK):
            manifest[role.role] = _distrust(stored, home / role.role, found)
            write_manifest(home, role.home or preset.name, manifest)
    return problems


def _role_problems(folder: Path, role: Role, stored: StoredRole | None) -> list[Problem]:
    if stored is None or not folder.is_dir():
        return [Problem(role.role, folder, "it was never pulled")]
    if stored.recipe != role.recipe:
        return [Problem(role.role, folder, "it was made by another recipe than the preset's")]
    found = []
    for name, facts in stored.files.items():
        fact = _file_problem(folder / name, facts)
        if fact:
            found.append(Problem(role.role, folder / name, fact))
    if role.source == "installed":
        found += [Problem(role.role, folder, fact) for fact in package_problems(role)]
    return found


def _file_problem(path: Path, facts: StoredFile) -> str:
    problem = size_problem(path, facts)
    if problem or sha256_of(path) == facts.sha256:
        return problem
    return f"{str(path)!r} does not have the checksum it was stored with"


def _distrust(stored: StoredRole, folder: Path, found: list[Problem]) -> StoredRole:
    wrong = {problem.path for problem in found}
    files = {
        name: replace(facts, mtime_ns=0) if folder / name in wrong else facts
        for name, facts in stored.files.items()
    }
    return replace(stored, files=files)
