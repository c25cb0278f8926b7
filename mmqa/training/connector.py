"""Lets a language model see: trains a connector and low-rank adapters on questions about pictures.

Knows: the module, the warm start, the loss, and the measure on the development side. Refuses to
know: where examples come from, and how a step is taken (:mod:`mmqa.training.loop`).

The language model stays frozen, in bfloat16 where the processor multiplies it natively; connector
and adapters (LoRA, Hu et al. 2021, through PEFT) are float32. Two stages:

1. *Warm start* (no pass of the language model): visual tokens z of a picture are to point at the
   word embeddings e of its answers. Of words v: l_v = log Σ_tokens exp(2·⟨z, e_v⟩), loss = cross
   entropy of softmax(l) against the picture's answer words, evenly.
2. Next-token cross entropy on the tokens of the answers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmqa.interfaces import Progress
from mmqa.records import Chunk
from mmqa.training.connector_prompts import Batch, Row, Rows, batch
from mmqa.training.loop import RowNumbers
from mmqa.training.visual_data import VisualData
from mmqa.training.visual_examples import Asked, Example
from mmqa.training.visual_features import Seen
from mmqa.vlm import quantized_layers
from mmqa.vlm.mini.connector import Connector, ConnectorShape
from mmqa.vlm.mini.layout import VISUAL

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """What is trained, and how much of it is seen at a time.

    Attributes:
        side: Cells of the pooled grid along each side.
        hidden: Width between the connector's two layers.
        rank: r of the adapters.
        asked: Most questions of an example in one step.
        words_left_out: Share of examples that are shown without their prompt words.
        warm_steps: Steps of the warm start; 0 leaves it out.
        warm_batch: Pictures of each.
        warm_rate: Their learning rate.
    """

    side: int = 6
    hidden: int = 768
    rank: int = 12
    asked: int = 8
    words_left_out: float = 0.15
    warm_steps: int = 300
    warm_batch: int = 48
    warm_rate: float = 1e-3


class Seeing(nn.Module):
    """A frozen language model with adapters, and the connector before it.

    Only what is trained is registered, so that checkpoints hold nothing else.

    Args:
        model: A causal language model of transformers.
        shape: Of the connector.
        rank: Of the adapters.
    """

    def __init__(self, model: Any, shape: ConnectorShape, rank: int) -> None:
        super().__init__()
        quantized_layers.library()  # PEFT imports bitsandbytes, which is to fetch no machine code
        from peft import LoraConfig, get_peft_model

        embeddings = model.get_input_embeddings().weight.detach()
        scale = float(embeddings.float().pow(2).mean().sqrt())
        self.connector = Connector(shape, scale)
        settings = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(TARGETS))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            adapted = get_peft_model(model, settings)
        for layer in adapted.modules():
            if hasattr(layer, "cast_input_dtype_enabled"):
                # else PEFT copies every input to float32: a fourth of the time of a step
                setattr(layer, "cast_input_dtype_enabled", False)  # noqa: B010
        self.lora_scale = settings.lora_alpha / settings.r
        trained = {n: p for n, p in adapted.named_parameters() if p.requires_grad}
        self.names = tuple(trained)
        self.adapters = nn.ParameterList(trained.values())
        self._adapted: tuple[Any] = (adapted,)  # a tuple hides the frozen weights from state_dict

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self._adapted[0]._apply(fn)  # frozen weights move along
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    @property
    def model(self) -> Any:
        """The language model with its adapters."""
        return self._adapted[0].base_model.model

    def fast(self) -> torch.autocast:
        """Products in the language model's number type, where that is a half one."""
        half = self.model.dtype in (torch.bfloat16, torch.float16)
        return torch.autocast(
            self.connector.scale.device.type, self.model.dtype if half else None, enabled=half
        )

    def adapter_tensors(self) -> dict[str, Tensor]:
        """PEFT's name → adapter tensor."""
        plain = (name.replace(".default.", ".") for name in self.names)
        return dict(zip(plain, (p.detach() for p in self.adapters), strict=True))

    def logits(self, rows: Batch, grids: Tensor) -> Tensor:
        """Logits (a, v) at the places where an answer's token comes next.

        Args:
            rows: The batch.
            grids: Pooled grids (p, side², d) of its pictures, in order.
        """
        ids = torch.from_numpy(rows.ids).to(grids.device)
        embeddings = self.model.get_input_embeddings()(ids.clamp(min=0))
        visual = self.connector(grids.float()).to(embeddings.dtype)
        places = ids == VISUAL
        embeddings = embeddings.masked_scatter(places[..., None], visual.flatten(0, 1))
        sees = torch.from_numpy(rows.sees).to(grids.device)[:, None]
        least = torch.finfo(embeddings.dtype).min
        mask = torch.zeros(sees.shape, dtype=embeddings.dtype, device=grids.device)
        with self.fast():
            hidden = self.model.model(
                inputs_embeds=embeddings,
                attention_mask=mask.masked_fill(~sees, least),
                position_ids=torch.from_numpy(rows.positions).to(grids.device),
                use_cache=False,
            ).last_hidden_state
            answered = torch.from_numpy(rows.answer).to(grids.device)
            return cast(Tensor, self.model.lm_head(hidden[answered])).float()


class ConnectorTask:
    """A :class:`mmqa.training.loop.Trainable`: each epoch sees the next share of the examples.

    Args:
        seeing: The module.
        rows: Lays examples out.
        data: What is fitted to, and what is not.
        settings: How.
        epochs: Into how many shares the examples are cut.
        seed: Of the questions that are drawn.
    """

    def __init__(
        self,
        seeing: Seeing,
        rows: Rows,
        data: VisualData,
        settings: ConnectorSettings,
        *,
        epochs: int,
        seed: int,
    ) -> None:
        self.module = seeing
        self._rows, self._settings, self._seed = rows, settings, seed
        self._examples, self._seen = data.fitted, data.seen
        self._development, self._development_seen = data.development, data.development_seen
        self._epochs = epochs
        self._epoch = 0
        self._order = np.random.default_rng([seed, 1]).permutation(len(data.fitted))

    @property
    def rows(self) -> int:
        """Examples of an epoch."""
        return max(len(self._examples) // self._epochs, 1)

    def begin(self, epoch: int) -> None:
        """Take the epoch's share."""
        self._epoch = epoch

    def loss(self, batch: RowNumbers) -> Tensor:
        """Mean cross entropy of the answers' tokens."""
        start = (self._epoch - 1) * self.rows
        chosen = [int(self._order[(start + n) % len(self._order)]) for n in batch]
        rows = [self._drawn(number) for number in chosen]
        logits, ids = _run(self.module, rows, _grids(self._examples, self._seen, chosen))
        return functional.cross_entropy(logits, ids)

    def _drawn(self, number: int) -> Row:
        """An example with some of its questions, drawn by (seed, epoch, example)."""
        generator = np.random.default_rng([self._seed, 2, self._epoch, number])
        example = self._examples[number]
        asked = _some(example.asked, self._settings.asked, generator)
        blind = generator.random() < self._settings.words_left_out
        return self._rows.row(example, _words(example, self._seen, number, blind), asked)

    def validate(self) -> float:
        """Share of development questions whose whole answer would be written, greedily."""
        right: list[bool] = []
        for start in range(0, len(self._development), 8):
            numbers = list(range(start, min(start + 8, len(self._development))))
            right += self._right(numbers)
        return float(np.mean(right))

    def _right(self, numbers: Sequence[int]) -> list[bool]:
        examples = self._development
        rows = [
            self._rows.row(
                examples[n],
                _words(examples[n], self._development_seen, n),
                examples[n].asked[: self._settings.asked],
            )
            for n in numbers
        ]
        grids = _grids(examples, self._development_seen, numbers)
        logits, ids = _run(self.module, rows, grids)
        hit = (logits.argmax(-1) == ids).cpu().numpy()
        answers = [(n, b) for n, row in enumerate(rows) for b in row.block[row.answer]]
        found: dict[tuple[int, int], bool] = {}
        for key, ok in zip(answers, hit, strict=True):
            found[key] = found.get(key, True) and bool(ok)
        return list(found.values())


def _run(seeing: Seeing, rows: Sequence[Row], grids: np.ndarray[Any, Any]) -> tuple[Tensor, Tensor]:
    """Logits (a, v) of the answers' tokens, and what they are (a,)."""
    together = batch(rows)
    device = seeing.connector.scale.device
    logits = seeing.logits(together, torch.from_numpy(grids).to(device))
    following = np.roll(together.ids, -1, axis=1)
    return logits, torch.from_numpy(following[together.answer]).to(device)


def _some(asked: Sequence[Asked], most: int, generator: np.random.Generator) -> list[Asked]:
    chosen = generator.permutation(len(asked))[:most]
    return [asked[int(n)] for n in chosen]


def _places(example: Example, seen: Seen, number: int) -> range:
    first = seen.first[number]
    return range(first, first + len(example.pictures))


def _words(example: Example, seen: Seen, number: int, blind: bool = False) -> list[tuple[str, ...]]:
    return [() if blind else seen.words[place] for place in _places(example, seen, number)]


def _grids(examples: Sequence[Example], seen: Seen, numbers: Sequence[int]) -> Any:
    places = [place for n in numbers for place in _places(examples[n], seen, n)]
    return seen.grids[places]


def warm_start(
    seeing: Seeing,
    tokenizer: Any,
    data: VisualData,
    settings: ConnectorSettings,
    *,
    seed: int,
    progress: Progress | None = None,
) -> None:
    """Stage 1: point the visual tokens at the words of the answers. Deterministic by ``seed``."""
    targets, vocabulary = _targets(tokenizer, data.fitted)
    seen = data.seen
    embeddings = seeing.model.get_input_embeddings().weight.detach()[vocabulary].float()
    numbers = np.flatnonzero(targets.any(1))
    generator = np.random.default_rng([seed, 3])
    optimizer = torch.optim.AdamW(seeing.connector.parameters(), lr=settings.warm_rate)
    for step in range(settings.warm_steps):
        for group in optimizer.param_groups:
            group["lr"] = settings.warm_rate * (1 - step / settings.warm_steps)
        chosen = generator.choice(numbers, min(settings.warm_batch, len(numbers)), replace=False)
        first = [seen.first[int(n)] for n in chosen]
        with seeing.fast():
            tokens = seeing.connector(torch.from_numpy(seen.grids[first]).float())
            near = torch.logsumexp((2.0 * tokens @ embeddings.T).float(), dim=1)
        wanted = torch.from_numpy(targets[chosen]).float()
        loss = functional.cross_entropy(near, wanted / wanted.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(seeing.connector.parameters(), 1.0)
        optimizer.step()
        if progress is not None:
            progress(Chunk("warm start", step + 1, settings.warm_steps, "steps"))


def _targets(tokenizer: Any, examples: Sequence[Example]) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Example × word: whether it begins an answer that can be seen; and the words' token ids."""
    seen_in = ("colour", "shape", "name", "position")
    firsts = [
        {_first(tokenizer, one.answer) for one in e.asked if one.kind in seen_in}
        if len(e.pictures) == 1
        else set()
        for e in examples
    ]
    vocabulary = sorted(set().union(*firsts))
    place = {token: n for n, token in enumerate(vocabulary)}
    targets = np.zeros((len(examples), len(vocabulary)), bool)
    for number, tokens in enumerate(firsts):
        targets[number, [place[token] for token in tokens]] = True
    return targets, vocabulary


def _first(tokenizer: Any, answer: str) -> int:
    plain = answer.removeprefix("a ").removeprefix("an ")
    return int(tokenizer(plain, add_special_tokens=False)["input_ids"][0])
