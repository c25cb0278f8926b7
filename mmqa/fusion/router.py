"""How much each modality weighs for a question: α(q) = softmax(W·h(q)).

Knows: the weights before training, which are even. Refuses to know: what a question means; the
trained router, which reads the question's embedding h(q), comes by its own issue.
"""

from __future__ import annotations

from collections.abc import Iterable

from mmqa.records import MODALITIES, Floats, Modality, Weighing


def uniform(modalities: Iterable[Modality]) -> dict[Modality, float]:
    """Even weights that sum to 1: the softmax of W = 0.

    >>> uniform(["visual", "text"])
    {'visual': 0.5, 'text': 0.5}
    """
    names = list(dict.fromkeys(modalities))
    return {name: 1.0 / len(names) for name in names}


class UniformRouter:
    """The router ``uniform``: it looks, reads and listens alike."""

    fingerprint = "uniform"

    def weigh(self, text: str, vector: Floats | None) -> Weighing:
        """Even weights, whatever is asked."""
        del text, vector
        return Weighing(uniform(MODALITIES), "uniform")


def load_uniform() -> UniformRouter:
    """The router that gives even weights.

    >>> load_uniform().weigh("a photo of a dog", None).by
    'uniform'
    """
    return UniformRouter()
