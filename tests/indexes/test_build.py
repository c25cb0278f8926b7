"""Building an index from a recipe, with the real models; in processes of their own where killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmqa import Library
from mmqa.config import Config
from mmqa.parts import Parts

pytestmark = pytest.mark.weights
WITHOUT_OCR = Config(ocr=False)
BUILD = Path(__file__).parents[2] / "indexes/build.py"


@pytest.fixture
def recipe(tmp_path: Path, samples: Path) -> Path:
    media = tmp_path / "media"
    media.mkdir()
    shutil.copy(samples / "pictures/IMG_2052.png", media)
    shutil.copy(samples / "notes/packing.md", media)
    path = tmp_path / "recipe.toml"
    path.write_text('index = "out"\n[config]\nocr = false\n[[source]]\npath = "media"\n')
    return path


def built(recipe: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict]:
    """Exit code and final object."""
    code, events = told(recipe, capsys, *options)
    return code, events[-1]


def told(recipe: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, list]:
    from build import main

    code = main(["--recipe", str(recipe), "--json", *options])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def names(index: Path) -> set[str]:
    with Library.open(index, config=WITHOUT_OCR, create=False) as library:
        assert library.verify() == ()
        return {item.path.name for item in library.items()}


# --------------------------------------------------------------------------- bringing up to date


def test_a_second_build_adds_nothing_and_a_deleted_file_is_forgotten(recipe, capsys):
    code, first = built(recipe, capsys)
    assert (code, first["added"], first["unchanged"], first["refused"]) == (0, 2, 0, [])
    code, second = built(recipe, capsys)
    assert (code, second["added"], second["unchanged"]) == (0, 0, 2)
    (recipe.parent / "media/packing.md").unlink()
    code, third = built(recipe, capsys)
    assert (code, third["removed"], third["unchanged"]) == (0, 1, 1)


def test_there_is_one_object_a_file_and_one_at_the_end(recipe, capsys):
    media = recipe.parent / "media"
    built(recipe, capsys)
    (media / "packing.md").rename(media / "luggage.md")
    (media / "new.txt").write_text("The harbour is closed.")
    _, events = told(recipe, capsys)
    assert [e["event"] for e in events] == ["unchanged", "moved", "added", "done"]
    assert events[1]["was"] == str(media / "packing.md")
    assert set(events[-1]) == {
        *("event", "index", "added", "unchanged", "moved", "removed", "refused", "segments"),
        *("seconds", "renewed", "dry_run"),
    }


def test_a_refused_file_gives_exit_code_3_and_its_reason(recipe, capsys):
    (recipe.parent / "media/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, report = built(recipe, capsys)
    assert code == 3
    assert report["added"] == 2
    assert [Path(r["path"]).name for r in report["refused"]] == ["broken.png"]
    assert report["refused"][0]["reason"]


def test_files_that_were_added_from_elsewhere_stay(recipe, samples, capsys):
    built(recipe, capsys)
    with Library.open(recipe.parent / "out", config=WITHOUT_OCR) as library:
        library.add(samples / "notes/shopping list.txt")
    _, report = built(recipe, capsys)
    assert report["removed"] == 0
    assert "shopping list.txt" in names(recipe.parent / "out")


def test_what_a_recipe_no_longer_chooses_is_removed(recipe, capsys):
    built(recipe, capsys)
    recipe.write_text(recipe.read_text() + 'exclude = ["*.md"]\n')
    _, report = built(recipe, capsys)
    assert (report["removed"], report["unchanged"]) == (1, 1)


def test_an_unmounted_source_empties_nothing(recipe, capsys):
    built(recipe, capsys)
    media = recipe.parent / "media"
    media.rename(media.with_name("away"))
    from build import main

    assert main(["--recipe", str(recipe)]) == 2
    assert "is not there" in capsys.readouterr().err
    assert len(names(recipe.parent / "out")) == 2


def test_the_index_type_of_a_recipe_is_that_of_its_files(recipe, capsys):
    built(recipe, capsys)
    recipe.write_text('index_type = "sq8"\n' + recipe.read_text())
    for _ in range(2):
        built(recipe, capsys)
        with Library.open(recipe.parent / "out", config=WITHOUT_OCR) as library:
            generation = library.status().generation
            assert {f.index_type for f in library.status().faiss_files} == {"sq8"}
    built(recipe, capsys)
    with Library.open(recipe.parent / "out", config=WITHOUT_OCR) as library:
        assert library.status().generation == generation


def test_a_dry_run_says_what_would_be_done_and_does_nothing(recipe, capsys):
    code, report = built(recipe, capsys, "--dry-run")
    assert (code, report["added"], report["dry_run"]) == (0, 2, True)
    assert not (recipe.parent / "out").exists()
    built(recipe, capsys)
    (recipe.parent / "media/packing.md").unlink()
    code, report = built(recipe, capsys, "--dry-run")
    assert (report["removed"], report["unchanged"]) == (1, 1)
    assert len(names(recipe.parent / "out")) == 2


def test_a_recipe_that_is_not_there_is_wrong_usage(tmp_path, capsys):
    from build import main

    assert main(["--recipe", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


# --------------------------------------------------------------------------- other models


@pytest.fixture
def of_other_models(recipe, samples, capsys, monkeypatch):
    """An index of this recipe, and of files and documents from elsewhere, by another encoder."""
    out = recipe.parent / "out"
    with monkeypatch.context() as other:
        other.setattr(Parts, "fingerprints", lambda _self: {"text_encoder": "another"})
        built(recipe, capsys)
        with Library.open(out, config=WITHOUT_OCR) as library:
            library.add(samples / "notes/shopping list.txt", tags=["errand"])
            library.as_vectorstore().add_texts(
                ["The heron key opens the boat house."], [{"source": "wiki"}], ids=["d1"]
            )
    return out


def test_an_index_of_other_models_is_made_anew_from_the_same_files(
    recipe, of_other_models, capsys, monkeypatch
):
    parts = Parts(WITHOUT_OCR)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(type(parts.image_encoder), "encode", refuse)
    code, report = built(recipe, capsys)
    assert (code, report["added"], report["unchanged"], report["renewed"]) == (0, 3, 0, True)
    assert sorted(p.name for p in recipe.parent.iterdir()) == ["media", "out", "recipe.toml"]
    with Library.open(of_other_models, config=WITHOUT_OCR) as library:
        assert library.verify() == ()
        tags = {item.path.name: item.tags for item in library.items()}
        assert tags["shopping list.txt"] == ("errand",)
        (document,) = library.as_vectorstore().get_by_ids(["d1"])
        assert document.page_content == "The heron key opens the boat house."
        assert document.metadata["source"] == "wiki"
        assert library.search("heron key")[0].segment.text.passage == document.page_content


def test_a_dry_run_says_that_it_would_be_made_anew(recipe, of_other_models, capsys):
    code, report = built(recipe, capsys, "--dry-run")
    assert (code, report["renewed"], report["added"]) == (0, True, 2)


def test_a_file_from_elsewhere_that_is_gone_is_told(
    recipe, of_other_models, tmp_path, capsys, monkeypatch
):
    gone = tmp_path / "gone.txt"
    gone.write_text("The harbour is closed.")
    with monkeypatch.context() as other:
        other.setattr(Parts, "fingerprints", lambda _self: {"text_encoder": "another"})
        with Library.open(of_other_models, config=WITHOUT_OCR) as library:
            library.add(gone)
    gone.unlink()
    code, report = built(recipe, capsys)
    assert code == 3
    assert [Path(r["path"]).name for r in report["refused"]] == ["gone.txt"]


def test_while_it_is_made_anew_the_old_one_is_there_and_nobody_writes_to_it(
    recipe, of_other_models, capsys, monkeypatch
):
    import build

    from mmqa.errors import IndexLockedError
    from mmqa.index.lock import WriterLock
    from mmqa.index.store import IndexStore

    seen = []
    made = build._made_anew

    def look(*given):
        with pytest.raises(IndexLockedError):
            WriterLock(of_other_models)
        report = made(*given)
        assert Library.list(recipe.parent) == [of_other_models]
        seen.append(IndexStore.stored_identity(of_other_models).fingerprints)
        return report

    monkeypatch.setattr(build, "_made_anew", look)
    built(recipe, capsys)
    assert seen == [{"text_encoder": "another"}]
    assert IndexStore.stored_identity(of_other_models).fingerprints != seen[0]


def test_an_index_of_a_newer_mmqa_is_not_made_anew(recipe, capsys):
    import sqlite3

    built(recipe, capsys)
    with sqlite3.connect(recipe.parent / "out/catalogue.sqlite") as catalogue:
        catalogue.execute("PRAGMA user_version = 99")
    from build import main

    assert main(["--recipe", str(recipe)]) == 1
    assert "Update mmqa" in capsys.readouterr().err
    assert not (recipe.parent / ".out.new").exists()


# --------------------------------------------------------------------------- interrupted


KILLED_AT = """
import sys, os, signal
sys.path.insert(0, {folder!r})
import build, renewal
from mmqa.parts import Parts

def kill(*_given, **_named):
    os.kill(os.getpid(), signal.SIGKILL)

{how}
build.main(["--recipe", {recipe!r}, "--json"])
"""
ANOTHER = 'Parts.fingerprints = lambda _self: {"text_encoder": "another"}\n'


def killed(recipe: Path, how: str) -> list[dict]:
    """Build in a process that kills itself; what it had acknowledged."""
    program = KILLED_AT.format(folder=str(BUILD.parent), recipe=str(recipe), how=how)
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def more_notes(recipe: Path) -> None:
    for number in range(40):
        (recipe.parent / f"media/{number:02}.txt").write_text(f"Ferry {number} leaves at nine.")


def test_a_killed_build_goes_on_and_what_was_told_is_not_done_again(recipe, capsys):
    more_notes(recipe)
    how = "seen = []\ntold = build.Telling.event\n"
    how += "build.Telling.event = lambda self, e: (told(self, e), seen.append(e), "
    how += "len(seen) > 20 and kill())\n"
    acknowledged = {e["path"] for e in killed(recipe, how) if e["event"] == "added"}
    assert len(acknowledged) == 21
    code, events = told(recipe, capsys)
    assert code == 0
    again = {e["path"] for e in events if e["event"] == "added"}
    assert not again & acknowledged
    assert len(names(recipe.parent / "out")) == 42


def test_an_interrupted_build_goes_on(recipe, capsys, monkeypatch):
    import build

    more_notes(recipe)
    tell, seen = build.Telling.event, []

    def interrupt(telling, event):
        tell(telling, event)
        seen.append(event)
        if len(seen) == 7:
            raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr(build.Telling, "event", interrupt)
        assert build.main(["--recipe", str(recipe)]) == 130
    assert "the next build goes on" in capsys.readouterr().err
    code, report = built(recipe, capsys)
    assert code == 0
    assert report["unchanged"] >= 7
    assert report["added"] + report["unchanged"] == 42


@pytest.mark.parametrize(
    ("how", "of"),
    [
        ("renewal.exchange = kill", "another"),
        ("import shutil; renewal.shutil.rmtree = kill", "new"),
        ("build.Telling.event = kill", "another"),
    ],
    ids=["before they change places", "after they changed places", "while the new one grows"],
)
def test_a_build_anew_that_is_killed_leaves_a_whole_index_and_the_next_one_ends_it(
    recipe, of_other_models, capsys, how, of
):
    from mmqa.index.store import IndexStore

    killed(recipe, how)
    prints = IndexStore.stored_identity(of_other_models).fingerprints
    assert (prints == {"text_encoder": "another"}) is (of == "another")
    code, report = built(recipe, capsys)
    assert code == 0
    assert report["renewed"] is (of == "another")
    assert len(names(of_other_models)) == 4
    assert sorted(p.name for p in recipe.parent.iterdir()) == ["media", "out", "recipe.toml"]


def test_where_folders_cannot_be_exchanged_they_are_renamed(
    recipe, of_other_models, capsys, monkeypatch
):
    import renewal

    monkeypatch.setattr(renewal, "_exchanged", lambda _one, _other: False)
    code, report = built(recipe, capsys)
    assert (code, report["renewed"]) == (0, True)
    assert len(names(of_other_models)) == 4
    assert sorted(p.name for p in recipe.parent.iterdir()) == ["media", "out", "recipe.toml"]


def test_a_new_index_that_was_to_be_put_in_place_is_put_there(recipe, capsys):
    built(recipe, capsys)
    shutil.copytree(recipe.parent / "out", recipe.parent / ".out.old")
    (recipe.parent / "out").rename(recipe.parent / ".out.new")
    code, report = built(recipe, capsys)
    assert (code, report["added"], report["unchanged"]) == (0, 0, 2)
    assert sorted(p.name for p in recipe.parent.iterdir()) == ["media", "out", "recipe.toml"]
