"""The small model, as it is and as its decoder computes, and decoders made of models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .small_models import as_decoded, make_llama


@pytest.fixture(scope="session")
def small() -> Any:
    return make_llama()


@pytest.fixture(scope="session")
def yardstick() -> Any:
    return as_decoded(make_llama())


@pytest.fixture
def decoder_of(tmp_path: Path) -> Callable[..., Any]:
    """Makes decoders: ``decoder_of(model, name="plain", **options)``."""
    from mmqa.vlm.decoding.loading import opened

    def make(model: Any, *, name: str = "plain", **options: Any) -> Any:
        settings = {"store": tmp_path / name, "source": name, "threads": 1, **options}
        return opened(model.config, model.generation_config, lambda: model, **settings).decoder

    return make
