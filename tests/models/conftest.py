"""Tiny real wheels, a preset that pins them, and a pip that looks nowhere else."""

from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from mmqa.errors import ModelError
from mmqa.models import convert as door
from mmqa.models.preset import Preset, Role, Wheel


@dataclass
class Shelf:
    """A folder of wheels that pip finds."""

    folder: Path
    made: dict[str, Wheel] = field(default_factory=dict)

    def wheel(self, package: str, files: dict[str, bytes], version: str = "1.0") -> Wheel:
        """Build a wheel with ``files`` inside a module folder, and pin it."""
        name = package.replace("-", "_")
        path = self.folder / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            for file, content in files.items():
                archive.writestr(f"{name}/{file}", content)
            archive.writestr(f"{info}/licenses/LICENSE", f"licence of {package}")
            archive.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
            )
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        content = path.read_bytes()
        wheel = Wheel(
            package, version, path.name, sha256(content).hexdigest(), len(content), (f"{name}/*",)
        )
        self.made[package] = wheel
        return wheel

    def path(self, wheel: Wheel) -> Path:
        """The file behind a pin."""
        return self.folder / wheel.file


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Wheels in a folder, and pip told to look only there."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Shelf(folder)


@pytest.fixture
def quick_pip(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy from the shelf where pip would take a second to start; pip has tests of its own."""

    def copy(wheel: Wheel, folder: Path, label: str, *others: object) -> None:
        if os.environ["PIP_FIND_LINKS"] != str(shelf.folder) or not shelf.path(wheel).exists():
            raise ModelError(label, f"pip finds no {wheel.package}")
        shutil.copyfile(shelf.path(wheel), folder / wheel.file)

    monkeypatch.setattr("mmqa.models.download._download", copy)


@pytest.fixture
def preset(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Preset:
    """Two roles, ``ear`` out of two wheels and ``eye`` out of one, converted by joining files."""
    monkeypatch.setitem(door.CONVERSIONS, "join/1", f"{__name__}:join")
    low = shelf.wheel("ear-low", {"part1": b"low "})
    high = shelf.wheel("ear-high", {"part2": b"high", "junk.py": b"junk"})
    ear = _role("ear", (low, high))
    eye = _role("eye", (shelf.wheel("eye", {"part1": b"colour"}),))
    return Preset("tiny", "Two tiny models.", 1000, (ear, eye))


def _role(name: str, wheels: tuple[Wheel, ...]) -> Role:
    return Role(name, name, "none", f"a tiny {name}", "MIT", "pypi", "join/1", 10, 10, wheels)


def join(role: Role, source: Path, target: Path) -> None:
    """The parts, in order, as one file."""
    parts = sorted(source.glob("**/part*"), key=lambda path: path.name)
    (target / "model.bin").write_bytes(b"".join(part.read_bytes() for part in parts))
