"""Which pairs are fitted to, which choose when to stop, and which are only tested on.

Knows: that what looks the same or is called the same must fall on one side. Refuses to know:
vectors and results: the split is fixed by content, before anything is fitted, and is the same
whatever the order of the rows.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from mmqa.media.quality import NEAR_DUPLICATE_BITS

Side = Literal["fit", "validation", "test"]
SIDES: tuple[Side, ...] = ("fit", "validation", "test")

TEST_SHARE = 0.15
VALIDATION_SHARE = 0.15


def groups(
    contents: Sequence[str], texts: Sequence[Sequence[str]], hashes: Sequence[str]
) -> list[str]:
    """Name of the group that each of n pairs belongs to: the least of its members' contents.

    Pairs are of one group where they share the same bytes, the same words (but for case), or
    pictures that look alike; and so on from pair to pair.

    Args:
        contents: n digests of the bytes.
        texts: n times the words that go with them.
        hashes: n perceptual hashes, 16 hex digits; empty where there is none.

    >>> groups(["b", "a", "c"], [["Ferry"], ["ferry"], ["bus"]], ["", "", ""])
    ['a', 'a', 'c']
    """
    joined = _Joined(len(contents))
    seen: dict[Hashable, int] = {}
    for number, (content, words) in enumerate(zip(contents, texts, strict=True)):
        for key in (("content", content), *(("words", w.casefold().strip()) for w in words)):
            joined.join(number, seen.setdefault(key, number))
    for left, right in _alike(hashes):
        joined.join(left, right)
    members: dict[int, list[int]] = defaultdict(list)
    for number in range(len(contents)):
        members[joined.root(number)].append(number)
    names = {root: min(contents[n] for n in found) for root, found in members.items()}
    return [names[joined.root(number)] for number in range(len(contents))]


def side(group: str) -> Side:
    """The side of a group, by SHA-256: 15 % test, 15 % validation, the rest is fitted to."""
    digest = hashlib.sha256(f"mmqa pair\0{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < TEST_SHARE:
        return "test"
    return "validation" if place < TEST_SHARE + VALIDATION_SHARE else "fit"


def _alike(hashes: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of places whose hashes differ by few bits; n² comparisons of eight bytes."""
    places = [number for number, value in enumerate(hashes) if value]
    values = np.array([int(hashes[number], 16) for number in places], np.uint64)
    found: list[tuple[int, int]] = []
    for row, value in enumerate(values):
        near = np.flatnonzero(np.bitwise_count(values[row + 1 :] ^ value) <= NEAR_DUPLICATE_BITS)
        found.extend((places[row], places[row + 1 + int(other)]) for other in near)
    return found


class _Joined:
    """Disjoint sets (Tarjan 1975, with path halving)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, number: int) -> int:
        """The set's representative."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def join(self, left: int, right: int) -> None:
        """Make two sets one."""
        self._parent[self.root(left)] = self.root(right)
