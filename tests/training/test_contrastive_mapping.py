"""Training on pairs whose secret is known, on top of the mapping that really ships.

The features of a picture are a random linear image of a few numbers, and so are its words: the
shipped mapping knows nothing of that, and training has to find it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import UsageError
from mmqa.mapping import closed_form, learned, opening
from mmqa.mapping.closed_form import normalize
from mmqa.mapping.learned import Method
from mmqa.records import ImageFeatures
from mmqa.training import checkpoint, contrastive_mapping, loop
from mmqa.training.contrastive_mapping import (
    MappingSettings,
    TrainedMapping,
    principal_axes,
    require_enough,
    train,
    write,
)
from mmqa.training.pair_split import side
from mmqa.training.pair_table import Links, PairData

SETTINGS = loop.Settings(epochs=6, batch=32, learning_rate=2e-3, patience=6, device="cpu")


@cache
def data(count: int = 150, *, noise: bool = False) -> PairData:
    made = np.random.default_rng(5)
    base = closed_form.load()
    width, wide = base.bank.shape[1], len(base.weights.offset) - 1000
    secret = made.normal(size=(count, 6))
    seen = np.exp(secret @ made.normal(size=(6, wide)) / 3).astype(np.float32)
    chances = made.dirichlet(np.ones(1000), count).astype(np.float32)
    told = made.normal(size=(count, 6)) if noise else secret
    vectors = normalize(told @ made.normal(size=(6, width))).astype(np.float32)
    sides = tuple(side(f"{n:064x}") for n in range(count))
    none = np.zeros(0, np.int64)
    return PairData(
        pictures=ImageFeatures(seen, chances),
        origin=np.arange(count),
        texts=tuple(f"text {n}" for n in range(count)),
        vectors=vectors,
        seen=Links(np.arange(count), np.arange(count), np.ones(count, np.float32), sides),
        heard=Links(none, none, np.zeros(0, np.float32), ()),
        refused=(),
        digest=f"{count} {noise}",
    )


@cache
def trained(method: Method) -> TrainedMapping:
    settings = MappingSettings(method, SETTINGS, axes=24)
    return train(data(), closed_form.load(), settings, encoders={"image_encoder": "i"})


@pytest.mark.parametrize("method", learned.METHODS)
def test_each_method_finds_what_the_shipped_mapping_cannot_know(method: Method) -> None:
    found = trained(method)
    assert found.better
    assert found.confirmed
    assert found.end > found.start + 0.2
    figures = {c.name: c for c in found.compared}
    there = figures["text to picture R@5"]
    assert there.n == data().sizes()["test"]
    assert there.gain.low > 0.1
    assert figures["picture to text R@5"].gain.low > 0.1


@pytest.mark.parametrize("method", learned.METHODS)
def test_what_is_written_maps_as_what_was_trained(method: Method, tmp_path: Path) -> None:
    found = trained(method)
    path = write(found, tmp_path, {"pairs": 150})
    opened = opening.load(tmp_path, encoders={"image_encoder": "i"})
    np.testing.assert_array_equal(opened.map(data().pictures), found.mapping.map(data().pictures))
    assert path == tmp_path / learned.FILE_NAME
    facts = learned.read(tmp_path).facts
    assert facts["pairs"] == 150
    assert facts["test side"]["text to picture R@10"][2] == data().sizes()["test"]


def test_what_torch_validated_is_what_numpy_measures() -> None:
    found = trained("linear")
    assert found.outcome is not None
    assert found.outcome.start.metric == pytest.approx(found.start, abs=1e-6)
    assert found.outcome.best.metric == pytest.approx(found.end, abs=2e-3)


def test_a_small_validation_side_keeps_the_shipped_picture_bank_beside_it() -> None:
    found = trained("linear").mapping
    count = data().sizes()["validation"]
    shipped = closed_form.load().picture_bank
    assert len(found.picture_bank) == count + len(shipped)
    assert "shipped" in found.learned.facts["picture bank"]
    np.testing.assert_array_equal(found.picture_bank[count:], shipped)
    assert found.picture_calibration == closed_form.load().picture_calibration


def test_a_large_one_is_the_bank_and_the_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contrastive_mapping, "ENOUGH_FOR_A_BANK", 5)
    settings = MappingSettings("closed-form", SETTINGS, axes=24)
    found = train(data(), closed_form.load(), settings).mapping
    assert len(found.picture_bank) == data().sizes()["validation"]
    numbers = [n for n, name in enumerate(data().seen.sides) if name == "validation"]
    mapped = found.map(
        ImageFeatures(
            *(
                part[numbers]
                for part in (data().pictures.pooled, data().pictures.probabilities)
                if part is not None
            )
        )
    )
    np.testing.assert_allclose(found.picture_bank, mapped, atol=1e-6)
    # by hand: every other picture, less its hubness among the others
    scores = []
    for asks in range(len(mapped)):
        for row in range(len(mapped)):
            if row != asks:
                others = np.sort(np.delete(mapped @ mapped[row], row))[-10:]
                scores.append(float(mapped[asks] @ mapped[row]) - others.mean() / 2)
    calibration = found.picture_calibration["visual"]
    assert (calibration.mu, calibration.sigma) == pytest.approx(
        (np.mean(scores), np.std(scores)), abs=1e-4
    )
    assert found.picture_calibration["text"] == found.picture_calibration["speech"]


def test_where_words_say_nothing_of_pictures_the_shipped_mapping_stays() -> None:
    settings = MappingSettings("linear", replace(SETTINGS, epochs=1, learning_rate=1e-9), axes=24)
    found = train(data(noise=True), closed_form.load(), settings)
    assert not found.better
    features = data(noise=True).pictures
    np.testing.assert_allclose(
        found.mapping.map(features), closed_form.load().map(features), atol=1e-4
    )


def test_interrupted_and_resumed_writes_the_same_file(tmp_path: Path) -> None:
    settings = MappingSettings("linear", SETTINGS, axes=24)
    base = closed_form.load()

    def stop(chunk: object) -> None:
        if getattr(chunk, "done", 0) == 9:  # of four steps an epoch: in the third
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data(), base, settings, folder=tmp_path, progress=stop)
    resumed = train(data(), base, settings, folder=tmp_path, resume=True)
    assert resumed.outcome is not None
    assert resumed.outcome.resumed_after == 2
    straight = train(data(), base, settings)
    write(resumed, tmp_path / "halves", {})
    write(straight, tmp_path / "whole", {})
    halves, whole = ((tmp_path / n / learned.FILE_NAME).read_bytes() for n in ("halves", "whole"))
    assert halves == whole


def test_the_log_stays_and_the_checkpoint_goes_once_the_mapping_is_written(tmp_path: Path) -> None:
    settings = MappingSettings("mlp", replace(SETTINGS, epochs=1), axes=24)
    found = train(data(), closed_form.load(), settings, folder=tmp_path)
    assert (tmp_path / checkpoint.FILE_NAME).exists()
    write(found, tmp_path, {})
    assert not (tmp_path / checkpoint.FILE_NAME).exists()
    lines = (tmp_path / loop.LOG_NAME).read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1]


def test_a_checkpoint_of_other_pairs_is_refused(tmp_path: Path) -> None:
    settings = MappingSettings("linear", replace(SETTINGS, epochs=1), axes=24)
    train(data(), closed_form.load(), settings, folder=tmp_path)
    with pytest.raises(UsageError, match="of another run"):
        train(data(noise=True), closed_form.load(), settings, folder=tmp_path, resume=True)


def test_too_few_pictures_are_refused_with_their_numbers() -> None:
    with pytest.raises(UsageError, match="too few different pictures"):
        require_enough(data(12))
    require_enough(data())


def test_principal_axes_turn_and_scale_and_lose_nothing_when_all_are_kept() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    offset, axes = principal_axes(rows, 3)
    x = (rows - offset) @ axes
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-6)
    assert float((x**2).sum(axis=1).mean()) == pytest.approx(1.0, rel=1e-5)
    before = np.linalg.norm(rows[0] - rows[1]) / np.linalg.norm(rows[2] - rows[3])
    assert np.linalg.norm(x[0] - x[1]) / np.linalg.norm(x[2] - x[3]) == pytest.approx(
        before, rel=1e-4
    )
    assert x.var(axis=0).tolist() == sorted(x.var(axis=0), reverse=True)
