"""The process that fetches one commit of a hub's repository: a process can be stopped at once.

Knows: huggingface_hub, and what its failures mean in one word. Refuses to know: who waits for it,
and how a failure is told to people.

Run as ``python -m mmqa.models.hub_process OWNER/NAME COMMIT FOLDER``. Leaves in FOLDER: ``files/``,
what was fetched; ``plan.json``, how much there is to fetch, as soon as that is known;
``failure.json``, where something went wrong.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from mmqa.models.hub_files import Listed, OnlyPickledError, choose, wrong_files
from mmqa.models.watched import file_sizes

FILES = "files"
PLAN = "plan.json"
FAILURE = "failure.json"


class _FullDiskError(Exception):
    """What is to be fetched does not fit."""


class _WrongFilesError(Exception):
    """What came is not what the hub lists."""


def main(repo: str, revision: str, folder: Path) -> int:
    """Fetch; the exit code is 0 when every file is there and as the hub lists it."""
    try:
        listed = choose(_list(repo, revision))
        _announce(folder, listed)
        _require_space(folder, listed)
        _fetch(repo, revision, folder / FILES, [file.name for file in listed])
        wrong = wrong_files(folder / FILES, listed)
        if wrong:
            for name in wrong:
                (folder / FILES / name).unlink(missing_ok=True)
            raise _WrongFilesError(", ".join(wrong))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other process tells it
        failure = {"kind": kind_of(error), "words": f"{type(error).__name__}: {error}"}
        (folder / FAILURE).write_text(json.dumps(failure), encoding="utf-8")
        return 1
    return 0


def _list(repo: str, revision: str) -> list[Listed]:
    """What the hub lists; asked once, so that no network is told at once, not after retries."""
    from huggingface_hub import HfApi, constants

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    info = api.model_info(
        repo, revision=revision, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT
    )
    if info.sha != revision:
        raise _WrongFilesError(f"it gives the commit {info.sha}")
    return [
        Listed(f.rfilename, f.size or 0, f.blob_id or "", f.lfs.sha256 if f.lfs else "")
        for f in info.siblings or ()
    ]


def _announce(folder: Path, listed: list[Listed]) -> None:
    total = {"bytes": sum(file.size_bytes for file in listed)}
    partial = folder / f"{PLAN}.new"
    partial.write_text(json.dumps(total), encoding="utf-8")
    partial.replace(folder / PLAN)


def _require_space(folder: Path, listed: list[Listed]) -> None:
    there = sum(file_sizes(folder / FILES))
    needed = sum(file.size_bytes for file in listed) - there
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise _FullDiskError(f"{needed:,} bytes are missing, {free:,} bytes are free")


def _fetch(repo: str, revision: str, target: Path, names: list[str]) -> None:
    """Whole files that are there are kept; parts that a killed process left are of no use."""
    from huggingface_hub import snapshot_download

    for part in target.glob(".cache/**/*.incomplete"):
        part.unlink()
    snapshot_download(
        repo,
        revision=revision,
        local_dir=target,
        allow_patterns=names,
        endpoint=os.environ.get("HF_ENDPOINT") or None,
        max_workers=4,
    )


def kind_of(error: BaseException) -> str:
    """One word for what went wrong: the first cause that is known, in the chain of causes."""
    known = _known_kinds()
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno == errno.ENOSPC:
            return "disk"
        for kinds, word in known:
            if isinstance(seen, kinds):
                return word
        seen = seen.__cause__ or seen.__context__
    return "other"


def _known_kinds() -> list[tuple[Any, str]]:
    """The surest first: a gated repository is a kind of missing one."""
    import httpx2
    from huggingface_hub import errors

    return [
        (OnlyPickledError, "pickled"),
        (_FullDiskError, "disk"),
        (_WrongFilesError, "checksum"),
        (errors.GatedRepoError, "gated"),
        (errors.RevisionNotFoundError, "revision"),
        (errors.RepositoryNotFoundError, "repository"),
        (errors.OfflineModeIsEnabled, "offline"),
        ((httpx2.TransportError, ConnectionError, TimeoutError), "network"),
        (errors.HfHubHTTPError, "refused"),
    ]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
