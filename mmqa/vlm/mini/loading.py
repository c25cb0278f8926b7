"""Opens the embedded vision-language model.

Knows: which files make it, and that they must fit each other. Refuses to know: how it answers.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mmqa.errors import ConfigError, ModelError
from mmqa.vlm import text_model
from mmqa.vlm.decoding.model import BlockModel
from mmqa.vlm.device import place
from mmqa.vlm.folder_digest import folder_digest
from mmqa.vlm.mini import WEIGHTS, adapters, connector
from mmqa.vlm.mini.connector import REMEDY, ROLE, Trained, embedding_digest
from mmqa.vlm.mini.layout import Layout
from mmqa.vlm.mini.model import MiniModel
from mmqa.vlm.mini.seeing import adapted, in_blocks, quantized
from mmqa.vlm.options import DEFAULTS, LoadOptions


def load(folder: Path, *, threads: int, options: LoadOptions = DEFAULTS) -> MiniModel:
    """The language model in ``folder`` with the connector and adapters that let it see, warmed up.

    Args:
        folder: Holds ``config.json``, safetensors and the tokenizer with its chat template.
        threads: CPU threads, from 1.
        options: ``image_encoder`` gives the encoder that it sees through; ``connector`` the folder
            of a trained one, else what ships is taken.

    Raises:
        ModelMissingError: A file is missing.
        ModelError: What lies there cannot be loaded, or does not fit together.
        ConfigError: There is no image encoder, or the device is not there.
    """
    if options.image_encoder is None:
        raise ConfigError("this model sees through an image encoder, and none was given", "")
    where = options.connector or WEIGHTS
    trained, learned = connector.read(where), adapters.read(where)
    model, tokenizer, mode = text_model.opened(folder, threads=threads, options=options)
    _require_fit(trained, model, options.image_encoder_fingerprint, where)
    mini = MiniModel(
        text_model.TextModel(folder, model, tokenizer, options=options, quantized=mode),
        _seeing(folder, model, learned, mode, threads=threads, options=options),
        Layout(tokenizer, trained.connector.shape.tokens),
        trained,
        learned.fingerprint,
        options=options,
    )
    mini.warm_up()
    return mini


def _seeing(
    folder: Path,
    model: Any,
    learned: adapters.Adapters,
    mode: str,
    *,
    threads: int,
    options: LoadOptions,
) -> Any:
    if mode == "none":
        return adapted(model, learned)
    store = options.stored or folder.with_name(f"{folder.name}-{mode}")
    store = store.with_name(f"{store.name}-seeing")

    def full() -> Any:
        plain = replace(options, quantization="none")
        return text_model.read(folder, threads=threads, options=plain)[0]

    if isinstance(model, BlockModel):
        kept = options.prefix_bytes
        return in_blocks(model, full, learned, store=store, threads=threads, prefix_bytes=kept)
    device, source = place(options.device), folder_digest(folder)
    return quantized(full(), learned, mode, device=device, store=store, source=source)


def _require_fit(trained: Trained, model: Any, image_encoder: str, where: Path) -> None:
    """Refuse a connector that was trained with another language model or image encoder."""
    found = embedding_digest(model.get_input_embeddings().weight)
    if found != trained.language_model:
        raise ModelError(
            ROLE,
            f"the connector in {str(where)!r} was trained with another language model",
            REMEDY,
        )
    if image_encoder and image_encoder != trained.image_encoder:
        raise ModelError(
            ROLE,
            f"the connector in {str(where)!r} was trained with another image encoder",
            REMEDY,
        )
