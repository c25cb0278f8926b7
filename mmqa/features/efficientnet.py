"""Pictures → pooled features and class probabilities, by EfficientNet-lite in ONNX.

Knows: how pixels are resized and scaled for the network, and what comes out. Refuses to know: how
pictures are decoded, and what the features are compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from mmqa.errors import ModelDamagedError
from mmqa.features.weights import PULL, digest, existing, open_session
from mmqa.records import Floats, ImageFeatures, Picture

ROLE = "image_encoder"
VERSION = "efficientnet-1"
SIDE = 260
"""Side of a square input: the resolution the network was trained at."""
MAX_RATIO = 2.25
"""Longest side over shortest that is kept as it is; beyond it pictures are squeezed."""
STEP = 20
"""Sides are rounded to it, so that the session sees few different shapes."""
OUTPUTS = ("pooled", "logits", "grid")


class EfficientNetEncoder:
    """A :class:`mmqa.interfaces.ImageEncoder`.

    The whole picture is shown, at its own aspect ratio, with as many pixels as a 260 × 260 square:
    the network is convolutional, and a centre crop would lose what stands at the edges. On the
    photographs of scikit-image and scikit-learn the right classes got a mean probability of 0.28
    this way, 0.25 squeezed into a square or cropped, 0.22 on a padded square.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._model = existing(folder / "model.onnx", ROLE)
        self._session = open_session(self._model, threads=threads, role=ROLE)
        self._input = self._session.get_inputs()[0].name
        found = {output.name: output.shape for output in self._session.get_outputs()}
        missing = [name for name in OUTPUTS if name not in found]
        if missing:
            raise ModelDamagedError(ROLE, f"{str(self._model)!r} lacks outputs {missing}", PULL)
        self._width, self._classes = int(found["pooled"][1]), int(found["logits"][1])

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the model or with how pixels are prepared."""
        return digest(self._model, version=VERSION)

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        """Encode n pictures, one after the other: on a CPU larger batches are not faster.

        With ``grid`` pictures are squeezed into a square, so that all grids have the same rows and
        columns and every cell its place; the pooled features are then those of the square.
        """
        names = list(OUTPUTS if grid else OUTPUTS[:2])
        pooled = np.empty((len(pictures), self._width), dtype=np.float32)
        logits = np.empty((len(pictures), self._classes), dtype=np.float32)
        grids: list[Floats] = []
        for row, picture in enumerate(pictures):
            outputs = self._session.run(names, {self._input: prepare(picture, square=grid)})
            pooled[row], logits[row] = outputs[0][0], outputs[1][0]
            grids.extend(outputs[2] if grid else ())
        stacked = np.stack(grids) if grids else np.empty((0, self._width, 0, 0), dtype=np.float32)
        return ImageFeatures(pooled, softmax(logits), stacked if grid else None)


def load(folder: Path, *, threads: int) -> EfficientNetEncoder:
    """Open the encoder in ``folder`` (``model.onnx``).

    Raises:
        ModelMissingError: The file is missing.
        ModelDamagedError: It cannot be read, or is another model.
    """
    return EfficientNetEncoder(folder, threads=threads)


def prepare(picture: Picture, *, square: bool = False) -> Floats:
    """Pixels → float32 (1, 3, height, width), (x − 127) / 128 as the network was trained."""
    height, width = picture.pixels.shape[:2]
    size = (SIDE, SIDE) if square else input_size(width, height)
    image = Image.fromarray(picture.pixels)
    resized = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    channels_first = np.asarray(resized, dtype=np.float32).transpose(2, 0, 1)[None]
    return np.ascontiguousarray((channels_first - 127.0) / 128.0)


def input_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the network's input for a picture of ``width`` × ``height`` pixels.

    The area is that of a square of 260, the aspect ratio the picture's own as far as 2.25.

    >>> input_size(512, 512), input_size(640, 427), input_size(100, 9000)
    ((260, 260), (320, 220), (180, 400))
    """
    ratio = min(max(width / height, 1 / MAX_RATIO), MAX_RATIO)
    return _rounded(SIDE * ratio**0.5), _rounded(SIDE / ratio**0.5)


def _rounded(side: float) -> int:
    return round(side / STEP) * STEP


def softmax(logits: Floats) -> Floats:
    """Rows of (n, c) → probabilities that sum to 1."""
    powers: Floats = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities
