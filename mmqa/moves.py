"""Which of the files that are gone is the one that appeared: known by its content.

Knows: that the same bytes under another name are a file that was moved. Refuses to know: how files
are found, and what is done with a move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mmqa.records import MediaItem


class Moves:
    """Hands each file that is gone out at most once.

    Args:
        gone: Files of the index that are no longer where they were.
    """

    def __init__(self, gone: Iterable[MediaItem] = ()) -> None:
        self._gone = {item.path: item for item in gone}
        self._by_content: dict[str, list[Path]] = {}
        for item in self._gone.values():
            self._by_content.setdefault(item.sha256, []).append(item.path)

    def __contains__(self, path: Path) -> bool:
        """Whether the file of this path is gone, and was not found again."""
        return path in self._gone

    def __iter__(self) -> Iterator[MediaItem]:
        """What was not found again."""
        return iter(list(self._gone.values()))

    def take(self, path: Path, sha256: str) -> MediaItem | None:
        """What a file that appeared at ``path`` was before, if it was anything.

        Of several files with the same bytes, one of the same name comes first.

        >>> gone = Moves([MediaItem(Path("/a/x.txt"), "00", "text", 1, 0)])
        >>> gone.take(Path("/b/x.txt"), "00").path.as_posix()
        '/a/x.txt'
        >>> gone.take(Path("/c/x.txt"), "00") is None
        True
        """
        before = self._by_content.get(sha256)
        if not before:
            return None
        chosen = min(before, key=lambda old: old.name != path.name)
        before.remove(chosen)
        return self._gone.pop(chosen)
