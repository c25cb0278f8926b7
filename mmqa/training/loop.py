"""The training loop that everything trained by steps goes through.

Knows: AdamW, the cosine, epochs, early stopping, checkpoints, the device. Refuses to know: what is
trained, on what, and by which loss: that is a :class:`Trainable`.

A run is a function of its settings and its data: rows are shuffled, and torch is seeded, by (seed,
epoch); the learning rate is a function of the step. So a run that was interrupted and resumed ends
bit-equal to one that ran straight through (on one kind of device, with one number of threads).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from numpy.typing import NDArray

from mmqa import weights_file
from mmqa.errors import ModelError, UsageError
from mmqa.interfaces import Cancelled, Progress
from mmqa.records import Chunk
from mmqa.training import checkpoint
from mmqa.training.checkpoint import Epoch, State, Tensors

LOG_NAME = "training.jsonl"

RowNumbers = NDArray[np.int64]
Device = Literal["auto", "cpu", "cuda"]


class Trainable(Protocol):
    """What is trained, and by which measure.

    The module is moved to the device as a whole: keep the data in it as buffers
    (``register_buffer(name, tensor, persistent=False)``), and they go along without being stored.
    """

    @property
    def module(self) -> torch.nn.Module:
        """Holds every parameter; starts as whatever training is to start from."""
        ...

    @property
    def rows(self) -> int:
        """How many rows are fitted to, from 1."""
        ...

    def begin(self, epoch: int) -> None:
        """Called before an epoch (from 1), without gradients: the place to mine hard negatives.

        What it does must follow from the module's weights and ``epoch`` alone, or a resumed run
        differs from one that was never interrupted.
        """
        ...

    def loss(self, batch: RowNumbers) -> torch.Tensor:
        """Mean loss of these rows (b,), a scalar; the module is in training mode.

        Random numbers come from torch's global generator, which the loop seeds.
        """
        ...

    def validate(self) -> float:
        """How good the module is on rows that are not fitted to; higher is better.

        Without gradients and in evaluation mode; must draw no random numbers.
        """
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    Attributes:
        epochs: Most times every row is seen, from 1.
        batch: Most rows a step; the rows are cut into batches of equal size (± 1).
        learning_rate: At the first step; falls to 0 with a cosine over all epochs.
        weight_decay: Of AdamW, on matrices only (not on biases, scales and temperatures).
        patience: Epochs without a better metric after which training stops.
        clip: Longest gradient.
        seed: Of the shuffling and of torch.
        device: ``auto`` takes CUDA where there is some.
        betas: Of AdamW.
        warm_up: Share of all steps over which the learning rate rises from 0, 0–1.
    """

    epochs: int = 30
    batch: int = 256
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    patience: int = 6
    clip: float = 1.0
    seed: int = 0
    device: Device = "auto"
    betas: tuple[float, float] = (0.9, 0.999)
    warm_up: float = 0.0

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch, self.patience) < 1:
            raise UsageError("epochs, batch and patience must be 1 or more", "Correct the setting.")
        if min(self.learning_rate, self.clip) <= 0 or self.weight_decay < 0:
            raise UsageError(
                "learning_rate and clip must be above 0, weight_decay 0 or above",
                "Correct the setting.",
            )

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of step ``step`` (from 0) of ``steps`` (Loshchilov & Hutter 2017, eq. 5).

        >>> [Settings(learning_rate=1.0).rate(s, 4) for s in (0, 2)]
        [1.0, 0.5]
        >>> Settings(learning_rate=1.0, warm_up=0.5).rate(0, 4)
        0.5
        """
        rising = min(1.0, (step + 1) / max(self.warm_up * steps, 1.0))
        return self.learning_rate * rising * (1 + math.cos(math.pi * step / steps)) / 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did. The module holds the weights of ``best``.

    Attributes:
        epochs: All of them; the first is number 0, the state before training.
        ended: ``finished`` all epochs, ``early`` for want of a better metric, or ``cancelled``.
        device: Where it ran, ``cpu`` or ``cuda``.
        resumed_after: The epoch of the checkpoint that was gone on from; ``None`` from the start.
    """

    epochs: tuple[Epoch, ...]
    ended: Literal["finished", "early", "cancelled"]
    device: str
    resumed_after: int | None = None

    @property
    def best(self) -> Epoch:
        """The epoch of the highest metric, the earliest of equals; number 0 if none was better."""
        return max(self.epochs, key=lambda e: (e.metric, -e.number))

    @property
    def start(self) -> Epoch:
        """The state before training."""
        return self.epochs[0]


def train(
    trainable: Trainable,
    settings: Settings,
    *,
    data: str,
    folder: Path | None = None,
    resume: bool = False,
    label: str = "train",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Outcome:
    """Train; the module ends with the best weights, on the CPU, in evaluation mode.

    A KeyboardInterrupt passes through and leaves the checkpoint of the last whole epoch.

    Args:
        trainable: What, on what, by which loss.
        settings: How.
        data: Digest of all that the run depends on beside ``settings`` (rows, method, where it
            starts), so that a checkpoint of something else is refused.
        folder: Where the checkpoint and the log (``training.jsonl``) are written after each epoch;
            nowhere unless given. :func:`checkpoint.remove` takes the former away.
        resume: Go on from the checkpoint in ``folder``, if there is one.
        label: Names the work to ``progress``.
        progress: Told of each step.
        cancelled: Asked after each step; true ends the run with the epochs so far.

    Raises:
        UsageError: CUDA is asked for and missing, or the checkpoint is of another run.
        ModelDamagedError: The checkpoint cannot be read.
        ModelError: The loss or the metric is not a number.
    """
    if resume and folder is None:
        raise UsageError("a run that keeps no checkpoint cannot be resumed", "Name a folder.")
    tell = progress or (lambda _chunk: None)
    run = _Run(trainable, settings, data=data, folder=folder, label=label, tell=tell)
    return run.go(resume=resume, cancelled=cancelled or (lambda: False))


def device_of(wanted: Device) -> str:
    """``cpu`` or ``cuda``.

    Raises:
        UsageError: CUDA is asked for, and torch finds none; or the name is no device.
    """
    if wanted not in ("auto", "cpu", "cuda"):
        raise UsageError(f"{wanted!r} is no device to train on", "Known: auto, cpu, cuda.")
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise UsageError(
            "training on CUDA was asked for, and torch finds no CUDA device",
            "Use --device cpu or auto, or install torch with CUDA and a driver for it.",
        )
    return "cuda" if there and wanted != "cpu" else "cpu"


def batches(rows: int, settings: Settings, epoch: int) -> list[RowNumbers]:
    """Row numbers of each step of an epoch, shuffled by (seed, epoch).

    >>> [len(b) for b in batches(10, Settings(batch=4), 1)]
    [4, 3, 3]
    """
    order = np.random.default_rng([settings.seed, epoch]).permutation(rows).astype(np.int64)
    return np.array_split(order, math.ceil(rows / settings.batch))


class _Run:
    """One run; holds what changes while it goes on."""

    def __init__(
        self,
        trainable: Trainable,
        settings: Settings,
        *,
        data: str,
        folder: Path | None,
        label: str,
        tell: Progress,
    ) -> None:
        self.trainable, self.settings, self.folder = trainable, settings, folder
        self.label, self.tell = label, tell
        self.device = device_of(settings.device)
        self.accelerator = _accelerator(self.device)
        self.module = self.accelerator.prepare_model(trainable.module)
        self.optimizer = torch.optim.AdamW(
            _groups(trainable.module, settings.weight_decay), betas=settings.betas
        )
        self.prepared = self.accelerator.prepare_optimizer(self.optimizer)
        self.per_epoch = len(batches(trainable.rows, settings, 1))
        self.identity = _identity(settings, data, trainable)
        self.epochs: tuple[Epoch, ...] = ()
        self.best: Tensors = {}

    def go(self, *, resume: bool, cancelled: Cancelled) -> Outcome:
        found = checkpoint.read(self.folder, self.identity) if resume and self.folder else None
        if found is None:
            self._finished_epoch(Epoch(0, None, self._validated(0)))
        else:
            self._restore(found)
        resumed_after = self.epochs[-1].number if found else None
        with _deterministic():
            ended = self._epochs(cancelled)
        self.trainable.module.load_state_dict(self.best)
        self.trainable.module.to("cpu").eval()
        return Outcome(self.epochs, ended, self.device, resumed_after)

    def _epochs(self, cancelled: Cancelled) -> Literal["finished", "early", "cancelled"]:
        for number in range(self.epochs[-1].number + 1, self.settings.epochs + 1):
            if self._stale():
                return "early"
            loss = self._steps(number, cancelled)
            if loss is None:
                return "cancelled"
            rate = self.settings.rate(number * self.per_epoch - 1, self._total)
            self._finished_epoch(Epoch(number, loss, self._validated(number), rate))
        return "finished" if self.epochs[-1].number >= self.settings.epochs else "early"

    @property
    def _total(self) -> int:
        return self.settings.epochs * self.per_epoch

    def _best_number(self) -> int:
        return max(self.epochs, key=lambda e: (e.metric, -e.number)).number

    def _last_is_best(self) -> bool:
        return self._best_number() == self.epochs[-1].number

    def _stale(self) -> bool:
        return self.epochs[-1].number - self._best_number() >= self.settings.patience

    def _steps(self, number: int, cancelled: Cancelled) -> float | None:
        """The epoch's mean loss; ``None`` when it was cancelled."""
        losses = []
        with _seeded(self.settings.seed, number):
            with torch.no_grad():
                self.module.eval()
                self.trainable.begin(number)
            self.module.train()
            for place, batch in enumerate(batches(self.trainable.rows, self.settings, number)):
                step = (number - 1) * self.per_epoch + place
                losses.append(self._step(batch, step, number) * len(batch))
                self.tell(Chunk(self.label, step + 1, self._total, "steps"))
                if cancelled():
                    return None
        return sum(losses) / self.trainable.rows

    def _step(self, batch: RowNumbers, step: int, number: int) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate(step, self._total)
        self.prepared.zero_grad()
        loss = self.trainable.loss(batch)
        value = float(loss.detach())
        _require_finite(value, "loss", number)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.module.parameters(), self.settings.clip)
        self.prepared.step()
        return value

    def _validated(self, number: int) -> float:
        self.module.eval()
        with torch.no_grad():
            metric = float(self.trainable.validate())
        _require_finite(metric, "metric", number)
        return metric

    def _finished_epoch(self, epoch: Epoch) -> None:
        self.epochs = (*self.epochs, epoch)
        if self._last_is_best():
            self.best = _copied(self.trainable.module.state_dict())
        if self.folder is None:
            return
        model = _copied(self.trainable.module.state_dict())
        state = State(model, self.best, _flat(self.optimizer), self.epochs)
        checkpoint.write(state, self.identity, self.folder)
        self._log(self.folder)

    def _log(self, folder: Path) -> None:
        lines = "".join(json.dumps(asdict(epoch)) + "\n" for epoch in self.epochs)
        weights_file.write_whole(folder / LOG_NAME, lines.encode())

    def _restore(self, state: State) -> None:
        self.epochs, self.best = state.epochs, state.best
        self.trainable.module.load_state_dict(state.model)
        _unflatten(self.optimizer, state.optimizer)


def _accelerator(device: str) -> Accelerator:
    """Accelerate keeps one device a process; a run on another one starts it anew."""
    shared = AcceleratorState._shared_state
    if shared and shared.get("device", torch.device(device)).type != device:
        AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(cpu=device == "cpu", mixed_precision="no")


def _groups(module: torch.nn.Module, decay: float) -> list[dict[str, Any]]:
    wanted = [p for p in module.parameters() if p.requires_grad]
    if not wanted:
        raise ValueError("the module has no parameters to train")
    matrices = [p for p in wanted if p.ndim >= 2]
    others = [p for p in wanted if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def _identity(settings: Settings, data: str, trainable: Trainable) -> dict[str, Any]:
    kept = asdict(settings)
    del kept["device"]  # a run may move to another one
    shapes = {n: list(p.shape) for n, p in trainable.module.named_parameters()}
    return {**kept, "data": data, "rows": trainable.rows, "parameters": shapes}


@contextmanager
def _seeded(seed: int, epoch: int) -> Iterator[None]:
    """Torch's generators are seeded by (seed, epoch) inside, and as they were after it."""
    words = np.random.SeedSequence([seed, epoch]).generate_state(2, np.uint32)
    with torch.random.fork_rng():
        torch.manual_seed((int(words[0]) << 31) | (int(words[1]) >> 1))
        yield


@contextmanager
def _deterministic() -> Iterator[None]:
    """Inside, gradients of rows that are taken several times are summed in a fixed order.

    Otherwise several threads sum them as they come, and no two runs are the same to the bit.
    """
    deterministic: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    filled = deterministic.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    # nothing here reads memory that was not written, and filling it costs time at every step
    deterministic.fill_uninitialized_memory = False
    try:
        yield
    finally:
        deterministic.fill_uninitialized_memory = filled
        torch.use_deterministic_algorithms(before, warn_only=warned)


def _copied(state: dict[str, torch.Tensor]) -> Tensors:
    return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}


def _parameters(optimizer: torch.optim.Optimizer) -> Iterator[tuple[int, torch.nn.Parameter]]:
    yield from enumerate(p for group in optimizer.param_groups for p in group["params"])


def _flat(optimizer: torch.optim.Optimizer) -> Tensors:
    return {
        f"{number}.{name}": value
        for number, parameter in _parameters(optimizer)
        for name, value in optimizer.state.get(parameter, {}).items()
    }


def _unflatten(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    parameters = dict(_parameters(optimizer))
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        parameter = parameters[int(number)]
        # AdamW keeps its step count on the CPU
        placed = value if name == "step" else value.to(parameter.device)
        optimizer.state[parameter][name] = placed


def _require_finite(value: float, what: str, epoch: int) -> None:
    if not math.isfinite(value):
        raise ModelError(
            "training",
            f"the {what} of epoch {epoch} is {value}",
            "Lower the learning rate, or look for rows that hold no numbers.",
        )
