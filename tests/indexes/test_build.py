"""Building an index from a recipe, with the real models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.weights


@pytest.fixture
def recipe(tmp_path: Path, samples: Path) -> Path:
    media = tmp_path / "media"
    media.mkdir()
    shutil.copy(samples / "pictures/IMG_2052.png", media)
    shutil.copy(samples / "notes/packing.md", media)
    path = tmp_path / "recipe.toml"
    path.write_text('index = "out"\n[config]\nocr = false\n[[source]]\npath = "media"\n')
    return path


def built(recipe: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    from build import main

    code = main(["--recipe", str(recipe), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_second_build_adds_nothing_and_a_deleted_file_is_forgotten(recipe, capsys):
    code, first = built(recipe, capsys)
    assert (code, first["added"], first["unchanged"], first["refused"]) == (0, 2, 0, [])
    code, second = built(recipe, capsys)
    assert (code, second["added"], second["unchanged"]) == (0, 0, 2)
    (recipe.parent / "media/packing.md").unlink()
    code, third = built(recipe, capsys)
    assert (code, third["removed"], third["unchanged"]) == (0, 1, 1)


def test_a_refused_file_gives_exit_code_3_and_its_reason(recipe, capsys):
    (recipe.parent / "media/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, report = built(recipe, capsys)
    assert code == 3
    assert report["added"] == 2
    assert [Path(r["path"]).name for r in report["refused"]] == ["broken.png"]
    assert report["refused"][0]["reason"]


def test_files_that_were_added_from_elsewhere_stay(recipe, tmp_path, samples, capsys):
    from mmqa import Library
    from mmqa.config import Config

    built(recipe, capsys)
    with Library.open(recipe.parent / "out", config=Config(ocr=False)) as library:
        library.add(samples / "notes/shopping list.txt")
    _, report = built(recipe, capsys)
    assert report["removed"] == 0
    with Library.open(recipe.parent / "out", config=Config(ocr=False)) as library:
        assert "shopping list.txt" in {item.path.name for item in library.items()}


def test_an_index_of_other_models_is_made_anew_from_the_same_files(
    recipe, samples, capsys, monkeypatch
):
    from mmqa import Library
    from mmqa.config import Config
    from mmqa.parts import Parts

    with monkeypatch.context() as other:
        other.setattr(Parts, "fingerprints", lambda _self: {"text_encoder": "another"})
        built(recipe, capsys)
        with Library.open(recipe.parent / "out", config=Config(ocr=False)) as library:
            library.add(samples / "notes/shopping list.txt")
    code, report = built(recipe, capsys)
    assert (code, report["added"], report["unchanged"]) == (0, 3, 0)
    assert not (recipe.parent / "out.old").exists()
    with Library.open(recipe.parent / "out", config=Config(ocr=False)) as library:
        assert "shopping list.txt" in {item.path.name for item in library.items()}


def test_a_recipe_that_is_not_there_is_wrong_usage(tmp_path, capsys):
    from build import main

    assert main(["--recipe", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err
