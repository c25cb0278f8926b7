"""``mmqa train mapping`` as a person types it, over small real pictures and the real encoders."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmqa import config, extraction
from mmqa.cli import main
from mmqa.commands import train_mapping
from mmqa.errors import UsageError
from mmqa.extraction import Extract
from mmqa.fusion.concat import ConcatFuser
from mmqa.index.identity import IndexIdentity
from mmqa.index.store import IndexStore
from mmqa.index.transaction import Transaction
from mmqa.mapping import learned, opening
from mmqa.parts import Parts
from mmqa.records import Features, MediaItem, Segment, SegmentText
from mmqa.training import contrastive_mapping

THINGS = 48


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of random squares, no two alike, and a row that cannot be used."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = []
    for number in range(THINGS):
        squares = np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8)
        name = f"{number}.png"
        Image.fromarray(np.kron(squares, np.ones((16, 16, 1), np.uint8))).save(folder / name)
        rows.append({"image": name, "text": f"pattern {'abcdefghijkl'[number % 12]}{number}"})
    rows.append({"image": "gone.png", "text": "a ferry"})
    file = folder / "pairs.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


@pytest.fixture(autouse=True)
def corpora(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features are kept in a folder of this run, shared by its tests."""
    monkeypatch.setenv("MMQA_CORPORA", str(tmp_path_factory.getbasetemp() / "corpora"))


def options(**given: Any) -> Namespace:
    plain = {
        "pairs": None,
        "index": None,
        "method": None,
        "out": None,
        "epochs": None,
        "copies": 0,
        "seed": 0,
        "device": "auto",
        "resume": False,
        "set": [],
        "config": None,
    }
    return Namespace(**{**plain, **given})


@pytest.mark.weights
def test_pairs_become_a_mapping_with_figures_and_the_next_command(
    pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    words = ["train", "mapping", "--pairs", str(pairs), "--out", str(out), "--epochs", "2"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert f"{THINGS} pairs of {THINGS} pictures (" in said
    assert "1 rows refused" in said
    assert "pairs.jsonl, line 49: there is no file" in said
    assert "mlp, seed 0; temperature" in said
    assert "text to picture R@10" in said
    assert f"mmqa rebuild --index DIR --set mapping={out}" in said
    assert opening.load(out).fingerprint.startswith("mlp-")

    assert main([*words, "--json", "--method", "closed-form", "--seed", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["pairs"] == sum(report["pictures"].values()) == THINGS
    assert (report["method"], report["seed"]) == ("closed-form", 1)
    assert report["fingerprint"] == opening.load(out).fingerprint
    assert report["refused"][0]["where"] == "pairs.jsonl, line 49"
    assert {f["name"] for f in report["figures"]} >= {"text to picture R@1", "picture to text R@10"}
    assert report["better"] is (report["validation"]["after"] > report["validation"]["before"])


@pytest.mark.weights
def test_an_index_is_enough_even_when_its_files_are_gone(tmp_path: Path) -> None:
    encoder = Parts(config.load({})).fingerprints()["image_encoder"]
    fuser = ConcatFuser(2)
    identity = IndexIdentity("embedded", {"image_encoder": encoder}, "concat", fuser.width)
    index = tmp_path / "index"
    with IndexStore.create(index, identity, fuser) as store, store.transaction() as change:
        for number in range(THINGS):
            _indexed(change, number, encoder)
    asked = options(index=str(index), method="closed-form", out=str(tmp_path / "mine"))
    report = train_mapping.run(asked, lambda _chunk: None)
    assert report.to_json()["pairs"] == THINGS
    assert report.to_json()["refused"] == []
    assert report.lines()[-1].startswith(f"Move an index over: mmqa rebuild --index {index} ")
    assert opening.load(tmp_path / "mine").fingerprint == report.to_json()["fingerprint"]


def _indexed(change: Transaction, number: int, encoder: str) -> None:
    """A picture that lies nowhere, with a caption and what the encoder saw of it."""
    path, sha256 = Path(f"/nowhere/{number}.png"), f"{number:064x}"
    item = MediaItem(path, sha256, "image", 1, 1)
    text = SegmentText(caption=f"pattern {'abcdefghijkl'[number % 12]}{number}")
    segment = Segment(f"{number:012x}.0", path, sha256, "image", 0, text=text)
    features = Features({"text": np.array([1, 0], np.float32)})
    change.put(item, [segment], [features], ["pattern"])
    made = np.random.default_rng(number)
    seen = Extract(
        "image",
        pooled=made.random(1280, np.float32),
        probabilities=made.dirichlet(np.ones(1000)).astype(np.float32),
    )
    key = f"v1;image_encoder={encoder};text_recognizer=off"
    change.put_extraction(sha256, key, extraction.pack([seen]))


@pytest.mark.weights
def test_stopped_by_the_keyboard_it_says_how_to_go_on(
    pairs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(contrastive_mapping, "train", stop)
    monkeypatch.setattr(train_mapping, "train", stop)
    asked = options(pairs=[str(pairs)], out=str(tmp_path / "mine"))
    with pytest.raises(KeyboardInterrupt):
        train_mapping.run(asked, lambda _chunk: None)
    assert "--resume" in capsys.readouterr().err
    assert not (tmp_path / "mine" / learned.FILE_NAME).exists()


def test_an_unknown_method_and_a_method_without_pairs_are_refused(pairs: Path) -> None:
    with pytest.raises(UsageError, match="Known: closed-form, linear, mlp"):
        train_mapping.run(options(pairs=[str(pairs)], method="magic"), lambda _chunk: None)
    with pytest.raises(UsageError, match="'mlp' needs pairs"):
        train_mapping.run(options(method="mlp"), lambda _chunk: None)


@pytest.mark.weights
def test_pairs_that_are_all_refused_name_the_first_reason(tmp_path: Path) -> None:
    empty = tmp_path / "none.jsonl"
    empty.write_text('{"text": "a ferry"}\n')
    with pytest.raises(UsageError, match=r"none\.jsonl, line 1: it names neither image nor audio"):
        train_mapping.run(options(pairs=[str(empty)]), lambda _chunk: None)


@pytest.mark.weights
def test_a_file_in_the_place_of_the_folder_is_refused(pairs: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(UsageError, match="cannot hold what is trained: File exists"):
        train_mapping.run(options(pairs=[str(pairs)], out=str(taken)), lambda _chunk: None)
    assert taken.read_text() == "mine"


@pytest.mark.weights
def test_too_few_pairs_are_refused_before_anything_is_written(pairs: Path, tmp_path: Path) -> None:
    few = pairs.with_name("few.jsonl")
    few.write_text("\n".join(pairs.read_text().splitlines()[:5]))
    with pytest.raises(UsageError, match="too few different pictures"):
        train_mapping.run(options(pairs=[str(few)], out=str(tmp_path / "o")), lambda _chunk: None)
    assert not (tmp_path / "o").exists()
