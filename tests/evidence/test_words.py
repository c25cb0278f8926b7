"""Words, names and numbers in comparable form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmqa.evidence.words import amounts, content, names, numbers, stem


def test_forms_of_one_word_share_a_stem() -> None:
    for forms in (("ticket", "tickets", "ticket's"), ("close", "closed", "closes", "closing")):
        assert len({stem(form) for form in forms}) == 1, forms


def test_numbers_are_equal_however_they_are_written() -> None:
    assert numbers("1,140") == numbers("1140")
    assert content("seven") == content("7")


def test_decimal_commas_are_not_thousands() -> None:
    assert numbers("4,20") == {"4,20"}


def test_a_compound_number_is_one_amount() -> None:
    assert amounts("fifty-five euros") == {"50 5"}
    assert amounts("twenty past eight") != amounts("eight")


def test_question_words_are_no_names() -> None:
    assert names("Did I see Anna on Monday? When?") == {"anna", "monday"}


def test_chinese_is_compared_in_pairs_without_function_words() -> None:
    assert content("酒店在西湖旁边") == ["酒店", "西湖", "湖旁", "旁边"]


@given(st.text(max_size=60))
def test_any_text_can_be_taken_apart(text: str) -> None:
    assert all(content(text))
    assert amounts(text) is not None
    assert names(text) is not None
