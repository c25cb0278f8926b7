"""Files of every type, made small by a plan with low limits: built, merged, healed, interrupted."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import IndexFolderError, UsageError
from mmqa.evaluation.made_up_vectors import MadeUpCorpus
from mmqa.fusion.concat import ConcatFuser
from mmqa.index import building, faiss_segments, merging
from mmqa.index.building import Builder, fused_rows
from mmqa.index.identity import IndexIdentity
from mmqa.index.plan import IndexPlan
from mmqa.index.store import IndexStore
from mmqa.records import Features, Filter, MediaItem, Segment

FUSER = ConcatFuser(14)  # 32 wide
IDENTITY = IndexIdentity("embedded", {}, "concat", FUSER.width)
LOW = IndexPlan(recall_target=0.97, flat_rows=20, sq8_rows=300)
CORPUS = MadeUpCorpus(14)


def grown(store, segments, seed=0):
    """Put files with so many segments in all, of pictures and texts by turns."""
    with store.transaction() as change:
        for n, one in enumerate(CORPUS.files(segments, seed)):
            kind = ("image", "text")[n % 2]
            path, sha256 = Path(f"/{kind}/{seed}/{n}"), f"{seed:032x}{n:032x}"
            features = [
                Features({m: v for m, v in (("visual", a), ("text", b)) if v.any()})
                for a, b in zip(one.visual, one.text, strict=True)
            ]
            parts = [
                Segment(f"{seed}-{n}.{i}", path, sha256, kind, i) for i in range(len(features))
            ]
            item = MediaItem(path, sha256, kind, 1, 1)
            change.put(item, parts, features, [""] * len(parts))


@pytest.fixture
def notices():
    return []


@pytest.fixture
def store(tmp_path, notices):
    with IndexStore.create(
        tmp_path / "index", IDENTITY, FUSER, plan=LOW, notice=notices.append
    ) as opened:
        yield opened


def reopened(store, notices, *, writable=True):
    store.close()
    return IndexStore.open(
        store.folder, IDENTITY, FUSER, writable=writable, plan=LOW, notice=notices.append
    )


def questions(n=30):
    even = {"visual": 0.5, "text": 0.5}
    return np.stack(
        [
            FUSER.fuse_question(Features({"visual": v, "text": v}), even, {})
            for v in CORPUS.questions(n, seed=5)
        ]
    )


def recall(store, where=None):
    """Recall@10 of candidates against NumPy over the catalogue."""
    numbers, matrix = fused_rows(store, FUSER, 1)
    if where is not None:
        allowed = store.allowed(where, int(numbers[-1]) + 1)
        numbers, matrix = numbers[allowed[numbers]], matrix[allowed[numbers]]
    with store.snapshot() as view:
        found = view.search_many(questions(), 32 * view.oversampling, where)
    hits = 0
    for question, (candidates, _) in zip(questions(), found, strict=True):
        assert set(candidates) <= set(numbers.tolist())
        best = numbers[np.argsort(-(matrix @ question))[:10]].tolist()
        hits += len(set(best) & set(candidates)) / len(best)
    return hits / len(questions())


def types(store):
    return [one.index_type for one in store.faiss_segments()]


# ------------------------------------------------------------------ types


def test_each_file_has_the_type_that_its_own_size_asks_for(store):
    for seed, (segments, expected) in enumerate(
        [(20, ["flat"]), (200, ["sq8"]), (1500, ["ivf_sq8"]), (100, ["ivf_sq8", "sq8"])]
    ):
        grown(store, segments, seed)
        assert store.flush()
        assert types(store) == expected
        assert recall(store) > 0.9
    one = store.faiss_segments()[0]
    assert 0 < one.nprobe <= one.nlist
    assert one.recall is not None
    assert one.recall >= LOW.recall_target
    assert store.verify() == []


@pytest.mark.parametrize("name", ["flat", "sq8", "ivf_sq8", "ivf_rabitq"])
def test_a_type_the_plan_names_is_that_of_every_file(tmp_path, name):
    plan = IndexPlan(index_type=name)
    with IndexStore.create(tmp_path / "index", IDENTITY, FUSER, plan=plan) as store:
        grown(store, 900)
        store.rebuild()
        assert types(store) == [name]
        assert recall(store) > 0.93
        assert recall(store, Filter(kinds=("text",))) > 0.93
        assert store.verify() == []


@pytest.mark.parametrize("where", [Filter(kinds=("text",)), Filter(folders=(Path("/image/1"),))])
def test_filters_cost_no_recall_and_let_nothing_through(store, where):
    for seed, segments in enumerate((1200, 60, 10)):
        grown(store, segments, seed)
        store.flush()
    grown(store, 7, seed=9)  # not in any file
    assert len(store.faiss_segments()) == 3
    assert recall(store, where) > 0.93


def test_many_questions_at_once_find_what_each_finds_alone(store):
    grown(store, 1200)
    store.flush()
    with store.snapshot() as view:
        together = view.search_many(questions(), 12, Filter(kinds=("image",)))
        for question, (numbers, scores) in zip(questions(), together, strict=True):
            alone, alone_scores = view.search(question, 12, Filter(kinds=("image",)))
            assert numbers == alone
            np.testing.assert_allclose(scores, alone_scores, rtol=1e-5)


# ------------------------------------------------------------------ building


@pytest.mark.parametrize("name", ["flat", "sq8", "ivf_sq8", "ivf_rabitq"])
def test_built_in_small_pieces_it_is_what_it_is_in_one(store, monkeypatch, name):
    grown(store, 900)
    asked = questions()
    answers = []
    for rows_at_once in (10_000, 37):
        monkeypatch.setattr(building, "CHUNK_ROWS", rows_at_once)
        builder = Builder(FUSER, IndexPlan(index_type=name))
        rows, found = builder.build(store, 1, 2**62)
        answers.append((rows.nprobe, found, rows.numbers().tolist(), rows.search(asked, 20, None)))
    (nprobe, found, numbers, best), (nprobe_2, found_2, numbers_2, best_2) = answers
    assert (nprobe, found, numbers) == (nprobe_2, found_2, numbers_2)
    np.testing.assert_array_equal(best[0], best_2[0])
    np.testing.assert_allclose(best[1], best_2[1], rtol=1e-5)


def test_progress_is_told_and_ends_at_the_whole(store):
    grown(store, 900)
    told = []
    store.rebuild(progress=told.append)
    last = {one.label: one for one in told}
    assert {label: (one.done, one.total) for label, one in last.items()} == {
        "training": (900, 900),
        "indexing": (900, 900),
    }
    assert {one.unit for one in told} == {"steps"}


@pytest.mark.parametrize("way", ["flush", "rebuild", "compact"])
def test_cancelled_work_leaves_the_old_files(store, way):
    grown(store, 900)
    store.flush()
    with store.transaction() as change:
        change.remove(Path("/image/0/0"))
    grown(store, 800, seed=1)
    before = store.faiss_segments()
    asked = iter([False, True])
    assert getattr(store, way)(cancelled=lambda: next(asked)) is False
    assert store.faiss_segments() == before
    assert [p.name for p in (store.folder / "segments").iterdir()] == [one.name for one in before]
    assert store.verify() == []
    assert getattr(store, way)() is True
    assert store.faiss_segments() != before
    assert recall(store) > 0.9


def test_a_key_pressed_while_building_leaves_the_old_files(store):
    grown(store, 400)
    store.flush()
    before = store.faiss_segments()

    def interrupt(_chunk):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.rebuild(progress=interrupt)
    assert store.faiss_segments() == before
    assert recall(store) > 0.9


def test_a_full_disk_is_told_and_nothing_is_lost(store, monkeypatch):
    grown(store, 400)
    store.flush()
    grown(store, 30, seed=1)
    before = store.faiss_segments()
    real = os.fsync

    def full(handle):
        if Path(f"/proc/self/fd/{handle}").readlink().suffix == ".part":
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(faiss_segments.os, "fsync", full)
    with pytest.raises(IndexFolderError, match=r"cannot be written: No space left.*nothing was l"):
        store.flush()
    assert store.faiss_segments() == before
    assert len(list((store.folder / "segments").iterdir())) == len(before)
    assert recall(store) > 0.9
    monkeypatch.undo()
    store.flush()
    assert store.counts().pending == 0


def test_files_are_not_written_within_a_transaction_or_by_a_reader(store, notices):
    with store.transaction(), pytest.raises(UsageError, match="outside of a transaction"):
        store.flush()
    with reopened(store, notices, writable=False) as reader:
        for work in (reader.flush, reader.rebuild, reader.compact):
            with pytest.raises(UsageError, match="opened for reading"):
                work()


def test_rows_that_come_and_go_while_a_file_is_built_are_as_they_should_be(store):
    grown(store, 900)
    gone, done = store.item_rowids(Path("/text/0/1")), []

    def meanwhile(_chunk):
        if not done:
            done.append(True)
            grown(store, 25, seed=1)
            with store.transaction() as change:
                change.remove(Path("/text/0/1"))

    assert store.rebuild(progress=meanwhile)
    (one,) = store.faiss_segments()
    assert one.count == 900  # as it was when the build began
    assert store.counts().pending == 25
    assert recall(store) > 0.9
    with store.snapshot() as view:
        assert not set(gone) & set(view.search(questions(1)[0], 2000)[0])
    assert store.verify() == []
    assert store.compact()
    assert sum(one.count for one in store.faiss_segments()) == store.count
    assert store.verify() == []


def test_another_threads_transaction_is_waited_for(store):
    grown(store, 60)
    with ThreadPoolExecutor(1) as pool:
        with store.transaction():
            flushing = pool.submit(store.flush)
            with pytest.raises(TimeoutError):
                flushing.result(timeout=0.3)
        assert flushing.result(timeout=30)
    assert store.counts().pending == 0


# ------------------------------------------------------------------ merging


def test_while_adding_rows_are_written_without_training_and_joined_at_the_end(store, monkeypatch):
    monkeypatch.setattr(merging, "LEVEL_ROWS", 100)
    monkeypatch.setattr(merging, "MERGED_ROWS", 800)
    for seed in range(12):
        grown(store, 60, seed)
        store.flush(final=False)
        assert recall(store) > 0.9
    assert types(store) == ["sq8"] * 6
    assert store.counts().pending == 0
    grown(store, 50, seed=20)
    store.flush(final=False)
    assert store.counts().pending == 50
    store.flush()
    assert types(store) == ["ivf_sq8"]
    assert recall(store) > 0.9
    assert store.verify() == []


def test_a_large_file_is_not_made_again_for_a_few_rows(store):
    grown(store, 1000)
    store.flush()
    large = store.faiss_segments()[0]
    for seed in range(1, 30):
        grown(store, 10, seed)
        store.flush()
    assert store.faiss_segments()[0] == large
    assert len(store.faiss_segments()) <= 6


def test_compaction_makes_only_files_anew_that_hold_the_dead(store):
    grown(store, 1000)
    store.flush()
    grown(store, 100, seed=1)
    store.flush()
    large, small = store.faiss_segments()
    gone = store.item_rowids(Path("/text/1/1"))
    with store.transaction() as change:
        change.remove(Path("/text/1/1"))
    assert store.compact()
    kept, new = store.faiss_segments()
    assert kept == large
    assert new.count == small.count - len(gone)
    assert not set(gone) & set(faiss_segments.FaissRows.read(store.folder, new).numbers().tolist())
    assert store.verify() == []
    assert recall(store) > 0.9


def test_a_file_of_which_all_is_dead_goes(store):
    grown(store, 30)
    store.flush()
    with store.transaction() as change:
        for item in store.items():
            change.remove(item.path)
    store.compact()
    assert store.faiss_segments() == []
    assert list((store.folder / "segments").iterdir()) == []


# ------------------------------------------------------------------ damage


def cut(store):
    """Make the one file end too early, as after a crash of the machine."""
    (one,) = store.faiss_segments()
    path = store.folder / "segments" / one.name
    path.write_bytes(path.read_bytes()[:-9])
    return one


def test_a_damaged_file_found_within_a_transaction_is_healed_after_it(store, notices):
    grown(store, 60)
    store.flush()
    one = cut(store)
    with reopened(store, notices) as again:
        with again.transaction():
            assert recall(again) > 0.9
            assert again.faiss_segments() == [one]
        assert recall(again) > 0.9
        assert again.faiss_segments() != [one]
        assert len(notices) == 1


def test_a_damaged_file_that_cannot_be_written_anew_is_answered_from_the_catalogue(
    store, notices, monkeypatch
):
    grown(store, 60)
    store.flush()
    cut(store)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(faiss_segments.FaissRows, "write", full)
    with reopened(store, notices) as again:
        assert recall(again) > 0.9
        assert recall(again) > 0.9
        assert len(notices) == 1
        assert "missing or damaged; the catalogue replaced it, but" in notices[0]
        assert "No space left" in notices[0]


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("writable", [True, False])
def test_a_damaged_trained_file_is_replaced_and_told_once(
    store, notices, monkeypatch, writable, mapped
):
    monkeypatch.setattr(faiss_segments, "MAPPED_BYTES", 0 if mapped else 2**40)
    grown(store, 1000)
    store.flush()
    (one,) = store.faiss_segments()
    path = store.folder / "segments" / one.name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    with reopened(store, notices, writable=writable) as again:
        assert recall(again) > 0.9
        assert recall(again) > 0.9
        assert len(notices) == 1
        assert "missing or damaged" in notices[0]
        assert (again.faiss_segments() != [one]) is writable
        assert bool(again.verify()) is not writable
