"""torch module → ONNX file, and the question whether both give the same numbers.

Knows: how to export quietly and compare. Refuses to know: what the module computes.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

OPSET = 17


def export(
    module: torch.nn.Module,
    inputs: Mapping[str, torch.Tensor],
    path: Path,
    *,
    axes: Mapping[str, Mapping[int, str]],
) -> None:
    """Write ``module`` to ``path``; ``axes`` names every output, and the axes that may vary.

    The exporter that traces (``dynamo=False``) keeps pooling and padding in a form that ONNX
    Runtime fuses.
    """
    import torch

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=[name for name in axes if name not in inputs],
            dynamic_axes={name: dict(named) for name, named in axes.items()},
        )


def largest_difference(
    module: torch.nn.Module, path: Path, feed: Mapping[str, np.ndarray[Any, Any]]
) -> float:
    """Largest absolute difference between any output of the ONNX file and of ``module``."""
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(None, dict(feed))
    with torch.no_grad():
        wanted = module(*(torch.from_numpy(value) for value in feed.values()))
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    pairs = zip(found, wanted, strict=True)
    return max(float(np.abs(ours - theirs.numpy()).max()) for ours, theirs in pairs)
