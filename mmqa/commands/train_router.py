"""``train router``: fits α(q) to generated phrasings, for the preset's text encoder.

Knows: which languages the encoder reads, and which have phrasings. Refuses to know: how it is
fitted.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from mmqa.commands.output import settings
from mmqa.interfaces import Progress
from mmqa.parts import Parts
from mmqa.training import router
from mmqa.training.router import FitReport, Settings

PHRASED = ("en", "zh")
"""Languages with phrasings."""


def run(options: Namespace, tell: Progress) -> FitReport:
    """Fit the router; ``--out`` names its folder, the package's own unless given."""
    parts = Parts(settings(options))
    return router.train(
        parts.text_encoder,
        tuple(one for one in PHRASED if not parts.languages or one in parts.languages),
        out=Path(options.out) if options.out else None,
        settings=Settings(seed=options.seed),
        progress=tell,
    )
