"""How FAISS files are to be made and searched: what the user may decide.

Knows: the choices, their defaults, and which values mean nothing. Refuses to know: FAISS.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmqa.errors import ConfigError

INDEX_TYPES = ("auto", "flat", "sq8", "ivf_sq8", "ivf_rabitq")
DEVICES = ("auto", "cpu", "gpu")


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """Choices for one index; see :mod:`mmqa.index.index_types` for where the numbers come from.

    Attributes:
        index_type: ``auto`` lets the number of rows of each file decide; else the type of every
            file, once adding is done.
        recall_target: Recall@10 against exact search that approximate types are tuned to, above 0
            and at most 1.
        device: ``auto`` searches on a GPU where FAISS has one; else ``cpu`` or ``gpu``.
        flat_rows: Most rows of a ``flat`` file.
        sq8_rows: Most rows of an ``sq8`` file.
        ivf_sq8_rows: Most rows of an ``ivf_sq8`` file; larger ones are ``ivf_rabitq``.

    Raises:
        ConfigError: A value means nothing.

    >>> IndexPlan(recall_target=0.9).index_type
    'auto'
    """

    index_type: str = "auto"
    recall_target: float = 0.97
    device: str = "auto"
    flat_rows: int = 10_000
    sq8_rows: int = 128_000
    ivf_sq8_rows: int = 10_000_000

    def __post_init__(self) -> None:
        _one_of("index_type", self.index_type, INDEX_TYPES)
        _one_of("index_device", self.device, DEVICES)
        if not 0.0 < self.recall_target <= 1.0:
            raise ConfigError(
                f"recall_target is {self.recall_target!r}, which is no share",
                "Set it above 0 and at most 1, e.g. 0.97.",
            )
        if not 0 <= self.flat_rows <= self.sq8_rows <= self.ivf_sq8_rows:
            limits = (self.flat_rows, self.sq8_rows, self.ivf_sq8_rows)
            raise ConfigError(
                f"the largest sizes of flat, sq8 and ivf_sq8 files are {limits}, which do not "
                "ascend from 0",
                "Give each at least the one before.",
            )


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{name} is {value!r}", f"Known: {', '.join(known)}.")
