"""Pictures → the text that stands in them, by PP-OCR as the package rapidocr carries it.

Knows: sizes at which text is looked for, and how sure a line must be. Refuses to know: the network;
the models are files of the installed package, named one by one so that nothing is ever fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmqa.errors import ModelMissingError
from mmqa.features.reading_order import Line, read
from mmqa.features.weights import digest
from mmqa.records import Picture, Pixels

ROLE = "text_recognizer"
VERSION = "ocr-1"
DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNIZER = "PP-OCRv6_rec_small.onnx"
DETECTION_SIDE = 736
"""Longest side at which text is looked for; it is read at full size. At 480 small print is lost,
at 960 photographs cost half as much again and nothing more is read."""
MAX_SIDE = 2000
"""Longest side at which text is read."""
SMALL_SIDE = 320
"""Pictures whose longest side is shorter are doubled first."""
MIN_SCORE = 0.6
MIN_SCORE_SINGLE = 0.95
"""For a line of one character: a leaf or a lamp easily looks like one."""


class RapidTextRecognizer:
    """A :class:`mmqa.interfaces.TextRecognizer` for English and Chinese; loaded when first needed.

    Every picture is looked at: no cheaper test was found that tells pictures without text from
    those with a small sign. Text that stands on its head is not turned.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        self._folder = folder
        self._threads = threads
        self._models = {name: _packaged(name) for name in (DETECTOR, RECOGNIZER)}

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the models or with how their lines are chosen and ordered."""
        return digest(*self._models.values(), version=VERSION)

    def recognize(self, picture: Picture) -> str:
        """Text in reading order, one line a line; empty where there is none."""
        found = self._engine(_enlarged(picture.pixels)[..., ::-1].copy())
        return read(list(_lines(found)))

    @cached_property
    def _engine(self) -> Any:
        from rapidocr import RapidOCR

        return RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.text_score": MIN_SCORE,
                "Global.max_side_len": MAX_SIDE,
                "Det.model_path": str(self._models[DETECTOR]),
                "Det.limit_type": "max",
                "Det.limit_side_len": DETECTION_SIDE,
                "Rec.model_path": str(self._models[RECOGNIZER]),
                "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )


def load(folder: Path, *, threads: int) -> RapidTextRecognizer:
    """Open the models of the installed package; ``folder`` holds only their checksums.

    Raises:
        ModelMissingError: The package or one of its models is not there.
    """
    return RapidTextRecognizer(folder, threads=threads)


def _packaged(name: str) -> Path:
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ModelMissingError(
            ROLE, "the package rapidocr is not installed", "Run `pip install 'rapidocr>=3.10'`."
        )
    path = Path(spec.origin).parent / "models" / name
    if not path.is_file():
        raise ModelMissingError(
            ROLE,
            f"rapidocr carries no model {name!r}",
            "Run `pip install --force-reinstall 'rapidocr>=3.10,<3.11'`.",
        )
    return path


def _enlarged(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    if max(height, width) >= SMALL_SIDE:
        return pixels
    image = Image.fromarray(pixels).resize((2 * width, 2 * height), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _lines(found: Any) -> Iterator[Line]:
    if found.txts is None:
        return
    for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True):
        words = " ".join(str(text).split())
        if words and score >= (MIN_SCORE if len(words) > 1 else MIN_SCORE_SINGLE):
            (left, top), (right, bottom) = np.min(box, axis=0), np.max(box, axis=0)
            yield Line(words, float(left), float(top), float(right), float(bottom))
