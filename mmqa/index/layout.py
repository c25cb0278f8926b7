"""Names of the files in an index folder that nothing depends on.

Knows: where derived files lie. Refuses to know: what is in them, and who makes them.
"""

from __future__ import annotations

from pathlib import Path


def thumbnail_path(folder: Path, sha256: str) -> Path:
    """Where the small picture of a file lies; derived, so it may be missing.

    >>> thumbnail_path(Path("trip"), "ab12").as_posix()
    'trip/thumbs/ab12.jpg'
    """
    return folder / "thumbs" / f"{sha256}.jpg"


def thumbnails(folder: Path) -> list[Path]:
    """The small pictures that are there, whether of files that are in the index or not."""
    return sorted((folder / "thumbs").glob("*.jpg*"))
