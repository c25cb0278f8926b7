"""``train head``: a classifier on files and words that somebody labelled.

Knows: where examples come from and where the classifier goes. Refuses to know: how it is trained.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import cast

from mmqa.commands.output import settings, talk
from mmqa.corpora.fetch import default_folder
from mmqa.errors import UsageError
from mmqa.fusion.head import JOININGS, Joining
from mmqa.interfaces import Progress
from mmqa.media.reader import FileReader
from mmqa.parts import Parts
from mmqa.training.feature_cache import FeatureCache
from mmqa.training.head import HeadSettings, train_head
from mmqa.training.head_report import HeadFit
from mmqa.training.labelled import gather
from mmqa.training.pair_features import Encoders


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
    chosen = _settings(options)
    config = settings(options)
    parts = Parts(config)
    reader = FileReader(config.max_pixels, config.max_text_bytes, config.max_audio_s)
    encoders = Encoders(parts.image_encoder, parts.text_encoder, lambda: parts.transcriber, reader)
    try:
        data = gather(
            [Path(file) for file in options.pairs],
            encoders,
            parts.mapping,
            FeatureCache(default_folder() / "pairs"),
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
    except KeyboardInterrupt:
        talk.print("Stopped. What was done is kept: run the same again with --resume.")
        raise


def _settings(options: Namespace) -> HeadSettings:
    if options.method is not None and options.method not in JOININGS:
        raise UsageError(
            f"no classifier joins modalities by {options.method!r}",
            f"Known: {', '.join(JOININGS)}.",
        )
    default = HeadSettings()
    steps = replace(default.loop, seed=options.seed, device=options.device)
    if options.epochs is not None:
        steps = replace(steps, epochs=options.epochs)
    joining = cast(Joining, options.method or default.joining)
    return replace(default, joining=joining, loop=steps)
