"""``train words``: makes the prompt words, and fits how near each is to a picture.

Knows: which parts it takes. Refuses to know: where words come from, and how they are fitted.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from mmqa.commands.output import settings
from mmqa.interfaces import Progress
from mmqa.parts import Parts
from mmqa.training import prompt_vocabulary
from mmqa.training.prompt_vocabulary import FitReport


def run(options: Namespace, tell: Progress) -> FitReport:
    """Make the words anew for the shipped mapping; ``--out`` names their folder."""
    parts = Parts(settings(options))
    return prompt_vocabulary.make(
        parts.text_encoder,
        parts.mapping,
        out=Path(options.out) if options.out else None,
        progress=tell,
    )
