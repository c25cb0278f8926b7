"""What a file is: by its bytes, whatever it is called."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mmqa.errors import MediaError
from mmqa.media.sniff import sniff

pillow_heif.register_heif_opener()

PICTURES = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"]


@pytest.mark.parametrize("format", PICTURES)
def test_pictures_are_known_under_any_name(tmp_path: Path, format: str) -> None:
    path = tmp_path / "called.txt"
    Image.new("RGB", (32, 24), "red").save(path, format)
    assert sniff(path) == ("image", "heic" if format == "HEIF" else format.lower())


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a"])
def test_recordings_are_known_under_any_name(
    tmp_path: Path, write_sound: Callable[..., Path], suffix: str
) -> None:
    path = write_sound("a" + suffix).rename(tmp_path / "called.jpg")
    assert sniff(path) == ("audio", "ogg" if suffix == ".opus" else suffix[1:])


@pytest.mark.parametrize(
    ("name", "codec"), [("f.mp4", "mpeg4"), ("f.mkv", "mpeg4"), ("f.avi", "mpeg4")]
)
def test_films_are_known_as_video(tmp_path: Path, name: str, codec: str) -> None:
    path = tmp_path / name
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    assert sniff(path)[0] == "video"


def test_writing_is_text_and_only_its_flavour_comes_from_the_name(tmp_path: Path) -> None:
    for name, format in (("a.txt", "text"), ("b.MD", "markdown"), ("c", "text"), ("d.log", "text")):
        (tmp_path / name).write_text("The ferry leaves at nine.\n")
        assert sniff(tmp_path / name) == ("text", format)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030", "utf-8-sig"])
def test_chinese_writing_is_text_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(("渡轮九点开，票价八元。" * 600).encode(encoding))
    assert sniff(tmp_path / "a.txt") == ("text", "text")


def test_a_pdf_is_known_behind_a_few_stray_bytes(
    write_pdf: Callable[..., Path], tmp_path: Path
) -> None:
    path = tmp_path / "late.pdf"
    path.write_bytes(b"\n\n" + write_pdf("a.pdf", [["Hello"]]).read_bytes())
    assert sniff(path) == ("text", "pdf")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.png", b"just words", "it is a text file named .png, not a picture"),
        ("a.MP3", b"just words", "it is a text file named .mp3, not a recording"),
        ("a.pdf", b"just words", "it is a text file named .pdf, not a PDF document"),
        ("a.wav", b"", "the file is empty (0 bytes)"),
        ("a.html", b"<!DOCTYPE html><p>x", "it is HTML markup"),
        ("a.svg", b"<svg xmlns='x'/>", "it is SVG markup"),
        ("a.bin", bytes(range(256)) * 20, "binary data"),
        ("a.jpg", b"\0" * 500, "binary data"),
    ],
)
def test_what_is_not_read_is_refused_with_a_sentence(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError) as caught:
        sniff(tmp_path / name)
    assert words in caught.value.reason


def test_an_archive_is_named_as_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(MediaError, match=r"(?i)zip"):
        sniff(tmp_path / "a.zip")


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.binary(min_size=1, max_size=200))
def test_no_bytes_make_it_fail_otherwise_than_with_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        kind, _ = sniff(path)
    except MediaError as error:
        assert error.reason
    else:
        assert kind in {"image", "audio", "video", "text"}
