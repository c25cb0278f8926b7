import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmqa.index.schema import WORDS_TOKENIZER
from mmqa.retrieval.lexical import MAX_TERMS, match_expression, terms, tokenize

TEXTS = [
    "The ferry to Helsinki leaves at 10:30 from pier 4",
    "Gate B-17 opens late; gate B-18 is closed",
    "Invoice INV-2024-001, total €1,250.50",
    "Magnitude 4.2 at 42 km depth",
    "渡轮十点半从四号码头出发",
    "东京塔高三百三十三米",
    "Two blue footballs and a box of cherries",
    "Café Zürich, straße 5",
]


@pytest.fixture
def found():
    table = sqlite3.connect(":memory:")
    table.execute(f'CREATE VIRTUAL TABLE words USING fts5 (body, tokenize = "{WORDS_TOKENIZER}")')
    table.executemany("INSERT INTO words (body) VALUES (?)", [(tokenize(t),) for t in TEXTS])

    def ask(question: str) -> list[int]:
        match = match_expression(question)
        sql = "SELECT rowid - 1 FROM words WHERE words MATCH ? ORDER BY rowid"
        return [n for (n,) in table.execute(sql, (match,))] if match else []

    return ask


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("4.2", [3]),
        ("42", [3]),
        ("B-17", [1]),
        ("b17", []),
        ("INV-2024-001", [2]),
        ("inv-2024-002", []),
        ("2024", [2]),
        ("1250.50", [2]),
        ("1,250.50", [2]),
        ("10:30", [0]),
        ("10:31", []),
    ],
)
def test_numbers_and_names_are_found_to_the_letter(found, question, expected):
    assert found(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("塔", [5]),
        ("渡轮", [4]),
        ("东京塔", [5]),
        ("京东", []),
        ("渡轮几点出发？", [4]),
        ("东京塔有多高", [5]),
        ("四号码头在哪里", [4]),
    ],
)
def test_chinese_is_found_by_words_of_any_length(found, question, expected):
    assert found(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("a football", [6]),
        ("cherry", [6]),
        ("boxes", [6]),
        ("FERRIES", [0]),
        ("ZÜRICH", [7]),
        ("Strasse", [7]),
        ("ＦＥＲＲＹ", [0]),
        ("the ferry's pier", [0]),
        ("well-known gate", [1]),
    ],
)
def test_case_width_and_number_of_a_word_do_not_matter(found, question, expected):
    assert found(question) == expected


def test_a_compound_is_found_by_its_parts_and_parts_by_the_compound():
    assert tokenize("a well-known example.com") == "a well-known well known example.com example com"
    assert match_expression("well-known") == '("well-known" OR "well known")'


def test_a_text_and_a_question_are_prepared_alike_and_once():
    text = tokenize("0''0")
    padded = [f" {text} "]
    assert all(term.within(padded) == [True] for term in terms("0''0"))


def test_a_date_is_found_by_its_year_but_a_decimal_not_by_its_digits():
    assert "2024" in tokenize("2024-05-01").split()
    assert tokenize("4.2") == "4.2"


def test_function_words_pick_nothing_unless_nothing_else_is_asked():
    assert match_expression("What is the ferry?") == '("ferry" OR "ferries")'
    assert match_expression("Who are they?") is not None


def test_a_very_long_question_keeps_a_bounded_number_of_terms():
    assert len(terms(" ".join(f"word{n}" for n in range(20_000)))) == MAX_TERMS


@pytest.mark.parametrize("question", ["", " \n", "?!…", '"', "'"])
def test_a_question_without_words_has_no_expression(question):
    assert match_expression(question) is None


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(), max_size=60) | st.text("\"*^(){}:-+.'ANDORNEAT,东 ", max_size=30))
def test_no_question_ever_breaks_the_match(text):
    table = sqlite3.connect(":memory:")
    table.execute(f'CREATE VIRTUAL TABLE words USING fts5 (body, tokenize = "{WORDS_TOKENIZER}")')
    table.execute("INSERT INTO words (body) VALUES (?)", (tokenize(text),))
    match = match_expression(text)
    if match is not None:
        table.execute("SELECT rowid FROM words WHERE words MATCH ?", (match,)).fetchall()
        padded = [f" {tokenize(text)} "]
        assert all(term.within(padded) == [True] for term in terms(text))


@given(st.text(st.characters(), max_size=40))
def test_tokenizing_twice_changes_nothing_that_was_a_single_token(text):
    for token in tokenize(text).split():
        assert token in tokenize(token).split()
