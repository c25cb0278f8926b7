"""The processor of a model: its tokenizer, its chat template, and what it does to pictures.

Knows: how transformers loads one, and how to do without its parts for video and sound, which need
packages that mmqa has no use for. Refuses to know: what is said to the model.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from mmqa.errors import ModelError
from mmqa.vlm.hub.folder import ROLE, brief

NAMED_IN = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
"""Files that may say which class of processor it is, as transformers looks them through."""


def load_processor(folder: Path) -> Any:
    """The processor in ``folder``, with a tokenizer that pads on the left, as generating needs.

    Raises:
        ModelError: It cannot be loaded, lacks a chat template or cannot take pictures.
    """
    try:
        processor = _load(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        raise ModelError(
            ROLE,
            f"the processor of the model in {str(folder)!r} cannot be loaded: {brief(error)}",
            "Install what it asks for, or choose another model.",
        ) from error
    _require(processor, folder)
    processor.tokenizer.padding_side = "left"
    if processor.tokenizer.pad_token is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    return processor


def _load(folder: Path) -> Any:
    auto: Any = import_module("transformers").AutoProcessor
    try:
        return auto.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except ImportError:  # of torchvision, for video: pictures do not need it
        return _for_pictures(folder)


def _for_pictures(folder: Path) -> Any:
    """The processor without its parts for video and sound."""
    from transformers import AutoImageProcessor, AutoTokenizer

    kind = _class_of(folder)

    class ForPictures(kind):  # type: ignore[misc,valid-type]
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument is None:
                return None
            return super().check_argument_for_proper_class(argument_name, argument)

    ForPictures.__name__ = kind.__name__
    makers: dict[str, Any] = {"image_processor": AutoImageProcessor, "tokenizer": AutoTokenizer}
    parts = [
        makers[name].from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if name in makers
        else None
        for name in kind.get_attributes()
    ]
    told, _ = ForPictures.get_processor_dict(folder, local_files_only=True)
    return ForPictures.from_args_and_dict(parts, told)


def _class_of(folder: Path) -> Any:
    """The class that the folder's files name, else the usual one for the model."""
    import transformers
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    for name in NAMED_IN:
        path = folder / name
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        named = getattr(transformers, str(told.get("processor_class")), None)
        if named is not None:
            return named
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    return PROCESSOR_MAPPING[type(config)]


def _require(processor: Any, folder: Path) -> None:
    lacks = ""
    if not (hasattr(processor, "image_processor") and hasattr(processor, "tokenizer")):
        lacks = "no processor for pictures (preprocessor_config.json)"
    elif not getattr(processor, "chat_template", None):
        lacks = "no chat template (chat_template.jinja)"
    if lacks:
        raise ModelError(
            ROLE,
            f"the model in {str(folder)!r} has {lacks}",
            "Choose a model that is made for conversations about pictures (an Instruct model).",
        )
