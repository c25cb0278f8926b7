import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import (
    IndexDamagedError,
    IndexFolderError,
    IndexLockedError,
    IndexMismatchError,
    IndexMissingError,
    UsageError,
)
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.records import Calibration, Features, Filter

PATHS = [f"/photos/{n}.png" for n in range(40)]


def question(store, seed=0):
    return np.random.default_rng(seed).standard_normal(store.identity.width).astype(np.float32)


def brute_force(store, asked, k, fuser, kinds=None):
    """What NumPy finds, straight from the catalogue."""
    rows = [(n, f) for ns, fs in store.iter_vectors() for n, f in zip(ns, fs, strict=True)]
    rows = [(n, f) for n, f in rows if kinds is None or store.segment(n).kind in kinds]
    scores = fuser.fuse([f for _, f in rows]) @ asked
    order = np.argsort(-scores, kind="stable")[:k]
    return [rows[i][0] for i in order]


def found(store, asked, k, where=None):
    with store.snapshot() as view:
        return view.search(asked, k, where)[0]


# ------------------------------------------------------------------ searching


def test_search_equals_brute_force_at_every_stage_of_an_index(opened, fill, fuser):
    store = opened()
    for stage in range(6):
        fill(store, PATHS[stage * 5 : stage * 5 + 5], n=2)
        if stage in {1, 2, 4}:
            store.flush()
        if stage >= 2:
            with store.transaction() as change:
                assert change.remove(Path(PATHS[stage])) >= 2
            fill(store, [PATHS[stage + 1]], n=3, seed=stage)
        for seed in range(5):
            asked = question(store, seed)
            assert found(store, asked, 7) == brute_force(store, asked, 7, fuser)
    assert store.verify() == []


def test_filters_by_kind_look_only_among_that_kind(opened, fill, fuser):
    store = opened()
    fill(store, PATHS[:10])
    fill(store, PATHS[10:14], kind="audio")
    store.flush()
    fill(store, PATHS[14:16], kind="audio")
    asked = question(store)
    audio = Filter(kinds=("audio",))
    assert found(store, asked, 50, audio) == brute_force(store, asked, 50, fuser, {"audio"})
    assert len(found(store, asked, 50, audio)) == 6
    assert found(store, asked, 5, Filter(kinds=("text",))) == []


def test_scores_are_exactly_those_of_the_fused_vectors(opened, fill):
    store = opened()
    fill(store, PATHS)
    store.flush()
    asked = question(store)
    with store.snapshot() as view:
        numbers, scores = view.search(asked, 9)
        np.testing.assert_allclose(scores, view.fused(numbers) @ asked, rtol=1e-5)
        with pytest.raises(KeyError):
            view.fused([10_000])


def test_an_empty_index_finds_nothing(opened):
    store = opened()
    assert found(store, question(store), 3) == []
    store.flush()
    assert (store.count, store.verify(), store.counts().faiss_segments) == (0, [], 0)


def test_a_segment_without_vectors_is_found_by_its_words(opened, make):
    store = opened()
    item, segments, _, _ = make("/notes/a.txt", kind="text")
    with store.transaction() as change:
        change.put(item, segments, [Features({})], ["ferry b-17"])
    with store.snapshot() as view:
        assert [n for n, _ in view.lexical('"b-17"', 5)] == [1]
        assert view.lexical('"b-17"', 5, Filter(kinds=("image",))) == []
        assert view.document_frequency(['"ferry"', '"train"']) == [1, 0]
        assert view.texts([1]) == {1: "ferry b-17"}


# ------------------------------------------------------------------ generations


def test_a_reader_sees_new_commits_without_reopening(opened, fill):
    writer = opened()
    reader = opened(writable=False)
    asked = question(writer)
    assert found(reader, asked, 5) == []
    fill(writer, PATHS[:3])
    assert len(found(reader, asked, 5)) == 3
    writer.flush()
    fill(writer, PATHS[3:4])
    assert len(found(reader, asked, 5)) == 4
    with writer.transaction() as change:
        change.remove(Path(PATHS[0]))
    writer.compact()
    assert len(found(reader, asked, 5)) == 3
    assert opened.notices == []


def test_a_search_sees_one_generation_whatever_is_committed_meanwhile(opened, fill):
    writer = opened()
    fill(writer, PATHS[:3], words="ferry")
    writer.flush()
    reader = opened(writable=False)
    with reader.snapshot() as view:
        before = view.search(question(reader), 10)[0]
        with writer.transaction() as change:
            change.remove(Path(PATHS[0]))
        fill(writer, PATHS[5:9], words="ferry")
        writer.flush()
        assert view.search(question(reader), 10)[0] == before
        assert len(view.lexical('"ferry"', 10)) == len(view.segments(before)) == 3
    with reader.snapshot() as view:
        assert view.count == len(view.lexical('"ferry"', 10)) == 6


def test_a_rowid_is_never_used_twice(opened, fill):
    store = opened()
    fill(store, PATHS[:2])
    last = store.item_rowids(Path(PATHS[1]))[0]
    with store.transaction() as change:
        change.remove(Path(PATHS[1]))
    store.compact()
    fill(store, PATHS[2:3])
    assert store.item_rowids(Path(PATHS[2]))[0] > last


def test_many_flushes_leave_few_files_and_no_orphans(opened, fill):
    store = opened()
    for path in PATHS:
        fill(store, [path])
        store.flush()
    counts = store.counts()
    assert counts.faiss_segments <= 6
    assert counts.pending == 0
    assert len(list((store.folder / "segments").iterdir())) == counts.faiss_segments
    assert store.verify() == []


# ------------------------------------------------------------------ writing


def test_putting_a_path_again_replaces_all_it_had(opened, fill):
    store = opened()
    fill(store, PATHS[:1], n=3, words="old")
    fill(store, PATHS[:1], n=1, words="new", seed=1)
    assert len(store.item_segments(Path(PATHS[0]))) == store.count == 1
    with store.snapshot() as view:
        assert view.document_frequency(['"old"', '"new"']) == [0, 1]


def test_an_exception_undoes_the_whole_transaction(opened, make):
    store = opened()
    with pytest.raises(ZeroDivisionError), store.transaction() as change:
        change.put(*make(PATHS[0]))
        _ = 1 / 0
    assert store.items() == []


def test_a_vector_that_is_not_finite_is_refused_by_name(opened, make):
    store = opened()
    item, segments, _, words = make(PATHS[0])
    bad = Features({"text": np.full(8, np.nan, np.float32)})
    with pytest.raises(IndexFolderError, match=r"0\.png.*not finite"), store.transaction() as t:
        t.put(item, segments, [bad], words)
    assert store.count == 0


def test_a_file_comes_back_as_it_was_put(opened, make):
    store = opened()
    item, segments, features, words = make("/a b/\udcffé\n'\".png", n=2, words="café \udcff")
    with store.transaction() as change:
        change.put(item, segments, features, ["a", "b"], phash="00ff")
    assert store.known(item.path) == item
    assert store.find_sha(item.sha256) == [item]
    assert store.find_item(segments[1].id) == store.find_item(segments[1].id[:12]) == item
    assert store.find_segment(segments[1].id) == store.item_segments(item.path)[1]
    assert store.item_segments(item.path)[0].text == segments[0].text
    assert store.phashes() == [(item.path, "00ff")]
    back = store.features([2, 1])
    np.testing.assert_allclose(back[0].vectors["text"], features[1].vectors["text"], atol=1e-3)
    assert back[1].hubness == pytest.approx({"visual": 0.1, "text": 0.2})
    assert words == ["café \udcff"] * 2


def test_extractions_are_kept_by_content_until_compaction(opened, make):
    store = opened()
    item, *rest = make(PATHS[0])
    with store.transaction() as change:
        change.put(item, *rest)
        change.put_extraction(item.sha256, "ocr-1", b"words")
    store.put_extraction("gone", "ocr-1", b"x")
    with store.transaction() as change:
        change.remove(item.path)
        change.put(*make(PATHS[0]))
    assert store.extraction(item.sha256, "ocr-1") == b"words"
    assert store.extraction(item.sha256, "ocr-2") is None
    store.compact()
    assert store.extraction("gone", "ocr-1") is None
    assert store.extraction(item.sha256, "ocr-1") == b"words"


def test_calibration_is_stale_until_measured_and_after_growth(opened, fill):
    store = opened()
    fill(store, PATHS[:10])
    assert store.calibration_stale()
    store.set_calibration({"text": Calibration(0.1, 0.05)})
    assert store.calibration() == {"text": Calibration(0.1, 0.05)}
    assert not store.calibration_stale()
    fill(store, PATHS[10:13])
    assert store.calibration_stale()
    sampled = store.sample("text", 4)
    assert list(sampled) == [1, 5, 9, 13]
    assert [one.hubness["text"] for one in sampled.values()] == pytest.approx([0.2] * 4)
    assert store.sample("acoustic") == {}


def test_a_reader_cannot_write(opened):
    opened()
    with pytest.raises(UsageError, match="opened for reading"):
        opened(writable=False).put_extraction("a", "b", b"")


# ------------------------------------------------------------------ who may write


def test_a_second_writer_is_told_who_the_first_is(opened):
    opened()
    with pytest.raises(IndexLockedError, match=f"process {os.getpid()} on"):
        opened()
    opened(writable=False)


def test_the_lock_of_a_dead_owner_is_taken_over(opened, tmp_path):
    opened().close()
    holder = "import sys; from pathlib import Path; from mmqa.index.lock import WriterLock\n"
    holder += "lock = WriterLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    owner = subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path / "index")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdout.readline() == b"held\n"
    with pytest.raises(IndexLockedError, match=f"process {owner.pid}"):
        opened()
    owner.kill()
    owner.communicate()
    opened()


# ------------------------------------------------------------------ damage

ADDER = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from conftest import FUSER, IDENTITY, made
from mmqa.index.store import IndexStore
store = IndexStore.create(Path(sys.argv[1]), IDENTITY, FUSER)
for n in range(int(sys.argv[3]), 10_000):
    with store.transaction() as change:
        change.put(*made(f"/a/{n}.png", n=2))
    print(n, flush=True)
    if n % 3 == 0:
        store.flush()
"""


def test_what_was_acknowledged_survives_a_kill(opened, tmp_path, fuser):
    acknowledged, folder = 0, Path(__file__).parent
    for delay in (0.02, 0.1, 0.3):
        writer = subprocess.Popen(
            [sys.executable, "-c", ADDER, tmp_path / "index", folder, str(acknowledged)],
            stdout=subprocess.PIPE,
        )
        first = writer.stdout.readline()
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        lines = (first + writer.communicate()[0]).split(b"\n")[:-1]
        acknowledged = int(lines[-1]) + 1
        with opened() as store:
            assert store.verify() == []
            assert len(store.items()) in {acknowledged, acknowledged + 1}
            for n in range(acknowledged):
                assert len(store.item_rowids(Path(f"/a/{n}.png"))) == 2
            asked = question(store)
            assert found(store, asked, 20) == brute_force(store, asked, 20, fuser)


@pytest.mark.parametrize("damage", ["lost", "flipped", "cut"])
@pytest.mark.parametrize("writable", [True, False])
def test_a_damaged_faiss_file_is_made_again_from_the_catalogue(
    opened, fill, fuser, damage, writable
):
    with opened() as store:
        fill(store, PATHS)
        store.flush()
        with store.transaction() as change:
            change.remove(Path(PATHS[0]))
        (path,) = (store.folder / "segments").iterdir()
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.unlink() if damage == "lost" else path.write_bytes(
        content[:1000] if damage == "cut" else content
    )
    store = opened(writable=writable)
    assert [p.kind for p in store.verify()] == ["segment-file"]
    asked = question(store)
    assert found(store, asked, 9) == brute_force(store, asked, 9, fuser)
    assert len(opened.notices) == 1
    assert "missing or damaged" in opened.notices[0]
    assert found(store, asked, 9) == brute_force(store, asked, 9, fuser)
    assert len(opened.notices) == 1
    assert bool(store.verify()) is not writable


def test_left_over_files_are_told_and_removed_by_the_next_writer(opened, fill):
    with opened() as store:
        fill(store, PATHS[:2])
        store.flush()
        (store.folder / "segments" / "000000000009.faiss.part").write_bytes(b"half")
        assert [p.kind for p in store.verify()] == ["orphan"]
    assert opened().verify() == []


@pytest.mark.parametrize(
    ("sql", "kind", "named"),
    [
        ("UPDATE vectors SET vectors = zeroblob(32) WHERE segment = 1", "row", "segment 1"),
        ("UPDATE vectors SET hubness = zeroblob(8) WHERE segment = 1", "row", "segment 1"),
        ("UPDATE vectors SET modalities = 'text,visual' WHERE segment = 1", "row", "segment 1"),
        ("DELETE FROM vectors WHERE segment = 1", "row", "has 1 segments and 0"),
        ("UPDATE segments SET text = '{}' WHERE number = 2", "row", "row 2 of segments"),
        ("UPDATE segments SET start_s = 1.5 WHERE number = 2", "row", "row 2 of segments"),
        ("UPDATE items SET flags = '[]' WHERE number = 2", "row", "row 2 of items"),
        ("UPDATE items SET path = x'00' WHERE number = 2", "row", "row 2 of items"),
        ("DELETE FROM words WHERE rowid = 2", "words", "segment 2"),
        ("UPDATE words SET body = 'other' WHERE rowid = 2", "words", "segment 2"),
        ("INSERT INTO words (rowid, body) VALUES (9, 'x')", "words", "segment 9"),
        ("UPDATE faiss_segments SET last = last - 1", "row", "of faiss_segments"),
        ("UPDATE calibration SET mu = 9", "row", "of calibration"),
        ("UPDATE meta SET value = '7' WHERE name = 'epoch'", "row", "'epoch' of meta"),
        ("UPDATE tombstones SET segment = 2", "row", "row 2 of tombstones"),
        ("UPDATE extractions SET payload = x'00'", "row", "of extractions"),
        ("UPDATE segments SET number = 77 WHERE number = 2", "row", "row 77 of segments"),
    ],
)
def test_what_was_changed_behind_our_back_is_named(opened, fill, sql, kind, named):
    store = opened()
    fill(store, PATHS[:3], words="ferry")
    store.set_calibration({"text": Calibration(0.1, 0.05)})
    store.put_extraction("abc", "ocr", b"payload")
    store.flush()
    with store.transaction() as change:
        change.remove(Path(PATHS[2]))
    assert store.verify() == []
    with store.transaction() as change:
        change.execute("PRAGMA defer_foreign_keys = ON")
        change.execute(sql)
        if "number = 77" in sql:
            change.execute("UPDATE vectors SET segment = 77 WHERE segment = 2")
    problems = store.verify()
    assert problems
    assert {p.kind for p in problems} <= {kind, "words", "segment-file"}
    assert any(named in str(problem) for problem in problems), problems


def test_rebuild_makes_every_file_again(opened, fill):
    store = opened()
    fill(store, PATHS)
    store.flush()
    (old,) = (store.folder / "segments").iterdir()
    store.rebuild()
    (new,) = (store.folder / "segments").iterdir()
    assert old != new
    assert store.verify() == []


def test_rebuild_repairs_an_index_of_words_that_was_changed_while_nobody_had_sealed_it(
    opened, fill
):
    store = opened()
    fill(store, PATHS, words="ferry harbour")
    with store.transaction() as change:
        change.execute("UPDATE words_data SET block = zeroblob(length(block)) WHERE id > 1000")
    assert {problem.kind for problem in store.verify()} == {"words"}
    store.rebuild()
    assert store.verify() == []
    with store.snapshot() as view:
        assert len(view.lexical('"ferry"', 99)) == len(PATHS)


# ------------------------------------------------------------------ identity


def test_no_index_is_a_clear_error(tmp_path, fuser):
    with pytest.raises(IndexMissingError, match="there is no index"):
        IndexStore.open(tmp_path, None, fuser)
    assert not IndexStore.exists(tmp_path)


def test_an_index_of_another_make_is_refused_naming_what_differs(opened, tmp_path, fuser):
    opened().close()
    folder = tmp_path / "index"
    other = IndexIdentity("large", {"text_encoder": "t2"}, "concat", fuser.width)
    with pytest.raises(IndexMismatchError, match=r"'embedded', not 'large'.*'t1', not 't2'"):
        IndexStore.open(folder, other, fuser, writable=True)
    opened()  # the refused one let go of the lock
    assert IndexStore.stored_identity(folder).preset == "embedded"


def test_a_newer_format_is_refused(opened, tmp_path, fuser):
    store = opened()
    with store.transaction() as change:
        change.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(IndexMismatchError, match=r"format 99.*Update mmqa"):
        IndexStore.open(tmp_path / "index", None, fuser)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b""])
def test_something_else_in_place_of_the_catalogue_is_told(tmp_path, fuser, content):
    (tmp_path / "catalogue.sqlite").write_bytes(content)
    with pytest.raises((IndexDamagedError, IndexMissingError)):
        IndexStore.open(tmp_path, None, fuser)


def test_a_database_of_another_program_is_left_alone(tmp_path, identity, fuser):
    import sqlite3

    with sqlite3.connect(tmp_path / "catalogue.sqlite") as other:
        other.execute("CREATE TABLE theirs (a)")
    with pytest.raises(IndexDamagedError, match="another program"):
        IndexStore.create(tmp_path, identity, fuser)


def test_a_folder_that_cannot_be_made_is_told(tmp_path, identity, fuser):
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexFolderError, match="cannot be made"):
        IndexStore.create(tmp_path / "file" / "index", identity, fuser)


def test_a_catalogue_that_cannot_be_opened_is_not_called_damaged(opened, tmp_path, fuser):
    opened().close()
    (tmp_path / "index" / "catalogue.sqlite-wal").mkdir()
    with pytest.raises(IndexFolderError, match="cannot be opened or read") as caught:
        IndexStore.open(tmp_path / "index", None, fuser)
    assert not isinstance(caught.value, IndexDamagedError)


def test_a_page_that_was_overwritten_is_told_by_verify_and_when_read(opened, fill, tmp_path, fuser):
    with opened() as store:
        fill(store, [f"/photos/{n}.png" for n in range(400)])
        store.compact()
        page = store.all("SELECT rootpage FROM sqlite_schema WHERE name = 'vectors'")[0][0] - 1
    path = tmp_path / "index" / "catalogue.sqlite"
    content = bytearray(path.read_bytes())
    content[8192 * page : 8192 * (page + 1)] = b"\xff" * 8192
    path.write_bytes(content)
    with IndexStore.open(tmp_path / "index", None, fuser) as store:
        assert {p.kind for p in store.verify()} == {"catalogue"}
        with pytest.raises(IndexDamagedError, match="mmqa rebuild"):
            list(store.iter_vectors())
