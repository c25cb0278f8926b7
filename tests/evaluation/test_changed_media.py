"""A changed copy keeps name and caption, and holds the changed content."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from mmqa.evaluation import changed_media
from mmqa.media.audio import read_audio
from mmqa.media.augment import Change
from mmqa.media.reader import FileReader
from mmqa.records import MediaItem, Picture, Recording

READER = FileReader()
HALF = Change("half", lambda p, *_: Picture(p.pixels // 2))
SAME = Change("same", lambda p, *_: p)


def item(path: Path) -> MediaItem:
    return READER.read(path).item


def picture(folder: Path, name: str, caption: str = "") -> Path:
    words = PngImagePlugin.PngInfo()
    if caption:
        words.add_text("Description", caption)
    path = folder / name
    Image.fromarray(np.full((60, 80, 3), 200, np.uint8)).save(path, pnginfo=words)
    return path


def test_pictures_take_their_changes_in_turn_and_keep_name_and_caption(tmp_path: Path) -> None:
    files = [picture(tmp_path, "old harbour.png", "Our boat"), picture(tmp_path, "b.png")]
    changed = changed_media.change_pictures(
        [item(f) for f in files], READER, [HALF, SAME], tmp_path / "new", seed=1
    )
    assert [(c.origin, c.change) for c in changed] == [(files[0], "half"), (files[1], "same")]
    first, second = (READER.read(c.copy) for c in changed)
    assert first.caption == "Our boat"
    assert first.name_words == "old harbour"
    assert second.caption == ""
    levels = [
        int(p.pixels.mean()) for m in (first, second) for p in m.parts if hasattr(p, "pixels")
    ]
    assert levels == [100, 200]


def test_two_files_of_one_name_do_not_collide(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    files = [picture(tmp_path / folder, "x.png") for folder in ("a", "b")]
    changed = changed_media.change_pictures(
        [item(f) for f in files], READER, [SAME], tmp_path / "new", seed=1
    )
    assert len({c.copy for c in changed}) == 2


def test_recordings_are_written_so_that_nothing_but_the_change_is_heard(tmp_path: Path) -> None:
    sound = Recording((0.3 * np.sin(np.arange(16_000) / 8)).astype(np.float32))
    changed_media.write_wav(sound, tmp_path / "tone.wav")
    louder = Change("louder", lambda r, *_: Recording(r.samples * np.float32(2)))
    [changed] = changed_media.change_recordings(
        [item(tmp_path / "tone.wav")], READER, [louder], tmp_path / "new", seed=1
    )
    heard = read_audio(changed.copy, "wav", 60).recording
    assert np.abs(heard.samples - 2 * sound.samples).max() < 1e-3


def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    path = picture(tmp_path, "gone.png")
    gone = item(path)
    path.unlink()
    assert changed_media.change_pictures([gone], READER, [SAME], tmp_path / "n", seed=1) == []
