"""``mmqa add`` killed at random moments: what it reported stays and is not done again."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from mmqa.fusion import concat
from mmqa.index.store import IndexStore

pytestmark = pytest.mark.weights
SAMPLES = Path(__file__).parents[1] / "indexes/samples/pictures"
KILLS = 4
SEED = 0


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample pictures, and each once more mirrored and once upside down: 60 or so."""
    folder = tmp_path_factory.mktemp("media")
    for path in sorted(SAMPLES.glob("*.jpg")) + sorted(SAMPLES.glob("*.png")):
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((512, 512))
        for name, changed in {
            "plain": picture,
            "mirrored": ImageOps.mirror(picture),
            "flipped": ImageOps.flip(picture),
        }.items():
            changed.save(folder / f"{path.stem} {name}.png")
    return folder


def started(media: Path, index: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mmqa", "add", str(media), "--index", str(index)]
    return subprocess.Popen(
        [*command, "--no-ocr", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def events(lines: list[str]) -> list[tuple[str, str]]:
    """(event, path) of whole lines; a line cut short was never reported."""
    found = [json.loads(line) for line in lines if line.endswith("\n")]
    return [(one["event"], one.get("path", "")) for one in found]


def test_a_killed_add_keeps_what_it_reported_and_goes_on_from_there(
    media: Path, tmp_path: Path
) -> None:
    index, rng = tmp_path / "index", random.Random(SEED)
    files = {str(path) for path in media.iterdir()}
    reported: set[str] = set()
    for kill in range(KILLS):
        run = started(media, index)
        assert run.stdout is not None
        lines = [run.stdout.readline() for _ in range(rng.randrange(1, 20) if kill else 0)]
        time.sleep(rng.uniform(0, 0.4) if kill else 1.5)  # the first while it is still loading
        run.kill()
        lines += run.stdout.readlines()
        run.wait()
        added = {path for event, path in events(lines) if event == "added"}
        assert not added & reported, "done twice"
        assert {event for event, _ in events(lines)} <= {"added", "unchanged", "done"}
        reported |= added
        if IndexStore.exists(index):
            assert_there(index, reported)
    print(f"{len(reported)} of {len(files)} were reported before the last of {KILLS} kills")
    assert 0 < len(reported) < len(files), "the kills missed the work"
    run = started(media, index)
    done, _ = run.communicate()
    said = events(done.splitlines(keepends=True))
    unchanged = {path for event, path in said if event == "unchanged"}
    added = {path for event, path in said if event == "added"}
    assert run.returncode == 0
    assert unchanged >= reported
    assert not added & reported
    assert unchanged | added == files
    assert Counter(event for event, _ in said)["done"] == 1
    assert_there(index, files)


def assert_there(index: Path, paths: set[str]) -> None:
    with IndexStore.open(index, None, concat.load(), writable=True) as store:
        assert store.verify() == []
        for path in paths:
            assert store.known(Path(path)) is not None
            assert len(store.item_segments(Path(path))) == 1
