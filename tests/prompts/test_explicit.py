from __future__ import annotations

import pytest

from mmqa.prompts.explicit import explicit


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("How many boats are in the picture?", ("visual",)),
        ("Is the tower visible in one of my holiday photos?", ("visual",)),
        ("What did she order, according to the voice memo?", ("speech",)),
        ("In the recording, who laughs first?", ("speech",)),
        ("Check my notes: when is the rent due?", ("text",)),
        ("What does the pdf on bees say about honey?", ("text",)),
        ("Look in my photos and recordings for the goat", ("visual", "speech")),
        ("a photo of a goat", ("visual",)),
        ("which recording is about goats?", ("speech",)),
        ("which memo is about goats?", ("speech",)),
        ("Which of the recordings is about goats?", ("speech",)),
        ("照片里有几只狗？", ("visual",)),
        ("录音里她说了什么？", ("speech",)),
        ("我的笔记里房租是多少？", ("text",)),
        ("哪段录音提到了渡轮？", ("speech",)),
        ("关于房租的文件", ("text",)),
    ],
)
def test_a_place_that_is_named_is_where_to_look(question: str, named: tuple[str, ...]) -> None:
    assert explicit(question) == named


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("When does it leave? Not in the pictures.", ("text", "speech")),
        ("Not the recording but the document, please", ("text",)),
        ("The rent, from my notes rather than the recordings", ("text",)),
        ("Without the photos: what does lunch cost?", ("text", "speech")),
        ("不要照片，什么时候出发？", ("text", "speech")),
        ("我要笔记，不要录音", ("text",)),
    ],
)
def test_a_place_that_is_ruled_out_is_left_out(question: str, named: tuple[str, ...]) -> None:
    assert explicit(question) == named


def test_somebody_missing_in_a_picture_is_looked_for_in_the_picture() -> None:
    assert explicit("Who is not in the photo?") == ("visual",)
    assert explicit("谁不在照片里？") == ("visual",)


def test_words_in_a_picture_are_read_before_the_picture_is_looked_at() -> None:
    assert explicit("What is written in the photo?") == ("text", "visual")
    assert explicit("照片里写着什么？") == ("text", "visual")


@pytest.mark.parametrize(
    "question",
    [
        "When does the ferry leave?",
        "Who mentioned the ferry?",
        "What colour is the boat?",
        "Where is the picture frame?",
        "Note that we leave at nine",
        "How do I book the recording studio?",
        "Search the pictures, notes and recordings",
        "渡轮什么时候出发？",
        "",
    ],
)
def test_what_only_sounds_like_it_names_nothing(question: str) -> None:
    assert explicit(question) == ()
