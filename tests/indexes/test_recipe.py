"""Recipes are read strictly and choose files by globs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmqa.errors import ConfigError


def no_corpus(name: str) -> Path:
    raise AssertionError(f"{name} was fetched")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.png", "b.txt", "deep/c.png", "deep/deeper/d.png", ".hidden.png", ".git/e.png"):
        write(tmp_path / "media" / name, "x")
    return tmp_path


def chosen(tree: Path, **globs: list[str]) -> list[str]:
    from recipe import read, select

    lines = [f"{name} = {value!r}" for name, value in globs.items()]
    text = "\n".join(['index = "out"', "[[source]]", 'path = "media"', *lines])
    recipe = read(write(tree / "recipe.toml", text))
    root = tree / "media"
    return [p.relative_to(root).as_posix() for p in select(recipe.sources[0], no_corpus).files]


def test_without_globs_every_file_that_is_not_hidden_is_chosen(tree):
    assert chosen(tree) == ["a.png", "b.txt", "deep/c.png", "deep/deeper/d.png"]


def test_include_and_exclude_choose_by_the_path_below_the_source(tree):
    assert chosen(tree, include=["*.png"]) == ["a.png"]
    assert chosen(tree, include=["**/*.png"]) == ["a.png", "deep/c.png", "deep/deeper/d.png"]
    assert chosen(tree, include=["deep/**"], exclude=["**/d.*"]) == ["deep/c.png"]


def test_brackets_and_newlines_in_globs_and_names_stand_for_themselves(tree):
    write(tree / "media" / "x[1]\n.png", "x")
    assert chosen(tree, include=["x[1]*"]) == ["x[1]\n.png"]


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("**", "a/b", True),
        ("*", "a/b", False),
        ("a/**/b", "a/b", True),
        ("a?b", "a/b", False),
        ("*.png", "apng", False),
    ],
)
def test_globs_cross_folders_only_with_two_stars(glob, path, fits):
    from recipe import regex

    assert bool(re.fullmatch(regex(glob), path)) is fits


def test_the_index_is_seen_from_the_recipes_folder(tree):
    from recipe import read

    path = write(tree / "r.toml", 'index = "../x"\n[[source]]\npath = "media"')
    assert read(path).index == (tree / "../x").resolve()


def test_a_corpus_is_fetched_by_name(tree):
    from recipe import read, select

    path = write(tree / "r.toml", 'index = "x"\n[[source]]\ncorpus = "photographs"')
    asked: list[str] = []

    def fetch(name: str) -> Path:
        asked.append(name)
        return tree / "media"

    assert len(select(read(path).sources[0], fetch).files) == 4
    assert asked == ["photographs"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("index = ", "cannot be read"),
        ('index = "x"', "names no index or no source"),
        ('[[source]]\npath = "media"', "names no index or no source"),
        ('index = "x"\nfoo = 1\n[[source]]\npath = "m"', "foo"),
        ('index = "x"\n[[source]]\npath = "m"\ncorpus = "c"', "either path or corpus"),
        ('index = "x"\n[[source]]\npath = "m"\ninclude = "*"', "no list"),
    ],
)
def test_what_is_no_recipe_is_refused_with_the_reason(tree, text, words):
    from recipe import read

    with pytest.raises(ConfigError, match=words):
        read(write(tree / "r.toml", text))


def test_a_source_that_is_not_there_is_an_error(tree):
    from recipe import read, select

    recipe = read(write(tree / "r.toml", 'index = "x"\n[[source]]\npath = "nowhere"'))
    with pytest.raises(ConfigError, match="nowhere"):
        select(recipe.sources[0], no_corpus)


@pytest.mark.parametrize("name", ["samples", "photographs"])
def test_the_recipes_that_come_with_mmqa_can_be_read(samples, name):
    from recipe import read

    from mmqa.corpora.fetch import packages

    recipe = read(samples.parent / f"recipes/{name}.toml")
    assert recipe.index.parent == samples.parent
    assert {source.corpus for source in recipe.sources} <= {"", *packages()}
