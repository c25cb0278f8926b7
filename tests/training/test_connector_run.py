"""One whole run on a toy: what it writes, going on after an interruption, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmqa.errors import ModelError, UsageError
from mmqa.interfaces import Progress
from mmqa.records import Chunk, Message, Picture
from mmqa.training import checkpoint
from mmqa.training.connector import ConnectorSettings
from mmqa.training.connector_run import ConnectorReport, load_language_model, train_connector
from mmqa.training.loop import Settings
from mmqa.training.visual_data import VisualData
from mmqa.training.visual_examples import Asked, Example
from mmqa.training.visual_features import Seen
from mmqa.vlm.mini import adapters, connector
from mmqa.vlm.mini.loading import load
from mmqa.vlm.options import LoadOptions

from ..vlm.mini.small_chat import WIDTH, ColourEye, llama, saved

SETTINGS = ConnectorSettings(side=2, hidden=16, rank=2, warm_steps=4, warm_batch=8)
STEPS = Settings(epochs=3, batch=8, learning_rate=3e-3, patience=9, device="cpu")


def drawn() -> Picture:
    raise AssertionError("what was seen is kept")


def toy(count: int, seed: int) -> tuple[tuple[Example, ...], Seen]:
    """Red or blue in every cell, three channels."""
    made = np.random.default_rng(seed)
    grids = made.uniform(0, 0.2, (count, 4, 3))
    examples = []
    for number in range(count):
        colour = ("red", "blue")[number % 2]
        grids[number, :, 2 * (number % 2)] += 0.8
        asked = (
            Asked("What colour is it?", colour, "colour"),
            Asked("Is it red?", "yes" if colour == "red" else "no", "yes-no"),
        )
        examples.append(Example(f"{seed}/{number}", "toy", (drawn,), asked))
    seen = Seen(grids.astype(np.float16), (("thing",),) * count, tuple(range(count)))
    return tuple(examples), seen


DATA = VisualData(*toy(48, 1), *toy(8, 2))


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("words") / "model")


def run(words: Path, out: Path, **given: Any) -> ConnectorReport:
    plain: dict[str, Any] = {
        "data": DATA,
        "image_encoder": "colours",
        "settings": SETTINGS,
        "steps": STEPS,
        "threads": 1,
    }
    plain |= given
    return train_connector(plain.pop("data"), words, out, **plain)


@pytest.fixture(scope="module")
def straight(words: Path, tmp_path_factory: pytest.TempPathFactory) -> ConnectorReport:
    return run(words, tmp_path_factory.mktemp("runs") / "a" / "straight")


def interrupt_at(step: int) -> Progress:
    def progress(chunk: Chunk) -> None:
        if chunk.label == "train connector" and chunk.done == step:
            raise KeyboardInterrupt

    return progress


def test_it_writes_connector_adapters_and_log_and_leaves_no_checkpoint(
    straight: ConnectorReport,
) -> None:
    names = {path.name for path in straight.folder.iterdir()}
    assert names == {"connector.safetensors", "adapters.safetensors", "training.jsonl"}
    log = (straight.folder / "training.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in log] == [0, 1, 2, 3]


def test_the_files_are_as_large_as_their_numbers_in_float16(straight: ConnectorReport) -> None:
    layers = 2 * (3 * 16 + 16 + 16 * WIDTH + WIDTH)
    numbers = layers + 2 * 3 + 5 * WIDTH + 1
    sides = 2 * (64 + 64) + 2 * (64 + 32) + 3 * (64 + 128)
    file = straight.folder / "connector.safetensors"
    assert 2 * numbers < file.stat().st_size < 2 * numbers + 3000
    file = straight.folder / "adapters.safetensors"
    assert 2 * 2 * 2 * sides < file.stat().st_size < 2 * 2 * 2 * sides + 6000
    sizes = [path.stat().st_size for path in straight.folder.glob("*.safetensors")]
    assert straight.facts["size_bytes"] == sum(sizes)


def test_it_says_how_it_came_to_be(straight: ConnectorReport, words: Path) -> None:
    trained = connector.read(straight.folder)
    embeddings = llama().get_input_embeddings().weight
    assert trained.language_model == connector.embedding_digest(embeddings)
    assert trained.image_encoder == "colours"
    assert trained.facts["examples"] == {"toy": 48}
    assert trained.facts["settings"]["rank"] == 2
    assert trained.facts["steps"]["seed"] == 0
    assert trained.facts["development"] == round(straight.outcome.best.metric, 4)
    assert adapters.read(straight.folder).scale == 2.0


def test_what_was_trained_can_be_loaded_and_sees(straight: ConnectorReport, words: Path) -> None:
    options = LoadOptions(
        quantization="none",
        device="cpu",
        connector=straight.folder,
        image_encoder=ColourEye,
        image_encoder_fingerprint="colours",
    )
    model = load(words, threads=1, options=options)
    red, blue = (Picture(np.full((9, 9, 3), c, np.uint8)) for c in ((230, 20, 20), (20, 20, 230)))
    asked = [Message("user", "What colour is it?")]
    answers = ["".join(model.stream(asked, [p], max_tokens=6)) for p in (red, blue)]
    assert answers[0] != answers[1]


def test_the_report_is_for_people_and_for_programs(straight: ConnectorReport) -> None:
    told = "\n".join(straight.lines())
    assert str(straight.folder) in told
    assert "share 3: loss" in told
    assert f"--set vlm={straight.folder}" in told
    found = json.loads(json.dumps(straight.to_json()))
    assert [epoch["number"] for epoch in found["epochs"]] == [0, 1, 2, 3]
    assert found["device"] == "cpu"
    assert straight.passed


def tensors(folder: Path) -> tuple[dict[str, torch.Tensor], Any]:
    return connector.read(folder).connector.state_dict(), adapters.read(folder).halves


def test_interrupted_and_resumed_it_writes_what_a_straight_run_writes_to_the_bit(
    words: Path, straight: ConnectorReport, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(words, tmp_path, progress=interrupt_at(3))  # in the second share
    assert (tmp_path / checkpoint.FILE_NAME).exists()
    assert not (tmp_path / connector.FILE_NAME).exists()
    told: list[Chunk] = []
    resumed = run(words, tmp_path, resume=True, progress=told.append)
    assert resumed.outcome.resumed_after == 1
    assert resumed.outcome.epochs == straight.outcome.epochs
    assert "warm start" not in {chunk.label for chunk in told}
    (one, mine), (other, theirs) = tensors(straight.folder), tensors(tmp_path)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert all(torch.equal(mine[n][h], theirs[n][h]) for n in mine for h in "AB")


def test_the_same_run_twice_is_the_same_and_another_seed_another(
    words: Path, straight: ConnectorReport, tmp_path: Path
) -> None:
    run(words, tmp_path / "again")
    first, again = (tensors(f)[0] for f in (straight.folder, tmp_path / "again"))
    assert all(torch.equal(first[name], again[name]) for name in first)
    run(words, tmp_path / "other", steps=replace(STEPS, seed=1))
    other = tensors(tmp_path / "other")[0]
    assert not torch.equal(first["positions"], other["positions"])


@pytest.mark.parametrize(
    "changed",
    [
        {"image_encoder": "other eyes"},
        {"settings": replace(SETTINGS, words_left_out=0.5)},
        {"steps": replace(STEPS, learning_rate=1e-3)},
        {"data": replace(DATA, fitted=DATA.fitted[::-1])},
    ],
)
def test_a_checkpoint_of_another_run_is_refused(
    words: Path, tmp_path: Path, changed: dict[str, Any]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(words, tmp_path, progress=interrupt_at(3))
    with pytest.raises(UsageError, match="another run"):
        run(words, tmp_path, resume=True, **changed)


def test_resuming_without_a_checkpoint_starts_from_the_beginning(
    words: Path, straight: ConnectorReport, tmp_path: Path
) -> None:
    report = run(words, tmp_path / "new", resume=True)
    assert report.outcome.resumed_after is None
    assert report.outcome.epochs == straight.outcome.epochs


def test_a_folder_that_cannot_be_made_is_named(words: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=f"{tmp_path}/file/out.*--out|{tmp_path}/file/out"):
        run(words, tmp_path / "file" / "out")


def test_a_file_where_the_folder_should_be_is_named(words: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=f"{tmp_path}/file"):
        run(words, tmp_path / "file")


def test_a_language_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"{tmp_path}/nowhere"):
        run(tmp_path / "nowhere", tmp_path / "out")


def test_a_language_model_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "words")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ModelError, match=f"{folder}.*chat template"):
        load_language_model(folder)


def test_weights_that_are_damaged_are_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "words")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:50])
    with pytest.raises(ModelError, match=str(folder)):
        load_language_model(folder)


def test_the_language_model_is_frozen(words: Path) -> None:
    model, tokenizer = load_language_model(words)
    assert not any(p.requires_grad for p in model.parameters())
    assert not model.training
    assert tokenizer.chat_template
