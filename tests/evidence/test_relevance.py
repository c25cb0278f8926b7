"""When to abstain: the thresholds, worked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.evidence.ranking import Candidate
from mmqa.evidence.relevance import judge
from mmqa.evidence.sentences import Sentence
from mmqa.records import Segment

SENTENCE = Sentence(Segment("a.0", Path("/x"), "", "text", 0), "passage", "It costs 3 euros.")


def candidate(likeness: float, overlap: float, cue: float = 1.0) -> Candidate:
    return Candidate(SENTENCE, 0.0, likeness, overlap, cue)


@pytest.mark.parametrize(
    ("likeness", "overlap", "cue", "missing", "found", "margin"),
    [
        (0.5, 0.4, 1.0, set(), 0.0, 0.1),  # 0.5 + 0.2 - 0.6
        (0.5, 0.4, 0.0, set(), 0.0, -0.1),  # no price: - 0.2
        (0.5, 0.4, 1.0, {"anna"}, 0.0, -0.2),  # Anna is nowhere: - 0.3
        (0.5, 0.1, 1.0, set(), 2.5, 0.05),  # found well, one deviation counts: + 0.1
        (0.5, 0.4, 1.0, set(), -0.5, 0.05),  # found badly: - 0.05
    ],
)
def test_support_is_weighed_against_the_threshold(
    *, likeness: float, overlap: float, cue: float, missing: set[str], found: float, margin: float
) -> None:
    verdict = judge("How much is a ticket?", candidate(likeness, overlap, cue), missing, found)
    assert verdict.margin == pytest.approx(margin)
    assert verdict.answers is (margin >= 0)


def test_chinese_is_judged_by_its_words_alone() -> None:
    assert judge("谁负责?", candidate(0.0, 0.5), set()).answers
    assert not judge("谁负责?", candidate(0.9, 0.1), set()).answers


def test_nothing_found_answers_nothing() -> None:
    assert not judge("Who?", None, set()).answers
