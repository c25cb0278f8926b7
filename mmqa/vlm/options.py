"""What a language model is loaded with, and how one answer of it is decoded.

Knows: the settings that loaders of language models take, and their defaults.
Refuses to know: which of them a model heeds, torch, and where the settings come from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from mmqa.config import Config
from mmqa.errors import ConfigError
from mmqa.interfaces import ImageEncoder

Quantization = Literal["auto", "none", "int8", "nf4"]
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Settings of one loaded language model; each loader heeds those that concern it.

    Attributes:
        quantization: ``auto`` is what was measured to be best on this kind of machine.
        device: ``auto`` takes a GPU where there is one.
        queue_wait_s: Longest wait for a turn when others are being answered, in seconds.
        picture_pixels: A picture is shown to the model with at most so many pixels.
        prefix_bytes: Memory for the computed heads of recent prompts, in bytes; 0 keeps none.
        stored: Folder where quantized weights are kept, to be loaded quickly the next time;
            ``None`` lets the loader choose a place beside the model.
        connector: Folder of a trained connector; ``None`` takes the one that ships.
        image_encoder: Gives the encoder whose grid a model sees through; called when first needed.
        image_encoder_fingerprint: Digest of that encoder's files; empty where it is not known.
        served_url: Address of an OpenAI-compatible endpoint.
        served_model: Name of the model there.
        served_timeout_s: Longest wait for its next words, in seconds.
    """

    quantization: Quantization = "auto"
    device: Device = "auto"
    queue_wait_s: float = 60.0
    picture_pixels: int = 1_000_000
    prefix_bytes: int = 64_000_000
    stored: Path | None = None
    connector: Path | None = None
    image_encoder: Callable[[], ImageEncoder] | None = None
    image_encoder_fingerprint: str = ""
    served_url: str = ""
    served_model: str = ""
    served_timeout_s: float = 60.0

    @classmethod
    def of(
        cls,
        config: Config,
        *,
        image_encoder: Callable[[], ImageEncoder] | None = None,
        image_encoder_fingerprint: str = "",
        stored: Path | None = None,
        connector: Path | None = None,
    ) -> LoadOptions:
        """The options that a configuration asks for.

        Raises:
            ConfigError: ``quantization`` or ``device`` is none that there is, or a number is
                negative.

        >>> LoadOptions.of(Config(quantization="nf4")).quantization
        'nf4'
        """
        _one_of("quantization", config.quantization, ("auto", "none", "int8", "nf4"))
        _one_of("device", config.device, ("auto", "cpu", "cuda"))
        _at_least("queue_wait_s", config.queue_wait_s, 0.0)
        _at_least("picture_pixels", config.picture_pixels, 1)
        return cls(
            quantization=cast(Quantization, config.quantization),
            device=cast(Device, config.device),
            queue_wait_s=config.queue_wait_s,
            picture_pixels=config.picture_pixels,
            stored=stored,
            connector=connector,
            image_encoder=image_encoder,
            image_encoder_fingerprint=image_encoder_fingerprint,
            served_url=config.served_url,
            served_model=config.served_model,
            served_timeout_s=config.served_timeout_s,
        )


DEFAULTS = LoadOptions()
"""What a loader takes where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How one answer is decoded.

    Attributes:
        max_tokens: Longest answer, in tokens, from 1.
        stop: The answer ends before the first of these strings; none may be empty.
        temperature: 0 is greedy; else logits are divided by it and sampled from.
        seed: Of the sampling.

    Raises:
        ValueError: A value is out of its range.
    """

    max_tokens: int = 96
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens is {self.max_tokens}, but counts from 1")
        if not self.temperature >= 0.0:
            raise ValueError(f"temperature is {self.temperature}, but counts from 0")
        if "" in self.stop:
            raise ValueError("a stop string is empty, which would end every answer at once")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{name} is {value!r}, which is unknown", f"Known: {', '.join(known)}.")


def _at_least(name: str, value: float, least: float) -> None:
    if not value >= least:
        raise ConfigError(f"{name} is {value}, but counts from {least}", "Correct the value.")
