"""How unrelated questions score against an index: as stored, or measured when nobody did.

Knows: when the stored statistics cannot be believed, and that a reader measures for itself what an
interrupted writer left undone. Refuses to know: the mathematics, and how a score is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from mmqa.fusion.calibration import calibrate
from mmqa.index.catalogue import Catalogue, outgrown
from mmqa.index.store import IndexStore
from mmqa.interfaces import CrossModalMapping
from mmqa.records import Calibration, Modality
from mmqa.segmenting import MODALITIES


def measure(catalogue: Catalogue, mapping: CrossModalMapping) -> dict[Modality, Calibration]:
    """The statistics of what the index holds now; a modality without vectors has none."""
    fresh = {}
    for modality in MODALITIES:
        vectors, hubness = catalogue.sample(modality)
        if len(vectors):
            fresh[modality] = calibrate(mapping.bank, vectors, hubness)
    return fresh


class Calibrations:
    """The statistics that questions in words are asked with. Safe to use from several threads.

    Args:
        store: The index; nothing is written to it.
        mapping: Gives the mapping whose text bank stands for questions.
    """

    def __init__(self, store: IndexStore, mapping: Callable[[], CrossModalMapping]) -> None:
        self._store = store
        self._mapping = mapping
        self._measured: tuple[int, Mapping[Modality, Calibration]] | None = None
        self._lock = Lock()

    def current(self) -> Mapping[Modality, Calibration]:
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
                    self._measured = count, measure(self._store, self._mapping())
                return self._measured[1]
