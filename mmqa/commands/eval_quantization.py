"""``eval quantization``: what int8 and NF4 cost and save, against full precision.

Knows: that ``--limit`` makes it shorter. Refuses to know: how it is measured.
"""

from __future__ import annotations

from argparse import Namespace

from mmqa.commands.output import settings
from mmqa.evaluation import quantization
from mmqa.evaluation.quantization import Size
from mmqa.evaluation.report import Report
from mmqa.interfaces import Progress


def run(options: Namespace, tell: Progress) -> Report:
    """Ask all modes the same questions, and time them by turns."""
    size = Size(seed=options.seed)
    if options.limit:
        size = Size(
            pictures=min(options.limit, size.pictures),
            passages=min(options.limit, size.passages),
            seed=options.seed,
        )
    return quantization.run(settings(options), size=size, progress=tell)
