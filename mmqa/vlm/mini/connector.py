"""Image features → visual tokens: vectors that a language model reads as if they were words.

Knows: the connector's layers and its file. Refuses to know: how a picture is encoded, what a prompt
is, and how the connector was trained.

LLaVA's shape (Liu et al. 2023, §4.1: a projection of the vision encoder's grid into the space of
word embeddings; an MLP as in LLaVA-1.5), with two changes for a small model: the grid is pooled to
``side`` × ``side`` cells, and one global token stands before them. Of grid cells x::

    z = [ g(ln(mean x)) ; f(ln(x_1)) … f(ln(x_s²)) ]          f, g: d → h → GELU → w
    z = (rms_norm(z) + 10·p) · s                              p learned positions, s a learned scale

s starts at the root mean square of the language model's word embeddings, so that pictures enter as
loud as words do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mmqa import weights_file

FILE_NAME = "connector.safetensors"
ROLE = "language_model"
REMEDY = "Train it again with `mmqa train connector`, or reinstall mmqa."
POSITION_GAIN = 10.0
"""Positions are learned through this factor, so that they move as fast as the layers do."""


@dataclass(frozen=True, slots=True)
class ConnectorShape:
    """Sizes of a connector.

    Attributes:
        features: Channels d of the image encoder's grid.
        width: Width w of the language model's embeddings.
        hidden: Width h between the two layers.
        side: Cells of the pooled grid along each side.
    """

    features: int = 1280
    width: int = 576
    hidden: int = 768
    side: int = 6

    @property
    def tokens(self) -> int:
        """Visual tokens of one picture.

        >>> ConnectorShape(side=6).tokens
        37
        """
        return self.side * self.side + 1


class Connector(nn.Module):
    """Pooled grids → visual tokens.

    Args:
        shape: The sizes.
        scale: Root mean square of the language model's word embeddings.
    """

    def __init__(self, shape: ConnectorShape, scale: float = 1.0) -> None:
        super().__init__()
        self.shape = shape
        self.norm = nn.LayerNorm(shape.features)
        self.cells = _projection(shape)
        self.whole = _projection(shape)
        self.positions = nn.Parameter(torch.randn(shape.tokens, shape.width) * 0.02)
        self.scale = nn.Parameter(torch.tensor([scale]))

    def forward(self, grid: Tensor) -> Tensor:
        """Pooled grids (n, side², d), as :func:`pooled` gives them → tokens (n, side² + 1, w)."""
        whole = self.whole(self.norm(grid.mean(1, keepdim=True)))
        tokens = torch.cat([whole, self.cells(self.norm(grid))], 1)
        tokens = functional.rms_norm(tokens, (self.shape.width,))
        return (tokens + POSITION_GAIN * self.positions) * self.scale


def _projection(shape: ConnectorShape) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(shape.features, shape.hidden), nn.GELU(), nn.Linear(shape.hidden, shape.width)
    )


def pooled(grid: NDArray[Any], side: int) -> NDArray[np.float32]:
    """Grids (n, d, rows, columns) → means of ``side`` × ``side`` windows, float32 (n, side², d).

    The windows are those of adaptive average pooling: they overlap where the sizes do not divide.

    >>> pooled(np.arange(4.0).reshape(1, 1, 2, 2), 1)
    array([[[1.5]]], dtype=float32)
    """
    cells = functional.adaptive_avg_pool2d(torch.from_numpy(np.asarray(grid, np.float32)), side)
    flat: NDArray[np.float32] = cells.flatten(2).transpose(1, 2).contiguous().numpy()
    return flat


@dataclass(frozen=True, slots=True)
class Trained:
    """A connector as it lies in a file, with what it fits and how it came to be.

    Attributes:
        connector: In evaluation mode, float32.
        image_encoder: Fingerprint of the encoder whose grids it reads.
        language_model: Digest of the word embeddings it writes into; see :func:`embedding_digest`.
        fingerprint: Of the file.
        facts: How it was trained, for people.
    """

    connector: Connector
    image_encoder: str
    language_model: str
    fingerprint: str
    facts: Mapping[str, Any]


def save(
    connector: Connector,
    folder: Path,
    *,
    image_encoder: str,
    language_model: str,
    facts: Mapping[str, Any],
) -> Path:
    """Write a connector as float16 into ``folder``, whole or not at all."""
    state = connector.state_dict()
    tensors = {name: t.detach().cpu().to(torch.float16).numpy() for name, t in state.items()}
    settings = {
        "format": 1,
        "shape": asdict(connector.shape),
        "image_encoder": image_encoder,
        "language_model": language_model,
        "facts": dict(facts),
    }
    return weights_file.write(folder / FILE_NAME, tensors, settings)


def read(folder: Path) -> Trained:
    """The connector in ``folder``.

    Raises:
        ModelMissingError: There is none.
        ModelDamagedError: It cannot be read.
    """
    return weights_file.read(folder / FILE_NAME, _made, role=ROLE, name="connector", remedy=REMEDY)


def _made(tensors: weights_file.Tensors, settings: dict[str, Any], fingerprint: str) -> Trained:
    connector = Connector(ConnectorShape(**settings["shape"]))
    wanted = {name: tuple(t.shape) for name, t in connector.state_dict().items()}
    found = {name: tuple(t.shape) for name, t in tensors.items()}
    if wanted != found:
        raise ValueError(f"its tensors are {found}, not {wanted}")
    state = {name: torch.from_numpy(t.astype(np.float32)) for name, t in tensors.items()}
    connector.load_state_dict(state)
    return Trained(
        connector.eval(),
        settings["image_encoder"],
        settings["language_model"],
        fingerprint,
        settings["facts"],
    )


def embedding_digest(embeddings: Tensor) -> str:
    """16 hex digits of a language model's word embeddings (v, w), as bfloat16.

    It says which model a connector fits: a digest of all weights would differ between number types.
    """
    import hashlib

    plain = embeddings.detach().cpu().to(torch.bfloat16).contiguous().view(torch.int16).numpy()
    return hashlib.sha256(plain.tobytes()).hexdigest()[:16]
