"""Segments are cut into sentences that can be quoted."""

from __future__ import annotations

from pathlib import Path

from mmqa.evidence.sentences import GUESSES, all_sentences, blocks, sentences, split
from mmqa.records import PromptWord, Segment, SegmentText


def segment(name: str, text: SegmentText, kind: str = "image") -> Segment:
    return Segment(name, Path(f"/x/{name}"), "", kind, 0, text=text)  # type: ignore[arg-type]


def test_numbers_times_and_titles_do_not_end_a_sentence() -> None:
    text = "Dr. Lee paid 4.20 at 7.40 p.m. today. The rest is free."
    assert split(text) == ["Dr. Lee paid 4.20 at 7.40 p.m. today.", "The rest is free."]


def test_list_items_are_sentences() -> None:
    assert split("Bring:\n- rope\n- water") == ["Bring:", "- rope", "- water"]


def test_a_short_sign_stays_whole_and_a_long_page_overlaps() -> None:
    assert blocks("PIER 4\n\nNO PARKING") == ["PIER 4 / NO PARKING"]
    lines = [f"{n} " + "x" * 90 for n in range(6)]
    assert [b.split(" / ")[0][0] for b in blocks("\n".join(lines))] == ["0", "2", "4"]


def test_a_sentence_knows_its_heading_and_caption() -> None:
    text = SegmentText(heading="Baking", passage="Bake at 240 degrees.", name_words="bread")
    assert [(s.source, s.context) for s in sentences(segment("b.md", text, "text"))] == [
        ("passage", "Baking. bread"),
        ("name_words", "Baking. bread"),
    ]


def test_prompt_words_speak_for_pictures_only() -> None:
    text = SegmentText(transcript="Hello.", prompt_words=(PromptWord("dog", 1.0),))
    assert [s.source for s in sentences(segment("a", text))] == ["transcript", "prompt_words"]
    assert [s.source for s in sentences(segment("a", text, "audio"))] == ["transcript"]


def test_a_description_is_a_guess_apart_from_what_is_written() -> None:
    text = SegmentText(
        caption="Our dog.",
        description="A dog on a couch.",
        prompt_words=(PromptWord("dog", 1.0),),
    )
    found = [(s.source, s.text) for s in sentences(segment("a", text))]
    assert found == [
        ("caption", "Our dog."),
        ("description", "A dog on a couch."),
        ("prompt_words", "dog"),
    ]
    assert {"description", "prompt_words"} == GUESSES
    assert all("couch" not in s.context for s in sentences(segment("a", text)))


def test_repeated_words_are_kept_once() -> None:
    text = SegmentText(ocr="PIER 4")
    assert len(all_sentences([segment("a", text), segment("b", text)])) == 1
