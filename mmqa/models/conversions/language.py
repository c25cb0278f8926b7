"""GGUF → bfloat16 safetensors with tokenizer and chat template, once, as reading GGUF is slow.

Knows: which marks of the quantizer stand in the way of saving. Refuses to know: what is generated.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mmqa.errors import ModelError
from mmqa.models.preset import Role

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def convert(role: Role, source: Path, target: Path) -> None:
    """Write the model, its configuration, tokenizer and chat template into ``target``.

    Raises:
        ModelError: What was written is not bit-equal to what was read, or has no chat template.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    gguf = next(source.glob("**/*.gguf"))
    with _parsed_once():
        tokenizer = AutoTokenizer.from_pretrained(
            gguf.parent, gguf_file=gguf.name, local_files_only=True
        )
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16, local_files_only=True
        )
    _remove_marks(model)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    _check(role, model, target)


@contextmanager
def _parsed_once() -> Iterator[None]:
    """Let transformers parse the file once, not anew for configuration, tokenizer and weights.

    It also builds the same table of names for every layer; together half of the time.
    """
    import gguf

    before = {name: getattr(gguf, name) for name in ("GGUFReader", "get_tensor_name_map")}
    for name, costly in before.items():
        setattr(gguf, name, cache(costly))
    try:
        yield
    finally:
        for name, costly in before.items():
            setattr(gguf, name, costly)


def _remove_marks(model: PreTrainedModel) -> None:
    """The weights are dequantized; while the quantizer's marks remain, saving is refused."""
    setattr(model, "hf_quantizer", None)  # noqa: B010 - no declared attribute
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    for name in ("is_quantized", "quantization_method"):
        if name in vars(model):
            delattr(model, name)


def _check(role: Role, model: PreTrainedModel, target: Path) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoTokenizer

    stored = load_file(target / "model.safetensors")
    wanted = model.state_dict()
    wrong = [name for name, tensor in stored.items() if not torch.equal(tensor, wanted[name])]
    absent = [name for name in wanted if name not in stored and name != "lm_head.weight"]
    if wrong or absent or any(tensor.dtype != torch.bfloat16 for tensor in stored.values()):
        raise ModelError(
            role.role,
            f"{len(wrong)} of {len(stored)} stored weights differ from the original,"
            f" {len(absent)} are missing",
            "Report this with the version of transformers.",
        )
    if not AutoTokenizer.from_pretrained(target, local_files_only=True).chat_template:
        raise ModelError(role.role, "the language model has no chat template", "")
