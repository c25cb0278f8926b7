"""What is exported computes what the module computes, and a difference is measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmqa.models.conversions.onnx_export import export, largest_difference


class Scale(torch.nn.Module):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = torch.nn.Parameter(torch.tensor(by))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x * self.by, x.mean((1, 2))


def test_a_named_axis_may_vary_and_every_output_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    axes = {"x": {0: "n", 2: "w"}, "scaled": {0: "n", 2: "w"}, "mean": {0: "n"}}
    export(Scale(2.0), {"x": torch.ones(1, 2, 3)}, path, axes=axes)
    feed = {"x": np.arange(40, dtype=np.float32).reshape(4, 2, 5)}
    assert largest_difference(Scale(2.0), path, feed) == pytest.approx(0, abs=1e-5)
    assert largest_difference(Scale(2.5), path, feed) == pytest.approx(39 * 0.5, rel=1e-5)
