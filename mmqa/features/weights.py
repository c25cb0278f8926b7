"""Model files → ONNX Runtime sessions and fingerprints.

Knows: how a converted model is opened with a given number of threads, and how its bytes are summed
up in a few digits. Refuses to know: where models come from, and what they compute.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from mmqa.errors import ModelDamagedError, ModelMissingError

PULL = "Run `mmqa models pull embedded`."


def existing(path: Path, role: str) -> Path:
    """``path`` itself, if the file is there.

    Raises:
        ModelMissingError: It is not.
    """
    if not path.is_file():
        raise ModelMissingError(role, f"the model file {str(path)!r} is missing", PULL)
    return path


def open_session(path: Path, *, threads: int, role: str) -> Any:
    """An ONNX Runtime session on the CPU that uses ``threads`` threads and never spins idly.

    Raises:
        ModelMissingError: There is no such file.
        ModelDamagedError: The file is no ONNX model.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(existing(path, role)), options, providers=["CPUExecutionProvider"]
        )
    except ModelMissingError:
        raise
    except Exception as error:
        raise ModelDamagedError(role, f"{str(path)!r} cannot be loaded: {error}", PULL) from error


def digest(*paths: Path, version: str) -> str:
    """16 hex digits that change with the bytes of any file or with ``version``.

    ``version`` names what the code does before and after the model, so that changing the code
    invalidates stored features just as changing the model does.
    """
    total = hashlib.sha256(version.encode())
    for path in paths:
        total.update(_sha256(path).encode())
    return total.hexdigest()[:16]


def _sha256(path: Path) -> str:
    """The manifest's checksum where the file is as it was then, else one worked out now."""
    manifest = path.parent.parent / "manifest.json"
    try:
        stored = json.loads(manifest.read_text(encoding="utf-8"))
        known = stored["roles"][path.parent.name]["files"][path.name]
        now = path.stat()
        if (known["size_bytes"], known["mtime_ns"]) == (now.st_size, now.st_mtime_ns):
            return str(known["sha256"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        pass  # no manifest vouches for the file: its bytes do
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
