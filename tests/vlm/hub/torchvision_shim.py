"""Lets torchvision be imported beside a torch for CPUs, for tests only, in a process of its own.

Its wheel brings operators of its own that a torch for CPUs refuses; declaring two of them before it
is imported is enough for what processors do. It lies apart from the other packages (``make setup``
puts it there), as transformers would otherwise find it and take it for whole.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(sys.prefix) / "only-for-tests"

_kept: list[object] = []


def use_torchvision() -> None:
    """Make ``import torchvision`` work in this process; before transformers is imported.

    Raises:
        FileNotFoundError: The folder is missing.
    """
    import torch

    if find_spec("torchvision") is not None:  # whoever installed it has a torch that fits
        return
    if not (FOLDER / "torchvision").is_dir():
        raise FileNotFoundError(f"{FOLDER} holds no torchvision. Run: make setup")
    if torch.version.cuda is None:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)  # the declarations last as long as it does
    sys.path.append(str(FOLDER))
    import torchvision  # noqa: F401
