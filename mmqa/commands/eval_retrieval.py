"""``eval retrieval``: words to pictures and recordings that nothing was fitted on.

Knows: the names of the suites. Refuses to know: how anything is measured.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module

from mmqa.commands.measure import Report
from mmqa.commands.output import settings
from mmqa.errors import UsageError
from mmqa.evaluation.retrieval_asterisk import Side
from mmqa.interfaces import Progress
from mmqa.library import Library
from mmqa.parts import Parts

OF_PICTURES = ("openmoji", "openclipart", "photographs")
"""Suites ``mmqa.evaluation.retrieval_<name>`` that measure the mapping alone, without an index."""

OF_LONG_RECORDINGS: dict[str, Side] = {
    "long-recordings": "test",
    "long-recordings-development": "development",
}
"""Suite → side of :mod:`mmqa.evaluation.long_recordings`."""

SUITES = (*OF_PICTURES, "asterisk", *OF_LONG_RECORDINGS)


def run(options: Namespace, tell: Progress) -> Report:
    """Measure one suite.

    Raises:
        UsageError: No suite goes by that name, or ``--limit`` would make it another test.
    """
    if options.suite not in SUITES:
        named = f" called {options.suite!r}" if options.suite else " without --suite"
        raise UsageError(f"there is no retrieval suite{named}", f"Known: {', '.join(SUITES)}.")
    if options.suite == "asterisk":
        return _asterisk(options, tell)
    if options.limit:
        raise UsageError(f"the suite {options.suite} is always asked whole", "Leave --limit out.")
    if options.suite in OF_LONG_RECORDINGS:
        return _long_recordings(options, tell)
    return _pictures(options, tell)


def _pictures(options: Namespace, tell: Progress) -> Report:
    suite = import_module(f"mmqa.evaluation.retrieval_{options.suite}")
    parts = Parts(settings(options))
    report: Report = suite.run(
        parts.image_encoder, parts.text_encoder, parts.mapping, progress=tell
    )
    return report


def _asterisk(options: Namespace, tell: Progress) -> Report:
    from mmqa.corpora import asterisk
    from mmqa.evaluation import retrieval_asterisk

    config = settings(options)
    prompts = asterisk.load(progress=tell)
    return retrieval_asterisk.run(
        lambda path: Library.open(path, config=config), prompts, tell, options.limit
    )


def _long_recordings(options: Namespace, tell: Progress) -> Report:
    from mmqa.evaluation import long_recordings

    config = settings(options)
    return long_recordings.run(
        lambda path: Library.open(path, config=config),
        OF_LONG_RECORDINGS[options.suite],
        progress=tell,
        seed=options.seed,
    )
