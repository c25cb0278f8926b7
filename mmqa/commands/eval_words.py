"""``eval words``: whether a right word is said of drawings that nothing was fitted on.

Knows: which parts are measured. Refuses to know: how.
"""

from __future__ import annotations

from argparse import Namespace

from mmqa.commands.output import settings
from mmqa.evaluation import prompt_words
from mmqa.evaluation.report import Report
from mmqa.interfaces import Progress
from mmqa.mapping.prompt_words import load
from mmqa.parts import Parts


def run(options: Namespace, tell: Progress) -> Report:
    """Measure the shipped words with the mapping of the configuration."""
    parts = Parts(settings(options))
    words = load(parts.mapping)
    return prompt_words.run(parts.image_encoder, parts.mapping, words, progress=tell)
