"""Whether what was found answers at all: the decision to abstain.

Knows: thresholds on likeness, word overlap, the fact asked for, and names. Refuses to know: how the
candidates came about and what is said when nothing answers.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmqa.evidence.asking import fact
from mmqa.evidence.ranking import Candidate
from mmqa.evidence.words import is_chinese

ENOUGH = 0.6
"""Least support of an English answer: likeness + ½ overlap − penalties. Set on
tests/assistant_data/development.json, where unanswerable questions reach 0.63 before penalties."""

PER_DEVIATION = 0.1
"""How much less support is enough for each standard deviation that the segment was found better
than asked for, and how much more for each that it was found worse; at most one counts."""

ENOUGH_OVERLAP = 0.35
"""Least overlap of a Chinese answer: the embedded encoder's likeness says nothing there."""

NO_FACT = 0.2
"""Penalty when the kind of fact that is asked for is not in the sentence."""

NO_NAME = 0.3
"""Penalty for a name in the question that stands nowhere in the evidence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to answer, and by how much the support passes the threshold."""

    answers: bool
    margin: float


def judge(question: str, best: Candidate | None, missing: set[str], found: float = 0.0) -> Verdict:
    """Decide whether ``best`` answers ``question``.

    Args:
        question: The question's words.
        best: The first of the ranked candidates; ``None`` when nothing was found.
        missing: Names of the question that stand nowhere in the evidence.
        found: Score of its segment above the least score that is asked for, standard deviations.
    """
    if best is None:
        return Verdict(False, -1.0)
    if is_chinese(question):
        margin = best.overlap - ENOUGH_OVERLAP
    else:
        margin = best.likeness + 0.5 * best.overlap - ENOUGH
    margin += PER_DEVIATION * min(1.0, max(-1.0, found))
    if fact(question) != "any":
        margin -= NO_FACT * (1.0 - best.cue)
    margin -= NO_NAME * bool(missing)
    return Verdict(margin >= 0.0, margin)
