"""``mmqa prompts``: what there is, as it stands, and as a model gets it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmqa.cli import main

Ask = Callable[..., tuple[int, str, str]]
NAMES = {"description", "question", "comparison", "reading", "counting", "yes_no", "sentiment"}


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs ``mmqa prompts``: its exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(["prompts", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "en.toml").write_text(
        '[counting]\npurpose = "Mine."\nuser = "Count! {{ question }}"\n', encoding="utf-8"
    )
    return folder


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_list_tells_purpose_variables_and_origin(ask: Ask, language: str) -> None:
    code, out, _ = ask("list", "--json", "--language", language)
    listed = {one["name"]: one for one in lines(out)}
    assert code == 0
    assert listed.keys() >= NAMES
    assert all(one["purpose"] and not one["own"] for one in listed.values())
    assert listed["counting"]["needed"] == ["pictures", "question"]
    assert (listed["description"]["needed"], listed["description"]["may_be_empty"]) == (
        ["pictures"],
        ["question"],
    )
    assert listed["counting"]["path"].endswith(f"templates/{language}.toml")


def test_the_list_is_readable(ask: Ask) -> None:
    _, out, _ = ask("list")
    assert "counting: How many of something a picture shows.\n  given pictures, question" in out
    assert "given pictures, [question]; the package's" in out


def test_ones_own_template_is_listed_as_such_and_used(ask: Ask, own: Path) -> None:
    _, out, _ = ask("list", "--set", f"prompts={own}")
    assert f"counting: Mine.\n  given question; yours: {own / 'en.toml'}" in out
    _, out, _ = ask("render", "counting", "--value", "question=Dogs?", "--set", f"prompts={own}")
    assert out == "--- user\nCount! Dogs?\n"


def test_what_is_shown_can_be_put_into_a_file_of_ones_own(ask: Ask, tmp_path: Path) -> None:
    _, out, _ = ask("show", "pictures")
    (tmp_path / "en.toml").write_text(out, encoding="utf-8")
    assert tomllib.loads(out).keys() == {"pictures"}
    values = ("--value", "words=dog", "--value", "read=EXIT")
    before = ask("render", "pictures", *values)
    assert ask("render", "pictures", *values, "--set", f"prompts={tmp_path}") == before


def test_show_as_json_holds_the_keys_of_the_table(ask: Ask) -> None:
    (shown,) = lines(ask("show", "answer", "--json")[1])
    assert shown["name"] == "answer"
    assert shown["user"] == "Text: {{ evidence }}\nQuestion: {{ question }}"
    assert shown["examples"][1]["assistant"] == "Lunch is 12:30 - 14:00."


def test_a_prompt_is_rendered_as_the_model_gets_it(ask: Ask) -> None:
    code, out, _ = ask(
        *("render", "counting", "--value", "question=How many dogs?"),
        *("--value", "words=dog, puppy", "--value", "read=EXIT 4"),
    )
    assert code == 0
    assert out == (
        '--- user\n[picture 1]\nLooks like: dog, puppy\nText in it: "EXIT 4"\n'
        "Question: How many dogs?\nAnswer with a number.\n"
    )


def test_words_given_twice_are_of_two_pictures(ask: Ask) -> None:
    _, out, _ = ask(
        *("render", "comparison", "--json", "--value", "question=Which?"),
        *("--value", "words=dog", "--value", "words=", "--value", "read=EXIT"),
    )
    assert lines(out) == [
        {
            "messages": [
                {
                    "role": "user",
                    "text": 'Picture 1: [picture 1]\nLooks like: dog\nText in it: "EXIT"\n'
                    "Picture 2: [picture 2]\nQuestion: Which?\nAnswer briefly.",
                }
            ]
        }
    ]


def test_a_prompt_with_examples_is_rendered_in_turns(ask: Ask) -> None:
    _, out, _ = ask("render", "answer", "--value", "evidence=E", "--value", "question=Q")
    assert [line for line in out.splitlines() if line.startswith("---")] == [
        "--- system",
        *("--- user", "--- assistant") * 2,
        "--- user",
    ]
    assert out.endswith("Text: E\nQuestion: Q\n")


def test_a_sentence_is_rendered_alone_and_what_may_be_empty_may_be_left_out(ask: Ask) -> None:
    assert ask("render", "passage", "--value", "text=Pier 4")[1] == "Pier 4\n"
    assert ask("render", "description")[1] == (
        "--- user\n[picture 1]\nDescribe the picture in one sentence.\n"
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("render", "counting"), 2, "needs question. Add: --value question=…"),
        (("render", "answer", "--value", "foo=1"), 2, "needs evidence and question"),
        (("render", "quote", "--value", "quote=a", "--value", "b=c"), 2, "no variable 'b'"),
        (("render", "passage", "--value", "text=a", "--value", "words=c"), 2, "It has: text"),
        (("render", "quote", "--value", "quote"), 2, "has no '='"),
        (("render", "quote", "--value", "quote=a", "--value", "quote=b"), 2, "given 2 times"),
        (("render",), 2, "was given no template. See them: mmqa prompts list"),
        (("show",), 2, "was given no template"),
        (("show", "sonnet"), 1, "no prompt template 'sonnet'"),
        (("list", "--language", "fr"), 1, "Known languages: en, zh"),
        (("list", "--set", "prompts=nowhere"), 1, "'nowhere' does not exist"),
        (("list", "--set", "promts=x"), 2, "'promts', which is no setting"),
    ],
)
def test_mistakes_are_told_with_a_remedy(
    ask: Ask, words: tuple[str, ...], code: int, said: str
) -> None:
    got, out, err = ask(*words)
    assert (got, out) == (code, "")
    assert said in err
