"""A written answer is trusted only where the evidence carries it."""

from __future__ import annotations

import pytest

from mmqa.evidence.grounding import fault

PARCEL = "The parcel for Ms. Okonkwo weighs 4.2 kg and arrives on Thursday at 9:15."


@pytest.mark.parametrize(
    ("answer", "evidence", "question", "expected"),
    [
        ("It weighs 4.2 kg.", PARCEL, "How heavy is the parcel?", ""),
        ("It weighs 1.2 kg.", PARCEL, "How heavy is the parcel?", "number"),
        ("It weighs 42 kg.", PARCEL, "How heavy is the parcel?", "number"),
        ("The parcel is for Ms. Okonkwo.", PARCEL, "Who is the parcel for?", ""),
        ("The parcel is for Ms. Oakwood.", PARCEL, "Who is the parcel for?", "name"),
        ("The parcel.", PARCEL, "How heavy is the parcel?", "echo"),
        ("How heavy is the parcel?", PARCEL, "How heavy is the parcel?", "echo"),
        ("", PARCEL, "How heavy is the parcel?", "empty"),
        ("It is not mentioned.", PARCEL, "What colour is the parcel?", "refusal"),
        ("A big red lorry brings it.", PARCEL, "When does it arrive?", "words"),
        ("It arrives with a kg parcel.", PARCEL, "When does it arrive?", "fact"),
        ("It arrives on Thursday.", PARCEL, "When does it arrive?", ""),
        ("At eight.", "We leave at twenty past eight, be there by eight.", "When?", "place"),
        ("At twenty past eight.", "We leave at twenty past eight, be there by eight.", "When?", ""),
        ("Two thousand eggs.", "Up to two thousand eggs a day.", "How many eggs?", ""),
        ("Lemonade 3 hours.", "Car park / max. 3 hours", "How long may I park?", "words"),
        ("The ferry to Skarholm is 4.", "FERRY TO SKARHOLM / PIER 4", "Which pier?", "number"),
        ("The ferry leaves from pier 4.", "FERRY / PIER 4 leaves", "From which pier?", ""),
        ("Use door 3.", "Use door 5, not door 3.", "Which door?", "number"),
        ("Use door 5.", "Use door 5, not door 3.", "Which door?", ""),
        ("Call extension 12.", "Call 40 instead of extension 12.", "Whom?", "number"),
        ("In 2019.", "Sales in 2019: best in March", "In which month?", "fact"),
        ("The best was in March.", "Sales in 2019: best in March", "Which month was best?", ""),
        ("It costs 1140 euros.", "Rent is 1,140 euros.", "How much is the rent?", ""),
        ("车票三百二十元。", "车票每张三百二十元。", "车票多少钱?", ""),
        ("车票五百元。", "车票每张三百二十元。", "车票多少钱?", "words"),
    ],
)
def test_faults_are_named(answer: str, evidence: str, question: str, expected: str) -> None:
    assert fault(answer, evidence, question) == expected
