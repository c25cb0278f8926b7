"""What a fuser is trained on, as tensors, and the measure that training stops by.

Knows: how segments and questions lie in tables, which segments answer, and nDCG. Refuses to know:
the model and the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmqa.records import Modality
from mmqa.training.fusion_data import FusionData

CUTOFF = 10
"""Of nDCG, the metric that training stops by."""


class FusionTables(nn.Module):
    """The data as buffers, so that they move to the device with the model."""

    vectors: Tensor
    present: Tensor
    hubs: Tensor
    groups: Tensor
    questions: Tensor
    by_pictures: Tensor
    sources: Tensor
    right: Tensor
    rights: Tensor

    def __init__(self, data: FusionData, modalities: Sequence[Modality]) -> None:
        super().__init__()
        for name, array in _arrays(data, modalities).items():
            self.register_buffer(name, torch.from_numpy(array), persistent=False)

    def one_right(self, numbers: Tensor) -> Tensor:
        """One segment that answers each question, drawn when there are several."""
        counts = self.rights[numbers].cpu()
        drawn = (torch.rand(len(numbers)) * counts).long().clamp(max=counts - 1)
        return self.right[numbers, drawn.to(self.right.device)]

    def alike(self, numbers: Tensor, among: Tensor | None = None) -> Tensor:
        """Which of the segments (all, or some) are of a group that answers; bool (b, n)."""
        groups = self.groups if among is None else self.groups[among]
        count = int(self.groups.max()) + 1
        return self._marked(self.groups[self.right[numbers]], count)[:, groups]

    def answers(self, numbers: Tensor) -> Tensor:
        """Which of all segments answer; bool (b, n)."""
        return self._marked(self.right[numbers], len(self.groups))

    @staticmethod
    def _marked(places: Tensor, count: int) -> Tensor:
        """bool (b, count), true in each row at its places (b, r)."""
        marks = torch.zeros((len(places), count), dtype=torch.bool, device=places.device)
        return marks.scatter_(1, places, torch.ones_like(places, dtype=torch.bool))


def _arrays(data: FusionData, modalities: Sequence[Modality]) -> dict[str, NDArray[Any]]:
    shape = (len(data.segments), len(modalities))
    width = len(data.questions[0].vector)
    vectors = np.zeros((*shape, width), np.float32)
    present = np.zeros(shape, np.bool_)
    hubs = np.zeros((2, *shape), np.float32)
    for row, one in enumerate(data.segments):
        for place, modality in enumerate(modalities):
            if modality in one.vectors:
                vectors[row, place] = one.vectors[modality]
                present[row, place] = True
                hubs[0, row, place] = one.hubness.get(modality, 0.0)
                hubs[1, row, place] = one.picture_hubness.get(modality, 0.0)
    names = list(modalities)
    most = max(len(q.segments) for q in data.questions)
    right = [[*q.segments, *q.segments[:1] * (most - len(q.segments))] for q in data.questions]
    return {
        "vectors": vectors,
        "present": present,
        "hubs": hubs,
        "groups": data.groups,
        "questions": np.stack([q.vector for q in data.questions]).astype(np.float32),
        "by_pictures": np.array([q.asked_by == "pictures" for q in data.questions]),
        "sources": np.array(
            [names.index(q.source) if q.source in names else -1 for q in data.questions], np.int64
        ),
        "right": np.array(right, np.int64),
        "rights": np.array([len(q.segments) for q in data.questions], np.int64),
    }


def ndcg(scores: Tensor, answers: Tensor, k: int = CUTOFF) -> Tensor:
    """nDCG@k (b,) of scores (b, n) where answers, bool (b, n), gain 1 (Järvelin & Kekäläinen 2002).

    >>> ndcg(torch.tensor([[3.0, 2.0, 1.0]]), torch.tensor([[False, True, False]])).item()
    0.6309297680854797
    """
    k = min(k, scores.shape[1])
    discounts = 1 / torch.log2(torch.arange(k, device=scores.device) + 2.0)
    gains = answers.gather(1, scores.topk(k, dim=1)[1]).float() @ discounts
    ideal = discounts.cumsum(0)[answers.sum(dim=1).clamp(max=k) - 1]
    return gains / ideal
