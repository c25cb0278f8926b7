"""Statistics of unrelated questions: as stored, or measured by whoever finds none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mmqa.calibrating import Calibrations, measure
from mmqa.fusion.calibration import calibrate
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore, item_id
from mmqa.ingest import recalibrate
from mmqa.records import Calibration, Features, Floats, MediaItem, Segment

FUSER = ConcatFuser(4)


class Mapping:
    """Counts how often its bank is asked for."""

    def __init__(self) -> None:
        self.asked = 0

    @property
    def bank(self) -> Floats:
        self.asked += 1
        return np.eye(4, dtype=np.float32)

    def ask_pictures(self, vectors: Floats) -> Floats:
        return -vectors


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IndexStore]:
    identity = IndexIdentity("embedded", {}, "concat", FUSER.width)
    with IndexStore.create(tmp_path / "index", identity, FUSER) as opened:
        yield opened


@pytest.fixture
def add(store: IndexStore) -> Callable[[int], None]:
    """Adds files with a vector each, the same for the same number."""
    rng = np.random.default_rng(0)
    known: list[int] = []

    def put(n: int) -> None:
        with store.transaction() as change:
            for _ in range(n):
                number = len(known)
                known.append(number)
                vector = rng.standard_normal(4).astype(np.float32)
                path, sha256 = Path(f"/media/{number}"), f"{number:064x}"
                segment = Segment(f"{item_id(path, sha256)}.0", path, sha256, "text", 0)
                features = Features({"text": vector / np.linalg.norm(vector)}, {"text": 0.1})
                item = MediaItem(path, sha256, "text", 1, 1)
                change.put(item, [segment], [features], [""])

    return put


@pytest.fixture
def reader(store: IndexStore) -> Iterator[IndexStore]:
    with IndexStore.open(store.folder, None, FUSER) as opened:
        yield opened


def test_what_is_stored_is_taken_as_it_is(store, reader, add) -> None:
    add(10)
    store.set_calibration({"text": Calibration(0.3, 0.2)})
    mapping = Mapping()
    assert Calibrations(reader, FUSER, lambda: mapping).current() == {"text": Calibration(0.3, 0.2)}
    assert mapping.asked == 0


def test_what_nobody_measured_is_measured_as_the_writer_would(store, reader, add) -> None:
    add(10)
    mapping = Mapping()
    measured = Calibrations(reader, FUSER, lambda: mapping).current()
    rows = list(store.sample("text").values())
    vectors = np.stack([one.vectors["text"] for one in rows])
    hubness = np.array([one.hubness["text"] for one in rows], np.float32)
    assert measured == {"text": calibrate(mapping.bank, vectors, hubness)}
    recalibrate(store, Mapping())
    assert store.calibration() == measured


def test_pictures_are_asked_as_words_ask_pictures(store, add) -> None:
    add(10)
    with store.transaction() as change:
        path, seen = Path("/media/seen"), np.array([0.6, 0.8, 0.0, 0.0], np.float32)
        segment = Segment(f"{item_id(path, 'f0')}.0", path, "f0", "image", 0)
        change.put(
            MediaItem(path, "f0", "image", 1, 1), [segment], [Features({"visual": seen})], [""]
        )
    measured = measure(store, FUSER, Mapping())
    assert measured["visual"].mu == pytest.approx(-0.35, abs=1e-3)  # the bank's mirror image
    assert (
        measured["text"]
        == FUSER.calibrate(Mapping().bank, [*store.sample("text").values()])["text"]
    )


def test_measuring_writes_nothing(store, reader, add) -> None:
    add(10)
    Calibrations(reader, FUSER, Mapping).current()
    assert store.calibration() == {}
    assert store.calibration_stale()


def test_rows_that_were_lost_are_measured_again(store, reader, add) -> None:
    add(10)
    recalibrate(store, Mapping())
    before = store.calibration()
    with store.transaction() as change:
        change.execute("DELETE FROM calibration")
    assert not store.calibration_stale()
    assert Calibrations(reader, FUSER, Mapping).current() == before


def test_what_the_index_has_outgrown_is_measured_again(store, reader, add) -> None:
    add(10)
    recalibrate(store, Mapping())
    add(3)
    assert Calibrations(reader, FUSER, Mapping).current() == measure(store, FUSER, Mapping())
    assert Calibrations(reader, FUSER, Mapping).current() != store.calibration()


def test_a_reader_beside_a_writer_measures_only_as_the_index_grows(store, reader, add) -> None:
    mapping = Mapping()
    calibrations = Calibrations(reader, FUSER, lambda: mapping)
    counts = []
    for n in (100, 10, 10, 1, 100):  # 100, 110, 120, 121, 221 files
        add(n)
        calibrations.current()
        counts.append(mapping.asked)
    assert counts == [1, 1, 1, 2, 3]
    store.set_calibration({"text": Calibration(0.3, 0.2)})
    assert calibrations.current() == {"text": Calibration(0.3, 0.2)}


def test_an_empty_index_has_no_statistics(reader) -> None:
    assert Calibrations(reader, FUSER, Mapping).current() == {}
