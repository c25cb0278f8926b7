"""``eval vqa``: questions about pictures, put to the language model of the configuration.

Knows: the names of the suites. Refuses to know: what they ask and how answers are marked.
"""

from __future__ import annotations

from argparse import Namespace

from mmqa.commands.output import settings
from mmqa.errors import UsageError
from mmqa.evaluation import vqa_suites
from mmqa.evaluation.report import Report
from mmqa.interfaces import Progress
from mmqa.looking import Looker
from mmqa.parts import Parts

DEFAULT = "easy-vqa"


def run(options: Namespace, tell: Progress) -> Report:
    """Put the questions of one suite.

    Raises:
        UsageError: No suite goes by that name.
    """
    suite = options.suite or DEFAULT
    if suite not in vqa_suites.SUITES:
        raise UsageError(
            f"there is no suite of questions about pictures called {suite!r}",
            f"Known: {', '.join(vqa_suites.SUITES)}.",
        )
    parts = Parts(settings(options))
    return vqa_suites.SUITES[suite](
        parts.language_model,
        Looker(parts, parts.templates, ocr=parts.config.ocr),
        limit=options.limit,
        seed=options.seed,
        progress=tell,
    )
