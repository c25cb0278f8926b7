"""Checksums of what the catalogue holds: damage is noticed when a row is read, not believed.

Knows: how the content of a row becomes a number, and how a set of rows does. Refuses to know: which
table a row came from, and what is done about damage.

SQLite keeps no checksums of its pages; a flipped bit would be read as truth. CRC-32 finds every
flipped bit and byte of a row; it is no defence against somebody who means harm.
"""

from __future__ import annotations

import json
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

_ODD = 0x9E3779B97F4A7C15
_MIX = 0xBF58476D1CE4E5B9
_MASK = 2**64 - 1


def of_values(*values: object) -> int:
    """The checksum of a row's columns, in order: numbers, text, bytes and ``None``.

    >>> of_values(1, "a", None) == of_values(1, "a", None) != of_values(1, "b", None)
    True
    """
    plain = [value.hex() if isinstance(value, bytes) else value for value in values]
    return crc32(json.dumps(plain).encode())


def of_text(text: str) -> int:
    """The checksum of one text.

    >>> of_text("ferry")
    3205307411
    """
    return crc32(text.encode("utf-8", "surrogatepass"))


def of_vectors(segment: int, modalities: str, vectors: bytes, hubness: bytes) -> int:
    """The checksum of a segment's vectors."""
    return crc32(vectors, crc32(hubness, crc32(f"{segment}:{modalities}".encode())))


def of_row(number: int, code: int) -> int:
    """What one row adds to :func:`of_rows`, 0 to 2⁶⁴ − 1.

    Args:
        number: Its rowid.
        code: Its kind, from 1.
    """
    mixed = (number * _ODD + code * _MIX) & _MASK
    mixed ^= mixed >> 30
    mixed = (mixed * _MIX) & _MASK
    return mixed ^ (mixed >> 27)


def of_rows(kinds: NDArray[np.uint8]) -> int:
    """The checksum of a set of rows, whatever their order: a row is added or taken by arithmetic.

    Args:
        kinds: uint8 (last rowid + 1,), code of each row's kind; 0 where there is none.

    Returns:
        The sum of :func:`of_row` over all rows, modulo 2⁶⁴.

    >>> of_rows(np.array([0, 3, 0, 1], np.uint8)) == (of_row(1, 3) + of_row(3, 1)) % 2**64
    True
    """
    numbers = np.flatnonzero(kinds)
    return of_pairs(numbers, kinds[numbers])


def of_pairs(numbers: NDArray[np.int64], kinds: NDArray[np.uint8]) -> int:
    """As :func:`of_rows`, of rowids int64 (n,) with their kinds uint8 (n,)."""
    mixed = numbers.astype(np.uint64) * np.uint64(_ODD)
    mixed += kinds.astype(np.uint64) * np.uint64(_MIX)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(_MIX)
    mixed ^= mixed >> np.uint64(27)
    return int(mixed.sum(dtype=np.uint64))
