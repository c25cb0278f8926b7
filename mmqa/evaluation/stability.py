"""How much of what is found stays when the question or the media change a little.

Knows: changed words, changed picture questions, changed files in the index, and how two rankings
are compared. Refuses to know: how a change is done (``mmqa.media.augment``), and how an index is
searched.

What changes, and against what: *words* are the same questions with another case, a slip, a polite
frame; *worded otherwise* are questions of one family in a file, which ask the same in other words;
*picture questions* are pictures of the index, changed and asked with; *pictures in the index* and
*recordings in the index* are copies of the index in which every such file (or a sample) is replaced
by a changed one, read, encoded and transcribed anew. Rankings are of files; the first 10 count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmqa.evaluation.metrics import measure
from mmqa.interfaces import Progress
from mmqa.media.augment import STRENGTHS, WORDS, Change, Strength
from mmqa.records import Chunk, Picture, SearchResult

TOP = 10
PERSISTENCE = 0.9
"""Of rank-biased overlap: the first 10 carry 86 % of the weight."""
METRICS = ("nDCG@10", "R@10")
_HITS = 40
"""Segments asked for, so that 10 files are among them."""

Values = NDArray[np.float64]


class Searchable(Protocol):
    """What is searched: a :class:`mmqa.Library`."""

    def search(
        self, question: str = "", *, image: bytes | None = None, k: int = 10
    ) -> SearchResult:
        """Hits of words, a picture's file as bytes, or both."""
        ...

    def search_batch(self, questions: Sequence[str], *, k: int = 10) -> Sequence[SearchResult]:
        """Hits of each of several questions."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in words and the files it should find; ``family`` as in a file of questions."""

    text: str
    relevant: frozenset[Path]
    family: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One change of one thing, asked of n questions.

    Attributes:
        what: ``words``, ``worded otherwise``, ``picture questions``, ``pictures in the index``,
            ``recordings in the index``.
        change: Name of the change.
        strength: ``mild`` or ``strong``; empty where that means nothing.
        seed: Of what was drawn.
        questions: (n,) names of the questions: what the same ones are across trials.
        overlap: (n,) share of the first 10 that stayed.
        biased: (n,) rank-biased overlap.
        before: Metric → (n,) of the unchanged question; empty where nothing is known to be right.
        after: The same of the changed one.
    """

    what: str
    change: str
    strength: str
    seed: int
    questions: tuple[str, ...]
    overlap: Values
    biased: Values
    before: Mapping[str, Values]
    after: Mapping[str, Values]


# ------------------------------------------------------------------------- comparing rankings


def overlap(first: Sequence[object], second: Sequence[object], k: int = TOP) -> float:
    """Share of the first k of one ranking that are among the first k of another.

    Where both are shorter than k, of the longer one; two empty ones agree.

    >>> overlap("abcd", "badx", 4)
    0.75
    """
    a, b = set(first[:k]), set(second[:k])
    longest = max(len(a), len(b))
    return len(a & b) / longest if longest else 1.0


def rank_biased_overlap(
    first: Sequence[object], second: Sequence[object], p: float = PERSISTENCE, k: int = TOP
) -> float:
    """Extrapolated RBO of two rankings (Webber, Moffat and Zobel 2010, eq. 23, to depth k).

    Agreement at each depth, weighted by how likely somebody reads on to it; what lies below the
    depth is taken to agree as much as what lies at it. 1 for equal rankings, 0 for disjoint ones.

    >>> rank_biased_overlap("abc", "abc"), rank_biased_overlap("abc", "xyz")
    (1.0, 0.0)
    >>> round(rank_biased_overlap("ab", "ba", p=0.5, k=2), 4)  # 0 at depth 1, 1 at depth 2
    0.5
    """
    depth = min(k, max(len(first), len(second)))
    if depth == 0:
        return 1.0
    agreement = [len(set(first[:d]) & set(second[:d])) / d for d in range(1, depth + 1)]
    weighted = sum(a * p**d for d, a in enumerate(agreement, start=1))
    return float((1 - p) / p * weighted + agreement[-1] * p**depth)


def files(result: SearchResult, origin: Mapping[Path, Path] | None = None) -> list[Path]:
    """The files that were found, best first, each once; copies under the name of their origin."""
    known = origin or {}
    found = (known.get(hit.segment.path, hit.segment.path) for hit in result)
    return list(dict.fromkeys(found))


def trial(
    name: tuple[str, str, str],
    seed: int,
    questions: Sequence[str],
    *,
    before: Sequence[Sequence[Path]],
    after: Sequence[Sequence[Path]],
    relevant: Sequence[Collection[Path]] = (),
) -> Trial:
    """Compare n rankings with n others; with what is relevant, the metrics of both too.

    ``name`` is what changed, how, and how strongly.
    """
    pairs = list(zip(before, after, strict=True))
    known = bool(relevant)
    return Trial(
        *name,
        seed,
        tuple(questions),
        np.array([overlap(a, b) for a, b in pairs]),
        np.array([rank_biased_overlap(a, b) for a, b in pairs]),
        _metrics(before, relevant) if known else {},
        _metrics(after, relevant) if known else {},
    )


def _metrics(
    rankings: Sequence[Sequence[Path]], relevant: Sequence[Collection[Path]]
) -> dict[str, Values]:
    named = [[str(path) for path in ranking] for ranking in rankings]
    return measure(named, [{str(path) for path in right} for right in relevant], METRICS)


# ------------------------------------------------------------------------------ what changes


def ranked(
    library: Searchable, texts: Sequence[str], origin: Mapping[Path, Path] | None = None
) -> list[list[Path]]:
    """Files found for each of n questions."""
    return [files(result, origin) for result in library.search_batch(texts, k=_HITS)]


def changed_words(
    library: Searchable,
    asked: Sequence[Asked],
    seeds: Sequence[int],
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Trial]:
    """Every change of words, mild and strong, under every seed.

    Args:
        library: The index.
        asked: n questions.
        seeds: Each draws its own slips and frames.
        tell: (done, total) trials.
    """
    texts = [one.text for one in asked]
    before, right = ranked(library, texts), [one.relevant for one in asked]
    kinds = [(s, c, seed) for s in STRENGTHS for c in WORDS[s] for seed in seeds]
    found = []
    for done, (strength, change, seed) in enumerate(kinds, start=1):
        rng = np.random.default_rng([seed, done])
        after = ranked(library, [change(text, rng) for text in texts])
        found.append(
            trial(
                ("words", change.name, strength),
                seed,
                texts,
                before=before,
                after=after,
                relevant=right,
            )
        )
        tell(done, len(kinds))
    return found


def worded_otherwise(library: Searchable, asked: Sequence[Asked]) -> list[Trial]:
    """Each question of a family against the family's first; none where there are no families."""
    families: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        if one.family:
            families[one.family].append(one)
    pairs = [(group[0], other) for group in families.values() for other in group[1:]]
    if not pairs:
        return []
    before = ranked(library, [first.text for first, _ in pairs])
    after = ranked(library, [other.text for _, other in pairs])
    names = [first.text for first, _ in pairs]
    right = [first.relevant for first, _ in pairs]
    return [
        trial(
            ("worded otherwise", "as the file words it", ""),
            0,
            names,
            before=before,
            after=after,
            relevant=right,
        )
    ]


def changed_pictures(
    library: Searchable,
    pictures: Mapping[str, Picture],
    changes: Mapping[Strength, Sequence[Change[Picture]]],
    seeds: Sequence[int],
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Trial]:
    """Pictures as questions: as they are, and under every change.

    Args:
        library: The index.
        pictures: Name → picture.
        changes: Strength → changes.
        seeds: Each draws its own places, angles and noise.
        tell: (done, total) trials.
    """
    names = list(pictures)
    before = [_asked_with(library, pictures[name]) for name in names]
    kinds = [(s, c, seed) for s in STRENGTHS for c in changes[s] for seed in seeds]
    found = []
    for done, (strength, change, seed) in enumerate(kinds, start=1):
        rng = np.random.default_rng([seed, done])
        after = [_asked_with(library, change(pictures[name], rng)) for name in names]
        found.append(
            trial(
                ("picture questions", change.name, strength),
                seed,
                names,
                before=before,
                after=after,
            )
        )
        tell(done, len(kinds))
    return found


def _asked_with(library: Searchable, picture: Picture) -> list[Path]:
    return files(library.search(image=as_png(picture), k=_HITS))


def as_png(picture: Picture) -> bytes:
    """A picture as the bytes of a file that loses nothing."""
    import io

    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(picture.pixels).save(written, "PNG", compress_level=1)
    return written.getvalue()


def teller(progress: Progress | None, label: str) -> Callable[[int, int], None]:
    """(done, total) → progress."""

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(Chunk(label, done, total, "steps"))

    return tell
