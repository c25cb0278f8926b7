"""Drawings with transparency → opaque pictures, as the product treats a transparent file.

Knows: the alpha rule (crop to the alpha box, put on white with an 8 % margin). Refuses to know:
where a drawing comes from.
"""

from __future__ import annotations

import numpy as np

from mmqa.records import Picture, Pixels

MARGIN = 0.08


def on_white(rgba: Pixels, margin: float = MARGIN) -> Picture:
    """A drawing, cropped to what is visible and centred on a white square with a margin.

    Args:
        rgba: uint8 (height, width, 4), straight alpha.
        margin: White border on each side, as a share of the longer side of what is visible.

    Returns:
        A square picture; all white where nothing is visible.

    >>> dot = np.zeros((9, 9, 4), np.uint8)
    >>> dot[4, 4] = (255, 0, 0, 255)
    >>> on_white(dot).pixels.tolist()
    [[[255, 0, 0]]]
    """
    rows, columns = np.nonzero(rgba[..., 3])
    if len(rows) == 0:
        return Picture(np.full((*rgba.shape[:2], 3), 255, np.uint8))
    crop = rgba[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = crop.shape[:2]
    side = max(height, width) + 2 * round(margin * max(height, width))
    top, left = (side - height) // 2, (side - width) // 2
    canvas = np.full((side, side, 3), 255, np.uint8)
    alpha = crop[..., 3:].astype(np.float32) / 255
    mixed = crop[..., :3] * alpha + 255 * (1 - alpha)
    canvas[top : top + height, left : left + width] = np.rint(mixed).astype(np.uint8)
    return Picture(canvas)
