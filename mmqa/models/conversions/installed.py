"""Models that come with an installed dependency: nothing to convert, but the files are checked.

Knows: how to find and hash an installed package's files without importing it.
Refuses to know: what the files are for.
"""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from mmqa.errors import ModelError, ModelMissingError
from mmqa.models.cache import sha256_of
from mmqa.models.preset import Role


def convert(role: Role, source: Path, target: Path) -> None:
    """Write ``models.json``, which says which files of which package play the role.

    Raises:
        ModelError: The package is absent, or a file of it is not the pinned one.
    """
    problems = package_problems(role)
    if problems:
        raise ModelError(role.role, "; ".join(problems), package_remedy(role))
    facts = {
        "package": role.package,
        "version": version(role.package),
        "files": dict(role.files),
    }
    (target / "models.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")


def package_folder(role: Role) -> Path:
    """Where the package is installed.

    Raises:
        ModelMissingError: It is not installed.
    """
    spec = find_spec(role.package)
    if spec is None or spec.origin is None:
        raise ModelMissingError(
            role.role, f"the package {role.package!r} is not installed", package_remedy(role)
        )
    return Path(spec.origin).parent


def package_problems(role: Role) -> list[str]:
    """What is wrong with the package's pinned files, one sentence each; empty when all is well."""
    try:
        folder = package_folder(role)
    except ModelMissingError as error:
        return [error.fact]
    problems = []
    for name, digest in role.files.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{role.package} {_version(role)} lacks {name}")
        elif sha256_of(path) != digest:
            problems.append(f"{name} of {role.package} {_version(role)} is not the pinned file")
    return problems


def package_remedy(role: Role) -> str:
    """How to get the package's own files back."""
    return f"Run: python -m pip install --force-reinstall --no-deps {role.package}."


def _version(role: Role) -> str:
    try:
        return version(role.package)
    except PackageNotFoundError:
        return "(unknown version)"
