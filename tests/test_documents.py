"""Documents of a program: kept, found by cosine, words or both, replaced, removed, durable."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmqa import writing
from mmqa.documents import Documents
from mmqa.errors import IndexLockedError, IndexMismatchError, UsageError
from mmqa.index.lock import WriterLock
from mmqa.records import Filter

WIDTH = 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def documents(folder: Path) -> Iterator[Documents]:
    with Documents.open(folder, width=WIDTH, encoder="by hand") as opened:
        yield opened


def toward(*values: float) -> np.ndarray:
    vector = np.zeros(WIDTH)
    vector[: len(values)] = values
    return vector


def filled(documents: Documents) -> None:
    documents.add(
        ["the ferry leaves at ten", "a red football", "the ferry is late"],
        [toward(1), toward(0, 1), toward(3, 4)],
        ["ferry", "ball", "late"],
        [{"year": 2024, "by": "Ann"}, {"year": 2025}, {"year": 2025, "by": "Ann"}],
    )


def ids(hits) -> list[str]:
    return [hit.document.id for hit in hits]


# --------------------------------------------------------------------------- finding


def test_the_score_is_the_cosine(documents):
    filled(documents)
    found = documents.search(toward(2), k=3)  # not of unit length: only its direction counts
    assert ids(found) == ["ferry", "late", "ball"]
    assert [hit.score for hit in found] == pytest.approx([1.0, 0.6, 0.0], abs=1e-3)
    assert [hit.contributions for hit in found] == [{"text": hit.score} for hit in found]


def test_cosines_agree_with_numpy_on_many_vectors(documents):
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((700, WIDTH))
    documents.add([""] * 700, vectors, [str(n) for n in range(700)])
    for question in rng.standard_normal((5, WIDTH)):
        cosines = vectors @ question / np.linalg.norm(vectors, axis=1) / np.linalg.norm(question)
        found = documents.search(question, k=10)
        assert [hit.score for hit in found] == pytest.approx(np.sort(cosines)[:-11:-1], abs=2e-3)
        assert found[0].document.id == str(cosines.argmax())


def test_a_list_of_numbers_is_a_vector_too(documents):
    filled(documents)
    assert ids(documents.search(toward(0, 1).tolist(), k=1)) == ["ball"]


def test_many_questions_at_once_give_what_each_gives(documents):
    filled(documents)
    questions = np.stack([toward(1), toward(0, 1)])
    assert [ids(hits) for hits in documents.search_batch(questions, k=2)] == [
        ids(documents.search(question, k=2)) for question in questions
    ]


def test_words_alone_are_found_by_letter(documents):
    filled(documents)
    assert ids(documents.search("When does the ferry leave?")) == ["ferry", "late"]
    assert documents.search("zeppelin") == []


def test_words_beside_a_vector_decide_between_equals(documents):
    same = toward(1, 1)
    documents.add(["gate B-17", "gate B-18"], [same, same], ["seventeen", "eighteen"])
    for number, name in (("B-17", "seventeen"), ("B-18", "eighteen")):
        best, other = documents.search(same, text=number)
        assert best.document.id == name
        assert best.contributions["lexical"] > other.contributions["lexical"]
        assert best.score == pytest.approx(sum(best.contributions.values()))


def test_beside_words_a_vector_counts_in_deviations_of_unrelated_documents(documents):
    rng = np.random.default_rng(0)
    around = toward(1) + 0.2 * rng.standard_normal((400, WIDTH))  # all alike, as some encoders are
    documents.add(["words"] * 400, around)
    cosines = around / np.linalg.norm(around, axis=1, keepdims=True)
    pairs = (cosines[::2] @ cosines[1::2].T).ravel()
    hit = documents.search(around[7], k=1, text="words", lexical_weight=0.5)[0]
    assert hit.contributions["text"] == pytest.approx(
        0.5 * (1.0 - pairs.mean()) / pairs.std(), rel=0.02
    )


def test_filters_hold_for_metadata_kind_and_time(documents):
    filled(documents)

    def found(**conditions) -> list[str]:
        return ids(documents.search(toward(1), where=Filter(**conditions)))

    assert found(metadata=(("year", 2025),)) == ["late", "ball"]
    assert found(metadata=(("year", 2025), ("by", "Ann"))) == ["late"]
    assert found(metadata=(("year", "2025"),)) == []
    documents.add(["list"], [toward(0, 0, 1)], ["list"], [{"year": [2025], "x": None}])
    assert found(metadata=(("year", "[2025]"),)) == []
    assert found(metadata=(("x", None),)) == ["list"]
    documents.remove(["list"])
    assert found(kinds=("text",)) == ["ferry", "late", "ball"]
    assert found(kinds=("image",)) == []
    assert found(until_s=0.0) == []
    assert len(found(since_s=0.0)) == 3


def test_equal_texts_under_different_ids_are_both_found(documents):
    documents.add(["same"] * 60, [toward(1)] * 60, [f"{n:02}" for n in range(60)])
    assert ids(documents.search(toward(1), k=60)) == [f"{n:02}" for n in range(60)]
    assert documents.verify() == ()


def test_an_empty_index_finds_nothing(documents):
    assert documents.search(toward(1)) == []
    assert documents.search("words") == []
    assert documents.get(["a"]) == []
    assert documents.remove(["a"]) == ()
    assert documents.count == 0


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        ([0.0] * WIDTH, "zero"),
        ([float("nan")] * WIDTH, "not finite"),
        ([1.0], "shape"),
        (np.ones((2, WIDTH)), "shape"),
    ],
)
def test_a_question_that_points_nowhere_is_refused(documents, question, fault):
    filled(documents)
    with pytest.raises(UsageError, match=f"vector that was asked .*{fault}"):
        documents.search(question)


def test_less_than_one_hit_cannot_be_asked_for(documents):
    with pytest.raises(UsageError, match="k is 0"):
        documents.search(toward(1), k=0)


# --------------------------------------------------------------------------- keeping


def test_documents_come_back_as_they_were_given(documents):
    text = " lines\n\nand\ttabs, 会议 \ud800 \0 "
    metadata = {"a": [1, 2.5, None, {"b": True}], "": "empty", "会": "\ud800"}
    documents.add([text, ""], [toward(1), toward(2)], ["x", "y"], [metadata, None])
    x, y = documents.get(["x", "y"])
    assert (x.text, x.metadata) == (text, metadata)
    assert (y.text, y.metadata) == ("", {})
    assert not x.of_a_file


def test_documents_are_given_in_the_order_asked_each_once(documents):
    filled(documents)
    assert [one.id for one in documents.get(["late", "none", "ferry", "late"])] == ["late", "ferry"]


@pytest.mark.parametrize("name", ["a/b", "a//b", "..", "\n", "\0", "会议", "%2F", " ", "x" * 5000])
def test_ids_may_be_any_string(documents, name):
    documents.add(["one", "two"], [toward(1), toward(0, 1)], [name, "other"])
    assert documents.get([name])[0].id == name
    assert documents.search(toward(1), k=1)[0].document.id == name
    assert documents.remove([name]) == (name,)
    assert documents.get([name]) == []


def test_the_same_id_again_replaces(documents):
    filled(documents)
    assert documents.add(["gone"], [toward(0, 0, 1)], ["ferry"]) == ["ferry"]
    assert documents.count == 3
    assert documents.get(["ferry"])[0].text == "gone"
    assert documents.get(["ferry"])[0].metadata == {}
    assert ids(documents.search(toward(0, 0, 1), k=1)) == ["ferry"]
    assert ids(documents.search("leaves")) == []
    assert documents.verify() == ()


def test_what_is_removed_is_told_and_gone_at_once(documents):
    filled(documents)
    assert documents.remove(["ball", "never", "ball"]) == ("ball",)
    assert ids(documents.search(toward(0, 1))) == ["late", "ferry"]
    assert documents.search("football") == []
    assert documents.remove_all() == ("ferry", "late")
    assert documents.count == 0


def test_a_refused_call_stores_nothing_at_all(documents):
    n = 4200  # the fault is in the last of three transactions
    vectors = np.ones((n, WIDTH))
    vectors[4100] = np.nan
    with pytest.raises(UsageError, match="'4100' holds a number that is not finite"):
        documents.add(["x"] * n, vectors, [str(i) for i in range(n)])
    assert documents.count == 0


def test_a_string_is_not_taken_for_its_letters(documents):
    filled(documents)
    for refuse in (documents.remove, documents.get):
        with pytest.raises(UsageError, match="one string"):
            refuse("ball")
    assert documents.count == 3


def test_progress_counts_what_is_durable(documents, folder):
    seen = []

    def tell(chunk):
        with Documents.open(folder, width=WIDTH, encoder="by hand") as other:
            seen.append((chunk.done, chunk.total, other.count))

    documents.add(["x"] * 4100, np.ones((4100, WIDTH)), progress=tell)
    assert seen == [(2000, 4100, 2000), (4000, 4100, 4000), (4100, 4100, 4100)]


# --------------------------------------------------------------------------- opening


def test_documents_outlive_the_one_who_added_them(folder):
    program = (
        "import os, sys, numpy as np\n"
        "from mmqa import Documents\n"
        "documents = Documents.open(sys.argv[1], width=2, encoder='e')\n"
        "documents.add(['kept'], np.eye(2)[:1], ['a'], [{'n': 1}])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], check=False)
    assert done.returncode == -9
    with Documents.open(folder, width=2, encoder="e") as documents:
        assert documents.search([1, 0])[0].document.text == "kept"
        assert documents.verify() == ()


def test_a_program_that_ends_without_closing_leaves_a_sealed_index(folder):
    program = (
        "import sys, numpy as np\n"
        "from mmqa import Documents\n"
        "documents = Documents.open(sys.argv[1], width=2, encoder='e')\n"
        "documents.add(['kept'], np.eye(2)[:1], ['a'])\n"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
    assert (folder / "catalogue.seal").exists()
    assert not (folder / "catalogue.sqlite-wal").exists()
    with Documents.open(folder, width=2, encoder="e") as documents:
        assert documents.verify() == ()


@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.1, 0.3, 0.6])
def test_what_was_told_as_kept_outlives_a_kill_at_any_moment(folder, after_s):
    program = (
        "import sys, numpy as np\n"
        "from mmqa import Documents, documents\n"
        "documents.AT_ONCE = 50\n"
        "opened = Documents.open(sys.argv[1], width=4, encoder='e')\n"
        "names = [str(n) for n in range(100_000)]\n"
        "opened.add(names, np.ones((100_000, 4)), names,"
        " progress=lambda chunk: print(chunk.done, flush=True))\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        told = int(running.stdout.readline())
        time.sleep(after_s)
        running.kill()
        told = max([told, *map(int, running.stdout.read().split())])
    with Documents.open(folder, width=4, encoder="e") as documents:
        assert told <= documents.count <= told + 50
        assert documents.get([str(told - 1)])[0].id == str(told - 1)
        assert documents.verify() == ()
        documents.add(["more"], np.ones((1, 4)), ["more"])
        assert documents.verify() == ()


def test_another_width_or_encoder_is_refused(documents, folder):
    with pytest.raises(IndexMismatchError, match="text_encoder 'by hand', not 'other'"):
        Documents.open(folder, width=WIDTH, encoder="other")
    with pytest.raises(IndexMismatchError, match="width"):
        Documents.open(folder, width=4, encoder="by hand")
    assert Documents.stored_width(folder) == WIDTH
    assert Documents.stored_width(folder / "nowhere") is None


@pytest.mark.parametrize("amiss", [{"width": 0}, {"encoder": ""}])
def test_vectors_have_a_width_and_a_maker(folder, amiss):
    with pytest.raises(UsageError):
        Documents.open(folder, **{"width": 2, "encoder": "e", **amiss})
    assert not folder.exists()


def test_two_that_are_open_see_each_others_changes(documents, folder):
    with Documents.open(folder, width=WIDTH, encoder="by hand") as other:
        filled(documents)
        assert ids(other.search(toward(1), k=1)) == ["ferry"]
        other.remove(["ferry"])
        assert ids(documents.search(toward(1), k=1)) == ["late"]


def test_threads_may_add_and_search_together(documents):
    def work(n: int) -> None:
        for turn in range(5):
            documents.add([f"note {n} {turn}"], [toward(1 + n, 1 + turn)], [f"{n}-{turn}"])
            assert documents.search(toward(1))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    failures: list[object] = []
    threading.excepthook, before = failures.append, threading.excepthook
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = before
    assert failures == []
    assert documents.count == 20
    assert documents.verify() == ()


def test_closing_does_not_wait_for_another_writer(documents, folder, monkeypatch):
    filled(documents)
    documents._writer.release()
    held = WriterLock(folder)
    monkeypatch.setattr(writing, "WAIT_S", 0.1)
    with pytest.raises(IndexLockedError):
        documents.remove(["ferry"])
    documents.close()  # what is not folded is folded by whoever is writing
    held.release()


def test_processes_that_add_at_the_same_time_take_turns(folder):
    program = (
        "import sys, numpy as np\n"
        "from mmqa import Documents\n"
        "with Documents.open(sys.argv[1], width=4, encoder='e') as documents:\n"
        "    for turn in range(5):\n"
        "        names = [f'{sys.argv[2]}-{turn}-{n}' for n in range(50)]\n"
        "        documents.add(names, np.ones((50, 4)), names)\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    running = [subprocess.Popen([*command, name]) for name in "abc"]
    assert [one.wait(120) for one in running] == [0, 0, 0]
    with Documents.open(folder, width=4, encoder="e") as documents:
        assert documents.count == 750
        assert documents.verify() == ()


def test_folding_into_files_changes_nothing_that_is_found(documents, folder):
    rng = np.random.default_rng(1)
    documents.add([""] * 300, rng.standard_normal((300, WIDTH)), [str(n) for n in range(300)])
    before = [ids(documents.search(q, k=20)) for q in np.eye(WIDTH)]
    documents.flush()
    assert list((folder / "segments").glob("*.faiss"))
    assert [ids(documents.search(q, k=20)) for q in np.eye(WIDTH)] == before
    documents.rebuild()
    assert [ids(documents.search(q, k=20)) for q in np.eye(WIDTH)] == before
    assert documents.verify() == ()


def test_after_compaction_nothing_of_a_removed_document_is_on_disk(documents, folder):
    filled(documents)
    documents.add(["xylophone"], [toward(0, 0, 5)], ["secret-id"], [{"who": "zanzibar"}])
    documents.flush()
    documents.remove(["secret-id"])
    documents.compact()
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for trace in (b"xylophone", b"secret-id", b"zanzibar"):
        assert trace not in content
    assert ids(documents.search(toward(1), k=1)) == ["ferry"]
