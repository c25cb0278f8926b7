"""``train sentiment``: a head that tells negative, neutral and positive apart.

Knows: where examples come from and where the head goes. Refuses to know: how it is trained.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from mmqa.commands.encoding import encoders, feature_cache
from mmqa.commands.output import resumable, settings
from mmqa.commands.train_head import head_settings
from mmqa.feeling import fitted_to
from mmqa.interfaces import Progress
from mmqa.parts import Parts
from mmqa.training import sentiment
from mmqa.training.head import train_head
from mmqa.training.head_report import HeadFit
from mmqa.training.labelled import Labelled, gather


def run(options: Namespace, tell: Progress) -> HeadFit:
    """Train on ``--labels``, or on public ratings without it.

    Raises:
        UsageError: The method is unknown, or there is too little to learn from.
    """
    chosen = head_settings(options, sentiment.settings(), called="head")
    parts = Parts(settings(options))
    means = sentiment.Means(
        parts.mapping, parts.prompt_words, lambda texts: parts.text_encoder.encode(texts)
    )
    with resumable():
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


def _user(files: list[str], parts: Parts, means: sentiment.Means, tell: Progress) -> Labelled:
    encoding = encoders(parts)
    rows = [Path(file) for file in files]
    data = gather(rows, encoding, parts.mapping, feature_cache(), tell)
    return sentiment.of_user(data, means, encoding.reader)


def _public(parts: Parts, means: sentiment.Means, tell: Progress) -> Labelled:
    emoji = sentiment.of_emoji(parts.image_encoder, means, progress=tell)
    return sentiment.joined([emoji, sentiment.of_sentences(means, progress=tell)])
