"""``eval answers``: questions with expected words and files, asked of an index.

Knows: the sets that are shipped. Refuses to know: how an answer is judged.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from mmqa.commands.output import settings
from mmqa.errors import UsageError
from mmqa.evaluation import answers
from mmqa.evaluation.answers import AnswersReport
from mmqa.interfaces import Progress
from mmqa.library import Library

SAMPLES = Path(__file__).parents[2] / "indexes/samples"
SHIPPED = {
    "samples": "questions.toml",
    "samples-blind": "questions-2.toml",
    "samples-development": "development.toml",
    "samples-development-zh": "development-zh.toml",
}


def run(options: Namespace, tell: Progress) -> AnswersReport:
    """Ask every question of a set.

    Raises:
        UsageError: No set is named.
    """
    if not options.suite:
        raise UsageError(
            "no suite is named", f"--suite takes a FILE, or one of {', '.join(SHIPPED)}."
        )
    file = SAMPLES / SHIPPED[options.suite] if options.suite in SHIPPED else Path(options.suite)
    with Library.open(config=settings(options), create=False) as library:
        return answers.run(library, file, tell, options.limit)
