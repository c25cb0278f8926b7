"""``eval ablation``: what each part of retrieval brings, on the mixed collection or one's own.

Knows: what ``--suite`` may name. Refuses to know: how anything is measured.
"""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from mmqa.commands.output import settings
from mmqa.config import Config
from mmqa.errors import UsageError
from mmqa.evaluation.ablation_report import AblationReport
from mmqa.evaluation.collection import Collection
from mmqa.interfaces import Progress

FILE_NAME = "ablation.json"


def run(options: Namespace, tell: Progress) -> AblationReport:
    """The ablation table of ``mixed``, of another of its sides, or of a file of questions.

    Settings of rank fusion and the best fuser are chosen on ``mixed-development``, never on what is
    measured. With ``--out``, the table is written there too.

    Raises:
        UsageError: There is no such suite or file.
    """
    from mmqa.evaluation import ablation, grounds, mixed
    from mmqa.parts import Parts

    config = settings(options)
    parts = Parts(config)
    found = collection(options, config, tell)
    chosen = None
    if options.suite in (None, "mixed"):
        development = mixed.load("development", config, progress=tell)
        chosen = ablation.choose(grounds.ground(development, parts), parts, tell)
    report = ablation.run(found, parts, chosen, tell)
    if options.out:
        folder = Path(options.out)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(report.to_json(), ensure_ascii=False, indent=1)
        (folder / FILE_NAME).write_text(text + "\n", encoding="utf-8")
    return report


def collection(options: Namespace, config: Config, tell: Progress) -> Collection:
    """What ``--suite`` and ``--index`` name: the mixed collection, or one's own questions.

    Raises:
        UsageError: There is no such suite or file.
    """
    from mmqa.evaluation import collection as collections
    from mmqa.evaluation import mixed

    suite = options.suite or "mixed"
    sides = {"mixed": "test", **{f"mixed-{side}": side for side in mixed.SIDES}}
    if suite in sides:
        found = mixed.load(sides[suite], config, progress=tell)
    elif Path(suite).is_file():
        found = collections.load(Path(suite), Path(config.index).expanduser().absolute())
    else:
        raise UsageError(
            f"{suite!r} is neither a suite nor a file of questions",
            f"Known: {', '.join(sides)}; or a file of JSON Lines, with --index DIR.",
        )
    some = range(len(found.questions))[: options.limit]
    return found.among(some) if options.limit else found
