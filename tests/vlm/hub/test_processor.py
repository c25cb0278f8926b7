"""Processors load with what is installed, and as whole ones do where torchvision is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from mmqa.errors import ModelError
from mmqa.vlm.hub.processor import load_processor
from mmqa.vlm.hub.prompt import Layout

from .torchvision_shim import FOLDER
from .two_pictures import FAMILIES, prompt


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What processors with their part for video make, in a process that has torchvision."""
    if not (FOLDER / "torchvision").is_dir():
        pytest.fail(f"{FOLDER} holds no torchvision, which these tests need. Run: make setup")
    folder = tmp_path_factory.mktemp("whole")
    program = Path(__file__).with_name("whole_processors.py")
    done = subprocess.run(
        [sys.executable, str(program), str(folder)],
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_a_whole_processor_counts_and_answers(whole: Path, family: str) -> None:
    told = json.loads((whole / "told.json").read_text())[family]
    assert isinstance(told["answer"], str)
    assert told["video"].endswith("VideoProcessor")
    ids = load_file(whole / f"{family}.safetensors")["input_ids"]
    assert told["counted"] == ids.shape[1]


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "smolvlm"])
def test_without_the_part_for_video_a_model_is_shown_the_same(
    whole: Path, folder_of: Callable[[str], Path], family: str
) -> None:
    processor = load_processor(folder_of(family))
    assert processor.video_processor is None
    layout = Layout(processor, 100 * 100)
    made = layout.inputs([layout.lay_out(prompt())])
    wanted = load_file(whole / f"{family}.safetensors")
    assert sorted(made) == sorted(wanted)
    for name, tensor in made.items():
        if tensor.is_floating_point():  # of −1…1; Pillow and torchvision resize noise differently
            difference = (tensor - wanted[name]).abs()
            assert difference.mean() < 0.01 and difference.max() < 0.25
        else:
            assert tensor.equal(wanted[name])


def test_a_package_that_a_processor_needs_is_named(folder_of: Callable[[str], Path]) -> None:
    with pytest.raises(ModelError, match=r"`num2words` is required.*Install what it asks for"):
        load_processor(folder_of("smolvlm"))


@pytest.fixture
def copy(folder_of: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    def made(family: str) -> Path:
        return Path(shutil.copytree(folder_of(family), tmp_path / family))

    return made


def test_a_model_without_a_chat_template_is_refused(copy: Any) -> None:
    folder = copy("llava")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match=r"no chat template.*an Instruct model"):
        load_processor(folder)


@pytest.mark.parametrize("family", ["llava", "qwen3_5"])
def test_a_model_without_settings_for_pictures_is_refused(copy: Any, family: str) -> None:
    folder = copy(family)
    for path in folder.glob("*processor_config.json"):
        path.unlink()
    with pytest.raises(ModelError, match=r"processor"):
        load_processor(folder)


def test_a_model_without_a_tokenizer_is_refused(copy: Any) -> None:
    folder = copy("llava")
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelError, match=r"processor of the model in .* cannot be loaded"):
        load_processor(folder)


def test_prompts_are_padded_on_the_left_and_with_a_mark_that_is_there(copy: Any) -> None:
    folder = copy("llava")
    path = folder / "tokenizer_config.json"
    told = json.loads(path.read_text())
    told.pop("pad_token")
    told["padding_side"] = "right"
    path.write_text(json.dumps(told))
    tokenizer = load_processor(folder).tokenizer
    assert tokenizer.padding_side == "left" and tokenizer.pad_token == "</s>"
