"""Texts → unit vectors, by a sentence encoder in ONNX.

Knows: tokens, windows, batches. Refuses to know: what the texts are for. Imports neither torch nor
transformers, so that a command line that searches starts at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmqa.errors import ModelDamagedError
from mmqa.features.weights import PULL, digest, existing, open_session
from mmqa.records import Floats

ROLE = "text_encoder"
VERSION = "sentence-1"
WINDOW_TOKENS = 256
"""What the encoder was trained to read at once, special tokens included."""
BATCH_TOKENS = 4096
"""Padded tokens of one batch: bounds memory whatever the number of texts."""


class SentenceEncoder:
    """A :class:`mmqa.interfaces.TextEncoder`; mean pooling and length 1 are inside the graph.

    A text of more than 256 tokens is cut into windows; its vector is the mean of theirs, weighted
    by their tokens, scaled to length 1 again. Nothing is silently dropped.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        from tokenizers import Tokenizer

        self._model = existing(folder / "model.onnx", ROLE)
        self._vocabulary = existing(folder / "tokenizer.json", ROLE)
        try:
            self._tokenizer = Tokenizer.from_file(str(self._vocabulary))
        except Exception as error:
            raise ModelDamagedError(ROLE, f"{str(self._vocabulary)!r}: {error}", PULL) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._prefix, self._suffix = _special_tokens(self._tokenizer)
        self._session = open_session(self._model, threads=threads, role=ROLE)
        self._inputs = {i.name for i in self._session.get_inputs()}
        self._width = int(self._session.get_outputs()[0].shape[-1])

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the model, the vocabulary, or the windows."""
        return digest(self._model, self._vocabulary, version=VERSION)

    @property
    def width(self) -> int:
        """Length d of one vector."""
        return self._width

    def encode(self, texts: Sequence[str]) -> Floats:
        """Encode n texts into float32 (n, d), each of unit length; no texts give (0, d)."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        owners: list[int] = []
        windows: list[list[int]] = []
        for owner, encoding in enumerate(encodings):
            for window in self._windows(encoding.ids):
                owners.append(owner)
                windows.append(window)
        sums = np.zeros((len(encodings), self._width), dtype=np.float32)
        weights = np.array([len(window) for window in windows], dtype=np.float32)
        np.add.at(sums, owners, self._encode_windows(windows) * weights[:, None])
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        vectors: Floats = sums / np.maximum(lengths, 1e-12).astype(np.float32)
        return vectors

    def _windows(self, ids: list[int]) -> Iterator[list[int]]:
        step = WINDOW_TOKENS - len(self._prefix) - len(self._suffix)
        for start in range(0, max(len(ids), 1), step):
            yield [*self._prefix, *ids[start : start + step], *self._suffix]

    def _encode_windows(self, windows: Sequence[list[int]]) -> Floats:
        vectors = np.zeros((len(windows), self._width), dtype=np.float32)
        for batch in _batches([len(window) for window in windows]):
            vectors[batch] = self._run([windows[i] for i in batch])
        return vectors

    def _run(self, windows: Sequence[list[int]]) -> Floats:
        longest = max(len(window) for window in windows)
        ids = np.zeros((len(windows), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, window in enumerate(windows):
            ids[row, : len(window)] = window
            mask[row, : len(window)] = 1
        feeds = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(ids),
        }
        used = {name: value for name, value in feeds.items() if name in self._inputs}
        vectors: Floats = self._session.run(None, used)[0]
        return vectors


def load(folder: Path, *, threads: int) -> SentenceEncoder:
    """Open the encoder in ``folder`` (``model.onnx``, ``tokenizer.json``).

    Raises:
        ModelMissingError: A file is missing.
        ModelDamagedError: A file cannot be read.
    """
    return SentenceEncoder(folder, threads=threads)


def _special_tokens(tokenizer: Any) -> tuple[list[int], list[int]]:
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    whole = tokenizer.encode("a", add_special_tokens=True).ids
    at = whole.index(bare[0])
    return whole[:at], whole[at + len(bare) :]


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions in batches of like length, each at most ``BATCH_TOKENS`` once padded.

    >>> list(_batches([3, 2000, 2, 2010]))
    [[2, 0], [1, 3]]
    """
    batch: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        short = bool(batch) and lengths[position] > 2 * lengths[batch[0]] + 16
        full = lengths[position] * (len(batch) + 1) > BATCH_TOKENS
        if batch and (short or full):
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch
