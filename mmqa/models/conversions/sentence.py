"""all-MiniLM-L6-v2, safetensors → ONNX with pooling and normalisation inside the graph.

Knows: the graph's inputs and outputs. Refuses to know: where the source came from.

The graph takes ``input_ids`` and ``attention_mask``, int64 (n, t), and gives ``embeddings``,
float32 (n, 384), each of unit length: mean over the tokens of the mask, as sentence-transformers
does.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mmqa.errors import ModelError
from mmqa.models.conversions.onnx_export import export, largest_difference
from mmqa.models.preset import Role

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 256
"""``max_seq_length`` of the published model."""

TOLERANCE = 1e-4
SENTENCES = (
    "A red football.",
    "What did she say about the ferry to the island, and when does the last one leave?",
    "中文",
)


def convert(role: Role, source: Path, target: Path) -> None:
    """Write ``model.onnx`` and ``tokenizer.json`` into ``target``.

    Raises:
        ModelError: The ONNX graph does not give the numbers of the torch model.
    """
    import torch
    from transformers import BertModel

    folder = next(source.glob("**/model.safetensors")).parent
    model = BertModel.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32, local_files_only=True
    )
    module = _pooled(model)
    ids = torch.ones((2, 7), dtype=torch.int64)
    export(
        module,
        {"input_ids": ids, "attention_mask": torch.ones_like(ids)},
        target / "model.onnx",
        axes={
            "input_ids": {0: "n", 1: "t"},
            "attention_mask": {0: "n", 1: "t"},
            "embeddings": {0: "n"},
        },
    )
    _tokenizer(folder / "tokenizer.json", target / "tokenizer.json")
    shutil.copyfile(folder / "config.json", target / "config.json")
    _check(role, module, target)


def _pooled(model: torch.nn.Module) -> torch.nn.Module:
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.model(input_ids=input_ids, attention_mask=attention_mask)
            weight = attention_mask.unsqueeze(-1).to(torch.float32)
            mean = (hidden.last_hidden_state * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    return Pooled().eval()


def _tokenizer(source: Path, target: Path) -> None:
    """The published file pads everything to 128 tokens; pad to the longest of a batch instead."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106
    tokenizer.save(str(target))


def _check(role: Role, module: torch.nn.Module, target: Path) -> None:
    import numpy as np
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(target / "tokenizer.json"))
    rows = tokenizer.encode_batch(list(SENTENCES))
    feed = {
        "input_ids": np.array([row.ids for row in rows], np.int64),
        "attention_mask": np.array([row.attention_mask for row in rows], np.int64),
    }
    difference = largest_difference(module, target / "model.onnx", feed)
    if not difference <= TOLERANCE:
        raise ModelError(
            role.role,
            f"the converted text encoder differs from the original by {difference:.1e}"
            f" (allowed: {TOLERANCE:.0e})",
            "Report this with the versions of torch, transformers and onnxruntime.",
        )
