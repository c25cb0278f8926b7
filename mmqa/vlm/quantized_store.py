"""Quantized weights on the disk: made once, read the next time, made anew when they do not fit.

Knows: that a folder appears whole or not at all, by what a stored model is recognised, and how the
quantized layers of a module are written and put back. Refuses to know: how anything is quantized,
and where the full weights come from.

Beside the weights lies ``quantized.json``: the key (what they were made from, and by which
versions) and the sha256 of each file. All is safetensors; nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from mmqa.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

MANIFEST = "quantized.json"
LAYERS = "layers.safetensors"
FORMAT = 1
_LEFT_BEHIND_S = 3600.0
_OF_BIAS = "bias"

Model = TypeVar("Model")
Tell = Callable[[str], None]
_log: Tell = logging.getLogger("mmqa.vlm").warning
Key: TypeAlias = Mapping[str, str]
"""What stored weights were made from and by; others than these are not read."""


def kept(
    folder: Path,
    key: Key,
    *,
    read: Callable[[Path], Model],
    make: Callable[[], Model],
    write: Callable[[Model, Path], None],
    tell: Tell | None = None,
) -> Model:
    """The model that lies in ``folder``; where none does that fits ``key``, one that is made.

    Args:
        folder: Need not exist.
        key: What the model must have been made from.
        read: Folder → model.
        make: Makes it from the full weights.
        write: Writes a model just made into a folder.
        tell: Told, in a sentence, why one is made anew, or why it cannot be kept; ``None`` tells
            the log.

    Raises:
        ModelError: ``make`` failed.
    """
    from safetensors import SafetensorError

    say = tell or _log
    reason = fault(folder, key) if folder.exists() else None
    if reason == "":
        try:
            return read(folder)
        except (ModelError, OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            reason = f"cannot be read ({error})"
    if reason:
        say(f"The quantized weights in {str(folder)!r} {reason}; they are made anew.")
    model = make()
    try:
        _put(folder, key, lambda place: write(model, place))
    except OSError as error:
        say(
            f"The quantized weights cannot be kept in {str(folder)!r}: {error}. They are made again"
            " at the next start."
        )
    return model


def fault(folder: Path, key: Key) -> str:
    """What is wrong with stored weights, for a sentence that they begin; empty when nothing is."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        stored, files = manifest["key"], dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"have no readable {MANIFEST!r}"
    if stored != _whole(key):
        changed = sorted(name for name in _whole(key) if stored.get(name) != _whole(key)[name])
        return f"were made from something else ({', '.join(changed)} changed)"
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            return f"lack {name!r}"
        if _digest(path) != digest:
            return f"are damaged ({name!r} does not have its checksum)"
    return ""


def _whole(key: Key) -> dict[str, str]:
    return {"format": str(FORMAT), **key}


def _put(folder: Path, key: Key, write: Callable[[Path], None]) -> None:
    """Write beside the place, to the disk, then into the place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    fresh = Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=folder.parent))
    try:
        write(fresh)
        files = [path for path in sorted(fresh.rglob("*")) if path.is_file()]
        names = {path.relative_to(fresh).as_posix(): _digest(path) for path in files}
        text = json.dumps({"key": _whole(key), "files": names}, indent=1)
        (fresh / MANIFEST).write_text(text, encoding="utf-8")
        _sync([*files, fresh / MANIFEST])
        fresh.chmod(0o755)
        _swap(fresh, folder, key)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, folder: Path, key: Key) -> None:
    """Take the place; where another process took it meanwhile with the same, leave it there."""
    old = fresh.with_name(f"{fresh.name}.old")
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if fault(folder, key):
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _prefix(folder: Path) -> str:
    return f".{folder.name}.part-"


def _sweep(folder: Path) -> None:
    """Remove what killed processes left beside the place."""
    for path in folder.parent.glob(f"{_prefix(folder)}*"):
        if time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
            shutil.rmtree(path, ignore_errors=True)


def _sync(paths: Iterable[Path]) -> None:
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ------------------------------------------------------------------- the layers of one module


def write_layers(layers: Mapping[str, nn.Linear], folder: Path) -> None:
    """Write quantized layers: weights and their statistics, not what was never quantized.

    To be called before the first forward pass: on some processors bitsandbytes then packs weights
    anew, and what it unpacks of them afterwards is not what there was.

    Args:
        layers: Path → a layer of bitsandbytes.
        folder: Where to put the file.
    """
    from safetensors.torch import save_file

    tensors = {
        f"{path}.{name}": tensor.contiguous()
        for path, layer in layers.items()
        for name, tensor in layer.state_dict().items()
        if name not in (_OF_BIAS, "weight_format")
    }
    save_file(tensors, folder / LAYERS)


def read_layers(folder: Path) -> dict[str, dict[str, Tensor]]:
    """Path of a layer → its tensors by name, as :func:`write_layers` wrote them.

    Raises:
        OSError: There is no such file.
        ModelError: It is no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Any] = load_file(folder / LAYERS)
    except SafetensorError as error:
        raise ModelError("language_model", f"{str(folder / LAYERS)!r}: {error}") from error
    layers: dict[str, dict[str, Tensor]] = defaultdict(dict)
    for full, tensor in tensors.items():
        path, name = _split(full)
        layers[path][name] = tensor
    return layers


def _split(full: str) -> tuple[str, str]:
    """A tensor's full name → the layer's path and the name within it.

    >>> _split("layers.0.q.weight.absmax"), _split("layers.0.q.SCB")
    (('layers.0.q', 'weight.absmax'), ('layers.0.q', 'SCB'))
    """
    for mark in (".weight", ".SCB"):
        path, found, rest = full.rpartition(mark)
        if found:
            return path, f"{mark[1:]}{rest}"
    raise ModelError("language_model", f"{full!r} is no tensor of a quantized layer")
