"""A text encoder that does not encode again what the index holds already.

Knows: that the same words by the same encoder have the same vector. Refuses to know: the encoder.

A file that was moved to another folder has the words it had, so its vectors are taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mmqa.interfaces import TextEncoder
from mmqa.records import Floats


class RememberingEncoder:
    """Implements :class:`mmqa.interfaces.TextEncoder`.

    Args:
        encoder: Gives the real one; asked only when there are words nobody remembers.
        vectors: Words → the vector they have, of unit length.
    """

    def __init__(self, encoder: Callable[[], TextEncoder], vectors: Mapping[str, Floats]) -> None:
        self._encoder = encoder
        self._vectors = vectors

    @property
    def fingerprint(self) -> str:
        """That of the real one."""
        return self._encoder().fingerprint

    @property
    def width(self) -> int:
        """That of the real one."""
        return self._encoder().width

    def encode(self, texts: Sequence[str]) -> Floats:
        """Encode n texts into float32 (n, d); only those that are new cost anything."""
        new = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        found = dict(zip(new, self._encoder().encode(new), strict=True)) if new else {}
        rows = [found[text] if text in found else self._vectors[text] for text in texts]
        return np.stack(rows).astype(np.float32) if rows else np.zeros((0, 0), np.float32)
