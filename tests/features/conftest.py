"""Where the real weights lie, and what to say when they are missing."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest

# Worked out at import: tests may point the environment elsewhere.
_CACHE = Path(os.environ.get("MMQA_CACHE") or platformdirs.user_cache_dir("mmqa"))
WEIGHTS = _CACHE / "models" / "embedded"


@pytest.fixture(scope="session")
def weights() -> Path:
    """The folder of the preset ``embedded``; a test that needs it fails where it is missing."""
    if not WEIGHTS.is_dir():
        pytest.fail(f"no models in {WEIGHTS}: run `mmqa models pull embedded`")
    return WEIGHTS


@pytest.fixture(scope="session")
def data() -> Path:
    return Path(__file__).with_name("data")
