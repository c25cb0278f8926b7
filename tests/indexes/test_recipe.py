"""Recipes are read strictly; which files they mean is proven with the walks and globs of media."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa import config
from mmqa.errors import ConfigError
from mmqa.media.scan import survey
from mmqa.records import Source


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
    from recipe import read

    lines = [f"{name} = {value!r}" for name, value in globs.items()]
    text = "\n".join(['index = "out"', "[[source]]", 'path = "media"', *lines])
    places = read(write(tree / "recipe.toml", text)).places
    found = survey(place.source(no_corpus) for place in places)
    return [path.relative_to(tree / "media").as_posix() for path in found.files]


def test_without_globs_every_file_that_is_not_hidden_is_chosen(tree):
    assert chosen(tree) == ["a.png", "b.txt", "deep/c.png", "deep/deeper/d.png"]


def test_include_and_exclude_choose_by_the_path_below_the_source(tree):
    assert chosen(tree, include=["*.png"]) == ["a.png"]
    assert chosen(tree, include=["deep/**"], exclude=["**/d.*"]) == ["deep/c.png"]


def test_a_name_with_brackets_is_chosen_by_its_name_or_by_escaping_them(tree):
    write(tree / "media" / "x[1]\n.png", "x")
    assert chosen(tree, include=["x[[]1]*"]) == ["x[1]\n.png"]
    assert chosen(tree, include=["x[12]*"]) == []


def test_the_index_is_seen_from_the_recipes_folder(tree):
    from recipe import read

    path = write(tree / "r.toml", 'index = "../x"\n[[source]]\npath = "media"')
    assert read(path).index == (tree / "../x").resolve()


def test_what_decides_an_index_may_stand_beside_its_name(tree):
    from recipe import read

    lines = ['index = "x"', 'fusion = "concat"', 'index_type = "sq8"', "recall_target = 0.9"]
    text = "\n".join([*lines, "[config]", "ocr = false", "[[source]]", 'path = "media"'])
    recipe = read(write(tree / "r.toml", text))
    settings = config.load(recipe.config, environ={})
    assert (settings.index_type, settings.recall_target, settings.ocr) == ("sq8", 0.9, False)


def test_a_corpus_is_fetched_by_name(tree):
    from recipe import read

    path = write(tree / "r.toml", 'index = "x"\n[[source]]\ncorpus = "photographs"')
    asked: list[str] = []

    def fetch(name: str) -> Path:
        asked.append(name)
        return tree / "media"

    (place,) = read(path).places
    assert place.source(fetch) == Source(tree / "media", ("**",), ())
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
        ('index = "x"\n[[source]]\npath = "m"\ninclude = [1]', "no list"),
        ('index = "x"\nconfig = 1\n[[source]]\npath = "m"', "no table"),
        (
            'index = "x"\nfusion = "a"\n[config]\nfusion = "b"\n[[source]]\npath = "m"',
            "fusion twice",
        ),
    ],
)
def test_what_is_no_recipe_is_refused_with_the_reason(tree, text, words):
    from recipe import read

    with pytest.raises(ConfigError, match=words):
        read(write(tree / "r.toml", text))


def test_a_source_that_is_a_file_is_an_error(tree):
    from recipe import read

    recipe = read(write(tree / "r.toml", 'index = "x"\n[[source]]\npath = "media/b.txt"'))
    with pytest.raises(ConfigError, match=r"b\.txt' is no folder"):
        recipe.places[0].source(no_corpus)


@pytest.mark.parametrize("name", ["samples", "photographs"])
def test_the_recipes_that_come_with_mmqa_can_be_read(samples, name):
    from recipe import read

    from mmqa.corpora.fetch import packages

    recipe = read(samples.parent / f"recipes/{name}.toml")
    assert recipe.index.parent == samples.parent
    assert {place.corpus for place in recipe.places} <= {"", *packages()}
