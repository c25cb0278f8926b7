"""Picture text and long speech are narrowed to what answers."""

from __future__ import annotations

from pathlib import Path

from mmqa.evidence.narrowing import answering_lines, narrow
from mmqa.evidence.sentences import LINE_BREAK, Sentence
from mmqa.records import Segment

SHOP = Segment("a.0", Path("/x/a.png"), "", "image", 0)
BILL = ["NORDBY HARDWARE", "Hardware store, Mill Road 27", "Screws 4.40", "TOTAL EUR 50.40"]


def test_the_bill_is_the_total() -> None:
    question = "How much was the bill at the hardware store?"
    assert answering_lines(question, BILL) == ["TOTAL EUR 50.40"]


def test_a_value_on_the_next_line_comes_along() -> None:
    assert answering_lines(
        "When is the museum closed?", ["MUSEUM CLOSED", "ON MONDAYS", "Ring"]
    ) == [
        "MUSEUM CLOSED",
        "ON MONDAYS",
    ]


def test_without_a_shared_word_the_block_stays_whole() -> None:
    assert answering_lines("How expensive was lunch?", BILL) == BILL


def test_a_long_sentence_of_speech_is_cut_at_its_commas() -> None:
    text = (
        "Welcome to the bird cliffs, on your left you can see the puffins, they come here in April"
        " to lay one single egg, the puffins stay with us until the end of August, please keep to"
        " the path and speak quietly."
    )
    kept = narrow("Until when do the puffins stay?", Sentence(SHOP, "transcript", text))
    assert kept.text == "… the puffins stay with us until the end of August …"


def test_a_short_sentence_stays_whole() -> None:
    sentence = Sentence(SHOP, "transcript", "We leave at nine, be there by eight.")
    assert narrow("When do we leave?", sentence) == sentence


def test_a_short_sign_stays_whole_when_no_kind_of_fact_is_asked_for() -> None:
    text = LINE_BREAK.join(["CITY LIBRARY", "Reader card: 88-1204", "Ask at the desk"])
    kept = narrow("What is the reader card of the city library?", Sentence(SHOP, "ocr", text))
    assert "88-1204" in kept.text


def test_the_month_is_found_where_the_question_asks_for_one() -> None:
    lines = ["Rainfall at the station in 2023", "Wettest month: October, 210 mm", "Source: us"]
    question = "In which month was the rainfall at the station highest?"
    assert "October" in " ".join(answering_lines(question, lines))


def test_two_clauses_that_share_as_much_are_both_kept() -> None:
    clauses = ["I packed the tent for the trip,", "I am well,", "you bring rope for the tent."]
    kept = answering_lines("What do I bring for the tent trip?", clauses)
    assert any("rope" in clause for clause in kept)


def test_the_thing_asked_for_outweighs_the_place_it_is_in() -> None:
    sign = ["Old Mill swimming pool", "Open 9-18", "Deposit 5 EUR", "No diving"]
    question = "How high is the deposit at the Old Mill swimming pool?"
    assert answering_lines(question, sign) == ["Deposit 5 EUR"]


def test_which_hall_is_on_the_line_that_says_hall() -> None:
    slide = ["Choir rehearsal", "Rehearsal of the spring choir, 2 May", "Hall: Linden", "Bring tea"]
    kept = " ".join(answering_lines("Which hall is the spring choir rehearsal in?", slide))
    assert "Linden" in kept
