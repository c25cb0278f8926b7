"""The loop on a problem small enough to check: one matrix, least squares, a few epochs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmqa.errors import ModelDamagedError, ModelError, UsageError
from mmqa.records import Chunk
from mmqa.training import checkpoint
from mmqa.training.loop import (
    LOG_NAME,
    Outcome,
    RowNumbers,
    Settings,
    batches,
    device_of,
    train,
)

SETTINGS = Settings(epochs=5, batch=8, learning_rate=0.05, patience=5, device="cpu")


class Line(torch.nn.Module):
    """y = dropout(x)·W, to be found from 20 rows; validated on 5 others."""

    def __init__(self, seed: int = 3) -> None:
        super().__init__()
        made = np.random.default_rng(seed)
        x = torch.tensor(made.normal(size=(25, 4)), dtype=torch.float32)
        truth = torch.tensor(made.normal(size=(4, 2)), dtype=torch.float32)
        self.weight = torch.nn.Parameter(torch.zeros(4, 2))
        self.register_buffer("x", x, persistent=False)
        self.register_buffer("y", x @ truth, persistent=False)
        self.dropout = torch.nn.Dropout(0.2)


class Regression:
    """A Trainable; ``metrics`` replaces what validation would say."""

    def __init__(self, metrics: list[float] | None = None, stop_in: int | None = None) -> None:
        self.module = Line()
        self.rows = 20
        self.metrics = metrics
        self.stop_in = stop_in
        self.begun: list[int] = []

    def begin(self, epoch: int) -> None:
        assert not torch.is_grad_enabled()
        if epoch == self.stop_in:
            raise KeyboardInterrupt
        self.begun.append(epoch)

    def loss(self, batch: RowNumbers) -> torch.Tensor:
        assert self.module.training
        line = self.module
        guess = line.dropout(line.x[batch]) @ line.weight
        return ((guess - line.y[batch]) ** 2).mean()

    def validate(self) -> float:
        assert not self.module.training
        if self.metrics is not None:
            return self.metrics[len(self.begun)]
        line = self.module
        return -float(((line.x[20:] @ line.weight - line.y[20:]) ** 2).mean())


def weights(trained: Regression) -> list[float]:
    return trained.module.weight.detach().flatten().tolist()


def run(trained: Regression, folder: Path | None = None, **options: object) -> Outcome:
    settings = options.pop("settings", SETTINGS)
    return train(trained, settings, data="toy", folder=folder, **options)  # type: ignore[arg-type]


def test_it_learns_and_logs_loss_and_metric_of_each_epoch(tmp_path: Path) -> None:
    trained = Regression()
    outcome = run(trained, tmp_path)
    assert outcome.ended == "finished"
    assert outcome.best.number == 5
    assert outcome.best.metric > outcome.start.metric
    log = [json.loads(line) for line in (tmp_path / LOG_NAME).read_text().splitlines()]
    assert [entry["number"] for entry in log] == [0, 1, 2, 3, 4, 5]
    assert log[0]["loss"] is None
    assert log[5]["loss"] < log[1]["loss"]
    assert log[5]["metric"] == outcome.best.metric


def test_interrupted_after_epoch_2_and_resumed_is_bit_equal_to_straight_through(
    tmp_path: Path,
) -> None:
    straight = Regression()
    whole = run(straight, tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        run(Regression(stop_in=3), tmp_path / "halves")
    resumed = Regression()
    rest = run(resumed, tmp_path / "halves", resume=True)
    assert rest.resumed_after == 2
    assert resumed.begun == [3, 4, 5]
    assert weights(resumed) == weights(straight)
    assert rest.epochs == whole.epochs
    left, right = (tmp_path / n / checkpoint.FILE_NAME for n in ("straight", "halves"))
    assert left.read_bytes() == right.read_bytes()  # the optimizer's state, too


def test_the_global_random_state_is_left_alone_and_does_not_matter(tmp_path: Path) -> None:
    first, second = Regression(), Regression()
    torch.manual_seed(1)
    run(first)
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.rand(1) == after
    run(second)
    assert weights(first) == weights(second)


def test_gradients_are_summed_in_a_fixed_order_while_it_trains_and_not_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On several threads a gathered row's gradient is otherwise summed as threads come."""
    seen: list[bool] = []
    plainly = Regression.loss

    def loss(self: Regression, batch: RowNumbers) -> torch.Tensor:
        seen.append(torch.are_deterministic_algorithms_enabled())
        return plainly(self, batch)

    monkeypatch.setattr(Regression, "loss", loss)
    run(Regression())
    assert all(seen)
    assert not torch.are_deterministic_algorithms_enabled()


def test_another_seed_gives_other_weights() -> None:
    first, second = Regression(), Regression()
    run(first)
    run(second, settings=replace(SETTINGS, seed=1))
    assert weights(first) != weights(second)


def test_a_finished_run_resumed_does_nothing_more(tmp_path: Path) -> None:
    first, second = Regression(), Regression()
    run(first, tmp_path)
    assert run(second, tmp_path, resume=True).resumed_after == 5
    assert second.begun == []
    assert weights(second) == weights(first)


def test_resuming_without_a_checkpoint_starts_from_the_beginning(tmp_path: Path) -> None:
    assert run(Regression(), tmp_path, resume=True).resumed_after is None


def test_without_resume_a_checkpoint_is_not_gone_on_from(tmp_path: Path) -> None:
    run(Regression(), tmp_path)
    again = Regression()
    run(again, tmp_path)
    assert again.begun == [1, 2, 3, 4, 5]


def test_it_stops_once_the_metric_has_not_been_better_for_so_many_epochs() -> None:
    trained = Regression(metrics=[0.1, 0.5, 0.4, 0.5, 0.3, 0.9])
    outcome = run(trained, settings=replace(SETTINGS, patience=3))
    assert outcome.ended == "early"
    assert [e.number for e in outcome.epochs] == [0, 1, 2, 3, 4]
    assert outcome.best.number == 1  # the earliest of equals
    once = Regression(metrics=[0.0, 1.0])
    run(once, settings=replace(SETTINGS, epochs=5), cancelled=lambda: len(once.begun) > 1)
    assert weights(trained) == weights(once)  # the weights of epoch 1 came back


def test_where_training_made_nothing_better_the_start_comes_back() -> None:
    trained = Regression(metrics=[1.0, 0.5, 0.4])
    outcome = run(trained, settings=replace(SETTINGS, patience=2))
    assert outcome.best.number == 0
    assert weights(trained) == [0.0] * 8


def test_cancelled_keeps_the_whole_epochs(tmp_path: Path) -> None:
    steps: list[Chunk] = []
    trained = Regression()
    outcome = run(trained, tmp_path, progress=steps.append, cancelled=lambda: len(steps) >= 8)
    assert outcome.ended == "cancelled"
    assert [e.number for e in outcome.epochs] == [0, 1, 2]  # 3 steps an epoch
    assert [c.done for c in steps] == list(range(1, 9))
    assert {(c.total, c.unit) for c in steps} == {(15, "steps")}
    found = checkpoint.read(tmp_path, _identity_of(tmp_path))
    assert found is not None
    assert found.epochs == outcome.epochs


def _identity_of(folder: Path) -> dict[str, object]:
    from safetensors import safe_open

    with safe_open(folder / checkpoint.FILE_NAME, framework="np") as file:
        return dict(json.loads(file.metadata()["training"])["identity"])


def test_a_checkpoint_of_other_settings_or_data_is_refused_with_a_sentence(tmp_path: Path) -> None:
    run(Regression(), tmp_path)
    with pytest.raises(UsageError, match=r"learning_rate was 0\.05, now 0\.1"):
        run(
            Regression(),
            tmp_path,
            resume=True,
            settings=replace(SETTINGS, learning_rate=0.1),
        )
    with pytest.raises(UsageError, match="data was 'toy', now 'other'"):
        train(Regression(), SETTINGS, data="other", folder=tmp_path, resume=True)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    run(Regression(), tmp_path)
    file = tmp_path / checkpoint.FILE_NAME
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ModelDamagedError, match="cannot be read"):
        run(Regression(), tmp_path, resume=True)


def test_nothing_half_written_is_left_and_the_checkpoint_can_be_removed(tmp_path: Path) -> None:
    run(Regression(), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [checkpoint.FILE_NAME, LOG_NAME]
    checkpoint.remove(tmp_path)
    checkpoint.remove(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [LOG_NAME]


def test_cuda_that_is_not_there_is_an_error_and_auto_takes_what_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no CUDA device"):
        run(Regression(), settings=replace(SETTINGS, device="cuda"))
    assert device_of("auto") == device_of("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (device_of("auto"), device_of("cuda"), device_of("cpu")) == ("cuda", "cuda", "cpu")
    with pytest.raises(UsageError, match="'tpu' is no device"):
        device_of("tpu")  # type: ignore[arg-type]


def test_a_loss_that_is_no_number_ends_the_run_with_its_epoch() -> None:
    trained = Regression()
    trained.module.x[:] = torch.nan
    with pytest.raises(ModelError, match="the loss of epoch 1 is nan"):
        train(_Validated(trained), SETTINGS, data="toy")


class _Validated(Regression):
    """Says 0 whatever the weights are."""

    def __init__(self, of: Regression) -> None:
        super().__init__(metrics=[0.0] * 9)
        self.module = of.module


def test_every_row_is_seen_once_an_epoch_in_an_order_of_its_own() -> None:
    first, second = (np.concatenate(batches(50, SETTINGS, epoch)) for epoch in (1, 2))
    assert sorted(first) == sorted(second) == list(range(50))
    assert first.tolist() != second.tolist()
    assert first.tolist() == np.concatenate(batches(50, SETTINGS, 1)).tolist()


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"learning_rate": 0.0}, {"weight_decay": -1.0}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        replace(SETTINGS, **wrong)  # type: ignore[arg-type]


def test_weight_decay_is_not_for_biases_and_temperatures() -> None:
    from mmqa.training.loop import _groups

    module = torch.nn.Linear(3, 2)
    matrices, others = _groups(module, 0.5)
    assert (matrices["params"], matrices["weight_decay"]) == ([module.weight], 0.5)
    assert (others["params"], others["weight_decay"]) == ([module.bias], 0.0)
