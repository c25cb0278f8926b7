from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import ModelDamagedError, ModelMissingError
from mmqa.features.sentence import SentenceEncoder, _batches, load


@pytest.fixture(scope="module")
def encoder(weights: Path) -> SentenceEncoder:
    return load(weights / "text_encoder", threads=1)


def test_batches_hold_every_text_once_and_stay_small() -> None:
    lengths = [int(n) for n in np.random.default_rng(0).integers(2, 257, size=500)]
    batches = list(_batches(lengths))
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    assert all(max(lengths[i] for i in batch) * len(batch) <= 4096 for batch in batches)


def test_a_missing_model_names_the_file_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"model\.onnx.*mmqa models pull"):
        load(tmp_path, threads=1)


@pytest.mark.weights
def test_a_damaged_model_is_an_error_of_its_own(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model at all")
    tokenizer = (weights / "text_encoder" / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(tokenizer)
    with pytest.raises(ModelDamagedError, match="cannot be loaded"):
        load(tmp_path, threads=1)


@pytest.mark.weights
def test_vectors_are_those_of_the_torch_model(encoder: SentenceEncoder, data: Path) -> None:
    golden = json.loads((data / "sentence_golden.json").read_text(encoding="utf-8"))
    vectors = encoder.encode(golden["texts"])
    np.testing.assert_allclose(vectors[:, :8], golden["first"], atol=2e-5)


@pytest.mark.weights
def test_a_paraphrase_is_nearer_than_another_subject(encoder: SentenceEncoder) -> None:
    guitar, music, stocks = encoder.encode(
        [
            "A man is playing a guitar on stage.",
            "Someone performs music with a guitar.",
            "The stock market fell sharply today.",
        ]
    )
    assert guitar @ music == pytest.approx(0.686, abs=1e-3)
    assert guitar @ stocks < 0.1


@pytest.mark.weights
def test_vectors_have_length_one_and_the_order_of_their_texts(encoder: SentenceEncoder) -> None:
    texts = ["ferry " * n for n in (1, 40, 3, 0, 90, 2)]
    together = encoder.encode(texts)
    alone = np.vstack([encoder.encode([text]) for text in texts])
    assert together.shape == (6, encoder.width) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.weights
def test_no_texts_give_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.weights
def test_the_end_of_a_long_text_still_counts(encoder: SentenceEncoder) -> None:
    garden = "We planted tomatoes in the garden behind the house. " * 30
    long, longer, asked = encoder.encode(
        [garden, garden + "The ferry sinks in the storm. " * 30, "a ferry in a storm"]
    )
    assert longer @ asked > long @ asked + 0.1


@pytest.mark.weights
def test_a_long_text_is_the_weighted_mean_of_its_windows(encoder: SentenceEncoder) -> None:
    first, second = encoder.encode(["ferry " * 254, "storm " * 100])
    whole = encoder.encode(["ferry " * 254 + "storm " * 100])[0]
    mean = 256 * first + 102 * second
    np.testing.assert_allclose(whole, mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.weights
def test_the_fingerprint_is_short_and_stable(encoder: SentenceEncoder, weights: Path) -> None:
    assert len(encoder.fingerprint) == 16
    assert encoder.fingerprint == load(weights / "text_encoder", threads=2).fingerprint


def test_importing_loads_no_model_library() -> None:
    code = (
        "import sys, mmqa.features.sentence, mmqa.features.efficientnet, mmqa.features.speech,"
        " mmqa.features.ocr; heavy = {'torch', 'transformers', 'onnxruntime', 'rapidocr',"
        " 'faster_whisper', 'tokenizers'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
