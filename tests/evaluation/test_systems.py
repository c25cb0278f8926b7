"""Ways to search, on three files and vectors of length two: every score by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from mmqa.evaluation.collection import Collection
from mmqa.evaluation.questions_file import AskedFor
from mmqa.evaluation.systems import (
    ABSENT,
    Fused,
    Ground,
    Lexical,
    RankFusion,
    Single,
    rank,
    rank_withheld,
    without,
)
from mmqa.fusion.concat import ConcatFuser
from mmqa.questions import Encoded
from mmqa.records import Features, Segment, Weighing

EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
BETWEEN = np.array([0.6, 0.8], np.float32)
PICTURE, TALK, NOTE = Path("/m/picture.png"), Path("/m/talk.wav"), Path("/m/note.txt")


class Identity:
    """A mapping that changes nothing; its bank is two questions that nobody asked."""

    fingerprint = "identity"
    bank = np.stack([EAST, NORTH])
    picture_bank = bank
    picture_calibration: Mapping = {}

    def ask_words(self, vectors):
        return vectors

    def ask_pictures(self, vectors):
        return vectors


def _segment(path: Path, ordinal: int = 0) -> Segment:
    return Segment(f"{path.stem}.{ordinal}", path, path.stem, "text", ordinal)


SEGMENTS = (_segment(PICTURE), _segment(TALK, 0), _segment(TALK, 1), _segment(NOTE))
FEATURES = (
    Features({"visual": EAST, "text": NORTH}, {"visual": 0.5}, {"visual": 0.25}),
    Features({"speech": NORTH}),
    Features({"speech": EAST}),
    Features({"text": BETWEEN}),
)
ASKED = (
    (AskedFor("east", ("picture.png",), needs=("visual",)), frozenset({PICTURE})),
    (
        AskedFor("north", ("talk.wav", "note.txt"), needs=("text", "speech")),
        frozenset({TALK, NOTE}),
    ),
)
LEXICAL = np.array([[0, 0, 2, 0], [0, 0, 0, 4]], np.float32)


def _words(vector: np.ndarray) -> Encoded:
    return Encoded(
        {"visual": vector, "text": vector, "speech": vector}, np.zeros((0, 0), np.float32)
    )


def _ground(asked=ASKED, encoded=None) -> Ground:
    questions = encoded or {"": [_words(EAST), _words(NORTH)]}
    return Ground(
        Collection("tiny", SEGMENTS, FEATURES, asked),
        Identity(),
        questions.__getitem__,
        lambda: LEXICAL,
    )


def _names(ranking: list[str]) -> list[str]:
    return [Path(path).stem for path in ranking]


def test_a_single_modality_finds_only_files_that_have_it_by_their_best_segment() -> None:
    ground = _ground()
    assert [_names(r) for r in rank(Single("visual"), ground)] == [["picture"], ["picture"]]
    assert [_names(r) for r in rank(Single("speech"), ground)] == [["talk"], ["talk"]]
    east, north = rank(Single("text"), ground)
    assert _names(east) == ["note", "picture"]  # 0.6 and 0
    assert _names(north) == ["picture", "note"]  # 1 and 0.8


def test_hubness_is_taken_away_by_who_asks() -> None:
    picture = Encoded({}, EAST[None])
    ground = _ground(ASKED[:1], {"": [picture]})
    (scores,) = Single("visual").scores(ground, FEATURES)
    assert scores.tolist() == [[0.75, ABSENT, ABSENT, ABSENT]]
    (plain,) = Single("visual", hubs=False).scores(ground, FEATURES)
    assert plain[0, 0] == 1.0
    (by_words,) = Single("visual").scores(_ground(), FEATURES)
    assert by_words[0, 0] == 0.5


def test_words_to_the_letter_find_only_what_holds_them() -> None:
    assert [_names(r) for r in rank(Lexical(), _ground())] == [["talk"], ["note"]]


def test_rank_fusion_adds_reciprocal_ranks() -> None:
    ground = _ground()
    system = RankFusion(k=1, depth=2)
    joined = system.join(ground, [ground.by_file(s) for s in system.scores(ground, FEATURES)])
    # files by name: note, picture, talk; "north": text ranks picture, note; visual picture; speech
    # talk. 1/2 + 1/2 for the picture, 1/3 for the note, 1/2 for the talk
    assert ground.files == [p.as_posix() for p in (NOTE, PICTURE, TALK)]
    assert joined[1] == pytest.approx([1 / 3, 1.0, 1 / 2])


def test_rank_fusion_counts_so_many_places_of_each_list() -> None:
    found = rank(RankFusion(k=1, depth=1, sources=("text",)), _ground())
    assert [_names(r) for r in found] == [["note"], ["picture"]]


def test_rank_fusion_weighs_lists_as_the_router_says() -> None:
    said = Weighing({"visual": 0.0, "text": 0.0, "speech": 1.0}, "learned")
    found = rank(RankFusion(k=1, weights=lambda _: [said, said]), _ground())
    assert [_names(r) for r in found] == [["talk"], ["talk"]]


def test_a_fuser_is_asked_as_the_product_asks_it() -> None:
    ground = _ground()
    plain = Fused("plain", ConcatFuser(2), calibrated=False, hubs=False)
    (scores,) = plain.scores(ground, FEATURES)
    # even weights: 0.5 of each modality
    assert scores == pytest.approx(np.array([[0.5, 0, 0.5, 0.3], [0.5, 0.5, 0, 0.4]]))
    (hubbed,) = Fused("hubs", ConcatFuser(2), calibrated=False).scores(ground, FEATURES)
    assert hubbed[0, 0] == pytest.approx(0.25)


def test_calibration_is_that_of_the_whole_collection() -> None:
    ground = _ground()
    fuser = ConcatFuser(2)
    known = fuser.calibrate(Identity.bank, list(FEATURES))
    (scores,) = Fused("concat", fuser).scores(ground, FEATURES)
    speech = known["speech"]
    assert scores[0, 2] == pytest.approx(0.5 * (1 - speech.mu) / speech.sigma)
    assert scores[0, 1] == pytest.approx(0.5 * (0 - speech.mu) / speech.sigma)


def test_weights_and_words_shift_the_score() -> None:
    listens = Weighing({"visual": 0.0, "text": 0.0, "speech": 1.0}, "learned")
    system = Fused(
        "s", ConcatFuser(2), lambda _: [listens, listens], calibrated=False, lexical=0.25
    )
    (scores,) = system.scores(_ground(), FEATURES)
    strength = 0.5 * 1 / np.sqrt(1 / 3)  # of one modality alone
    assert scores[0] == pytest.approx([0, 0, 0.75 * strength + 0.25 * 2, 0], abs=1e-6)
    assert scores[1] == pytest.approx([0, 0.75 * strength, 0, 0.25 * 4], abs=1e-6)


def test_other_wordings_ask_other_vectors() -> None:
    encoded = {"": [_words(EAST), _words(NORTH)], "turned": [_words(NORTH), _words(EAST)]}
    ground = _ground(encoded=encoded)
    plain = Fused("f", ConcatFuser(2)).scores(ground, FEATURES)[0]
    turned = Fused("f", ConcatFuser(2), prompt="turned").scores(ground, FEATURES)[0]
    assert turned == pytest.approx(plain[::-1])


def test_a_question_of_which_nothing_is_understood_scores_nothing() -> None:
    unknown = Encoded({}, np.zeros((0, 0), np.float32))
    ground = _ground(ASKED[:1], {"": [unknown]})
    assert not Fused("f", ConcatFuser(2)).scores(ground, FEATURES)[0].any()


def test_the_files_that_answer_lose_a_modality_and_no_others_do() -> None:
    ground = _ground()
    found = rank_withheld(Single("speech"), ground, "speech")
    assert [_names(r) for r in found] == [["talk"], []]  # the talk answers the second question
    kept = rank_withheld(Single("speech"), ground, "visual")
    assert kept == rank(Single("speech"), ground)


def test_oracle_weights_are_those_of_what_a_question_needs() -> None:
    first, second = _ground().oracle()
    assert first.weights == {"visual": 1.0, "text": 0.0, "speech": 0.0}
    assert second.weights == {"visual": 0.0, "text": 0.5, "speech": 0.5}


def test_equal_scores_are_ordered_by_name_and_absent_files_are_left_out() -> None:
    ground = _ground()
    scores = np.array([[1, 1, ABSENT], [0, 2, 2]], np.float32)
    assert [_names(r) for r in ground.rankings(scores)] == [
        ["note", "picture"],
        ["picture", "talk", "note"],
    ]


def test_a_modality_taken_away_leaves_the_others() -> None:
    assert list(without(FEATURES[0], "visual").vectors) == ["text"]
    assert list(without(FEATURES[1], "visual").vectors) == ["speech"]
