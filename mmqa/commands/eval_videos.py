"""``eval videos``: shots found by what stands on slides, by what is said, and by both.

Knows: the names of the suites. Refuses to know: how videos are made, and how anything is measured.
"""

from __future__ import annotations

from argparse import Namespace

from mmqa.commands.output import settings
from mmqa.errors import UsageError
from mmqa.evaluation import retrieval_videos
from mmqa.evaluation.made_videos import Part
from mmqa.evaluation.report import Report
from mmqa.interfaces import Progress
from mmqa.library import Library
from mmqa.parts import Parts

SUITES: dict[str, Part] = {"made": "test", "made-development": "development"}


def run(options: Namespace, tell: Progress) -> Report:
    """Measure one suite; ``--limit`` takes only the first so many videos.

    Raises:
        UsageError: No suite goes by that name.
    """
    suite = options.suite or "made"
    if suite not in SUITES:
        raise UsageError(
            f"there is no suite of videos called {suite!r}", f"Known: {', '.join(SUITES)}."
        )
    config = settings(options)
    return retrieval_videos.run(
        lambda folder: Library.open(folder, config=config),
        Parts(config),
        SUITES[suite],
        limit=options.limit,
        progress=tell,
    )
