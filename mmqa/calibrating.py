"""How unrelated questions score against an index: as stored, or measured when nobody did.

Knows: when the stored statistics cannot be believed, and that a reader measures for itself what an
interrupted writer left undone. Refuses to know: the mathematics, and how a score is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from mmqa.index.catalogue import Catalogue, outgrown
from mmqa.index.store import IndexStore
from mmqa.interfaces import CrossModalMapping, Fuser
from mmqa.records import MODALITIES, Calibration, Channel, Features


def measure(
    catalogue: Catalogue, fuser: Fuser, mapping: CrossModalMapping
) -> dict[Channel, Calibration]:
    """The statistics of what the index holds now; a modality without vectors has none."""
    sampled: dict[int, Features] = {}
    for modality in MODALITIES:
        sampled.update(catalogue.sample(modality))
    return of_unrelated(fuser, mapping, list(sampled.values()))


def of_unrelated(
    fuser: Fuser, mapping: CrossModalMapping, rows: Sequence[Features]
) -> dict[Channel, Calibration]:
    """How words that nobody asked score against segments, each modality as words ask it."""
    measured = fuser.calibrate(mapping.bank, rows)
    if "visual" in measured:  # words ask pictures by a text tower of their own
        seen = [
            replace(one, vectors={"visual": one.vectors["visual"]})
            for one in rows
            if "visual" in one.vectors
        ]
        measured |= fuser.calibrate(mapping.ask_pictures(mapping.bank), seen)
    return measured


class Calibrations:
    """The statistics that questions in words are asked with. Safe to use from several threads.

    Args:
        store: The index; nothing is written to it.
        fuser: That of the index.
        mapping: Gives the mapping whose text bank stands for questions.
    """

    def __init__(
        self, store: IndexStore, fuser: Fuser, mapping: Callable[[], CrossModalMapping]
    ) -> None:
        self._store = store
        self._fuser = fuser
        self._mapping = mapping
        self._measured: tuple[int, Mapping[Channel, Calibration]] | None = None
        self._lock = Lock()

    def current(self) -> Mapping[Channel, Calibration]:
        """Those of the newest generation: as stored, else measured and kept in memory.

        What was measured is kept until the index has changed in size as much as makes stored
        statistics stale, so a reader beside a writer does not measure at each search.
        """
        with self._store.snapshot() as view:
            count = view.count
            stored = self._store.calibration()
            if stored and not self._store.calibration_stale(count):
                return stored
            with self._lock:
                if self._measured is None or outgrown(self._measured[0], count):
                    self._measured = count, measure(self._store, self._fuser, self._mapping())
                return self._measured[1]
