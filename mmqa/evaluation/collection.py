"""An index with questions: what every comparison of systems is made on.

Knows: how segments and their vectors are read out of an index, and how questions are matched with
its files. Refuses to know: how vectors are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from mmqa.errors import ConfigError
from mmqa.evaluation.questions_file import AskedFor, Held, Refused, read, resolve
from mmqa.index.catalogue import Catalogue
from mmqa.records import Features, Segment


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Segments of an index with their vectors, and questions with the files that answer them.

    Attributes:
        name: What reports call it.
        segments: n segments, in the index's order.
        features: Their n vectors as stored, read as float32.
        questions: Each with the absolute paths of the files that answer it, at least one.
        refused: Lines of the questions file that were not taken.
        index: Folder of the index.
    """

    name: str
    segments: tuple[Segment, ...]
    features: tuple[Features, ...]
    questions: tuple[tuple[AskedFor, frozenset[Path]], ...]
    refused: tuple[Refused, ...] = ()
    index: Path = field(default_factory=Path)

    @property
    def files(self) -> tuple[Path, ...]:
        """The file of each segment, n paths."""
        return tuple(segment.path for segment in self.segments)

    def among(self, places: Sequence[int]) -> Collection:
        """The same with some of its questions."""
        some = tuple(self.questions[place] for place in places)
        return Collection(self.name, self.segments, self.features, some, self.refused, self.index)


def read_index(index: Path) -> tuple[tuple[Segment, ...], tuple[Features, ...]]:
    """All segments of an index and their vectors, in the same order.

    Raises:
        IndexMissingError: There is no index.
        IndexDamagedError: It cannot be read.
    """
    segments: list[Segment] = []
    features: list[Features] = []
    with closing(Catalogue(index)) as catalogue:
        for numbers, some in catalogue.iter_vectors():
            segments.extend(catalogue.segments(numbers))
            features.extend(some)
    return tuple(segments), tuple(features)


def load(questions: Path, index: Path, name: str = "") -> Collection:
    """The questions of a file, asked of an index.

    Args:
        questions: See :mod:`mmqa.evaluation.questions_file`.
        index: Folder of an index that holds the files they name.
        name: What reports call it; empty: the file's name.

    Raises:
        ConfigError: The file cannot be read, or no question names files that the index holds.
        IndexMissingError: There is no index.
    """
    asked = read(questions)
    segments, features = read_index(index)
    ids: dict[Path, list[str]] = {}
    for segment in segments:
        ids.setdefault(segment.path, []).append(segment.id)
    held = [Held(path, tuple(names)) for path, names in ids.items()]
    found, missing = resolve(asked.questions, held)
    if not found:
        raise ConfigError(
            f"no question in {str(questions)!r} names a file that {str(index)!r} holds "
            f"({missing[0]})",
            "Add the files first: mmqa add FOLDER --index DIR.",
        )
    refused = (*asked.refused, *missing)
    return Collection(name or questions.stem, segments, features, tuple(found), refused, index)
