"""EfficientNet-lite2, pickled torch weights → ONNX with pooled vector, logits and grid.

Knows: the graph's input and outputs. Refuses to know: how a picture is cropped or resized.

The graph takes ``pixels``, float32 (n, 3, h, w), RGB, already normalised as (x − 127) / 128,
natively 260 × 260. It gives ``pooled`` (n, 1280), ``logits`` (n, 1000) and ``grid``
(n, 1280, r, c), 9 × 9 at 260 px and 7 × 7 at 224 px. Padding is that of 260 px at every size.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mmqa.errors import ModelError
from mmqa.models.conversions.onnx_export import export, largest_difference
from mmqa.models.preset import Role

if TYPE_CHECKING:
    import torch

SIZE_PX = 260
CLASSES = 1000
TOLERANCE = 2e-4
"""Of outputs that reach 6 (activations end in ReLU6; measured: 2.5e-5)."""


def convert(role: Role, source: Path, target: Path) -> None:
    """Write ``model.onnx`` and ``classes.json`` (1,000 names, in order) into ``target``.

    Raises:
        ModelError: The ONNX graph does not give the numbers of the torch model, or names are
            missing.
    """
    import torch

    module = _three_outputs(_network(role, source))
    export(
        module,
        {"pixels": torch.zeros((1, 3, SIZE_PX, SIZE_PX))},
        target / "model.onnx",
        axes={
            "pixels": {0: "n", 2: "h", 3: "w"},
            "pooled": {0: "n"},
            "logits": {0: "n"},
            "grid": {0: "n", 2: "r", 3: "c"},
        },
    )
    _names(role, source, target / "classes.json")
    _check(role, module, target)


def _network(role: Role, source: Path) -> Any:
    """The network with its weights; ``set_swish`` is never called, as it would replace ReLU6."""
    import torch

    package = _import_package(role, next(source.glob("**/efficientnet_lite_pytorch/__init__.py")))
    network = package.EfficientNet.from_name("efficientnet-lite2")
    weights = next(source.glob("**/efficientnet-lite2-*.pth"))
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return network


def _import_package(role: Role, init: Path) -> ModuleType:
    """Import the network's code out of its wheel, for this conversion only."""
    name = init.parent.name
    spec = importlib.util.spec_from_file_location(
        name, init, submodule_search_locations=[str(init.parent)]
    )
    if spec is None or spec.loader is None:
        raise ModelError(role.role, f"{str(init)!r} cannot be imported", "Pull again.")
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    try:
        spec.loader.exec_module(package)
    finally:
        for loaded in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
            del sys.modules[loaded]
    return package


def _three_outputs(network: Any) -> torch.nn.Module:
    import torch

    class ThreeOutputs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            grid = self.network.extract_features(pixels)
            pooled = grid.mean((2, 3))
            return pooled, self.network._fc(pooled), grid

    return ThreeOutputs().eval()


def _names(role: Role, source: Path, target: Path) -> None:
    path = next(source.glob("**/imagenet1k_clean_names.json"))
    names = json.loads(path.read_text(encoding="utf-8"))
    if len(names) != CLASSES:
        raise ModelError(
            role.role, f"{path.name} holds {len(names)} names, not {CLASSES}", "Pull again."
        )
    target.write_text(json.dumps(names, ensure_ascii=False, indent=0), encoding="utf-8")


def _check(role: Role, module: torch.nn.Module, target: Path) -> None:
    import numpy as np

    generator = np.random.default_rng(0)
    pixels = generator.uniform(-1, 1, (2, 3, SIZE_PX, SIZE_PX)).astype(np.float32)
    difference = largest_difference(module, target / "model.onnx", {"pixels": pixels})
    if not difference <= TOLERANCE:
        raise ModelError(
            role.role,
            f"the converted image encoder differs from the original by {difference:.1e}"
            f" (allowed: {TOLERANCE:.0e})",
            "Report this with the versions of torch and onnxruntime.",
        )
