"""``train head``: a classifier on files and words that somebody labelled.

Knows: where examples come from and where the classifier goes. Refuses to know: how it is trained.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import cast

from mmqa.commands.encoding import encoders, feature_cache
from mmqa.commands.output import resumable, settings
from mmqa.errors import UsageError
from mmqa.fusion.head import JOININGS, Joining
from mmqa.interfaces import Progress
from mmqa.parts import Parts
from mmqa.training.head import HeadSettings, train_head
from mmqa.training.head_report import HeadFit
from mmqa.training.labelled import gather


def run(options: Namespace, tell: Progress) -> HeadFit:
    """Train on ``--pairs``; ``--method`` is ``concatenation`` (unless given) or ``sum``.

    Raises:
        UsageError: No file is named, the method is unknown, or there is too little to learn from.
    """
    if not options.pairs:
        raise UsageError(
            "a classifier is trained on examples with labels, and no file is named",
            'Add --pairs FILE, with rows {"image": "FILE", "text": "WORDS", "label": "CLASS"}.',
        )
    chosen = head_settings(options, HeadSettings(), called="classifier")
    config = settings(options)
    parts = Parts(config)
    with resumable():
        data = gather(
            [Path(file) for file in options.pairs],
            encoders(parts),
            parts.mapping,
            feature_cache(),
            tell,
        )
        return train_head(
            data,
            folder=Path(options.out or "head"),
            encoders=dict(parts.fingerprints()),
            settings=chosen,
            resume=options.resume,
            progress=tell,
        )


def head_settings(options: Namespace, default: HeadSettings, *, called: str) -> HeadSettings:
    """How a head is trained: ``default``, with what the options say instead.

    Args:
        options: ``method``, ``epochs``, ``seed`` and ``device`` are read.
        default: What counts where they say nothing.
        called: What a person calls the head.

    Raises:
        UsageError: The method is unknown.
    """
    if options.method is not None and options.method not in JOININGS:
        raise UsageError(
            f"no {called} joins modalities by {options.method!r}",
            f"Known: {', '.join(JOININGS)}.",
        )
    steps = replace(default.loop, seed=options.seed, device=options.device)
    if options.epochs is not None:
        steps = replace(steps, epochs=options.epochs)
    joining = cast(Joining, options.method or default.joining)
    return replace(default, joining=joining, loop=steps)
