"""One commit of a hub's repository, fetched by huggingface_hub in a process of its own.

Knows: how to start and watch that process, and how to put its failures into sentences.
Refuses to know: what is in the files, and where they go afterwards.

The user's own settings count: ``HF_ENDPOINT`` for a mirror, ``HF_TOKEN`` for gated models, the
usual variables for proxies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mmqa.errors import ModelError
from mmqa.interfaces import Cancelled, Progress
from mmqa.models.hub_process import FAILURE, FILES, PLAN
from mmqa.models.preset import Role
from mmqa.models.watched import file_sizes, watch
from mmqa.records import Chunk

FAILURES: dict[str, tuple[str, str]] = {
    "pickled": (
        "{repo} holds no safetensors at {commit}, only {words}",
        "Pickled weights can run any code and are never loaded; choose a repository with"
        " *.safetensors.",
    ),
    "disk": (
        "there is too little space for {repo}: {words}",
        "Free some space, or set MMQA_CACHE to a folder on another disk; what is there is kept.",
    ),
    "checksum": (
        "what came from {repo} is not what the hub lists: {words}",
        "Pull again; if it stays so, check the mirror in HF_ENDPOINT.",
    ),
    "gated": (
        "{repo} is gated: its owner wants you to agree to terms first",
        "Agree to them on the hub's page of the model, then set HF_TOKEN to a token of yours.",
    ),
    "revision": (
        "{repo} has no commit {commit}",
        "Correct the revision in the preset: the hub shows commits under Files, History.",
    ),
    "repository": (
        "the hub knows no repository {repo}, or shows it to its owner only",
        "Correct the preset, or set HF_TOKEN if it is yours.",
    ),
    "offline": (
        "huggingface_hub was told to stay offline",
        "Unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE, then pull again.",
    ),
    "network": (
        "the hub cannot be reached to fetch {repo} ({words})",
        "Check the network, the proxy and HF_ENDPOINT, then pull again; whole files are kept."
        " Without a hub, use --preset embedded.",
    ),
    "refused": (
        "the hub refused to give {repo} ({words})",
        "Wait and pull again; too many requests are refused for a while.",
    ),
    "other": (
        "{repo} could not be fetched ({words})",
        "See the hub library's own words.",
    ),
}
"""What went wrong, in one word → fact, remedy."""


def fetch_commit(
    role: Role, scratch: Path, label: str, progress: Progress, cancelled: Cancelled
) -> Path:
    """The folder with the role's files, as the hub lists them at the role's commit.

    Args:
        role: Of source ``hub``.
        scratch: Folder of this fetch; whole files that an earlier one left in it are used.
        label: For progress.
        progress: Called with bytes fetched.
        cancelled: Asked several times a second.

    Raises:
        ModelError: It failed; the sentence says why, and what to do.
        Stopped: ``cancelled`` said so; no process is left behind.
    """
    scratch.mkdir(exist_ok=True)
    for name in (PLAN, FAILURE):
        (scratch / name).unlink(missing_ok=True)
    log = scratch / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
            _command(role, scratch),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HF_HUB_DISABLE_PROGRESS_BARS": "1"},
        )
        code = watch(process, lambda: progress(_so_far(role, scratch, label)), cancelled)
    if code != 0:
        raise _failure(role, scratch, log)
    total = sum(file_sizes(scratch / FILES))
    progress(Chunk(label, total, total))
    return scratch / FILES


def _command(role: Role, scratch: Path) -> list[str]:
    module = "mmqa.models.hub_process"
    return [sys.executable, "-m", module, role.repo, role.revision, str(scratch)]


def _so_far(role: Role, scratch: Path, label: str) -> Chunk:
    """Bytes of all files, out of what the hub lists; before that is known, of what is expected."""
    try:
        total = int(json.loads((scratch / PLAN).read_text(encoding="utf-8"))["bytes"])
    except FileNotFoundError:
        total = role.installed_bytes
    return Chunk(label, min(sum(file_sizes(scratch / FILES)), total), total)


def _failure(role: Role, scratch: Path, log: Path) -> ModelError:
    """What the process left behind → a sentence, and a remedy."""
    try:
        told = json.loads((scratch / FAILURE).read_text(encoding="utf-8"))
        kind, words = told["kind"], told["words"]
    except FileNotFoundError:  # it was killed, or could not even start
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        kind, words = "other", (said or ["its process was ended from outside"])[-1]
    fact, remedy = FAILURES[kind]
    short = " ".join(words.split())
    if kind in ("pickled", "disk", "checksum"):  # our own words, of which people need no class
        short = short.partition(": ")[2]
    facts = fact.format(repo=role.repo, commit=role.revision, words=short[:300])
    return ModelError(role.role, facts, remedy)
