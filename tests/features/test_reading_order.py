from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmqa.features.reading_order import Line, read


def row(text: str, left: float, top: float, width: float = 100, height: float = 10) -> Line:
    return Line(text, left, top, left + width, top + height)


def test_a_price_stays_beside_its_name() -> None:
    lines = [
        row("7.80", 300, 21),
        row("Flat white", 0, 20),
        row("4.20", 300, 41),
        row("Cake", 0, 40),
    ]
    assert read(lines) == "Flat white 7.80\nCake 4.20"


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    left = [row(f"left column, sentence {i}", 0, 20 * i, 200) for i in range(3)]
    right = [row(f"right column, sentence {i}", 300, 20 * i, 200) for i in range(3)]
    mixed = [line for pair in zip(left, right, strict=True) for line in pair]
    assert read(mixed).split("\n") == [line.text for line in left + right]


def test_columns_of_chinese_count_as_prose() -> None:
    left = [row("湖边的餐厅今天营业", 0, 20 * i, 200) for i in range(3)]
    right = [row("请不要在草地上吸烟", 300, 20 * i, 200) for i in range(3)]
    assert read([*left, *right]).startswith("湖边的餐厅今天营业\n湖边的餐厅今天营业")


def test_no_lines_give_no_text() -> None:
    assert read([]) == ""


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=20))
def test_no_line_is_lost_or_doubled(places: list[tuple[int, int]]) -> None:
    lines = [row(f"w{i}", x, y, 30) for i, (x, y) in enumerate(places)]
    assert sorted(read(lines).split()) == sorted(line.text for line in lines)
