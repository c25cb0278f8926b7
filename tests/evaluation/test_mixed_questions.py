"""What is asked of a mixed collection, and that the right files answer it."""

from __future__ import annotations

from itertools import combinations

import pytest

from mmqa.evaluation import mixed
from mmqa.evaluation.mixed_plan import Planned, Sizes
from mmqa.evaluation.mixed_questions import answers, content, questions
from mmqa.evaluation.questions_file import AskedFor

WORDS = mixed.words()["train"]
BRITTANY, SOFIA = 0, 1
FILES = [
    Planned("p/owl1.png", "picture", "openmoji", thing="owl", event=BRITTANY, caption="Brittany"),
    Planned("p/owl2.png", "picture", "noto", thing="owl", event=SOFIA),
    Planned("p/kite.png", "picture", "openclipart", thing="kite", event=BRITTANY),
    Planned("p/bass.png", "picture", "openmoji", thing="bass guitar"),
    Planned("n/owl.txt", "note", "written", thing="owl", words="Owl: a bird."),
    Planned(
        "n/gate.txt", "note", "written", words="Code 4490", asks=("code?",), answers=(("4490",),)
    ),
    Planned("r/owl.wav", "recording", "memo", thing="owl", words="An owl!"),
    Planned("r/a.wav", "recording", "asterisk", event=0, words="Please enter your password now."),
    Planned("r/b.wav", "recording", "asterisk", event=1, words="Enter the password of the box."),
    Planned("r/c.wav", "recording", "asterisk", words="The conference has been extended today."),
]
SIZES = Sizes(pictures=9, definitions=9, memos=9, asked=50)
ASKED = questions(WORDS, FILES, SIZES, "s")


def _of(kind: str, *, of: str = "") -> list[AskedFor]:
    return [q for q in ASKED if q.kind == kind and of in q.question]


def test_a_thing_is_looked_for_in_all_its_pictures_and_only_there() -> None:
    assert {q.relevant for q in _of("look", of="owl")} == {("p/owl1.png", "p/owl2.png")}
    assert all(q.needs == ("visual",) for q in _of("look"))


def test_a_bare_name_is_asked_of_pictures_only_where_nothing_else_is_about_the_thing() -> None:
    assert "an owl" not in {q.question for q in _of("look")}
    suites = {q.question: q.relevant for q in _of("suite")}
    assert suites == {"kite": ("p/kite.png",), "bass guitar": ("p/bass.png",)}


def test_everything_about_a_thing_is_in_all_forms() -> None:
    found = _of("everything")
    assert {q.family for q in found} == {"everything: owl"}
    assert all(q.needs == ("visual", "text", "speech") for q in found)
    assert set(found[0].relevant) == {"p/owl1.png", "p/owl2.png", "n/owl.txt", "r/owl.wav"}


def test_definitions_and_memos_are_answered_by_one_form() -> None:
    assert {(q.relevant, q.needs) for q in _of("definition")} == {(("n/owl.txt",), ("text",))}
    assert {(q.relevant, q.needs) for q in _of("memo")} == {(("r/owl.wav",), ("speech",))}


def test_an_occasion_has_all_its_pictures_and_a_thing_on_it_one() -> None:
    first = WORDS["events"][BRITTANY]["ask"][0]
    assert {q.relevant for q in _of("event", of=first)} == {("p/owl1.png", "p/kite.png")}
    both = {q.relevant for q in _of("look event", of=first) if "owl" in q.question}
    assert both == {("p/owl1.png",)}
    assert all(q.needs == ("visual", "text") for q in _of("look event"))


def test_a_fact_keeps_its_answers() -> None:
    (asked,) = _of("fact")
    assert (asked.question, asked.relevant, asked.answer) == ("code?", ("n/gate.txt",), ("4490",))


def test_an_announcement_is_answered_by_all_that_say_the_words() -> None:
    found = {q.question: q.relevant for q in _of("prompt")}
    assert found["enter password"] == ("r/a.wav", "r/b.wav")
    assert found["enter password box"] == ("r/b.wav",)


def test_an_announcement_of_a_set_says_what_others_say_too() -> None:
    found = _of("prompt set")
    assert {q.relevant for q in found} == {("r/a.wav",), ("r/b.wav",)}
    assert all(q.needs == ("text", "speech") for q in found)
    assert all("box" not in q.question for q in found)  # only one recording says it


def test_every_question_is_answered_by_planned_files() -> None:
    places = {file.path for file in FILES}
    assert ASKED
    assert all(q.relevant and set(q.relevant) <= places for q in ASKED)
    assert len(set(ASKED)) == len(ASKED)


def test_the_same_plan_gives_the_same_questions() -> None:
    assert questions(WORDS, FILES, SIZES, "s") == ASKED


@pytest.mark.parametrize(
    ("asked", "thing", "right"),
    [
        ("apple", "red apple", True),
        ("red apple", "apple", False),
        ("ice", "ice skate", False),
        ("skates", "ice skate", True),
    ],
)
def test_what_is_about_a_kind_of_thing_answers_for_the_thing(
    asked: str, thing: str, right: bool
) -> None:
    assert answers(asked, thing) is right


def test_words_that_mean_nothing_are_no_content() -> None:
    assert content("You are now in the conference.") == ["conference"]


def test_sides_share_no_words() -> None:
    """Nothing that is written, said or asked on one side can be learned by heart on another."""
    sides = mixed.words()
    for one, other in combinations(sides.values(), 2):
        for name in ("facts", "said", "events", "sets"):
            known = {ask for entry in one[name] for ask in entry["ask"]}
            assert not known & {ask for entry in other[name] for ask in entry["ask"]}
        for name in ("look", "gloss", "memo", "speech", "look_event", "speech_set", "about"):
            shared = set(one[name]) & set(other[name])
            assert shared <= {"{a}", "{n}", "{w}"}  # the words alone, without a phrase
