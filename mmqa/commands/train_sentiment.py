"""``train sentiment``: a head that tells negative, neutral and positive apart.

Knows: where examples come from and where the head goes. Refuses to know: how it is trained.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from mmqa.commands.output import settings, talk
from mmqa.corpora.fetch import default_folder
from mmqa.errors import UsageError
from mmqa.feeling import fitted_to
from mmqa.fusion.head import JOININGS
from mmqa.interfaces import Progress
from mmqa.media.reader import FileReader
from mmqa.parts import Parts
from mmqa.training import sentiment
from mmqa.training.feature_cache import FeatureCache
from mmqa.training.head import HeadSettings, train_head
from mmqa.training.head_report import HeadFit
from mmqa.training.labelled import Labelled, gather
from mmqa.training.pair_features import Encoders


def run(options: Namespace, tell: Progress) -> HeadFit:
    """Train on ``--labels``, or on public ratings without it.

    Raises:
        UsageError: The method is unknown, or there is too little to learn from.
    """
    chosen = _settings(options)
    config = settings(options)
    parts = Parts(config)
    means = sentiment.Means(
        parts.mapping, parts.prompt_words, lambda texts: parts.text_encoder.encode(texts)
    )
    try:
        data = (
            _user(options.labels, parts, means, tell)
            if options.labels
            else _public(parts, means, tell)
        )
        return train_head(
            data,
            folder=Path(options.out or "sentiment"),
            encoders=fitted_to(parts.fingerprints()),
            settings=chosen,
            resume=options.resume,
            progress=tell,
        )
    except KeyboardInterrupt:
        talk.print("Stopped. What was done is kept: run the same again with --resume.")
        raise


def _user(files: list[str], parts: Parts, means: sentiment.Means, tell: Progress) -> Labelled:
    config = parts.config
    reader = FileReader(config.max_pixels, config.max_text_bytes, config.max_audio_s)
    encoders = Encoders(parts.image_encoder, parts.text_encoder, lambda: parts.transcriber, reader)
    cache = FeatureCache(default_folder() / "pairs")
    data = gather([Path(file) for file in files], encoders, parts.mapping, cache, tell)
    return sentiment.of_user(data, means, reader)


def _public(parts: Parts, means: sentiment.Means, tell: Progress) -> Labelled:
    emoji = sentiment.of_emoji(parts.image_encoder, means, progress=tell)
    return sentiment.joined([emoji, sentiment.of_sentences(means, progress=tell)])


def _settings(options: Namespace) -> HeadSettings:
    default = sentiment.settings()
    if options.method is not None and options.method not in JOININGS:
        raise UsageError(
            f"no head joins modalities by {options.method!r}", f"Known: {', '.join(JOININGS)}."
        )
    steps = replace(default.loop, seed=options.seed, device=options.device)
    if options.epochs is not None:
        steps = replace(steps, epochs=options.epochs)
    return replace(default, joining=options.method or default.joining, loop=steps)
