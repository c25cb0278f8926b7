"""Templates fail loudly: the message names the template and the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.errors import TemplateError
from mmqa.prompts.template import Templates, language_of, languages
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

    from mmqa.prompts.template import FOLDER

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
