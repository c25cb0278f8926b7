"""A language model is told from others by its files and settings, before it is loaded."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from mmqa.vlm.identity import identity
from mmqa.vlm.options import LoadOptions

OPTIONS = LoadOptions(served_url="http://localhost:1/v1", served_model="a")


def test_other_files_loaders_and_bits_are_other_models() -> None:
    made = [
        identity("transformers", "f", OPTIONS),
        identity("transformers", "g", OPTIONS),
        identity("transformers-text", "f", OPTIONS),
        identity("transformers", "f", replace(OPTIONS, quantization="nf4")),
        identity("transformers", "f", replace(OPTIONS, picture_pixels=9)),
        identity("mini", "f", OPTIONS),
        identity("served", "", OPTIONS),
        identity("served", "", replace(OPTIONS, served_model="b")),
        identity("served", "", replace(OPTIONS, served_url="http://localhost:2/v1")),
    ]
    assert len(set(made)) == len(made)
    assert made[0] == identity("transformers", "f", OPTIONS)


def test_settings_that_change_no_words_are_left_out() -> None:
    told = identity("transformers", "f", OPTIONS)
    assert told == identity("transformers", "f", replace(OPTIONS, queue_wait_s=1, device="cpu"))
    assert identity("mini", "f", OPTIONS) == identity("mini", "f", replace(OPTIONS, served_url=""))


def test_a_connector_is_known_by_its_weights(tmp_path: Path) -> None:
    def told() -> str:
        return identity("mini", "f", replace(OPTIONS, connector=tmp_path))

    (tmp_path / "connector.safetensors").write_bytes(b"one")
    first = told()
    (tmp_path / "notes.md").write_text("of no matter")
    assert told() == first != identity("mini", "f", OPTIONS)
    (tmp_path / "connector.safetensors").write_bytes(b"two")
    assert told() != first


def test_it_is_told_without_torch() -> None:
    program = (
        "import sys\nfrom mmqa.vlm.identity import identity\n"
        "from mmqa.vlm.options import DEFAULTS\nidentity('mini', 'f', DEFAULTS)\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
