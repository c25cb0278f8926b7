from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mmqa.fusion.router import load, softmax
from mmqa.records import Floats
from mmqa.training import router
from mmqa.training.phrasings import Phrasing, questions
from mmqa.training.router import Settings, encode, fit, fold, held_out, importance, targets

SMALL = Settings(penalty=1e-3, templates_each=2, contents_each=1)


class BagOfPieces:
    """An encoder of any language: the mean of fixed random vectors of words and characters."""

    fingerprint = "bag"
    width = 48

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = np.stack([sum(self._piece(p) for p in self._pieces(t)) for t in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def _pieces(self, text: str) -> list[str]:
        return text.lower().strip("?？").split() + [c for c in text if c >= "\u3400"] or ["-"]

    def _piece(self, piece: str) -> Floats:
        seed = int.from_bytes(hashlib.sha256(piece.encode()).digest()[:4], "big")
        return np.random.default_rng(seed).standard_normal(self.width).astype(np.float32)


def test_with_nothing_but_the_bias_to_fit_the_weights_are_the_mean_target() -> None:
    rows = np.ones((4, 1), np.float32)
    wanted = targets(["visual", "visual", "text", "neutral"], 0.8)
    weight = np.full(4, 0.25, np.float32)
    fitted = fit(rows, wanted, weight, penalty=1.0)
    assert softmax(fitted.T)[0] == pytest.approx(wanted.mean(axis=0), abs=1e-4)


def test_at_the_minimum_the_penalty_balances_the_error() -> None:
    rng = np.random.default_rng(0)
    rows = np.hstack([rng.standard_normal((30, 3)), np.ones((30, 1))]).astype(np.float32)
    wanted = targets(["visual", "text", "speech"] * 10, 0.8)
    weight = importance(["visual", "text", "speech"] * 10)
    w = fit(rows, wanted, weight, penalty=0.1)
    error = (weight[:, None] * (softmax(rows @ w.T) - wanted)).T @ rows
    assert error[:, :3] == pytest.approx(-0.1 * w[:, :3], abs=1e-4)
    assert error[:, 3] == pytest.approx(np.zeros(3), abs=1e-4)


def test_all_questions_of_a_frame_fall_into_one_fold() -> None:
    made = questions("en", templates_each=3, contents_each=2)
    by_frame: dict[str, set[int]] = {}
    for one in made:
        by_frame.setdefault(one.frame, set()).add(fold(one.frame))
    assert all(len(folds) == 1 for folds in by_frame.values())
    assert len({fold(one.frame) for one in made}) == router.FOLDS


def test_a_router_is_trained_written_and_weighs_in_chinese(tmp_path: Path) -> None:
    report = router.train(BagOfPieces(), ("zh",), out=tmp_path, settings=SMALL)
    assert report.languages == ("zh",)
    assert report.held_out_accuracy > 0.5  # chance is a third
    fitted = load(tmp_path)
    assert fitted.encoder == "bag"
    for text, first in (
        ("谁提到了蜂蜜？", "speech"),
        ("海豚长什么样？", "visual"),
        ("箱子上印着什么字？", "text"),
    ):
        weights = fitted.weigh(text, BagOfPieces().encode([text])[0]).weights
        assert max(weights, key=lambda m: weights[m]) == first
        assert max(weights.values()) < 0.95  # a wrong decision must do little harm


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        report = router.train(BagOfPieces(), ("zh",), out=tmp_path / name, settings=SMALL)
        files.append(report.path.read_bytes())
    assert files[0] == files[1]


def test_what_is_held_out_is_only_what_asks_for_a_modality() -> None:
    made = [
        Phrasing(f"{word} {n}", ask, f"{word} {n}")  # type: ignore[arg-type]
        for n in range(12)
        for word, ask in (("look", "visual"), ("said", "speech"), ("ferry", "neutral"))
    ]
    right = held_out(encode(made, BagOfPieces(), ("en",)), Settings(penalty=1e-3))
    assert len(right) == 24
    assert np.mean(right) > 0.9
