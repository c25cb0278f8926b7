"""Prompts being continued: a graph together with the keys and values of what it has read.

Knows: how ONNX Runtime is run on memory that stays where it is. Refuses to know: tokens, texts,
sampling, and which prompts these are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmqa.errors import ModelDamagedError
from mmqa.records import Floats
from mmqa.vlm.decoding.shape import Shape
from mmqa.vlm.prefix import Layers

ROLE = "language_model"
PIECE = 512
"""A longer prompt is read in pieces of so many tokens: attention takes memory for each pair."""


def open_session(graph: Path | bytes, threads: int) -> Any:
    """An ONNX Runtime session on the CPU that uses ``threads`` threads and never spins idly.

    Args:
        graph: An ONNX file, or what it would hold.
        threads: From 1.

    Raises:
        ModelDamagedError: It is no graph that can be run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = graph if isinstance(graph, bytes) else str(graph)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelDamagedError(
            ROLE, f"the graph of the decoder cannot be loaded: {error}", "Pull the model again."
        ) from error


class Running:
    """b prompts and their keys and values.

    Args:
        session: Of a body; see :mod:`mmqa.vlm.decoding.graph`.
        shape: Its sizes.
        rows: b.
        capacity: Longest prompt plus answer, in tokens. Memory is taken as it fills.
    """

    def __init__(self, session: Any, shape: Shape, rows: int, capacity: int) -> None:
        size = (2, shape.layers, rows, shape.key_heads, capacity, shape.head_width)
        self._make(session, np.zeros(size, np.float32), np.zeros(rows, np.int64))

    def _make(self, session: Any, kept: Floats, lengths: Any) -> None:
        from onnxruntime import OrtValue

        self._session, self._kept, self.lengths = session, kept, lengths
        self._binding = session.io_binding()
        for kind, layers in zip(("keys", "values"), kept, strict=True):
            for number, layer in enumerate(layers):
                place = OrtValue.ortvalue_from_numpy(layer)
                self._binding.bind_ortvalue_input(f"{kind}_{number}", place)
                self._binding.bind_ortvalue_output(f"new_{kind}_{number}", place)

    def row(self, number: int) -> Running:
        """One of the prompts by itself, in the same memory."""
        alone = Running.__new__(Running)
        one = slice(number, number + 1)
        alone._make(self._session, self._kept[:, :, one], self.lengths[one])
        return alone

    def extend(self, embeddings: Floats) -> Floats:
        """Read on: one token of each prompt, or several of a single one.

        Args:
            embeddings: float32 (b, t, w), t = 1 or b = 1.

        Returns:
            Hidden states of the last tokens, float32 (b, w).

        Raises:
            ValueError: There is no room left, or nothing to read.
        """
        rows, tokens, _ = embeddings.shape
        room = self._kept.shape[4] - int(self.lengths.max())
        if not 1 <= tokens <= room or (rows > 1 and tokens > 1):
            raise ValueError(f"{rows} × {tokens} tokens do not fit where there is room for {room}")
        for start in range(0, tokens, PIECE):
            hidden = self._run(np.ascontiguousarray(embeddings[:, start : start + PIECE]))
        last: Floats = hidden[:, -1]
        return last

    def _run(self, embeddings: Floats) -> Floats:
        self.lengths += embeddings.shape[1]
        bind = self._binding
        bind.bind_cpu_input("embeddings", embeddings)
        bind.bind_cpu_input("last", (self.lengths - 1).astype(np.int32))
        bind.bind_cpu_input("total", self.lengths.max(keepdims=True).astype(np.int32))
        bind.bind_output("hidden", "cpu")
        self._session.run_with_iobinding(bind)
        hidden: Floats = bind.get_outputs()[-1].numpy()
        return hidden

    def crop(self, length: int) -> None:
        """Forget what stands behind the first ``length`` tokens of each prompt."""
        np.minimum(self.lengths, length, out=self.lengths)

    def head(self, length: int) -> Layers:
        """A copy of the keys and values of the first prompt's first ``length`` tokens."""
        copy = torch.from_numpy(self._kept[:, :, :1, :, :length].copy())
        return tuple((keys, values) for keys, values in zip(copy[0], copy[1], strict=True))

    def begin(self, head: Layers) -> None:
        """Let every prompt begin with what :meth:`head` gave."""
        for number, pair in enumerate(head):
            for kind, part in enumerate(pair):
                self._kept[kind, number, :, :, : part.shape[2]] = part.numpy()
        self.lengths[:] = head[0][0].shape[2] if head else 0
