"""An image tower and a text tower beside the shipped mapping, trained to agree on a user's pairs.

Knows: the towers as torch modules, symmetric InfoNCE, hard negatives, what is no negative. Refuses
to know: files, the training loop, and the artefact.

The loss is that of CLIP (Radford et al. 2021, §2.3): with s_ij = ⟨text i, picture j⟩ / τ, cross
entropy of the rows and of the columns, each pair's own partner being right. τ is learned, between
0.01 and 1. Beside the others of the batch, each pair is told from the hardest negatives among all
fitted pairs, mined before each epoch. What has the same picture or the same words, or words that
mean nearly the same, is no negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mmqa.interfaces import CrossModalMapping
from mmqa.mapping.closed_form import hubness
from mmqa.mapping.learned import Method
from mmqa.records import Floats
from mmqa.training.loop import RowNumbers
from mmqa.training.pair_figures import Gallery, Vectors
from mmqa.training.pair_table import PairData

LEAST_TEMPERATURE, LARGEST_TEMPERATURE = 0.01, 1.0
SAME_MEANING = 0.9
"""Texts whose vectors are nearer than that are no negatives of one another."""
_NEVER = -1e4  # a score whose exponential is 0; minus infinity has no gradient towards τ
MINED_FROM = 4096
"""Hard negatives are looked for among so many rows, drawn anew each epoch."""


@dataclass(frozen=True, slots=True)
class TowerSettings:
    """The shape of the towers and of the loss.

    Attributes:
        hidden: Width of the hidden layer of ``mlp``.
        dropout: Share of the image tower's inputs that is left out in training, 0–1.
        temperature: τ at the start.
        hard_negatives: Mined for each pair and each side of it; 0 mines none.
        restraint: Weight of the mean squared distance from the shipped vectors in the loss.
        alignment: Weight of 1 − ⟨text, picture⟩ of each pair in the loss.
        text_tower: Whether words are mapped too, or stay as they are.
        pace: How fast the text tower learns against the image tower, above 0.
        centring: Share of the means of pictures and texts that is taken away, 0–1.
        speech: Weight of (heard, said) pairs against (picture, text) pairs.
    """

    hidden: int = 512
    dropout: float = 0.1
    temperature: float = 0.3
    hard_negatives: int = 8
    restraint: float = 0.5
    alignment: float = 0.0
    text_tower: bool = True
    pace: float = 0.1
    centring: float = 0.0
    speech: float = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class TowerInputs:
    """What the towers stand on, a row a picture: constants of a run.

    Attributes:
        x: float32 (p, r), features on principal axes.
        based: float32 (p, d), vectors of the shipped mapping.
        picture_mean: float32 (d,), of the fitted pictures.
        text_mean: float32 (d,), of the fitted texts.
    """

    x: Floats
    based: Floats
    picture_mean: Floats
    text_mean: Floats


class Towers(nn.Module):
    """Both towers and the temperature; last layers start at zero, so as the shipped mapping."""

    def __init__(
        self, method: Method, inputs: TowerInputs, texts: Floats, settings: TowerSettings, seed: int
    ) -> None:
        super().__init__()
        self.settings = settings
        width, both = texts.shape[1], inputs.x.shape[1] + inputs.based.shape[1]
        self.image = _image_tower(method, both, width, settings, seed)
        self._turn = nn.Parameter(torch.zeros(width, width), requires_grad=settings.text_tower)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(settings.temperature)))
        for name, values in (
            ("x", inputs.x),
            ("based", inputs.based),
            ("picture_mean", inputs.picture_mean),
            ("text_mean", inputs.text_mean),
            ("texts", texts),
        ):
            self.register_buffer(name, torch.tensor(values), persistent=False)

    @property
    def tower(self) -> torch.Tensor:
        """D (d, d): learned at a slower pace than the image tower, as it turns every question."""
        return self.settings.pace * self._turn

    @property
    def temperature(self) -> float:
        """τ now."""
        return 1 / float(self.scale().detach())

    def scale(self) -> torch.Tensor:
        """1 / τ, within its limits."""
        low, high = -math.log(LARGEST_TEMPERATURE), -math.log(LEAST_TEMPERATURE)
        return self.log_scale.clamp(low, high).exp()

    def pictures(self, numbers: torch.Tensor) -> torch.Tensor:
        """Mapped pictures (b, d), as ``mmqa.mapping.learned`` maps them."""
        based = self._buffer("based")[numbers]
        moved = self.image(torch.cat([self._buffer("x")[numbers], based], dim=1))
        unit = functional.normalize(based + moved, dim=1)
        return functional.normalize(
            unit - self.settings.centring * self._buffer("picture_mean"), dim=1
        )

    def asking(self, numbers: torch.Tensor) -> torch.Tensor:
        """Texts (b, d) as they ask pictures."""
        centred = self._buffer("texts")[numbers] - self.settings.centring * self._buffer(
            "text_mean"
        )
        return functional.normalize(centred + centred @ self.tower, dim=1)

    def asking_words(self, pictures: torch.Tensor) -> torch.Tensor:
        """Mapped pictures (b, d) as they ask words."""
        return functional.normalize(pictures + pictures @ self.tower.T, dim=1)

    def residual(self) -> dict[str, Floats]:
        """The tensors of δ, as the artefact names them."""
        layers = [layer for layer in self.image if isinstance(layer, nn.Linear)]
        names = [""] if len(layers) == 1 else ["_1", "_2"]
        found: dict[str, Floats] = {}
        for name, layer in zip(names, layers, strict=True):
            found[f"weight{name}"] = layer.weight.detach().cpu().numpy().T.copy()
            found[f"bias{name}"] = layer.bias.detach().cpu().numpy().copy()
        return found

    def _buffer(self, name: str) -> torch.Tensor:
        return cast("torch.Tensor", getattr(self, name))


class Contrast:
    """A :class:`mmqa.training.loop.Trainable`: the towers, fitted to one side, checked on another.

    Args:
        towers: What is trained.
        data: The pairs.
        base: The shipped mapping: its banks stand for questions nobody asked yet.
    """

    def __init__(self, towers: Towers, data: PairData, base: CrossModalMapping) -> None:
        self._towers = towers
        self._seen, self._heard = data.seen.on("fit"), data.heard.on("fit")
        self._origin = torch.tensor(data.origin)
        self._alike = _Alike(data.vectors)
        self._bank = base.bank
        self._gallery = Gallery.of(data, "validation")
        self._texts = data.vectors[self._gallery.texts]
        self._text_hubs = base.picture_hubness(self._texts)
        self._hard_texts = self._hard_pictures = torch.zeros((len(self._seen), 0), dtype=torch.long)

    @property
    def module(self) -> nn.Module:
        """The towers."""
        return self._towers

    @property
    def rows(self) -> int:
        """Pairs with pictures, then pairs of what was heard and what was said."""
        return len(self._seen) + len(self._heard)

    def begin(self, epoch: int) -> None:
        """Mine the hardest negatives of each pair, as the towers see them now."""
        count = min(self._towers.settings.hard_negatives, len(self._seen) - 1)
        if count <= 0:
            return
        drawn = np.random.default_rng(epoch).permutation(len(self._seen))[:MINED_FROM]
        left, right = torch.tensor(self._seen.left[drawn]), torch.tensor(self._seen.right[drawn])
        pictures, texts = self._towers.pictures(left), self._towers.asking(right)
        found: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
        for start in range(0, len(self._seen), 1024):
            own = torch.arange(start, min(start + 1024, len(self._seen)))
            mine_left = torch.tensor(self._seen.left)[own]
            mine_right = torch.tensor(self._seen.right)[own]
            same = self._same(mine_left, mine_right, left, right)
            to_texts = self._towers.pictures(mine_left) @ texts.T
            to_pictures = self._towers.asking(mine_right) @ pictures.T
            for scores, numbers, parts in zip(
                (to_texts, to_pictures), (right, left), found, strict=True
            ):
                hidden = scores.cpu().masked_fill(same, -torch.inf)
                best = hidden.topk(min(count, len(drawn)), dim=1)
                parts.append(torch.where(best.values > -torch.inf, numbers[best.indices], -1))
        self._hard_texts, self._hard_pictures = torch.cat(found[0]), torch.cat(found[1])

    def loss(self, batch: RowNumbers) -> torch.Tensor:
        """InfoNCE of both kinds of pairs, and the restraint."""
        seen = torch.tensor(batch[batch < len(self._seen)])
        heard = torch.tensor(batch[batch >= len(self._seen)] - len(self._seen))
        total = self._towers.scale() * 0
        if len(seen):
            total = total + self._picture_loss(seen)
        if len(heard) > 1:
            total = total + self._towers.settings.speech * self._speech_loss(heard)
        return total

    def validate(self) -> float:
        """How probable right answers are on the validation side, scored as search scores."""
        pictures = self._towers.pictures(torch.tensor(self._gallery.pictures))
        mapped = pictures.cpu().numpy()
        asked = self._towers.asking(torch.tensor(self._gallery.texts)).cpu().numpy()
        found = Vectors(
            pictures=mapped,
            texts=self._texts,
            asked_pictures=asked,
            asked_words=self._towers.asking_words(pictures).cpu().numpy(),
            picture_hubs=hubness(mapped, self._bank),
            text_hubs=self._text_hubs,
        )
        return found.likelihood(self._gallery.relevant)

    def _picture_loss(self, rows: torch.Tensor) -> torch.Tensor:
        towers = self._towers
        left, right = (torch.tensor(n)[rows] for n in (self._seen.left, self._seen.right))
        weight = torch.tensor(self._seen.weight)[rows]
        pictures, texts = towers.pictures(left), towers.asking(right)
        same = self._same(left, right, left, right)
        hard_texts = self._hard(pictures, self._hard_texts[rows], right, towers.asking)
        hard_pictures = self._hard(texts, self._hard_pictures[rows], left, towers.pictures)
        by_text = _cross_entropy(texts @ pictures.T, hard_pictures, same, towers.scale())
        by_picture = _cross_entropy(pictures @ texts.T, hard_texts, same, towers.scale())
        weight = weight.to(by_text.device)
        based = towers.based[left]  # type: ignore[index]
        moved = (pictures - based).square().sum(dim=1)
        apart = 1 - (pictures * texts).sum(dim=1)
        settings = towers.settings
        each = (by_text + by_picture) / 2 + settings.restraint * moved + settings.alignment * apart
        return (each * weight).sum() / weight.sum()

    def _speech_loss(self, rows: torch.Tensor) -> torch.Tensor:
        left, right = (torch.tensor(n)[rows] for n in (self._heard.left, self._heard.right))
        heard, said = self._towers.asking(left), self._towers.asking(right)
        same = self._alike.both(right, right) | self._alike.both(left, left)
        none = heard.new_zeros((len(rows), 0))
        there = _cross_entropy(heard @ said.T, none, same, self._towers.scale())
        back = _cross_entropy(said @ heard.T, none, same, self._towers.scale())
        weight = torch.tensor(self._heard.weight)[rows].to(there.device)
        return ((there + back) / 2 * weight).sum() / weight.sum()

    def _hard(
        self, vectors: torch.Tensor, numbers: torch.Tensor, batch: torch.Tensor, encode: Any
    ) -> torch.Tensor:
        """Scores (b, k) of each row's own hard negatives, but those that the batch has already."""
        if not numbers.shape[1]:
            return vectors.new_zeros((len(vectors), 0))
        different, places = torch.unique(numbers.clamp(min=0), return_inverse=True)
        others = encode(different)[places]
        scores = torch.einsum("bd,bkd->bk", vectors, others)
        known = torch.isin(numbers, batch) | (numbers < 0)
        return scores.masked_fill(known.to(scores.device), _NEVER)

    def _same(
        self, left: torch.Tensor, right: torch.Tensor, lefts: torch.Tensor, rights: torch.Tensor
    ) -> torch.Tensor:
        """Which of (b) pairs are no negatives of which of (m): same picture, same or like words."""
        pictures = self._origin[left][:, None] == self._origin[lefts][None, :]
        return pictures | self._alike.both(right, rights)


class _Alike:
    """Which texts mean nearly the same."""

    def __init__(self, vectors: Floats) -> None:
        self._vectors = torch.tensor(vectors)

    def both(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """bool (b, m)."""
        near = self._vectors[left] @ self._vectors[right].T >= SAME_MEANING
        return near | (left[:, None] == right[None, :])


def _image_tower(
    method: Method, both: int, width: int, settings: TowerSettings, seed: int
) -> nn.Sequential:
    """Last layer zero: δ = 0 before training."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if method == "linear":
            layers: list[nn.Module] = [nn.Dropout(settings.dropout), nn.Linear(both, width)]
        else:
            hidden = nn.Linear(both, settings.hidden)
            last = nn.Linear(settings.hidden, width)
            layers = [nn.Dropout(settings.dropout), hidden, nn.ReLU(), last]
    nn.init.zeros_(layers[-1].weight)  # type: ignore[arg-type]
    nn.init.zeros_(layers[-1].bias)  # type: ignore[arg-type]
    return nn.Sequential(*layers)


def _cross_entropy(
    scores: torch.Tensor, hard: torch.Tensor, same: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Each row's −log softmax at its own column (b,), over the batch and its hard negatives."""
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    hidden = scores.masked_fill(same.to(scores.device) & ~own, _NEVER)
    logits = torch.cat([hidden, hard], dim=1) * scale
    return functional.cross_entropy(
        logits, torch.arange(len(scores), device=scores.device), reduction="none"
    )
