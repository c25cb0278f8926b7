"""The glossary reads Chinese word by word, and says clearly what is wrong with its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.errors import TemplateError
from mmqa.prompts.glossary import FOLDER, Glossary, glossary, languages

VOCABULARY = Path(__file__).parents[2] / "mmqa/mapping/weights/vocabulary.txt"


def made(folder: Path, lines: str) -> Glossary:
    (folder / "zh.tsv").write_text(lines, encoding="utf-8")
    return Glossary("zh", folder)


def test_the_longest_word_wins(tmp_path: Path) -> None:
    small = made(tmp_path, "火\tfire\n火车\ttrain\n火车站\trailway station\n站\tstation\n")
    assert small.to_english("火车站") == "railway station"
    assert small.to_english("火车火车站") == "train railway station"


def test_words_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    small = made(tmp_path, "# a remark\n\n狗\tdog\n有\t-\n吗\t-\n")
    assert small.to_english("有狗吗？") == "dog"
    assert small.to_english("有吗？") == ""


def test_one_character_beside_an_unknown_one_is_part_of_an_unknown_word(tmp_path: Path) -> None:
    small = made(tmp_path, "马\thorse\n红\tred\n")
    assert small.to_english("马虎") == ""
    assert small.to_english("红马") == "red horse"
    assert small.to_english("马，虎") == "horse"


def test_latin_words_and_numbers_stay_in_their_place(tmp_path: Path) -> None:
    small = made(tmp_path, "登机口\tgate\n在\t-\n几点\t-\n")
    assert small.to_english("B-17 登机口 10:30") == "B-17 gate 10:30"
    assert small.to_english("B-17 几点在") == ""


def test_a_word_may_hold_latin_letters() -> None:
    assert Glossary("zh").to_english("T恤和U盘") == "t-shirt usb stick"


def test_traditional_characters_are_read_as_simplified_ones() -> None:
    assert Glossary("zh").to_english("腳踏車在哪裡？") == "bicycle"


def test_what_is_unknown_is_named_in_stretches(tmp_path: Path) -> None:
    small = made(tmp_path, "电话\ttelephone\n的\t-\n")
    assert small.unknown("王强的电话，囹圄 x 某") == ("王强", "囹圄")


def test_the_first_word_is_the_one_that_answers_use(tmp_path: Path) -> None:
    small = made(tmp_path, "自行车\tbicycle\n单车\tbicycle\n")
    assert small.from_english("bicycle") == "自行车"
    assert small.from_english("tricycle") is None


@pytest.mark.parametrize("line", ["狗 dog", "狗\t", "\tdog", "狗\tdog\t2", "猫\tcat\n猫\tcat"])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(TemplateError, match=r"line \d of the glossary .*zh\.tsv"):
        made(tmp_path, line + "\n").to_english("狗")


def test_a_missing_glossary_names_those_that_are_there() -> None:
    with pytest.raises(TemplateError, match="cannot be read") as caught:
        Glossary("xx").to_english("狗")
    assert "zh" in str(caught.value)
    assert glossary("xx") is None


def test_every_shipped_glossary_reads() -> None:
    assert [Glossary(language).to_english("42 ?") for language in languages()] == [""]


def test_shipped_words_are_chinese_and_their_english_is_not() -> None:
    for line in (FOLDER / "zh.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            word, english = line.split("\t")
            assert any("\u3400" <= c <= "\u9fff" for c in word), line
            assert english.isascii(), line
            assert line == line.strip(), line


def test_nearly_all_prompt_words_have_a_chinese_name() -> None:
    lines = VOCABULARY.read_text(encoding="utf-8").splitlines()
    words = [line for line in lines if line and not line.startswith("#")]
    named = [word for word in words if Glossary("zh").from_english(word)]
    assert len(named) >= 0.95 * len(words)


def test_variants_lead_to_characters_that_the_glossary_uses() -> None:
    used = (FOLDER / "zh.tsv").read_text(encoding="utf-8")
    for line in (FOLDER / "zh-variants.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        other, usual = line.split("\t")
        assert (len(other), len(usual)) == (1, 1)
        assert usual in used
        assert other not in used
