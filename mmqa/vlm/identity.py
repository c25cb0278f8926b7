"""What a language model would be, told without loading it.

Knows: that files, a connector and settings make a model what it is. Refuses to know: how any of
them is loaded, torch, and what is kept under the name.
"""

from __future__ import annotations

import hashlib

from mmqa.vlm.folder_digest import folder_digest
from mmqa.vlm.mini import WEIGHTS
from mmqa.vlm.options import LoadOptions


def identity(loader: str, files: str, options: LoadOptions) -> str:
    """16 hex digits, others wherever the same prompt is likely to get other words.

    What the machine decides (whether there is a GPU, what the quantization ``auto`` comes to) is
    left out: what was written on one need not be written again on another.

    Args:
        loader: Name of the loader.
        files: Digest of the model's files; empty for a served one, whose weights nobody knows here.
        options: What it would be loaded with.
    """
    if loader == "served":
        made_of = [options.served_url, options.served_model, str(options.picture_pixels)]
    elif loader == "mini":  # its image encoder has one size of picture
        weights = folder_digest(options.connector or WEIGHTS, pattern="*.safetensors")
        made_of = [files, options.quantization, weights]
    else:
        made_of = [files, options.quantization, str(options.picture_pixels)]
    return hashlib.sha256("\n".join([loader, *made_of]).encode()).hexdigest()[:16]
