"""What is there, what is missing, and how to get it.

Knows: how to look at a machine quickly: package metadata and driver files, without importing torch
or faiss. Refuses to know: how findings are shown, and how to repair anything by itself.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import psutil

from mmqa.models.cache import intact, pull_remedy, read_manifest, role_home
from mmqa.models.conversions.installed import package_problems, package_remedy
from mmqa.models.preset import Preset, Role

MIN_PYTHON = (3, 11)
LOW_DISK_BYTES = 2_000_000_000
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NVIDIA = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""Any of these is there when a kernel has an NVIDIA driver (the last: under WSL)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What was looked at, in a word or two.
        state: ``ok``; ``warn``: works, but not all of it or not as well; ``missing``: needed.
        fact: What was found, a sentence without a full stop.
        remedy: How to change it; empty when there is nothing to do.
    """

    name: str
    state: Literal["ok", "warn", "missing"]
    fact: str
    remedy: str = ""


def diagnose(preset: Preset, cache: Path) -> tuple[Finding, ...]:
    """Look at this machine with ``preset`` in mind; well under three seconds, nothing is changed.

    Args:
        preset: The preset that will be used.
        cache: As :func:`mmqa.models.cache.cache_folder` gives it.
    """
    models = [_model(preset, role, cache) for role in preset.roles]
    looks: list[Callable[[], Finding]] = [
        _faiss,
        _gpu,
        lambda: _disk(preset, cache),
        lambda: _memory(preset),
        _pip,
        _browser,
        _corpora,
    ]
    return (_python(), *models, *(look() for look in looks))


def _python() -> Finding:
    fact = f"Python {sys.version.split()[0]} in {sys.prefix!r}"
    if sys.version_info >= MIN_PYTHON:
        return Finding("python", "ok", fact)
    return Finding("python", "missing", fact, "Install Python 3.11 or newer.")


def _model(preset: Preset, role: Role, cache: Path) -> Finding:
    name = "OCR" if role.role == "text_recognizer" else f"model {role.role}"
    if role.source == "installed":
        problems = package_problems(role)
        if problems:
            return Finding(name, "missing", "; ".join(problems), package_remedy(role))
    folder = role_home(preset, role, cache) / role.role
    stored = read_manifest(folder.parent).get(role.role)
    if stored is None or not folder.is_dir():
        fetch = f"; {role.download_bytes / 1e6:,.0f} MB to fetch" if role.download_bytes else ""
        return Finding(name, "missing", f"not pulled{fetch}", pull_remedy(preset.name))
    if stored.recipe != role.recipe:
        return Finding(name, "missing", "made by an older recipe", pull_remedy(preset.name))
    if not intact(folder, stored):
        return Finding(name, "missing", f"damaged in {str(folder)!r}", pull_remedy(preset.name))
    return Finding(name, "ok", role.description)


def _faiss() -> Finding:
    """Both wheels provide the same module ``faiss`` and overwrite each other's files."""
    found = {name: _version(name) for name in ("faiss-cpu", "faiss-gpu")}
    there = {name: number for name, number in found.items() if number}
    if len(there) == 2:
        return Finding(
            "FAISS",
            "warn",
            "faiss-cpu and faiss-gpu are both installed and overwrite each other",
            "Run: python -m pip uninstall faiss-cpu faiss-gpu, then install one of them.",
        )
    for name, number in there.items():
        return Finding("FAISS", "ok", f"{name} {number}")
    remedy = "Run: python -m pip install 'mmqa[cpu]' (or 'mmqa[gpu]')."
    return Finding("FAISS", "missing", "FAISS is not installed", remedy)


def _gpu() -> Finding:
    """A driver and a torch that can use it; torch itself is not imported, as that takes seconds."""
    torch = _version("torch")
    if not any(path.exists() for path in NVIDIA) and shutil.which("nvidia-smi") is None:
        return Finding("GPU", "ok", "no NVIDIA driver: everything runs on the CPU")
    if _version("nvidia-cuda-runtime") or "+cu" in torch:
        return Finding("GPU", "ok", f"an NVIDIA driver, and torch {torch} with CUDA")
    return Finding(
        "GPU",
        "warn",
        f"an NVIDIA driver, but torch {torch or '(not installed)'} was built without CUDA",
        "Install a CUDA build of torch to use it.",
    )


def _disk(preset: Preset, cache: Path) -> Finding:
    folder = cache
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    fact = f"{free / 1e9:.1f} GB free where the models lie, {str(cache)!r}"
    if free >= max(LOW_DISK_BYTES, 2 * preset.installed_bytes):
        return Finding("disk", "ok", fact)
    return Finding("disk", "warn", fact, "Free some space, or set MMQA_CACHE to another disk.")


def _memory(preset: Preset) -> Finding:
    memory = psutil.virtual_memory()
    fact = (
        f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free;"
        f" {preset.name} needs about {preset.memory_bytes / 1e9:.1f} GB"
    )
    if memory.available >= preset.memory_bytes:
        return Finding("memory", "ok", fact)
    return Finding("memory", "warn", fact, "Close other programs, or choose a smaller preset.")


def _pip() -> Finding:
    number = _version("pip")
    if number:
        return Finding("pip", "ok", f"pip {number}, which fetches the models")
    remedy = "Run: python -m ensurepip."
    return Finding("pip", "missing", "pip is not installed beside this Python", remedy)


def _browser() -> Finding:
    found = next((path for path in map(shutil.which, CHROMIUM) if path), "")
    if found and _version("playwright"):
        return Finding("browser", "ok", f"{found} for the tests that drive the chat")
    lack = "no Chromium" if not found else "no playwright"
    remedy = "Only developers need it: apt-get install chromium; pip install 'mmqa[dev]'."
    return Finding("browser", "warn", f"{lack}: tests that drive the chat cannot run", remedy)


def _corpora() -> Finding:
    lack = [name for name in ("npm", "apt-get") if shutil.which(name) is None]
    if not lack:
        return Finding("corpora", "ok", "npm and apt-get, which fetch the public corpora")
    remedy = "Only training and evaluation need them."
    return Finding("corpora", "warn", f"no {' and no '.join(lack)} to fetch public corpora", remedy)


def _version(package: str) -> str:
    """The installed version, empty when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
