"""The conversation, driven through Streamlit's own test harness on a stand-in library."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from mmqa.errors import GenerationError, UsageError
from mmqa.records import KeyFrame


def texts(page: AppTest) -> list[str]:
    return [element.value for element in page.text]


def said(page: AppTest) -> str:
    """Every word on the page that is plain text, Markdown, a caption or HTML."""
    shown = [*page.text, *page.markdown, *page.caption, *page.info, *page.warning]
    return "\n".join([*(element.value for element in shown), *html(page)])


def html(page: AppTest) -> list[str]:
    return [str(element.proto.body) for element in page.get("html")]


def ask(page: AppTest, question: str) -> AppTest:
    page.chat_input[0].set_value(question)
    return page.run()


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (30, 20), "red").save(out, "PNG")
    return out.getvalue()


def test_a_question_gets_an_answer_and_its_evidence(page: AppTest, library: Any) -> None:
    ask(page, "When does the ferry leave?")
    assert not page.exception
    assert "When does the ferry leave?" in texts(page)
    assert "The ferry leaves at nine." in texts(page)
    assert "announcement.wav" in texts(page)
    assert "“The ferry leaves at nine from pier four.”" in texts(page)
    assert "“PIER 4”" in texts(page)
    assert "Looks like: dock" in texts(page)
    assert library.asked[0]["question"] == "When does the ferry leave?"


def test_cited_cards_carry_their_number_and_where_they_start(page: AppTest) -> None:
    ask(page, "ferry?")
    headings = [element.value for element in page.markdown]
    assert any("\\[1\\]" in h and "from 0\\:02 to 0\\:03" in h for h in headings)
    assert any("\\[2\\]" in h and "Picture" in h for h in headings)
    assert [e.label for e in page.expander if "Also found" in e.label] == ["Also found (1)"]


def test_a_recording_starts_at_its_whole_second(page: AppTest) -> None:
    ask(page, "ferry?")
    players = page.get("audio")
    assert [player.proto.start_time for player in players] == [2]
    assert players[0].proto.alt == "announcement.wav, starting at 0:02"


def test_each_modality_shows_what_it_added(page: AppTest) -> None:
    ask(page, "ferry?")
    cards = [body for body in html(page) if "mmqa-why" in body]
    assert "how it looks +1.40, what is written +0.90, exact words \u22120.10" in cards[1]
    weighed = [c.value for c in page.caption if "weighed" in c.value]
    assert weighed == [
        "The question was weighed evenly\\: how it looks 30%, what is written 70%\\."
    ]


def test_history_outlives_a_rerun(page: AppTest, library: Any) -> None:
    ask(page, "first question")
    ask(page, "second question")
    page.run()
    shown = texts(page)
    assert shown.index("first question") < shown.index("second question")
    assert shown.count("The ferry leaves at nine.") == 2
    assert len(library.asked) == 2
    assert not page.exception


def test_the_conversation_can_be_cleared(page: AppTest) -> None:
    ask(page, "first question")
    next(b for b in page.button if b.label == "Clear this conversation").click().run()
    assert "first question" not in texts(page)


def test_an_error_is_a_sentence_with_its_remedy(page: AppTest, library: Any) -> None:
    library.raises = GenerationError("the question is too long for the model", "Shorten it.")
    ask(page, "why?")
    assert not page.exception
    assert page.error[0].value == ("**The question is too long for the model\\.**  \nShorten it\\.")


def test_an_unexpected_error_keeps_its_details_folded_away(page: AppTest, library: Any) -> None:
    library.raises = ZeroDivisionError("division by `zero`")
    ask(page, "why?")
    assert not page.exception
    assert "mmqa did not expect" in page.error[0].value
    assert any(expander.label == "Details" for expander in page.expander)
    assert "ZeroDivisionError" in page.code[0].value
    page.run()
    assert "mmqa did not expect" in page.error[0].value


def test_an_abstention_is_shown_plainly(page: AppTest, library: Any) -> None:
    library.abstains, library.text = True, "Nothing in this index answers that."
    ask(page, "Who won?")
    assert page.info[0].value == "Nothing in this index answers that\\."
    assert any("What came closest" in expander.label for expander in page.expander)


def test_an_attached_picture_reaches_the_library_as_bytes(page: AppTest, library: Any) -> None:
    page.chat_input[0].set_value("What colour?").upload("red.png", picture(), "image/png")
    page.run()
    assert library.asked[0]["images"] == [picture()]
    assert library.asked[0]["audio"] is None
    page.run()
    assert not page.exception


def test_a_picture_alone_is_a_question(page: AppTest, library: Any) -> None:
    page.chat_input[0].upload("red.png", picture(), "image/png")
    page.run()
    assert library.asked[0]["question"] == ""


def test_a_spoken_question_is_shown_as_text_and_asked(
    page: AppTest, library: Any, media: Path
) -> None:
    library.spoken = "When does the *ferry* leave?"
    sound = (media / "announcement.wav").read_bytes()
    page.chat_input[0].upload("recording.wav", sound, "audio/wav")
    page.run()
    assert (library.asked[0]["question"], library.asked[0]["audio"]) == ("", sound)
    assert texts(page)[0] == "“When does the *ferry* leave?”"
    assert "The ferry leaves at nine." in texts(page)
    page.run()
    assert texts(page).count("“When does the *ferry* leave?”") == 1
    assert len(library.asked) == 1


def test_a_recording_beside_a_typed_question_is_not_taken_for_the_question(
    page: AppTest, library: Any, media: Path
) -> None:
    sound = (media / "announcement.wav").read_bytes()
    page.chat_input[0].set_value("Who speaks?").upload("recording.wav", sound, "audio/wav")
    page.run()
    assert texts(page)[0] == "Who speaks?"
    assert "“Who speaks?”" not in texts(page)


def test_nobody_speaking_is_a_sentence(page: AppTest, library: Any, media: Path) -> None:
    library.raises = UsageError("no speech was heard in the recording", "Record it again.")
    page.chat_input[0].upload(
        "recording.wav", (media / "announcement.wav").read_bytes(), "audio/wav"
    )
    page.run()
    assert page.error[0].value == (
        "**No speech was heard in the recording\\.**  \nRecord it again\\."
    )


def test_where_the_words_are_from_is_said(page: AppTest, library: Any) -> None:
    from dataclasses import replace

    hit = library.hits[0]
    flags = ("estimated-times", "transcript-file")
    library.hits = (replace(hit, segment=replace(hit.segment, flags=flags)),)
    ask(page, "ferry?")
    captions = [caption.value for caption in page.caption]
    assert "The words are from the transcript beside the file." in captions
    assert "It has no times, so where they are said is estimated." in captions


@pytest.mark.parametrize(
    ("name", "start_time"), [("trip.mp4", 125), ("trip.webm", 125), ("trip.avi", None)]
)
def test_a_video_starts_at_its_whole_second_where_browsers_play_it(
    page: AppTest, library: Any, media: Path, name: str, start_time: int | None
) -> None:
    from dataclasses import replace

    (media / name).write_bytes(b"\x00" * 99)
    hit = library.hits[0]
    shot = replace(hit.segment, path=media / name, kind="video", start_s=125.9, end_s=131.0)
    library.hits = (replace(hit, segment=shot),)
    ask(page, "ferry?")
    assert not page.exception
    assert [player.proto.start_time for player in page.get("video")] == (
        [] if start_time is None else [start_time]
    )
    if start_time is None:
        assert "Browsers do not play such files. Open it and go to 2:05." in texts(page)
    else:
        assert page.get("video")[0].proto.alt == f"{name}, starting at 2:05"


def test_a_video_has_a_contact_sheet_with_what_was_found(
    page: AppTest, library: Any, media: Path
) -> None:
    from dataclasses import replace

    (media / "trip.mp4").write_bytes(b"\x00" * 99)
    hit = library.hits[0]
    shot = replace(hit.segment, path=media / "trip.mp4", kind="video", frame_s=62.0)
    library.hits = (replace(hit, segment=shot),)
    library.frames = tuple(KeyFrame(31.0 * n, media / "pier.jpg") for n in range(40))
    ask(page, "ferry?")
    assert not page.exception
    assert [e.label for e in page.expander if "Key frames" in e.label] == [
        "Key frames of trip\\.mp4 \\(24 of 40\\)"
    ]
    (sheet,) = page.image
    captions = [picture.caption for picture in sheet.proto.imgs]
    assert captions[0] == "0\\:00"
    assert "1\\:02 \\(found\\)" in captions
    assert captions[-1] == "20\\:09"
    assert sheet.proto.imgs[0].alt == "trip.mp4 at 0:00"


def test_an_empty_attachment_is_left_out_with_a_sentence(page: AppTest, library: Any) -> None:
    page.chat_input[0].set_value("What is it?").upload("empty.png", b"", "image/png")
    page.run()
    assert "it is empty" in page.error[0].value
    assert library.asked[0]["images"] == []


def test_an_example_can_be_asked_by_pressing_it(page: AppTest, library: Any) -> None:
    example = next(b for b in page.button if b.key == "example-audio")
    example.click().run()
    assert library.asked[0]["question"] == "What is said in the recordings?"
    assert "The ferry leaves at nine." in texts(page)


def test_an_empty_index_says_how_to_fill_it(page: AppTest, library: Any) -> None:
    library.by_kind = {}
    page.run()
    assert "This index is empty" in page.info[0].value


def test_names_that_look_like_markdown_stay_letters(
    page: AppTest, library: Any, media: Path
) -> None:
    from dataclasses import replace

    hostile = media / "`x` $y$ :red[z] <img src=q onerror=1> [a](b).jpg"
    (media / "pier.jpg").rename(hostile)
    hit = library.hits[1]
    library.hits = (replace(hit, segment=replace(hit.segment, path=hostile)),)
    ask(page, "what?")
    assert hostile.name in texts(page)
    assert not any("onerror" in body for body in html(page))
    assert not any("onerror" in element.value for element in page.markdown)


def test_a_file_that_moved_is_a_card_with_a_sentence(page: AppTest, media: Path) -> None:
    (media / "announcement.wav").unlink()
    (media / "pier.jpg").unlink()
    ask(page, "ferry?")
    assert not page.exception
    assert sum("no longer in its folder" in w.value for w in page.warning) == 3


def test_a_picture_that_is_damaged_is_a_card_with_a_sentence(page: AppTest, media: Path) -> None:
    (media / "pier.jpg").write_bytes(b"no picture")
    ask(page, "ferry?")
    assert not page.exception
    assert "cannot be shown" in said(page)


def test_nothing_of_a_chat_is_marked_as_html_that_is_let_through(page: AppTest) -> None:
    ask(page, "ferry?")
    assert not any(element.allow_html for element in page.markdown)


def test_a_chinese_question_is_shown_as_it_was_typed(page: AppTest, library: Any) -> None:
    library.text = "渡船九点开。"
    ask(page, "渡船什么时候开？")
    assert "渡船什么时候开？" in texts(page)
    assert "渡船九点开。" in texts(page)


def test_a_document_of_a_program_is_a_card_that_misses_no_file(page: AppTest, library: Any) -> None:
    from dataclasses import replace

    hit = library.hits[1]
    segment = replace(hit.segment, path=Path("document:note-7"), kind="text")
    library.hits = (replace(hit, segment=segment),)
    ask(page, "what?")
    assert not page.exception
    assert "document:note-7" in texts(page)
    assert not page.warning
