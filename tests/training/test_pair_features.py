"""Encoding pairs, with small real files and encoders that count what they are asked."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmqa.media.reader import FileReader
from mmqa.records import (
    Floats,
    ImageFeatures,
    Picture,
    Recording,
    Transcript,
    TranscriptSpan,
)
from mmqa.training.feature_cache import FeatureCache
from mmqa.training.pair_features import Encoders, gather
from mmqa.training.pair_split import side
from mmqa.training.pair_table import PairData
from mmqa.training.pairs import Collected, Pair, Words


class Eyes:
    """Sees the mean colour."""

    fingerprint = "eyes"

    def __init__(self) -> None:
        self.seen = 0
        self.stop_after = 10**9

    def encode(self, pictures: Sequence[Picture], *, grid: bool = False) -> ImageFeatures:
        if self.seen >= self.stop_after:
            raise KeyboardInterrupt
        self.seen += len(pictures)
        means = np.stack([p.pixels.reshape(-1, 3).mean(axis=0) for p in pictures])
        return ImageFeatures(means.astype(np.float32), np.ones((len(pictures), 1), np.float32))


class Words2:
    """Encodes the length and the first letter of a text."""

    fingerprint = "words"
    width = 2

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, texts: Sequence[str]) -> Floats:
        self.encoded += len(texts)
        rows = np.array([[len(t), ord(t[0])] for t in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Ears:
    """Hears how long a recording is, and nothing in silence."""

    fingerprint = "ears"

    def __init__(self) -> None:
        self.heard = 0

    def transcribe(self, recording: Recording) -> Transcript:
        self.heard += 1
        if not recording.samples.any():
            return Transcript(())
        said = f"it lasts {recording.duration_s:.0f} seconds"
        return Transcript((TranscriptSpan(0, recording.duration_s, said),))

    def transcribe_many(self, recordings: Sequence[Recording]) -> list[Transcript]:
        return [self.transcribe(recording) for recording in recordings]


class Bench:
    """Everything that gather needs, with counters."""

    def __init__(self, folder: Path) -> None:
        self.eyes, self.words, self.ears = Eyes(), Words2(), Ears()
        self.cache = FeatureCache(folder / "cache")
        self.folder = folder

    def gather(self, *pairs: Pair, copies: int = 0) -> PairData:
        encoders = Encoders(self.eyes, self.words, lambda: self.ears, FileReader())
        return gather(Collected(pairs), encoders, self.cache, copies=copies)

    def picture(self, name: str, *texts: str, seed: int = 0) -> Pair:
        """A picture of random squares, so that no two look alike."""
        path = self.folder / name
        pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(np.kron(pixels, np.ones((12, 12, 1), np.uint8))).save(path)
        return Pair(name, image=path, texts=tuple(Words(t) for t in texts))

    def recording(self, name: str, *texts: str, seconds: int = 1, level: int = 9000) -> Pair:
        path = self.folder / name
        rate = 16_000
        wavy = np.sin(np.arange(seconds * rate) / 8) * level
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes(wavy.astype("<i2").tobytes())
        return Pair(name, audio=path, texts=tuple(Words(t) for t in texts))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_pictures_are_encoded_and_their_mean_colour_is_what_the_table_holds(bench: Bench) -> None:
    pair = bench.picture("a.png", "red ferry")
    data = bench.gather(pair)
    assert pair.image is not None
    expected = np.asarray(Image.open(pair.image)).reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(data.pictures.pooled, [expected], rtol=1e-5)
    np.testing.assert_allclose(data.vectors, bench.words.encode(["red ferry"]))


def test_the_second_time_nothing_is_encoded_again(bench: Bench) -> None:
    pairs = [bench.picture("a.png", "red ferry"), bench.recording("b.wav", "it was short")]
    first = bench.gather(*pairs)
    again = Bench(bench.folder)
    second = again.gather(*pairs)
    assert (again.eyes.seen, again.words.encoded, again.ears.heard) == (0, 0, 0)
    assert second.digest == first.digest


def test_an_interrupted_run_goes_on_where_it_was(bench: Bench) -> None:
    pairs = [bench.picture(f"{n}.png", f"thing number {n}", seed=n) for n in range(20)]
    bench.eyes.stop_after = 16
    with pytest.raises(KeyboardInterrupt):
        bench.gather(*pairs)
    again = Bench(bench.folder)
    again.gather(*pairs)
    assert (bench.eyes.seen, again.eyes.seen) == (16, 4)


def test_the_same_file_twice_is_encoded_once(bench: Bench) -> None:
    pair = bench.picture("a.png", "red ferry")
    data = bench.gather(pair, replace(pair, texts=(Words("a ferry at sea"),)))
    assert bench.eyes.seen == 1
    assert len(data.seen) == 2


def test_what_cannot_be_read_is_refused_and_the_others_stay(bench: Bench) -> None:
    broken = bench.folder / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    data = bench.gather(
        bench.picture("a.png", "red ferry"),
        Pair("row 2", image=broken, texts=(Words("a bus"),)),
        Pair("row 3", image=bench.folder / "gone.png", texts=(Words("a tram"),)),
        bench.recording("silence.wav", "nothing is said", level=0),
    )
    assert len(data.seen) == 1
    reasons = {r.where: r.reason for r in data.refused}
    assert set(reasons) == {"row 2", "row 3", "silence.wav"}
    assert "No such file" in reasons["row 3"]
    assert reasons["silence.wav"] == "nobody speaks in it"


def test_a_recording_is_its_transcript_and_pairs_with_what_was_said(bench: Bench) -> None:
    data = bench.gather(bench.recording("a.wav", "it lasted three seconds", seconds=3))
    (left,), (right,) = data.heard.left, data.heard.right
    assert data.texts[left] == "it lasts 3 seconds"
    assert data.texts[right] == "it lasted three seconds"


def test_a_picture_and_what_is_said_of_it_are_linked_through_the_transcript(bench: Bench) -> None:
    spoken = replace(bench.picture("a.png"), audio=bench.recording("a.wav", seconds=2).audio)
    data = bench.gather(spoken)
    assert [data.texts[t] for t in data.seen.right] == ["it lasts 2 seconds"]
    assert len(data.heard) == 0


def test_what_an_index_knows_already_is_not_read(bench: Bench) -> None:
    known = Pair(
        "index",
        image=bench.folder / "elsewhere.png",
        texts=(Words("red ferry", 0.7),),
        sha256="ab" * 32,
        pooled=np.array([1, 2, 3], np.float32),
        probabilities=np.array([1], np.float32),
    )
    data = bench.gather(known)
    assert bench.eyes.seen == 0
    assert data.pictures.pooled.tolist() == [[1, 2, 3]]
    assert data.seen.weight.tolist() == [np.float32(0.7)]


def test_what_a_user_wrote_counts_and_not_what_the_index_says_of_the_same_file(
    bench: Bench,
) -> None:
    written = bench.picture("a.png", "red ferry")
    weak = replace(written, where="index", texts=(Words("two yellow pears", 0.4),))
    data = bench.gather(weak, written)
    assert data.texts == ("red ferry",)
    assert data.refused == ()


def test_copies_of_fitted_pictures_alone_are_made_seeded_and_kept(bench: Bench) -> None:
    pairs = [bench.picture(f"{n}.png", f"thing number {n}", seed=n) for n in range(12)]
    plain = bench.gather(*pairs)
    data = bench.gather(*pairs, copies=2)
    fitted = plain.sizes()["fit"]
    assert 0 < fitted < 12
    assert len(data.pictures.pooled) == 12 + 2 * fitted
    assert data.sizes() == plain.sizes()
    for row in range(12, len(data.origin)):
        links = {s for left, s in zip(data.seen.left, data.seen.sides, strict=True) if left == row}
        assert links == {"fit"}
        assert data.pictures.pooled[row].tolist() != data.pictures.pooled[data.origin[row]].tolist()
    again = Bench(bench.folder)
    assert again.gather(*pairs, copies=2).digest == data.digest
    assert again.eyes.seen == 0


def test_sides_follow_the_bytes_of_the_files(bench: Bench) -> None:
    import hashlib

    pairs = [bench.picture(f"{n}.png", f"thing number {n}", seed=n) for n in range(12)]
    data = bench.gather(*pairs)
    shas = [hashlib.sha256(p.image.read_bytes()).hexdigest() for p in pairs if p.image]
    expected = {f"thing number {n}": side(sha) for n, sha in enumerate(shas)}
    found = {data.texts[t]: s for t, s in zip(data.seen.right, data.seen.sides, strict=True)}
    assert found == expected
