"""``eval stability``: how much of what is found stays when question or media change a little.

Knows: that ``--suite mixed`` is the collection built by a script and anything else a file of
questions asked of ``--index``. Refuses to know: how anything is changed or compared.
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from mmqa.commands.output import settings
from mmqa.config import Config
from mmqa.corpora.concepts import Side
from mmqa.evaluation import collection, mixed
from mmqa.evaluation.collection import Collection
from mmqa.evaluation.stability import Asked
from mmqa.evaluation.stability_report import StabilityReport
from mmqa.evaluation.stability_run import Sizes
from mmqa.evaluation.stability_run import run as run_all
from mmqa.interfaces import Progress
from mmqa.library import Library

SIDES: dict[str | None, Side] = {
    None: "test",
    "mixed": "test",
    "mixed-development": "development",
}
"""Names of the collection built by a script; settings may be chosen on the second side only."""


def run(options: Namespace, tell: Progress) -> StabilityReport:
    """Measure one collection.

    Raises:
        ConfigError: The file of questions cannot be read, or fits nothing in the index.
        CorpusError: The mixed collection cannot be built.
    """
    config, asked_of = collected(options, tell)
    asked = [
        Asked(one.question, relevant, one.family)
        for one, relevant in asked_of.questions
        if one.question and one.image is None
    ]
    sizes = Sizes(questions=options.limit, media=options.limit) if options.limit else Sizes()
    with Library.open(asked_of.index, create=False, config=config) as library:
        return run_all(
            library,
            lambda folder: Library.open(folder, config=config),
            asked,
            suite=asked_of.name,
            sizes=sizes,
            seed=options.seed,
            progress=tell,
        )


def collected(options: Namespace, tell: Progress) -> tuple[Config, Collection]:
    """The configuration and the collection that ``--suite`` names; mixed unless it is given."""
    config = settings(options)
    if options.suite in SIDES:
        plain = replace(config, fusion="concat", ocr=False)
        return plain, mixed.load(SIDES[options.suite], plain, progress=tell)
    index = Path(config.index).expanduser().absolute()
    return config, collection.load(Path(options.suite), index)
