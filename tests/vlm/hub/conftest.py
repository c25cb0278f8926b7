"""Tiny models, written and loaded once a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmqa.records import Picture
from mmqa.vlm.hub.loading import load
from mmqa.vlm.hub.model import HubModel
from mmqa.vlm.options import LoadOptions

from .tiny_models import build

HERE = ("qwen3_5", "qwen3_vl", "qwen2_5_vl", "gemma3", "idefics3", "llava")
"""Families that load with what is installed here: those of Qwen without their part for video."""

OPTIONS = LoadOptions(picture_pixels=100 * 100, quantization="none", device="cpu")


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Family → folder of its tiny model; not to be written to."""
    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            made[family] = build(family, tmp_path_factory.mktemp(family) / family)
        return made[family]

    return folder


@pytest.fixture(scope="session")
def model_of(folder_of: Callable[[str], Path]) -> Callable[[str], HubModel]:
    """Family → its tiny model, loaded; not to be released."""
    made: dict[str, HubModel] = {}

    def model(family: str) -> HubModel:
        if family not in made:
            made[family] = load(folder_of(family), threads=1, options=OPTIONS)
        return made[family]

    return model


@pytest.fixture(params=HERE)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(family: str, model_of: Callable[[str], HubModel]) -> HubModel:
    return model_of(family)


def noise(height: int, width: int, seed: int = 0) -> Picture:
    """A picture that no other seed gives."""
    rng = np.random.default_rng(seed)
    return Picture(rng.integers(0, 255, (height, width, 3), dtype=np.uint8))


def flat(height: int, width: int, colour: tuple[int, int, int] = (200, 30, 60)) -> Picture:
    return Picture(np.full((height, width, 3), colour, np.uint8))
