"""A copy of an index in which pictures or recordings are replaced by changed ones.

Knows: how a changed file is written so that its name and caption stay, and that what is unchanged
need not be read again. Refuses to know: how a change is done, and what is asked.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmqa.errors import MediaError
from mmqa.evaluation.stability import as_png
from mmqa.interfaces import Reader
from mmqa.media.augment import Change
from mmqa.records import Media, MediaItem, Picture, Recording


@dataclass(frozen=True, slots=True)
class Changed:
    """One file that was changed.

    Attributes:
        origin: The file itself.
        copy: The changed one.
        change: Name of the change.
    """

    origin: Path
    copy: Path
    change: str


def change_pictures(
    items: Sequence[MediaItem],
    reader: Reader,
    changes: Sequence[Change[Picture]],
    folder: Path,
    *,
    seed: int,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Changed]:
    """Each picture under one change, the changes in turn; see :func:`_change`."""
    found = []
    for number, item in enumerate(items):
        change = changes[number % len(changes)]
        rng = np.random.default_rng([seed, number])

        def write(media: Media, target: Path, change: Change[Picture] = change) -> None:
            (picture,) = media.parts
            assert isinstance(picture, Picture)
            target.write_bytes(as_png(change(picture, rng)))  # noqa: B023 - called at once

        found += _change(
            item, reader, folder / str(number), ".png", change=change.name, write=write
        )
        tell(number + 1, len(items))
    return found


def change_recordings(
    items: Sequence[MediaItem],
    reader: Reader,
    changes: Sequence[Change[Recording]],
    folder: Path,
    *,
    seed: int,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Changed]:
    """Each recording under one change, the changes in turn; see :func:`_change`."""
    found = []
    for number, item in enumerate(items):
        change = changes[number % len(changes)]
        rng = np.random.default_rng([seed, number])

        def write(media: Media, target: Path, change: Change[Recording] = change) -> None:
            (recording,) = media.parts
            assert isinstance(recording, Recording)
            write_wav(change(recording, rng), target)  # noqa: B023 - called at once

        found += _change(
            item, reader, folder / str(number), ".wav", change=change.name, write=write
        )
        tell(number + 1, len(items))
    return found


def write_wav(recording: Recording, path: Path) -> None:
    """A recording as 16-bit PCM."""
    samples = np.rint(recording.samples * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(recording.rate_hz)
        file.writeframes(samples.tobytes())


def _change(
    item: MediaItem,
    reader: Reader,
    folder: Path,
    suffix: str,
    *,
    change: str,
    write: Callable[[Media, Path], None],
) -> list[Changed]:
    """Write the changed file into a folder of its own, with its caption beside it.

    The name stays, so that its words do; the caption, wherever it was kept, becomes a text file
    beside it. A file that can no longer be read is left as it is.
    """
    try:
        media = reader.read(item.path)
    except MediaError:
        return []
    folder.mkdir(parents=True)
    target = folder / f"{item.path.stem}{suffix}"
    write(media, target)
    if media.caption:
        target.with_name(f"{target.name}.txt").write_text(media.caption, encoding="utf-8")
    return [Changed(item.path, target.resolve(), change)]
