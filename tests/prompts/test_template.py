"""Templates fail loudly: the message names the template and the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.errors import TemplateError
from mmqa.prompts.tables import languages
from mmqa.prompts.template import Templates, Variables, language_of
from mmqa.records import Message


def templates(folder: Path, toml: str) -> Templates:
    (folder / "en.toml").write_text(toml, encoding="utf-8")
    return Templates("en", folder)


def test_a_prompt_becomes_system_examples_and_user(tmp_path: Path) -> None:
    toml = (
        '[ask]\nsystem = "Be brief."\nuser = "{{ question }}?"\n'
        'examples = [{ user = "one", assistant = "1" }]\n'
    )
    assert templates(tmp_path, toml).messages("ask", question="two") == (
        Message("system", "Be brief."),
        Message("user", "one"),
        Message("assistant", "1"),
        Message("user", "two?"),
    )


def test_a_prompt_without_a_system_message_has_none(tmp_path: Path) -> None:
    toml = '[ask]\nuser = "{{ question }}?"\n'
    assert templates(tmp_path, toml).messages("ask", question="two") == (Message("user", "two?"),)


def test_a_sentence_stands_in_a_prompt_with_the_same_variables(tmp_path: Path) -> None:
    toml = '[tea]\ntext = "tea for {{ n }}\\n"\n[ask]\nuser = "{{ sentence(\'tea\') }}\\nnow"\n'
    (message,) = templates(tmp_path, toml).messages("ask", n=2)
    assert message.text == "tea for 2\nnow"


def test_ones_own_sentence_stands_in_the_packages_prompts(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('[pictures]\ntext = "{{ pictures | length }} pictures"\n')
    own = Templates("en", own=tmp_path)
    (message,) = own.messages("counting", pictures=[1, 2], question="How many?")
    assert message.text == "2 pictures\nQuestion: How many?\nAnswer with a number."


def test_a_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "en.toml").write_text('[quote]\ntext = "mine"\n')
    assert Templates("en", own="~").text("quote") == "mine"


def test_the_variables_of_a_template_are_known(tmp_path: Path) -> None:
    toml = (
        '[tea]\ntext = "{% if sugar %}{{ sugar }}{% endif %}{{ n }}{% set z = 1 %}{{ z }}"\n'
        '[ask]\nsystem = "{{ who }}"\nuser = "{{ sentence(\'tea\') }}{{ question }}"\n'
    )
    assert templates(tmp_path, toml).variables("ask") == Variables(
        ("n", "question", "who"), ("sugar",)
    )


def test_sentences_that_hold_each_other_are_an_error(tmp_path: Path) -> None:
    toml = "[a]\ntext = \"{{ sentence('b') }}\"\n[b]\ntext = \"{{ sentence('a') }}\"\n"
    circle = templates(tmp_path, toml)
    assert circle.variables("a") == Variables((), ())
    with pytest.raises(TemplateError, match="is broken"):
        circle.text("a")


@pytest.mark.parametrize(
    "source",
    [
        "{{ 1 + question }}",
        "{{ question | no_such_filter }}",
        "{{ 1 / 0 }}",
        "{% include 'en.toml' %}",
        "{{ question.__class__.__mro__ }}",
        "{{ ''.__class__.__subclasses__() }}",
    ],
)
def test_a_template_that_fails_or_reaches_too_far_is_named(tmp_path: Path, source: str) -> None:
    with pytest.raises(TemplateError, match=r"'quote' in .*en\.toml"):
        templates(tmp_path, f'[quote]\ntext = "{source}"\n').text("quote", question="x")


def test_the_line_of_a_mistake_is_told(tmp_path: Path) -> None:
    toml = '[quote]\ntext = """\none\n{{ two"""\n'
    with pytest.raises(TemplateError, match=r"is broken, line 2:"):
        templates(tmp_path, toml).text("quote")


def test_a_missing_variable_names_template_and_variable() -> None:
    with pytest.raises(TemplateError, match=r"'answer'.*'evidence' is undefined"):
        Templates("en").messages("answer", question="When?")


def test_an_unknown_template_lists_the_known_ones() -> None:
    with pytest.raises(TemplateError, match=r"'nonsense'.*Known templates: .*abstained"):
        Templates("en").text("nonsense")


def test_an_unknown_language_lists_the_known_ones() -> None:
    with pytest.raises(TemplateError, match=r"'fr'.*Known languages: en, zh"):
        Templates("fr").text("quote", quote="")


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"en\.toml.*cannot be read"):
        templates(tmp_path, "[quote\n").text("quote")


def test_a_broken_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"'quote'.*is broken"):
        templates(tmp_path, '[quote]\ntext = "{{ quote"\n').text("quote", quote="x")


def test_a_broken_example_is_named(tmp_path: Path) -> None:
    toml = '[ask]\nsystem = "s"\nuser = "u"\nexamples = [{ user = "one" }]\n'
    with pytest.raises(TemplateError, match="example of the prompt template 'ask'"):
        templates(tmp_path, toml).messages("ask")


def test_braces_in_evidence_are_not_run() -> None:
    assert "{{ 7 * 7 }}" in Templates("en").text("quote", quote="{{ 7 * 7 }}")


def test_all_languages_have_the_same_templates() -> None:
    import tomllib

    from mmqa.prompts.tables import FOLDER

    tables = [
        {name: set(table) for name, table in tomllib.loads(p.read_text(encoding="utf-8")).items()}
        for p in (FOLDER / f"{language}.toml" for language in languages())
    ]
    assert all(table == tables[0] for table in tables)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is the ferry?", "en"),
        ("渡轮在哪里?", "zh"),
        ("BMW在哪里?", "zh"),
        ("Who wrote 红楼梦?", "en"),
        ("", "en"),
        ("12:30?", "en"),
    ],
)
def test_the_script_of_a_question_decides_its_language(text: str, language: str) -> None:
    assert language_of(text) == language
