"""Weights in blocks of 8 bits.

Knows: how a matrix is rounded, and back. Refuses to know: what the matrix is for.

Some weights in a row, 32 or 64, share a scale s, the largest of them by 127, and are stored as
round(w / s) + 128, which is within s/2 of the weight. Activations, which are rounded in the same
way at each multiplication, lose more by it than weights do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmqa.records import Floats

SIZE = 32
"""Weights that share a scale, where nothing else is said."""
LARGE = 64
"""The same where speed counts most: half as many scales to multiply with."""
ZERO = 128
"""What stands for 0."""
_LARGEST = 127


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix of n rows and k columns.

    Attributes:
        numbers: uint8 (n, k / size, size), :data:`ZERO` for 0.
        scales: float32 (n, k / size).
    """

    numbers: NDArray[np.uint8]
    scales: Floats

    @classmethod
    def of(cls, weights: Tensor, size: int = SIZE) -> Blocks:
        """Round a matrix (n, k) of any floating type; ``size`` weights share a scale.

        >>> Blocks.of(torch.full((1, 32), -0.5)).numbers[0, 0, :2]
        array([1, 1], dtype=uint8)
        """
        rows, columns = weights.shape
        blocks = weights.float().reshape(rows, columns // size, size)
        scales = blocks.abs().amax(-1, keepdim=True) / _LARGEST
        scales[scales == 0.0] = 1.0
        numbers = (blocks / scales).round_().add_(ZERO).to(torch.uint8)
        return cls(numbers.numpy(), scales[..., 0].contiguous().numpy())

    def weights(self) -> Floats:
        """The matrix (n, k) that is computed with."""
        plain: NDArray[Any] = (self.numbers.astype(np.float32) - ZERO) * self.scales[..., None]
        return plain.reshape(len(plain), -1)
