"""``eval prompts``: what each way to word a question anew brings.

Knows: the names of the techniques and of the suites. Refuses to know: how anything is measured.
"""

from __future__ import annotations

from argparse import Namespace

from mmqa import registry
from mmqa.commands.output import settings
from mmqa.errors import UsageError
from mmqa.evaluation import query_prompts
from mmqa.evaluation.report import Report
from mmqa.interfaces import Progress
from mmqa.parts import Parts

TECHNIQUES = ("templates", "expansion", "rewriting")


def run(options: Namespace, tell: Progress) -> Report:
    """Measure all techniques and their combinations on one suite.

    Raises:
        UsageError: No suite goes by that name.
    """
    suite = options.suite or "openmoji-development"
    if suite not in query_prompts.GALLERIES:
        raise UsageError(
            f"there is no prompts suite called {suite!r}",
            f"Known: {', '.join(query_prompts.GALLERIES)}.",
        )
    parts = Parts(settings(options))
    tools = query_prompts.Tools(parts.image_encoder, parts.text_encoder, parts.mapping)
    prompts = [registry.load("query_prompt", name)(parts) for name in TECHNIQUES]
    return query_prompts.run(tools, prompts, suite, limit=options.limit, progress=tell)
