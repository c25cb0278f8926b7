"""A decoder from a model of transformers: made once for a machine, then read from the disk.

Knows: what is stored, and where it comes from when it is not. Refuses to know: what the weights
are, and who decodes what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from mmqa.vlm import quantized_store
from mmqa.vlm.decoding import graph
from mmqa.vlm.decoding.decoder import BlockDecoder
from mmqa.vlm.decoding.graph import EMBEDDINGS
from mmqa.vlm.decoding.model import BlockModel
from mmqa.vlm.decoding.running import open_session
from mmqa.vlm.decoding.shape import Shape
from mmqa.vlm.decoding.smoothing import scales_of
from mmqa.vlm.decoding.vocabulary import Vocabulary
from mmqa.vlm.quantized_store import Tell

REVISION = "2"
"""Of what is stored; another one is made anew."""

_BODY, _HEAD, _TABLE = "body.onnx", "head.onnx", "embeddings.safetensors"


def opened(
    config: Any,
    settings: Any,
    model: Callable[[], Any],
    *,
    store: Path,
    source: str,
    threads: int,
    prefix_bytes: int = 0,
    vocabulary: Vocabulary | None = None,
    tell: Tell | None = None,
) -> BlockModel:
    """A model that decodes here, from the store or from a model of transformers.

    Args:
        config: Of the model; :func:`mmqa.vlm.decoding.shape.unsupported` must find nothing wrong
            with it.
        settings: Its ``GenerationConfig``, which names end marks.
        model: Gives a LlamaForCausalLM in evaluation mode, on the CPU, in any floating type; asked
            only where what is made of it is not stored yet.
        store: Folder for what is made of it; need not exist.
        source: What the weights are, e.g. a digest; of others it is made anew.
        threads: For computing, from 1.
        prefix_bytes: Memory for computed heads of prompts, in bytes.
        vocabulary: Of another decoder with the same embeddings and output layer, to be shared:
            then only what lies between is stored and loaded.
        tell: Told, in a sentence, when it is made anew or cannot be stored.

    Raises:
        ModelDamagedError: What was made cannot be run.
    """
    shape = Shape.of(config)
    alone = vocabulary is None
    made = quantized_store.kept(
        store,
        {"source": source, "decoder": REVISION, "parts": "all" if alone else "body"},
        read=lambda folder: _read(folder, alone),
        make=lambda: _make(shape, model(), alone),
        write=_write,
        tell=tell,
    )
    if vocabulary is None:
        assert made.table is not None  # all was asked for
        vocabulary = Vocabulary(made.table, open_session(made.head, threads))
    session = open_session(made.body, threads)
    decoder = BlockDecoder(session, vocabulary, shape, prefix_bytes=prefix_bytes)
    return BlockModel(decoder, config, settings, made.size_bytes, source)


@dataclass(frozen=True, slots=True)
class _Made:
    """Graphs, as bytes or as files, and the embeddings; the ends only where they are not shared."""

    body: bytes | Path
    head: bytes | Path = b""
    table: Tensor | None = None

    @property
    def size_bytes(self) -> int:
        """Memory that the weights take."""
        table = 0 if self.table is None else self.table.nbytes
        return table + _size_bytes(self.body) + _size_bytes(self.head)


def _size_bytes(graph: bytes | Path) -> int:
    return len(graph) if isinstance(graph, bytes) else graph.stat().st_size


def _make(shape: Shape, model: Any, alone: bool) -> _Made:
    scales, weights = scales_of(model), model.state_dict()
    body = graph.body(shape, weights, scales)
    return _Made(body, graph.head(weights, scales), weights[EMBEDDINGS]) if alone else _Made(body)


def _write(made: _Made, folder: Path) -> None:
    from safetensors.torch import save_file

    for name, content in ((_BODY, made.body), (_HEAD, made.head)):
        if isinstance(content, bytes) and content:
            (folder / name).write_bytes(content)
    if made.table is not None:
        save_file({EMBEDDINGS: made.table.contiguous()}, folder / _TABLE)


def _read(folder: Path, alone: bool) -> _Made:
    from safetensors.torch import load_file

    if not alone:
        return _Made(folder / _BODY)
    return _Made(folder / _BODY, folder / _HEAD, load_file(folder / _TABLE)[EMBEDDINGS])
