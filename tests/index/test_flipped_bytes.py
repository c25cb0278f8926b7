"""One changed byte, anywhere: told or healed, never a wrong answer, never a crash.

``MMQA_FLIPS`` and ``MMQA_FLIPS_SEED`` try more places, or others.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from conftest import FUSER, IDENTITY
from flip_jobs import specimen
from zygote import Zygote

from mmqa.index.faiss_segments import FaissRows
from mmqa.index.plan import IndexPlan
from mmqa.index.store import IndexStore

FLIPS = int(os.environ.get("MMQA_FLIPS", "100"))
SEED = int(os.environ.get("MMQA_FLIPS_SEED", "0"))
BLIND = (
    "search ",
    "words ",
    "frequencies",
    "known ",
    "sha ",
    "id ",
    "segment",
    "all rowids",
    "counts",
    "all vec",
)
"""What can be wrong where there is no seal: the index of words, and what filters, look-ups and
walks find by way of SQLite's own pages. Only ``verify`` sees that."""

BITS = (0x01, 0x80, 0x10, 0xFF, 0x55)


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    one = Zygote("flip_jobs")
    yield one
    one.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flips") / "sound"
    specimen(folder)
    return folder


def places(file: Path, count: int, page_bytes: int = 8192) -> list[int]:
    """Seeded places in every region of a file: where pages begin, and anywhere."""
    rng = random.Random(f"{SEED} {file.name}")
    size = file.stat().st_size
    pages = range(0, size, page_bytes)
    heads = [start + rng.randrange(min(24, size - start)) for start in pages]
    bodies = [start + rng.randrange(min(page_bytes, size - start)) for start in pages]
    first = [rng.randrange(100), *range(16, 100, 7)]  # the header of a database
    spread = [rng.randrange(size) for _ in range(count)]
    chosen = sorted({place for place in (*first, *heads, *bodies, *spread) if place < size})
    return rng.sample(chosen, min(count, len(chosen)))


def flips(files: list[Path], sound: Path, count: int) -> list[tuple[str, int, int]]:
    rng = random.Random(SEED)
    return [
        (str(file.relative_to(sound)), place, rng.choice(BITS))
        for file in files
        for place in places(file, max(1, count // len(files)))
    ]


def carried_out(
    zygote: Zygote, sound: Path, scratch: Path, wanted: list[Any], **how: bool
) -> list[tuple[Any, dict[str, Any]]]:
    """Flip → what became of it; a crash of the process is one of the things that can."""
    known = zygote.run("flip_jobs", "survey", folder=str(sound))
    outcomes: list[tuple[Any, dict[str, Any]]] = []
    while len(outcomes) < len(wanted):
        job = zygote.start(
            "flip_jobs",
            "trials",
            sound=str(sound),
            scratch=str(scratch),
            flips=wanted[len(outcomes) :],
            known=known,
            how=how,
        )
        flip: Any = None
        while (heard := job.next()) is not None:
            word, facts = heard
            assert word != "raised", facts["trace"]
            if word == "trying":
                flip = facts["flip"]
            elif word == "tried":
                outcomes.append((flip, facts))
        if job.status != 0:
            outcomes.append((flip, {"crash": job.status}))
    return outcomes


def amiss(outcomes: list[tuple[Any, dict[str, Any]]], *, sealed: bool) -> list[str]:
    """A line for each flip that was not dealt with, worst first."""
    lines = []
    for flip, found in outcomes:
        if "crash" in found:
            lines.append(f"0 crash {found['crash']}: {flip}")
        elif found["wrong"] and not found["problems"] and not found["told"]:
            lines.append(f"1 silent {found['wrong']}: {flip}")
        elif found["foreign"]:
            lines.append(f"2 foreign {found['foreign'][:3]}: {flip}")
        elif found["wrong"] and (sealed or not blind(found["wrong"])):
            told = (found["problems"] + found["told"])[:1]
            lines.append(f"3 wrong {found['wrong']}: {flip} told: {told}")
    return sorted(lines)


def blind(wrong: list[str]) -> bool:
    return all(name.startswith(BLIND) for name in wrong) and "search 0" not in wrong


def tried(
    zygote: Zygote, sound: Path, scratch: Path, files: list[Path], count: int, **how: bool
) -> None:
    """Flip bytes of files, and judge."""
    outcomes = carried_out(zygote, sound, scratch, flips(files, sound, count), **how)
    lines = amiss(outcomes, sealed=how["sealed"])
    unseen = sum(bool(found.get("wrong")) for _, found in outcomes) - len(lines)
    quiet = sum(not (f.get("told") or f.get("problems")) for _, f in outcomes)
    print(f"{len(outcomes)} flips: {quiet} of no consequence, {unseen} named by verify only")
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("writable", [False, True], ids=["reader", "writer"])
def test_a_changed_byte_of_the_catalogue_is_told(
    zygote: Zygote, sound: Path, tmp_path: Path, writable: bool
) -> None:
    files = [sound / "catalogue.sqlite"]
    tried(zygote, sound, tmp_path / "s", files, FLIPS // 2, writable=writable, sealed=True)


@pytest.mark.parametrize("writable", [False, True], ids=["reader", "writer"])
def test_a_changed_byte_of_a_catalogue_without_a_seal_is_told_or_named_by_verify(
    zygote: Zygote, sound: Path, tmp_path: Path, writable: bool
) -> None:
    files = [sound / "catalogue.sqlite"]
    count = FLIPS // 3 if writable else FLIPS
    tried(zygote, sound, tmp_path / "s", files, count, writable=writable, sealed=False)


@pytest.mark.parametrize("writable", [False, True], ids=["reader", "writer"])
def test_a_changed_byte_of_a_faiss_file_is_healed(
    zygote: Zygote, sound: Path, tmp_path: Path, writable: bool
) -> None:
    files = sorted((sound / "segments").iterdir())
    tried(
        zygote,
        sound,
        tmp_path / "s",
        files,
        FLIPS // (6 if writable else 3),
        writable=writable,
        sealed=True,
    )


@pytest.mark.parametrize("writable", [False, True], ids=["reader", "writer"])
def test_a_changed_byte_of_any_other_file_changes_no_answer(
    zygote: Zygote, sound: Path, tmp_path: Path, writable: bool
) -> None:
    files = [path for path in sound.iterdir() if path.is_file() and path.suffix != ".sqlite"]
    assert {path.name for path in files} >= {"catalogue.seal", "index.toml", "writer.lock"}
    files = [path for path in files if path.stat().st_size]
    tried(zygote, sound, tmp_path / "s", files, FLIPS // 5, writable=writable, sealed=True)


@pytest.mark.parametrize("index_type", ["flat", "sq8", "ivf_sq8", "ivf_rabitq"])
def test_no_changed_byte_of_any_type_of_faiss_file_is_believed(
    sound: Path, tmp_path: Path, index_type: str
) -> None:
    folder = Path(shutil.copytree(sound, tmp_path / "index"))
    plan = IndexPlan(index_type=index_type)
    with IndexStore.open(folder, IDENTITY, FUSER, writable=True, plan=plan) as store:
        store.rebuild()
        (one,) = store.faiss_segments()
    assert one.index_type == index_type
    path = folder / "segments" / one.name
    content = path.read_bytes()
    rng = random.Random(SEED)
    for place in {*range(64), *rng.sample(range(len(content)), 300), len(content) - 1}:
        changed = bytearray(content)
        changed[place] ^= rng.choice(BITS)
        path.write_bytes(changed)
        assert FaissRows.read(folder, one) is None, place
    for cut in (0, 1, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:cut])
        assert FaissRows.read(folder, one) is None, cut
    path.write_bytes(content + b"\0")
    assert FaissRows.read(folder, one) is None
    told: list[str] = []
    asked = np.random.default_rng(SEED).standard_normal(FUSER.width).astype(np.float32)
    with IndexStore.open(folder, IDENTITY, FUSER, notice=told.append, plan=plan) as store:
        assert [problem.kind for problem in store.verify()] == ["segment-file"]
        live = store.numbers(1, 10**6)
        with store.snapshot() as view:
            numbers, scores = view.search(asked, len(live))
            exact = dict(zip(live, (view.fused(live) @ asked).tolist(), strict=True))
        assert sorted(numbers) == live
        assert scores.tolist() == pytest.approx([exact[n] for n in numbers], abs=0.05)
    assert len(told) == 1
