"""Settings of loading and decoding."""

from __future__ import annotations

from typing import Any

import pytest

from mmqa.config import Config
from mmqa.errors import ConfigError
from mmqa.vlm.options import Decoding, LoadOptions


def test_options_follow_the_configuration() -> None:
    config = Config(quantization="int8", device="cpu", queue_wait_s=3.0, served_model="m")
    options = LoadOptions.of(config, image_encoder_fingerprint="abc")
    assert (options.quantization, options.device, options.queue_wait_s) == ("int8", "cpu", 3.0)
    assert (options.served_model, options.image_encoder_fingerprint) == ("m", "abc")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"quantization": "int4"}, "'int4'.*nf4"),
        ({"device": "tpu"}, "'tpu'.*cuda"),
        ({"queue_wait_s": -1.0}, "queue_wait_s"),
        ({"queue_wait_s": float("nan")}, "queue_wait_s"),
        ({"picture_pixels": 0}, "picture_pixels"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        LoadOptions.of(Config(**settings))


@pytest.mark.parametrize(
    "wrong",
    [{"max_tokens": 0}, {"temperature": -0.1}, {"temperature": float("nan")}, {"stop": ("",)}],
)
def test_a_decoding_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Decoding(**wrong)
