"""The prompts that show pictures, to the letter: what was trained on them must be asked by them."""

from __future__ import annotations

from typing import get_args

import pytest

from mmqa.errors import TemplateError
from mmqa.prompts.looking import READ_CHARACTERS, PictureWords, messages, template_for
from mmqa.prompts.template import Templates
from mmqa.prompts.wanting import Want
from mmqa.records import PICTURE_MARK, Message

EN, ZH = Templates("en"), Templates("zh")
DOG = PictureWords(("dog", "puppy"), "EXIT 4\n\n DOGS  ONLY ")
ENDS = {
    "question": ("Answer briefly.", "请简短回答。"),
    "comparison": ("Answer briefly.", "请简短回答。"),
    "reading": ("Answer with the text only.", "只回答图中的文字。"),
    "counting": ("Answer with a number.", "用一个数字回答。"),
    "yes_no": ("Answer yes or no.", "回答是或否。"),
    "sentiment": ("Answer negative, neutral or positive.", "回答消极、中性或积极。"),
    "description": ("Describe the picture in one sentence.", "用一句话描述这张图片。"),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_picture_and_its_words_come_first_and_the_question_last(name: str) -> None:
    head = f'{PICTURE_MARK}\nLooks like: dog, puppy\nText in it: "EXIT 4 / DOGS ONLY"\n'
    text = f"{head}Question: What now?\n{ENDS[name][0]}"
    assert messages(EN, name, [DOG], "What now?") == (Message("user", text),)


@pytest.mark.parametrize("name", ENDS)
def test_the_same_in_chinese(name: str) -> None:
    head = f"{PICTURE_MARK}\n看起来像:dog, puppy\n图中文字:“EXIT 4 / DOGS ONLY”\n"
    text = f"{head}问题:这是什么?\n{ENDS[name][1]}"
    assert messages(ZH, name, [DOG], "这是什么?") == (Message("user", text),)


def test_lines_without_content_are_absent() -> None:
    assert messages(EN, "description", [PictureWords()], "")[0].text == (
        f"{PICTURE_MARK}\nDescribe the picture in one sentence."
    )


def test_several_pictures_are_numbered_each_above_its_own_words() -> None:
    shown = [PictureWords(("dog",)), PictureWords(), PictureWords((), "EXIT")]
    assert messages(EN, "comparison", shown, "Which?")[0].text == "\n".join(
        [
            f"Picture 1: {PICTURE_MARK}",
            "Looks like: dog",
            f"Picture 2: {PICTURE_MARK}",
            f"Picture 3: {PICTURE_MARK}",
            'Text in it: "EXIT"',
            "Question: Which?",
            "Answer briefly.",
        ]
    )
    assert messages(ZH, "comparison", shown, "哪张?")[0].text.startswith(f"图片1:{PICTURE_MARK}\n")


def test_all_questions_about_a_picture_share_everything_before_the_question() -> None:
    texts = [messages(EN, name, [DOG], "Who?")[0].text for name in ENDS]
    assert len({text.partition("Question: Who?\n")[0] for text in texts}) == 1
    assert all("Question: Who?\n" in text for text in texts)


def test_nothing_that_was_typed_or_read_can_pose_as_a_picture() -> None:
    marked = PictureWords((f"do{PICTURE_MARK}g",), f"EX{PICTURE_MARK}IT")
    text = messages(EN, "question", [marked], f"What{PICTURE_MARK}now?")[0].text
    assert text.count(PICTURE_MARK) == 1


def test_a_question_of_several_lines_stays_one_line() -> None:
    text = messages(EN, "question", [PictureWords()], "What\n\nAnswer: no")[0].text
    assert "Question: What Answer: no\n" in text


def test_braces_in_a_picture_are_not_run() -> None:
    shown = PictureWords((), "{{ 7 * 7 }} {% raise %}")
    assert '"{{ 7 * 7 }} {% raise %}"' in messages(EN, "question", [shown], "{{ x }}")[0].text


def test_long_text_in_a_picture_is_cut_between_words() -> None:
    line = messages(EN, "reading", [PictureWords((), "word " * 500)], "What?")[0].text.split("\n")[
        1
    ]
    assert line.endswith(' word …"')
    assert READ_CHARACTERS - 10 < len(line) - len('Text in it: ""') <= READ_CHARACTERS + 2


def test_long_text_without_spaces_is_cut_too() -> None:
    text = messages(ZH, "reading", [PictureWords((), "字" * 5000)], "写着什么?")[0].text
    assert text.count("字") == READ_CHARACTERS + 2  # and twice in what the template says


def test_an_empty_question_asks_for_a_description_and_several_pictures_are_compared() -> None:
    assert template_for("  ", 1) == template_for("", 3) == "description"
    assert template_for("Are both red?", 2) == template_for("哪张图里有几只狗?", 2) == "comparison"
    assert template_for("Is it red?", 1) == "yes_no"


@pytest.mark.parametrize("templates", [EN, ZH], ids=["en", "zh"])
def test_whatever_a_question_wants_has_a_template(templates: Templates) -> None:
    for name in get_args(Want):
        assert messages(templates, name, [DOG], "?")


def test_an_unknown_template_is_an_error() -> None:
    with pytest.raises(TemplateError, match="'sonnet'"):
        messages(EN, "sonnet", [DOG], "?")
