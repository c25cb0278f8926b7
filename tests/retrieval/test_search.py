import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mmqa.fusion.concat import ConcatFuser
from mmqa.records import Calibration, Features, Filter
from mmqa.retrieval.search import Asked, QuestionPart, search, search_many
from mmqa.retrieval.wording import EMPTY_NATS

FUSER = ConcatFuser(3)
CALIBRATION = {"visual": Calibration(0.0, 0.25), "text": Calibration(0.0, 0.25)}


def part(*direction, modalities=("visual", "text"), weights=None):
    vector = np.array(direction, np.float32)
    vector /= np.linalg.norm(vector)
    even = {m: 1 / len(modalities) for m in modalities}
    return QuestionPart(Features(dict.fromkeys(modalities, vector)), weights or even, CALIBRATION)


def ask(store, parts, text="", **options):
    with store.snapshot() as view:
        return search(view, FUSER, parts, text, **{"k": 5, **options})


def information(n, df):
    return math.log((n - 1 + 100) / (max(df - 1, 0) + 0.1))


def test_a_question_without_words_scores_by_vectors_alone(store, add):
    near = add("near.png", visual=(1, 0, 0), text=(0.6, 0.8, 0))
    far = add("far.png", visual=(0, 1, 0))
    found = ask(store, [part(1, 0, 0)])
    assert [one.rowid for one in found] == [near, far]
    # half of (1 / 0.25) and half of (0.6 / 0.25)
    expected = {"visual": 2.0, "text": 1.2, "speech": 0.0}
    assert found[0].contributions == pytest.approx(expected, abs=1e-3)
    assert found[0].score == pytest.approx(3.2, abs=1e-3)
    assert found[1].contributions["text"] == 0.0


def test_words_are_weighed_by_how_rare_they_are(store, add):
    one = add("a.txt", "ferry B-17", text=(0, 1, 0), kind="text")
    add("b.txt", "ferry", text=(0, 1, 0), kind="text")
    add("c.txt", "harbour", text=(0, 1, 0), kind="text")
    found = ask(store, [part(1, 0, 0)], "the ferry B-17", lexical_weight=0.5)
    held = information(3, 2) + information(3, 1)
    brevity = 0.8 + 0.2 * 2 / 4  # two terms among "ferry b-17 b 17"
    expected = 0.5 * math.sqrt(2 * held) * held / (held + EMPTY_NATS) * brevity
    assert found[0].rowid == one
    assert found[0].contributions["lexical"] == pytest.approx(expected, rel=1e-4)
    assert found[0].score == pytest.approx(sum(found[0].contributions.values()))
    assert found[-1].contributions["lexical"] == 0.0


def test_of_two_that_hold_all_words_the_one_that_says_little_else_comes_first(store, add):
    add("long.txt", "ferry harbour and many other things besides", kind="text")
    short = add("short.txt", "ferry harbour", kind="text")
    assert ask(store, [], "ferry harbour")[0].rowid == short


def test_vectors_count_less_when_words_speak_too(store, add):
    add("a.png", "sunset", visual=(1, 0, 0))
    alone = ask(store, [part(1, 0, 0)])[0]
    with_words = ask(store, [part(1, 0, 0)], "sunset", lexical_weight=0.4)[0]
    shut_off = ask(store, [part(1, 0, 0)], "sunset", lexical_weight=0.0)[0]
    assert with_words.contributions["visual"] == pytest.approx(0.6 * alone.contributions["visual"])
    assert shut_off.contributions == alone.contributions


def test_a_number_outweighs_vectors_that_point_elsewhere(store, add):
    for n in range(80):
        add(f"{n}.txt", f"invoice INV-2024-{n:03d}", text=(1, n / 80, 0), kind="text")
    wanted = add("wanted.txt", "invoice INV-2024-901", text=(0, 0, 1), kind="text")
    assert ask(store, [part(1, 0, 0)], "invoice INV-2024-901")[0].rowid == wanted


def test_words_alone_are_enough(store, add):
    wanted = add("a.txt", "渡轮十点半出发", kind="text")
    add("b.txt", "火车", kind="text")
    found = ask(store, [], "渡轮几点出发")
    assert [one.rowid for one in found] == [wanted]
    assert ask(store, [], "") == []


def test_the_same_content_is_shown_once_at_its_best(store, add):
    add("IMG_1.png", "", visual=(1, 0, 0), sha256="same")
    named = add("sunset.png", "sunset", visual=(1, 0, 0), sha256="same")
    other = add("other.png", "", visual=(0.9, 0.1, 0))
    assert [one.rowid for one in ask(store, [part(1, 0, 0)], "sunset")] == [named, other]


def test_equal_scores_come_in_the_order_they_were_added(store, add):
    rows = [add(f"{n}.png", visual=(1, 0, 0)) for n in range(6)]
    for _ in range(3):
        assert [one.rowid for one in ask(store, [part(1, 0, 0)], k=6)] == rows


def test_several_parts_are_averaged(store, add):
    add("a.png", visual=(1, 0, 0))
    both = ask(store, [part(1, 0, 0), part(0, 1, 0)])[0]
    assert both.score == pytest.approx(ask(store, [part(1, 0, 0)])[0].score / 2, abs=1e-3)


def test_kinds_filter_both_vectors_and_words(store, add):
    add("a.png", "ferry", visual=(1, 0, 0))
    sound = add("a.wav", "ferry", text=(0, 1, 0), kind="audio")
    found = ask(store, [part(1, 0, 0)], "ferry", where=Filter(kinds=("audio",)))
    assert [one.rowid for one in found] == [sound]


def test_the_k_best_are_those_of_scoring_everything(store, add):
    fill(store, add)
    question = [part(0.3, 0.5, 0.8)]
    best = ask(store, question, "ferry at 4.2", k=5)
    everything = ask(store, question, "ferry at 4.2", k=200)
    assert [one.rowid for one in best] == [one.rowid for one in everything[:5]]
    assert len(everything) == 200


@pytest.mark.parametrize(
    "text", ['"', "a" * 100_000, "wort " * 20_000, "NEAR(a b)", "\udcff", "\0"]
)
def test_no_question_breaks_a_search(store, add, text):
    add("a.png", "NEAR a b", visual=(1, 0, 0))
    assert len(ask(store, [part(1, 0, 0)], text)) == 1


def test_of_two_wordings_the_one_that_says_more_counts(store, add):
    add("a.txt", "bicycle", text=(0, 1, 0), kind="text")
    add("b.txt", "自行车", text=(0, 1, 0), kind="text")
    add("c.txt", "ship", text=(0, 1, 0), kind="text")
    chinese, english = ask(store, [], "自行车"), ask(store, [], "bicycle")
    both = ask(store, [], "自行车", also="bicycle")
    assert {one.rowid: one.score for one in both} == {
        one.rowid: one.score for one in [*chinese, *english]
    }


def test_words_alone_are_the_whole_score(store, add):
    add("a.txt", "ferry", kind="text")
    add("b.txt", "harbour", kind="text")
    held = information(2, 1)
    (found,) = ask(store, [], "ferry", lexical_weight=0.4)
    assert found.score == pytest.approx(math.sqrt(2 * held), rel=1e-4)
    assert ask(store, [], "ferry", lexical_weight=0.0) == []


def test_without_vectors_bm25_chooses_among_many_rows_with_the_same_words(store, add):
    for n in range(100):
        add(f"{n}.txt", f"ferry and something else number {n}", kind="text")
    short = add("short.txt", "ferry", kind="text")
    assert ask(store, [], "ferry")[0].rowid == short


def test_of_many_rows_with_the_same_words_the_nearest_is_found(store, add):
    for n in range(100):
        add(f"near{n}.png", visual=(1, n / 1000, 0))  # nearer than any that holds the word
    for n in range(100):
        add(f"{n}.txt", "ferry", text=(0.1, 1, n / 100), kind="text")
    wanted = add("wanted.txt", "ferry", text=(0.8, 0.6, 0), kind="text")
    found = ask(store, [part(1, 0, 0)], "ferry", lexical_weight=0.9)
    assert found[0].rowid == wanted


def fill(store, add, n=200, seed=5):
    rng = np.random.default_rng(seed)
    words = ["ferry", "harbour", "sunset", "B-17", "4.2", "train", "cat", "bill"]
    for i in range(n):
        said = " ".join(rng.choice(words, 2))
        add(f"{i}.png", said, visual=rng.standard_normal(3), text=rng.standard_normal(3))


def test_several_questions_find_what_each_finds_by_itself(store, add):
    fill(store, add)
    questions = [
        Asked([part(0.3, 0.5, 0.8)], "ferry at 4.2"),
        Asked([], "the cat"),
        Asked([part(1, 0, 0), part(0, 1, 0)], ""),
        Asked([], "?"),
        Asked([part(0, 1, 1)], "渡轮", "train"),
    ]
    with store.snapshot() as view:
        together = search_many(view, FUSER, questions, k=5)
    for one, found in zip(questions, together, strict=True):
        alone = ask(store, one.parts, one.text, also=one.also)
        assert [f.rowid for f in found] == [f.rowid for f in alone]
        assert [f.score for f in found] == pytest.approx([f.score for f in alone], abs=1e-5)
        assert [f.segment for f in found] == [f.segment for f in alone]


def test_no_questions_find_nothing(store, add):
    add("a.png", "ferry", visual=(1, 0, 0))
    with store.snapshot() as view:
        assert search_many(view, FUSER, [], k=5) == []


def test_vectors_that_are_searched_aside_find_the_same(store, add):
    fill(store, add)
    with ThreadPoolExecutor(2) as aside, store.snapshot() as view:
        found = search(view, FUSER, [part(0.3, 0.5, 0.8)], "ferry at 4.2", k=5, aside=aside)
    assert [(one.rowid, one.score) for one in found] == [
        (one.rowid, one.score) for one in ask(store, [part(0.3, 0.5, 0.8)], "ferry at 4.2")
    ]


def test_a_failure_aside_is_raised_here(store, add, monkeypatch):
    add("a.png", "ferry", visual=(1, 0, 0))

    def fail(*_):
        raise ValueError("no vectors today")

    monkeypatch.setattr("mmqa.index.snapshot.Snapshot.search", fail)
    with (
        ThreadPoolExecutor(2) as aside,
        store.snapshot() as view,
        pytest.raises(ValueError, match="no vectors today"),
    ):
        search(view, FUSER, [part(1, 0, 0)], "ferry", k=5, aside=aside)


def test_a_filter_that_lets_nothing_through_finds_nothing(store, add):
    fill(store, add, 60)
    nowhere = Filter(folders=(Path("/nowhere"),))
    for parts, text in (([part(1, 0, 0)], "ferry"), ([], "ferry"), ([part(1, 0, 0)], "")):
        assert ask(store, parts, text, where=nowhere) == []
    with store.snapshot() as view:
        assert search_many(view, FUSER, [Asked([], "ferry")], k=5, where=nowhere) == [[]]


def test_a_filter_finds_the_best_of_what_it_lets_through(store, add):
    fill(store, add)
    where = Filter(folders=tuple(Path(f"/media/{n}.png") for n in range(0, 200, 7)))
    question = [part(0.3, 0.5, 0.8)]
    every = ask(store, question, "ferry at 4.2", k=200)
    inside = [one.rowid for one in every if one.segment.path in where.folders]
    found = ask(store, question, "ferry at 4.2", where=where)
    assert [one.rowid for one in found] == inside[:5]
