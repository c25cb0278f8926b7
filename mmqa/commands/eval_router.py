"""``eval router``: whether unseen questions look, read or listen first where they should.

Knows: that ``--suite`` may name a file of one's own. Refuses to know: how it is measured.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from mmqa.commands.output import settings
from mmqa.evaluation import router
from mmqa.evaluation.report import Report
from mmqa.interfaces import Progress
from mmqa.parts import Parts


def run(options: Namespace, tell: Progress) -> Report:
    """Weigh the hand-written questions, or those of the file that ``--suite`` names.

    Measures the trained router also where the configuration has the uniform one.
    """
    config = settings(options)
    parts = Parts(config)
    weigher = parts.router
    if config.router == "uniform":
        from mmqa.fusion.router import load

        weigher = load()
    path = Path(options.suite) if options.suite else router.QUESTIONS
    return router.run(weigher, parts.text_encoder, parts.languages, path=path, progress=tell)
