import json
import random
from pathlib import Path

import pytest

from mmqa.records import Segment, SegmentText
from mmqa.training.fusion_questions import askable, phrased, piece, weak

SPEECH = "the ferry leaves at nine from pier four and the return trip takes forty minutes"


def segment(name: str, text: SegmentText, sha256: str = "") -> Segment:
    return Segment(f"{name}.0", Path(f"/media/{name}"), sha256 or name, "image", 0, text=text)


def test_captions_names_and_headings_ask_as_text_and_transcripts_as_speech():
    text = SegmentText(caption="Our ferry", name_words="holiday", heading="Trip", transcript=SPEECH)
    found = list(askable(text, random.Random(0)))
    assert found[:3] == [("Our ferry", "text"), ("holiday", "text"), ("Trip", "text")]
    assert [source for _, source in found[3:]] == ["speech"] * 3


def test_a_piece_is_words_side_by_side_and_shorter_than_a_long_text():
    for seed in range(20):
        found = piece(SPEECH, random.Random(seed))
        assert found in SPEECH
        assert 4 <= len(found.split()) <= 12 < len(SPEECH.split())


def test_a_passage_is_asked_for_by_single_sentences():
    passage = (
        "The mill closed in 1921. It burned down later. A museum stands there now. It is free."
    )
    found = [text for text, _ in askable(SegmentText(passage=passage), random.Random(1))]
    assert len(found) == 3
    assert all(text in passage and text != passage for text in found)


def test_questions_are_seldom_the_text_again():
    made = [phrased("a red ferry on the river", "text", random.Random(seed)) for seed in range(200)]
    again = made.count("a red ferry on the river")
    assert 0 < again < 60
    assert sum("ferry" in one for one in made) > 100


def test_chinese_words_get_chinese_frames():
    made = {phrased("红色 渡轮", "text", random.Random(seed)) for seed in range(50)}
    framed = [one for one in made if "渡轮" in one and one != "红色 渡轮"]
    assert framed
    assert not any(
        character.isascii() and character.isalpha() for one in framed for character in one
    )


def test_words_that_several_files_carry_ask_for_all_of_them_once():
    both = [segment(name, SegmentText(caption="Our ferry")) for name in ("a.jpg", "b.jpg")]
    (one,) = weak(both, random.Random(0))
    assert (one.segments, one.source) == ((0, 1), "text")


def test_the_same_seed_gives_the_same_questions():
    found = [segment("a.wav", SegmentText(transcript=SPEECH))]
    first, again = (list(weak(found, random.Random(5))) for _ in range(2))
    assert first == again


def test_what_people_asked_is_taken_as_it_is_and_bad_lines_are_told(tmp_path):
    from mmqa.training.fusion_questions import _asked

    file = tmp_path / "asked.jsonl"
    rows = [
        {"question": "the boat we took", "relevant": ["a.jpg"]},
        {"question": "who knows", "relevant": ["nowhere.jpg"]},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows) + "no json\n")
    held = [segment(name, SegmentText()) for name in ("b.jpg", "a.jpg")]
    asked, refused = _asked([file], held)
    assert [(one.text, one.segments, one.source) for one in asked] == [
        ("the boat we took", (1,), None)
    ]
    assert len(refused) == 2
    assert any("nowhere.jpg" in line for line in refused)


def test_an_index_that_is_not_there_is_an_error(tmp_path):
    from mmqa.errors import IndexFolderError
    from mmqa.training.fusion_questions import from_index

    with pytest.raises(IndexFolderError):
        from_index(tmp_path / "none")
