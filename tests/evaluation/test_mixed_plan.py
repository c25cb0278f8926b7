"""What a mixed collection holds: the same thing on several occasions, words beside some."""

from __future__ import annotations

from collections import Counter, defaultdict

from mmqa.evaluation import mixed
from mmqa.evaluation.mixed_plan import Pictured, Planned, Sizes, Spoken, plan

WORDS = mixed.words()["train"]
NAMES = ["owl", "red apple", "green apple", "heron", "sunglasses", "drum", "kite", "lamp"]
PICTURED = [Pictured(n, s, f"{n}-{s}") for n in NAMES for s in ("stamps", "openmoji", "noto")]
SPOKEN = [Spoken(f"say-{n}", f"Please enter number {n} now.") for n in range(40)]
DEFINITIONS = {"owl": "a bird of the night", "drum": "one beats it", "kite": "it flies"}
SIZES = Sizes(pictures=24, definitions=2, memos=4, asked=10)


def _plan(seed: str = "s") -> list[Planned]:
    return plan(WORDS, PICTURED, SPOKEN, DEFINITIONS, SIZES, seed=seed)


def test_the_same_words_and_sources_give_the_same_plan() -> None:
    assert _plan() == _plan()
    assert _plan() != _plan("another")


def test_no_two_files_have_one_place() -> None:
    places = [file.path for file in _plan()]
    assert len(set(places)) == len(places)


def test_pictures_of_one_thing_fall_on_different_occasions() -> None:
    events = defaultdict(list)
    for file in _plan():
        if file.medium == "picture" and file.event >= 0:
            events["apple" if "apple" in file.thing else file.thing].append(file.event)
    assert sum(len(found) for found in events.values()) > 10
    assert all(len(set(found)) == len(found) for found in events.values())


def test_a_caption_or_a_file_name_tells_the_occasion_and_never_the_thing() -> None:
    told = [f for f in _plan() if f.medium == "picture" and f.event >= 0]
    for file in told:
        event = WORDS["events"][file.event]
        assert file.caption in event["caption"] or event["file"] in file.path
        assert file.thing not in f"{file.caption} {file.path}".replace("_", " ")
    assert any(f.caption for f in told)
    assert any(not f.caption for f in told)


def test_notes_define_things_that_are_pictured_and_hold_all_facts() -> None:
    notes = [f for f in _plan() if f.medium == "note"]
    defined = {f.thing for f in notes if f.thing}
    assert len(defined) == 2
    assert defined <= DEFINITIONS.keys()
    (one,) = [f for f in notes if f.thing == sorted(defined)[0]]
    assert one.words == f"{one.thing.capitalize()}: {DEFINITIONS[one.thing]}."
    assert [f.words for f in notes if f.asks] == [fact["note"] for fact in WORDS["facts"]]


def test_half_of_the_memos_speak_of_what_a_note_defines() -> None:
    plan_ = _plan()
    defined = {f.thing for f in plan_ if f.medium == "note" and f.thing}
    memos = [f for f in plan_ if f.source == "memo" and f.thing]
    assert len(memos) == 4
    assert sum(f.thing in defined for f in memos) == 2
    assert all(f.thing in f.words for f in memos)


def test_recordings_keep_their_words_and_sets_are_about_equally_large() -> None:
    real = [f for f in _plan() if f.source == "asterisk"]
    assert {f.words for f in real} == {s.text for s in SPOKEN}
    sizes = Counter(f.event for f in real if f.event >= 0)
    assert max(sizes.values()) - min(sizes.values()) <= 1
    assert all(f.caption == WORDS["sets"][f.event]["caption"] for f in real if f.event >= 0)
    assert all(not f.caption for f in real if f.event < 0)
