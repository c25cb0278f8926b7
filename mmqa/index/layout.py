"""Names of the files in an index folder that nothing depends on.

Knows: where derived files lie. Refuses to know: what is in them, and who makes them.
"""

from __future__ import annotations

from pathlib import Path


def thumbnail_path(folder: Path, sha256: str, frame_s: float | None = None) -> Path:
    """Where the small picture of a file lies; derived, so it may be missing.

    Args:
        folder: The index.
        sha256: Of the file.
        frame_s: Of a video: which of its frames, seconds.

    >>> thumbnail_path(Path("trip"), "ab12").as_posix()
    'trip/thumbs/ab12.jpg'
    >>> thumbnail_path(Path("trip"), "ab12", 61.5).as_posix()
    'trip/thumbs/ab12-61500.jpg'
    """
    frame = "" if frame_s is None else f"-{round(1000 * frame_s)}"
    return folder / "thumbs" / f"{sha256}{frame}.jpg"


def thumbnail_of(path: Path) -> str:
    """Of which file (sha256) a thumbnail is; the reverse of :func:`thumbnail_path`."""
    return path.stem.partition("-")[0]


def thumbnails(folder: Path) -> list[Path]:
    """The small pictures that are there, whether of files that are in the index or not."""
    return sorted((folder / "thumbs").glob("*.jpg*"))
