"""Files and words → sentiments, over real small files and the real embedded models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mmqa.applications.sentiment import cues
from mmqa.cli import main
from mmqa.errors import ConfigError, ModelMissingError, UsageError
from mmqa.features.prosody import prosody, stretch
from mmqa.feeling import Feeling, _heard, fitted_to, open_head
from mmqa.fusion import head as heads
from mmqa.fusion.head import HeadWeights
from mmqa.library import Library
from mmqa.records import (
    Features,
    LongRecording,
    Media,
    MediaItem,
    Prompt,
    Recording,
    Segment,
    SegmentText,
)

SAMPLES = Path(__file__).parents[1] / "indexes" / "samples"


def tones() -> Recording:
    at = np.arange(16_000) / 16_000
    waves = [0.4 * np.sin(2 * np.pi * hertz * at) for hertz in (120, 180, 240, 300)]
    return Recording(np.concatenate(waves).astype(np.float32))


class Shelf:
    """Two segments of a made-up video."""

    def __init__(self, path: Path) -> None:
        said = SegmentText(transcript="What a wonderful, lovely day!", ocr="TERRIBLE DISASTER")
        self.path = path
        self._segments = [
            Segment("v.0", path, "", "video", 0, 0.0, 2.0, text=said, frame_s=1.0),
            Segment("v.1", path, "", "video", 1, 2.0, 4.0, text=SegmentText()),
        ]

    def item_rowids(self, path: Path) -> list[int]:
        return [0, 1]

    def segments(self, numbers: Sequence[int]) -> list[Segment]:
        return [self._segments[n] for n in numbers]

    def features(self, numbers: Sequence[int]) -> list[Features]:
        return [Features({}) for _ in numbers]


class Reader:
    def __init__(self, item: MediaItem, *parts: object) -> None:
        self._media = Media(item, parts)  # type: ignore[arg-type]

    def read(self, path: Path) -> Media:
        return self._media


def video(tmp_path: Path) -> MediaItem:
    return MediaItem(tmp_path / "walk.mp4", "", "video", 1, 1)


def no_encoder() -> None:
    raise AssertionError("nothing needs encoding")


def test_a_segment_of_a_video_is_read_heard_and_said(tmp_path: Path) -> None:
    item = video(tmp_path)
    feeling = Feeling(Reader(item, tones()), no_encoder)  # type: ignore[arg-type]
    first, second = feeling.of_items(Shelf(item.path), [item])
    assert set(first.modalities) == {"text", "speech", "acoustic"}
    assert first.contradiction == ("speech", "text")
    assert (first.start_s, first.end_s, first.id) == (0.0, 2.0, "v.0")
    assert set(second.modalities) == {"acoustic"}


def test_a_file_that_is_gone_is_told_and_its_words_are_judged_all_the_same(tmp_path: Path) -> None:
    class Gone:
        def read(self, path: Path) -> Media:
            raise FileNotFoundError(2, "No such file")

    item = video(tmp_path)
    found = Feeling(Gone(), no_encoder).of_items(Shelf(item.path), [item])  # type: ignore[arg-type]
    assert "walk.mp4" in found.notes[0]
    assert set(found[0].modalities) == {"text", "speech"}
    assert found[1].by == "nothing"


def test_words_beside_a_file_are_read_with_it(tmp_path: Path) -> None:
    item = video(tmp_path)
    feeling = Feeling(Reader(item), no_encoder)  # type: ignore[arg-type]
    found = feeling.of_items(Shelf(item.path), [item], "I love it")
    assert "love" in found[1].opinions[0].why


def test_a_language_model_is_asked_with_the_template_and_may_say_nothing(tmp_path: Path) -> None:
    asked: list[str] = []

    class Model:
        sees = False

        def complete(self, prompts: Sequence[Prompt], **_rest: object) -> list[str]:
            asked.extend(prompt.messages[-1].text for prompt in prompts)
            return ["Negative.", "a fine day"][: len(prompts)]

    feeling = Feeling(Reader(video(tmp_path)), no_encoder, model=lambda: Model())  # type: ignore[arg-type, return-value]
    (found,) = feeling.of_words("The ferry was late again.")
    assert asked == ["Text: The ferry was late again."]
    assert [o.by for o in found.opinions] == ["lexicon", "language model"]
    item = video(tmp_path)
    first, _ = feeling.of_items(Shelf(item.path), [item])
    assert sum(o.by == "language model" for o in first.opinions) == 1


def test_a_long_recording_sounds_as_the_same_one_held_whole() -> None:
    whole = tones()
    blocks = [whole.samples[n : n + 7_001] for n in range(0, len(whole.samples), 7_001)]
    long = LongRecording(lambda: iter(blocks), len(whole.samples))
    spans = [(0.0, 1.0), (0.5, 1.5), (2.2, 4.0), (3.9, 9.0)]
    for found, span in zip(_heard(long, spans), spans, strict=True):
        assert found == prosody(stretch(whole, *span))


# ------------------------------------------------------------------------------ trained heads


def written_head(folder: Path, encoders: dict[str, str], wide: int) -> Path:
    zeros = np.zeros((1, 3), np.float32)
    weights = HeadWeights(
        "concatenation",
        ("text",),
        ("negative", "neutral", "positive"),
        np.zeros((1, 3, wide), np.float32),
        zeros,
        np.array([0, 0, 2], np.float32),
        encoders=encoders,
    )
    heads.write(weights, folder)
    return folder


PRINTS = {"image_encoder": "a", "text_encoder": "b", "mapping": "c", "fuser": "d"}


def test_a_head_of_these_models_is_opened(tmp_path: Path) -> None:
    folder = written_head(tmp_path, fitted_to(PRINTS), cues.width(384))
    found = open_head(str(folder), fitted_to(PRINTS), 384)
    assert found is not None and found.classes[2] == "positive"
    assert open_head("", {}, 384) is None


def test_a_head_of_other_models_or_of_something_else_is_refused(tmp_path: Path) -> None:
    folder = written_head(tmp_path, fitted_to(PRINTS), cues.width(384))
    with pytest.raises(ConfigError, match="other encoders"):
        open_head(str(folder), fitted_to({**PRINTS, "mapping": "x"}), 384)
    with pytest.raises(ConfigError, match="none of sentiment"):
        open_head(str(folder), fitted_to(PRINTS), 768)
    with pytest.raises(ModelMissingError):
        open_head(str(tmp_path / "absent"), fitted_to(PRINTS), 384)


# -------------------------------------------------------------------------- with real models


@pytest.mark.weights
def test_pictures_recordings_and_notes_are_judged_from_files_and_from_an_index(
    tmp_path: Path,
) -> None:
    note = tmp_path / "diary.txt"
    note.write_text("What a wonderful day. I love this place!")
    files = [note, SAMPLES / "recordings" / "pancakes.wav", SAMPLES / "pictures" / "IMG_2046.jpg"]
    found = Library.feel([*files, tmp_path / "absent.jpg"])
    assert {one.path for one in found} == {path.resolve() for path in files}
    assert any("absent.jpg" in note for note in found.notes)
    by_name = {one.path.name: one for one in found if one.path}
    assert by_name["diary.txt"].label == "positive"
    assert "acoustic" in by_name["pancakes.wav"].modalities
    with Library.open(tmp_path / "index") as library:
        library.add(files)
        again = library.sentiment()
        assert [one.to_json() for one in again] == [one.to_json() for one in found]
        (only,) = library.sentiment([note])
        assert only.label == "positive"


def test_nothing_to_judge_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing to judge"):
        Library.feel(words="  ")


@pytest.mark.weights
def test_the_command_prints_a_line_a_segment_and_draws_a_curve(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, curve = SAMPLES / "pictures" / "IMG_2046.jpg", tmp_path / "curve.png"
    words = ["sentiment", str(picture), "--text", "My happiest day", "--plot", str(curve)]
    assert main([*words, "--json"]) == 0
    one, whole = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert one["event"] == "sentiment" and one["modalities"]["text"]["label"] == "positive"
    assert sum(one["weights"].values()) == pytest.approx(1, abs=1e-3)
    assert whole["event"] == "overall" and curve.stat().st_size > 0
    assert main(words) == 0
    assert "read +" in capsys.readouterr().out


@pytest.mark.weights
def test_words_alone_are_judged_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sentiment", "--text", "This is not good at all"]) == 0
    assert capsys.readouterr().out.startswith("negative")
