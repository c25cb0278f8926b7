"""The real page over the stand-in library, slowed down so that a browser can press Stop.

Run by Streamlit in ``test_page_in_browser.py``; the folder to work in is its only argument.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from PIL import Image

from ui import launch, state

HERE = Path(__file__).parent
FOLDER = Path(sys.argv[-1])


def stand_in() -> Any:
    """The module that holds the stand-in, loaded once for all runs of this script."""
    name = "mmqa_ui_stand_in"
    if name not in sys.modules:
        spec = spec_from_file_location(name, HERE / "conftest.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def open_library(path: Path, create: bool) -> Any:
    """A library that pauses before every event; "slowly" in the question makes it pause long."""
    module = stand_in()
    if not (FOLDER / "announcement.wav").exists():
        Image.new("RGB", (640, 420), "orange").save(FOLDER / "pier.jpg")
        module.write_tone(FOLDER / "announcement.wav")

    class Slow(module.StandInLibrary):  # type: ignore[misc, name-defined]
        def stream(self, question: str, **rest: Any) -> Iterator[Any]:
            for event in super().stream(question, **rest):
                time.sleep(1.0 if "slowly" in question else 0.02)
                yield event

    counts = {"image": 2, "audio": 1, "text": 1}
    return Slow(FOLDER, module.three_hits(FOLDER), by_kind=counts)


if __name__ == "__main__":
    os.environ[launch.INDEX_VARIABLE] = str(FOLDER)
    state.open_library = open_library
    state.known_indexes = lambda: [FOLDER]
    runpy.run_path(str(HERE.parents[1] / "ui" / "app.py"))
