"""``train connector``: lets a language model see; the shipped one unless another is named.

Knows: where questions come from, and where what is trained goes. Refuses to know: how it is
trained.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from mmqa.commands.output import resumable, settings
from mmqa.corpora.fetch import default_folder
from mmqa.errors import UsageError
from mmqa.interfaces import Progress
from mmqa.media.reader import FileReader
from mmqa.models.cache import role_folder
from mmqa.parts import Parts
from mmqa.training import visual_pairs
from mmqa.training.connector import ConnectorSettings
from mmqa.training.connector_run import STEPS, ConnectorReport, train_connector
from mmqa.training.visual_data import VisualData, looked_at, shipped
from mmqa.training.visual_features import Seer


def run(options: Namespace, tell: Progress) -> ConnectorReport:
    """Train on ``--pairs``, or on public packages; ``--out`` is ``connector`` unless given.

    Raises:
        UsageError: The questions cannot be read, or the folder cannot be written.
        ModelError: The language model cannot be loaded.
    """
    config = settings(options)
    parts = Parts(config)
    folder = Path(
        options.language_model or role_folder(config.preset, "language_model", parts.cache)
    )
    chosen = ConnectorSettings()
    with resumable():
        data = _data(options, parts, chosen, tell)
        return train_connector(
            data,
            folder.expanduser(),
            Path(options.out or "connector").expanduser(),
            image_encoder=parts.fingerprints()["image_encoder"],
            settings=chosen,
            steps=replace(
                STEPS,
                seed=options.seed,
                device=options.device,
                epochs=options.epochs or STEPS.epochs,
            ),
            threads=config.thread_count,
            resume=options.resume,
            progress=tell,
        )


def _data(
    options: Namespace, parts: Parts, chosen: ConnectorSettings, tell: Progress
) -> VisualData:
    seer = Seer(parts.image_encoder, parts.mapping, parts.prompt_words, chosen.side)
    if options.index:
        raise UsageError("a connector is not trained from an index", "Use --pairs FILE.")
    if not options.pairs:
        return shipped(seer, default_folder(), seed=options.seed, progress=tell)
    reader = FileReader.within(parts.config)
    fitted, development = visual_pairs.read([Path(file) for file in options.pairs], reader)
    return looked_at(fitted, development, seer, default_folder(), tell)
