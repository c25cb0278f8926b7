"""A user's own templates come before the package's; every mistake in them names the file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mmqa.errors import TemplateError
from mmqa.prompts.tables import FOLDER, Table, languages, read


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def write(folder: Path, toml: str, language: str = "en") -> Path:
    path = folder / f"{language}.toml"
    path.write_text(toml, encoding="utf-8")
    return path


def test_a_table_of_ones_own_stands_in_place_of_the_packages_and_the_others_stay(own: Path) -> None:
    path = write(own, '[quote]\ntext = "<{{ quote }}>"\n\n[tea]\ntext = "tea"\n')
    tables = read("en", own=own)
    assert (tables["quote"].own, tables["quote"].path) == (True, path)
    assert tables["quote"].source("text") == "<{{ quote }}>"
    assert tables["tea"].own
    assert (tables["question"].own, tables["question"].path) == (False, FOLDER / "en.toml")
    assert list(tables) == [*read("en"), "tea"]


def test_a_folder_need_not_have_every_language(own: Path) -> None:
    write(own, '[quote]\ntext = "x"\n')
    assert not read("zh", own=own)["quote"].own


def test_a_folder_may_bring_a_language_of_its_own(own: Path) -> None:
    write(own, '[quote]\ntext = "« {{ quote }} »"\n', "fr")
    assert list(read("fr", own=own)) == ["quote"]


def test_a_folder_that_is_not_there_is_named(own: Path) -> None:
    with pytest.raises(TemplateError, match=r"missing.*does not exist.*'prompts'"):
        read("en", own=own / "missing")


def test_a_file_in_place_of_a_folder_is_named(own: Path) -> None:
    with pytest.raises(TemplateError, match=r"en\.toml.*is no folder"):
        read("en", own=write(own, ""))


def test_a_folder_without_templates_is_no_silent_nothing(own: Path) -> None:
    (own / "english.txt").write_text("[quote]")
    with pytest.raises(TemplateError, match=r"holds no file.*Call it e\.g\. en\.toml"):
        read("en", own=own)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[quote]\ntxt = "x"\n', r"'quote'.*'txt', which means nothing.*Keys: purpose, text"),
        ("[quote]\ntext = 3\n", r"'text' of .*'quote'.* is no text"),
        ('text = "x"\n', r"'text' in .* stands in no table"),
        ("[quote\n", r"cannot be read"),
        ('[ask]\nuser = "u"\nexamples = [{ user = "u" }]\n', r"example of .*'ask'.*'assistant'"),
        ('[ask]\nuser = "u"\nexamples = "u"\n', r"example of .*'ask'"),
        ('[ask]\nuser = "u"\nexamples = [{ user = 1, assistant = "a" }]\n', r"example of"),
        ('[ask]\nuser = "u"\nexamples = [{ user = "u", assistant = "a", x = "" }]\n', "example of"),
    ],
)
def test_a_mistake_names_the_file_and_what_is_wrong(own: Path, toml: str, said: str) -> None:
    path = write(own, toml)
    with pytest.raises(TemplateError, match=said) as caught:
        read("en", own=own)
    assert str(path) in str(caught.value)


def test_a_file_that_is_no_text_is_named(own: Path) -> None:
    (own / "en.toml").write_bytes(b'[quote]\ntext = "\xff"\n')
    with pytest.raises(TemplateError, match=r"en\.toml.*cannot be read"):
        read("en", own=own)


def test_a_known_table_that_lacks_a_key_is_an_error_only_when_it_is_used(own: Path) -> None:
    write(own, '[question]\nsystem = "s"\n')
    table = read("en", own=own)["question"]
    assert table.source("system") == "s"
    with pytest.raises(TemplateError, match=r"own/en\.toml.* has no 'user' .*'question'"):
        table.source("user")


@pytest.mark.parametrize("language", languages())
def test_what_is_shown_is_toml_that_says_the_same(language: str) -> None:
    for name, table in read(language).items():
        assert tomllib.loads(table.toml()) == {name: dict(table.fields)}


def test_anything_that_a_string_may_hold_is_shown_as_it_is() -> None:
    odd = 'a "b" \\ """c"""\n\ttab \x07 \ufffc "end"'
    fields = {"text": odd, "purpose": odd.replace("\n", " "), "user": "\n\n"}
    table = Table("two words", Path("en.toml"), True, fields)
    assert tomllib.loads(table.toml()) == {"two words": fields}


def test_every_template_of_the_package_says_what_it_is_for() -> None:
    for language in languages():
        assert all(table.purpose for table in read(language).values())
