"""``eval generalisation``: fitted on one collection, tested on others.

Knows: the configured mapping takes part beside the fits. Refuses to know: how anything is fitted or
asked.
"""

from __future__ import annotations

from argparse import Namespace

from mmqa.commands.output import settings
from mmqa.evaluation import generalisation
from mmqa.evaluation.generalisation import GeneralisationReport
from mmqa.interfaces import Progress
from mmqa.parts import Parts


def run(options: Namespace, tell: Progress) -> GeneralisationReport:
    """The whole matrix.

    Raises:
        CorpusError: A collection cannot be fetched.
    """
    from mmqa.evaluation.generalisation_suites import Suites

    parts = Parts(settings(options))
    suites = Suites(parts.image_encoder, parts.text_encoder, progress=tell)
    return generalisation.run(suites.fits(parts.mapping), suites.tests(), tell)
