"""The committed samples are what their README promises."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pypdfium2
import pytest
from PIL import Image

from mmqa.evaluation.answers import load

pillow_heif.register_heif_opener()
CHINESE = range(0x4E00, 0xA000)


def is_chinese(text: str) -> bool:
    return any(ord(character) in CHINESE for character in text)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def test_all_samples_together_are_under_eight_megabytes(samples):
    sizes = [p.stat().st_size for p in samples.rglob("*") if "__pycache__" not in p.parts]
    assert sum(sizes) < 8_000_000


def test_there_are_at_least_24_pictures_10_recordings_and_4_notes(samples):
    assert len(files(samples / "pictures")) >= 24
    assert len(files(samples / "recordings")) >= 10
    assert len(files(samples / "notes")) >= 4


def test_every_format_that_was_promised_is_there(samples):
    found = {path.suffix for path in samples.rglob("*.*")}
    assert found >= {".jpg", ".png", ".webp", ".heic", ".avif"}
    assert found >= {".wav", ".flac", ".ogg", ".mp3", ".m4a", ".txt", ".md", ".pdf"}


def test_every_picture_decodes_to_the_format_of_its_ending(samples):
    formats = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".heic": "HEIF", ".avif": "AVIF"}
    for path in files(samples / "pictures"):
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == formats[path.suffix], path.name
            assert min(picture.size) >= 400, path.name


def test_one_picture_lies_on_its_side_and_one_is_cut_out(samples):
    with Image.open(samples / "pictures/IMG_2046.jpg") as picture:
        assert picture.getexif()[0x0112] == 6
        assert picture.width > picture.height
    with Image.open(samples / "pictures/IMG_2053.png") as picture:
        assert picture.mode == "RGBA"
        assert picture.getpixel((0, 0))[3] == 0


def test_one_picture_is_blurred_and_one_is_nearly_the_same_as_another(samples):
    def grey(name: str) -> np.ndarray:
        with Image.open(samples / "pictures" / name) as picture:
            return np.asarray(picture.convert("L"), np.float32)

    sharp, blurred = grey("IMG_2051.jpg"), grey("IMG_2063.jpg")
    assert np.abs(np.diff(blurred)).mean() < 0.5 * np.abs(np.diff(sharp)).mean()
    first, second = grey("IMG_2037.jpg"), grey("IMG_2038.jpg")
    assert 0 < np.abs(first - second).mean() < 40
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.5


def test_recordings_last_from_5_to_40_seconds(samples):
    for path in files(samples / "recordings"):
        with av.open(str(path)) as container:
            rate_hz = container.streams.audio[0].rate
            heard = sum(frame.samples for frame in container.decode(audio=0))
        assert 5 <= heard / rate_hz <= 40, path.name


def test_the_page_says_when_one_can_check_in(samples):
    document = pypdfium2.PdfDocument(str(samples / "notes/booking.pdf"))
    assert len(document) == 1
    assert "Check-in from 15:00" in document[0].get_textpage().get_text_range()


def test_one_note_is_chinese(samples):
    notes = [path for path in files(samples / "notes") if path.suffix in (".txt", ".md")]
    assert sum(is_chinese(path.read_text(encoding="utf-8")) for path in notes) == 1


def test_twenty_questions_have_answers_and_five_do_not(samples):
    cases = load(samples / "questions.toml")
    assert sum(case.answerable for case in cases) == 20
    assert sum(not case.answerable for case in cases) == 5
    assert sum(is_chinese(case.question) for case in cases) >= 2


@pytest.mark.parametrize("name", ["questions.toml", "development.toml"])
def test_questions_name_files_that_exist(samples, name):
    cases = load(samples / name)
    assert len({case.id for case in cases}) == len(cases)
    for case in cases:
        assert bool(case.files) == case.answerable, case.id
        assert all((samples / file).is_file() for file in case.files), case.id


def test_no_question_for_testing_is_also_one_for_development(samples):
    tests = {case.question for case in load(samples / "questions.toml")}
    development = {case.question for case in load(samples / "development.toml")}
    assert not tests & development


def test_notes_can_be_made_again_to_the_byte(samples):
    import notes

    for name, text in notes.NOTES.items():
        assert (samples / "notes" / name).read_text(encoding="utf-8") == text.strip() + "\n"
    assert (samples / "notes/booking.pdf").read_bytes() == notes.pdf(notes.BOOKING)


def test_a_scene_can_be_drawn_again(samples):
    import scenes

    stored = io.BytesIO()
    scenes.apple().save(stored, "PNG")
    with Image.open(samples / "pictures/IMG_2052.png") as committed:
        difference = np.abs(
            np.asarray(committed.convert("RGB"), np.int16)
            - np.asarray(Image.open(stored).convert("RGB"), np.int16)
        )
    assert difference.mean() < 3
