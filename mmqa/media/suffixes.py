"""What extensions promise. Reading never trusts them; two rules need them as claims.

Knows: which extensions claim a picture, a recording, a video, a document. Refuses to know: content.
"""

from __future__ import annotations

PICTURE = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
    | {".avif", ".heic", ".heif"}
)
RECORDING = frozenset(
    {".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".m4b", ".aac", ".aif", ".aiff"}
)
VIDEO = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".flv", ".wmv"}
)
MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd"})

CAPTIONED = PICTURE | RECORDING | VIDEO
"""Files of these may have a caption in a text file beside them."""


def claim(suffix: str) -> str:
    """What a file with this extension says it is; empty where that may be writing.

    >>> claim(".png"), claim(".log")
    ('a picture', '')
    """
    for suffixes, name in ((PICTURE, "picture"), (RECORDING, "recording"), (VIDEO, "video")):
        if suffix in suffixes:
            return f"a {name}"
    return "a PDF document" if suffix == ".pdf" else ""
