"""``eval retrieval``: words to pictures and recordings that nothing was fitted on.

Knows: the names of the suites. Refuses to know: how anything is measured.
"""

from __future__ import annotations

from argparse import Namespace

from mmqa.commands.measure import Report
from mmqa.commands.output import settings
from mmqa.errors import UsageError
from mmqa.interfaces import Progress
from mmqa.library import Library
from mmqa.parts import Parts


def run(options: Namespace, tell: Progress) -> Report:
    """Measure one suite.

    Raises:
        UsageError: No suite goes by that name.
    """
    if options.suite == "openmoji":
        return _openmoji(options, tell)
    if options.suite == "asterisk":
        return _asterisk(options, tell)
    raise UsageError(
        f"there is no retrieval suite called {options.suite!r}", "Known: openmoji, asterisk."
    )


def _openmoji(options: Namespace, tell: Progress) -> Report:
    from mmqa.evaluation import retrieval_openmoji

    parts = Parts(settings(options))
    return retrieval_openmoji.run(
        parts.image_encoder, parts.text_encoder, parts.mapping, progress=tell
    )


def _asterisk(options: Namespace, tell: Progress) -> Report:
    from mmqa.corpora import asterisk
    from mmqa.evaluation import retrieval_asterisk

    config = settings(options)
    prompts = asterisk.load(progress=tell)
    return retrieval_asterisk.run(
        lambda path: Library.open(path, config=config), prompts, tell, options.limit
    )
