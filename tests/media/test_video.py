"""Videos, made on the spot through FFmpeg: what is in them, and what is done with broken ones."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from mmqa.corpora.fetch import fetch
from mmqa.errors import MediaError
from mmqa.media import video
from mmqa.media.reader import FileReader
from mmqa.media.sniff import sniff
from mmqa.media.video import Limits, read_video
from mmqa.records import LongRecording, Part, Pixels, Recording, Shot

from .. import films
from ..films import scene, tone

FilmWriter = Callable[..., Path]


@pytest.fixture
def write_film(tmp_path: Path) -> FilmWriter:
    """Write a film, with a tone where ``sound_s`` is given."""

    def write(
        name: str, pictures: Sequence[tuple[Pixels, float]], *, sound_s: float = 0.0, **more: Any
    ) -> Path:
        sound = tone(sound_s) if sound_s else None
        return films.write_film(tmp_path / name, pictures, sound=sound, **more)

    return write


def parts(path: Path, **limits: float) -> list[Part]:
    return list(FileReader(**limits).read(path).parts)  # type: ignore[arg-type]


def shots(path: Path) -> list[Shot]:
    return [part for part in parts(path) if isinstance(part, Shot)]


def like(picture: Pixels, expected: Pixels, levels: float = 25.0) -> bool:
    """Whether two pictures of one size show the same, but for what codecs do."""
    assert picture.shape == expected.shape
    return float(np.abs(picture.astype(np.int16) - expected).mean()) < levels


@pytest.mark.parametrize("suffix", list(films.CODECS))
def test_a_film_is_its_sound_and_its_shots(write_film: FilmWriter, suffix: str) -> None:
    path = write_film("a" + suffix, [(scene(1), 2.0), (scene(2), 1.0)], sound_s=3.0)
    sound, *seen = parts(path)
    assert isinstance(sound, Recording)
    assert sound.duration_s == pytest.approx(3.0, abs=0.1)
    assert [type(part) for part in seen] == [Shot, Shot]
    first, second = shots(path)
    assert (first.start_s, first.end_s) == (0.0, pytest.approx(2.0, abs=0.15))
    assert (second.start_s, second.end_s) == (first.end_s, pytest.approx(3.0, abs=0.15))
    assert first.start_s <= first.frame_s < first.end_s
    assert like(first.picture.pixels, scene(1))
    assert like(second.picture.pixels, scene(2))
    assert (first.flags, second.flags) == ((), ())


def test_a_film_without_sound_is_only_shots(write_film: FilmWriter) -> None:
    (one,) = parts(write_film("a.mp4", [(scene(1), 1.0)]))
    assert isinstance(one, Shot)


def test_sound_alone_in_a_container_of_films_is_a_recording(write_film: FilmWriter) -> None:
    for name in ("a.mp4", "a.mov", "a.avi", "a.mkv"):
        media = FileReader().read(write_film(name, [], sound_s=1.0))
        (sound,) = media.parts
        assert media.item.kind == "audio"
        assert isinstance(sound, Recording | LongRecording)
        assert sound.duration_s == pytest.approx(1.0, abs=0.1)


def test_one_frame_is_one_shot(write_film: FilmWriter) -> None:
    (one,) = shots(write_film("a.mkv", [(scene(1), 0.1)]))
    assert like(one.picture.pixels, scene(1))
    assert 0 < one.end_s <= 1


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_a_clip_that_was_filmed_sideways_is_set_upright(
    write_film: FilmWriter, rotation: int, turns: int
) -> None:
    (one,) = shots(write_film("a.mp4", [(scene(1), 1.0)], rotation=rotation))
    assert like(one.picture.pixels, np.rot90(scene(1), turns))


def test_pixels_that_are_not_square_are_made_so(write_film: FilmWriter) -> None:
    (one,) = shots(write_film("a.mp4", [(scene(1), 1.0)], aspect=Fraction(2, 1)))
    assert one.picture.pixels.shape == (64, 192, 3)


def test_times_are_those_of_the_frames_not_their_number(tmp_path: Path) -> None:
    path = tmp_path / "variable.mkv"
    with av.open(str(path), "w") as out:
        film = out.add_stream("mpeg4", rate=1000)
        film.width, film.height, film.pix_fmt = 96, 64, "yuv420p"
        film.codec_context.time_base = Fraction(1, 1000)
        changes = [(scene(1), range(0, 4000, 50)), (scene(2), range(4000, 14_000, 1000))]
        for picture, moments in changes:
            for moment in moments:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
                frame.pts, frame.time_base = moment, Fraction(1, 1000)
                out.mux(film.encode(frame))
        out.mux(film.encode(None))
    _, second = shots(path)
    assert second.start_s == pytest.approx(4.0, abs=0.06)
    assert second.end_s == pytest.approx(13.0, abs=1.1)


def test_what_the_container_says_is_kept(write_film: FilmWriter) -> None:
    tags = {"title": "Harbour in spring", "creation_time": "2024-06-11T09:00:00Z"}
    media = FileReader().read(write_film("a.mp4", [(scene(1), 0.5)], tags=tags))
    assert (media.item.kind, media.caption) == ("video", "Harbour in spring")
    assert media.item.taken_ns == 1_718_096_400 * 10**9


def test_what_can_be_decoded_of_a_broken_film_is_kept(write_film: FilmWriter) -> None:
    path = write_film("a.mkv", [(scene(n), 2.0) for n in range(5)])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    kept = shots(path)
    assert 2 <= len(kept) <= 4
    assert like(kept[0].picture.pixels, scene(0))
    assert kept[-1].flags == ("damaged-tail",)
    assert all(one.flags == () for one in kept[:-1])


def test_a_film_of_which_nothing_can_be_decoded_is_refused(write_film: FilmWriter) -> None:
    path = write_film("a.avi", [(scene(1), 2.0)])
    raw = bytearray(path.read_bytes())
    start = raw.index(b"movi") + 4
    raw[start + 8 :] = os.urandom(len(raw) - start - 8)
    path.write_bytes(raw)
    with pytest.raises(MediaError, match="decoded"):
        parts(path)


def test_a_head_that_lies_about_its_length_is_not_believed(write_film: FilmWriter) -> None:
    path = write_film("a.mp4", [(scene(1), 2.0), (scene(2), 1.0)])
    raw = bytearray(path.read_bytes())
    for box, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        place = raw.index(box) + at
        raw[place : place + 4] = struct.pack(">I", 0x7FFFFFFF)
    path.write_bytes(raw)
    assert len(shots(path)) == 2


def test_a_film_that_is_too_long_is_refused_with_a_remedy(write_film: FilmWriter) -> None:
    path = write_film("a.mkv", [(scene(1), 4.0)])
    with pytest.raises(MediaError, match="longer than the 2 s allowed") as caught:
        parts(path, max_video_s=2.0)
    assert "raise max_video_s" in caught.value.reason


def test_frames_that_are_too_large_are_refused(write_film: FilmWriter) -> None:
    path = write_film("a.mkv", [(scene(1), 1.0)])
    with pytest.raises(MediaError, match="6,144 pixels a frame, more than the 5,000 allowed"):
        parts(path, max_pixels=5000)


def test_work_that_never_ends_is_given_up_and_what_was_found_is_kept(
    write_film: FilmWriter,
) -> None:
    path = write_film("a.mkv", [(scene(1), 1.0), (scene(2), 1.0)])
    read = read_video(path, "matroska", Limits(grace_s=-1e9), lambda: Recording(np.zeros(9)))
    (only,) = read.parts
    assert isinstance(only, Shot)
    assert only.flags == ("damaged-tail",)


def test_a_decoder_that_hangs_is_stopped(
    write_film: FilmWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_film("a.mkv", [(scene(1), 1.0)])
    monkeypatch.setattr(video.sys, "executable", _sleeper(path.parent))
    with pytest.raises(MediaError, match="hung and was stopped"):
        list(read_video(path, "matroska", Limits(silent_s=0.3), lambda: Recording(0)).parts)


def _sleeper(folder: Path) -> str:
    program = folder / "sleeper"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    return str(program)


def test_a_decoder_that_dies_is_told(
    write_film: FilmWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_film("a.mkv", [(scene(1), 1.0)])
    monkeypatch.setattr(video.sys, "executable", "/bin/false")
    with pytest.raises(MediaError, match="decoding the video broke down"):
        list(read_video(path, "matroska", Limits(), lambda: Recording(0)).parts)


def test_the_frame_of_a_moment_can_be_had_again(write_film: FilmWriter) -> None:
    path = write_film("a.mp4", [(scene(1), 2.0), (scene(2), 2.0)])
    assert like(FileReader().frame(path, 0.5).pixels, scene(1))
    assert like(FileReader().frame(path, 3.0).pixels, scene(2))


def test_the_frame_of_what_is_no_video_any_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("I am a note now, and no film.\n")
    with pytest.raises(MediaError):
        FileReader().frame(path, 0.0)
    Image.new("RGB", (60, 60)).save(path, "PNG")
    with pytest.raises(MediaError, match="no video any more"):
        FileReader().frame(path, 0.0)


def test_a_film_is_decoded_only_when_its_parts_are_asked_for(
    write_film: FilmWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_film("a.mkv", [(scene(1), 1.0)])
    monkeypatch.setattr(video.sys, "executable", "/bin/false")
    assert FileReader().read(path).item.kind == "video"


def test_a_head_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.flv"
    path.write_bytes(b"FLV\x01" + bytes(100))
    assert sniff(path) == ("audio", "flv")
    with pytest.raises(MediaError):
        FileReader().read(path)


def test_a_name_that_is_no_text_is_no_hindrance(write_film: FilmWriter) -> None:
    path = write_film("a.mkv", [(scene(1), 1.0)])
    odd = path.rename(path.with_name(os.fsdecode(b"concat:\xff|b.mkv")))
    (one,) = shots(odd)
    assert like(one.picture.pixels, scene(1))


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["Megamind.avi", "tree.avi", "vtest.avi"])
def test_real_videos_are_read_in_order_without_gaps(name: str) -> None:
    folder = fetch("opencv-doc") / "usr/share/doc/opencv-doc/examples/data"
    seen = shots(folder / name)
    assert 1 <= len(seen) <= 20
    assert all(a.end_s == b.start_s for a, b in pairwise(seen))
    assert all(s.start_s <= s.frame_s <= s.end_s and s.picture.pixels.std() > 10 for s in seen)
