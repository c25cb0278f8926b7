"""Which FAISS index suits how many rows, and how an empty one is made.

Knows: the types, their sizes, their parameters. Refuses to know: files, the catalogue, questions.

The limits come from measurement: faiss-cpu 1.15, two cores with AVX-512, vectors clustered like
real embeddings (:mod:`mmqa.evaluation.made_up_vectors`), one question at a time, recall of the true
10 among 40 candidates, which are scored again exactly.

==========  =====  =======  =======  =====================================
rows        width  flat     sq8      ivf_sq8
==========  =====  =======  =======  =====================================
10,000      400    0.46 ms  0.17 ms  .98 in 0.13 ms (256 of 400 lists)
100,000     400    6.2 ms   1.7 ms   .99 in 0.21 ms (128 of 1,264 lists)
300,000     400    19 ms    5.3 ms   .999 in 0.36 ms (128 of 2,190 lists)
1,000,000   400    61 ms             .998 in 0.51 ms (128 of 4,096 lists)
10,000      772    0.94 ms  0.43 ms  .99 in 0.26 ms (256 of 312 lists)
100,000     772    12.5 ms  4.8 ms   .97 in 0.32 ms (128 of 1,265 lists)
300,000     772    37 ms    12 ms    .99 in 0.63 ms (128 of 2,191 lists)
==========  =====  =======  =======  =====================================

- Up to 10,000 rows a flat file costs less than reading the candidates from the catalogue.
- sq8 found every one of the true 10 at every size, needs no training, and loses nothing under any
  filter: it is kept until a search costs as much as all the rest of a question, 2 to 6 ms.
- ivf_sq8 with 4·√n lists: fewer lists scan more for the same recall, more take longer to train
  (4,381 lists of 300,000 rows: 25 s; 2,190: 7 s) and win nothing.
- FAISS compares 8-bit codes fast only in widths that are multiples of 16: at 772 it is 30 times
  slower than at 784, so vectors are padded with zeros.
- At 1,000,000 rows ivf_rabitq, 256 lists: 1 bit has a recall of .37 in 40 candidates and .79 in
  640; 2 bits (120 bytes a row) .77 in 40, .94 in 160, .98 in 320; 4 bits (220 bytes) .95 in 40. Two
  bits and 8 times the candidates: a third of the memory of sq8, for 3 ms of reading candidates.
- Questions compressed to 4 bits for ivf_rabitq take 0.9 ms, uncompressed 50 ms; same recall.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import faiss
import numpy as np

from mmqa.index.plan import IndexPlan
from mmqa.records import Floats

MOST_LISTS = 16_384
ROWS_A_LIST = 32
"""Training rows for one list."""
MOST_TRAINING_ROWS = 262_144
SCALAR_TRAINING_ROWS = 20_000
ITERATIONS = 10
RABITQ_BITS = 2
RABITQ_QUESTION_BITS = 4
LEAST_CANDIDATES = 32
"""Fewest rows that are scored again from the catalogue where the index is not exact."""

_ALIGNED = 16


@dataclass(frozen=True, slots=True)
class IndexType:
    """One way to keep vectors.

    Attributes:
        name: As in the configuration and the catalogue.
        exact: Scores are exact, so that nothing need be scored again.
        inverted: Rows lie in lists, of which a search looks into some.
        oversampling: How many times more candidates it wants scored again than exact search would.
    """

    name: str
    exact: bool = False
    inverted: bool = False
    oversampling: int = 1


FLAT = IndexType("flat", exact=True)
SQ8 = IndexType("sq8")
IVF_SQ8 = IndexType("ivf_sq8", inverted=True)
IVF_RABITQ = IndexType("ivf_rabitq", inverted=True, oversampling=8)
BY_NAME = {one.name: one for one in (FLAT, SQ8, IVF_SQ8, IVF_RABITQ)}


def choose(rows: int, plan: IndexPlan, *, trained: bool = True) -> IndexType:
    """The type of a file with so many rows.

    Args:
        rows: How many.
        plan: What the user decided.
        trained: Whether there is time to train; without, a type that needs none.

    >>> choose(9_000, IndexPlan()).name, choose(200_000, IndexPlan()).name
    ('flat', 'ivf_sq8')
    >>> choose(200_000, IndexPlan(), trained=False).name
    'sq8'
    """
    if plan.index_type != "auto":
        wanted = BY_NAME[plan.index_type]
    elif rows > plan.ivf_sq8_rows:
        wanted = IVF_RABITQ
    elif rows > plan.sq8_rows:
        wanted = IVF_SQ8
    else:
        wanted = SQ8 if rows > plan.flat_rows else FLAT
    if wanted.inverted and (not trained or not rows):
        return SQ8 if rows > plan.flat_rows else FLAT
    return wanted


def list_count(rows: int) -> int:
    """Inverted lists for so many rows: 4·√n, at most 16,384, and enough rows to train each.

    >>> list_count(1_000_000), list_count(100), list_count(10**9)
    (4000, 3, 16384)
    """
    return max(1, min(MOST_LISTS, round(4 * sqrt(rows)), rows // ROWS_A_LIST))


def training_rows(kind: IndexType, rows: int) -> int:
    """How many of so many rows the type is trained with."""
    if kind.exact:
        return 0
    wanted = list_count(rows) * ROWS_A_LIST if kind.inverted else 0
    return min(rows, MOST_TRAINING_ROWS, max(wanted, SCALAR_TRAINING_ROWS))


def padded_width(kind: IndexType, width: int) -> int:
    """Width of the vectors as FAISS gets them."""
    return width if kind.exact else -(-width // _ALIGNED) * _ALIGNED


def padded(vectors: Floats, width: int) -> Floats:
    """Vectors (n, d) with zeros after them up to ``width``, in one piece of memory."""
    if vectors.shape[1] < width:
        vectors = np.pad(vectors, ((0, 0), (0, width - vectors.shape[1])))
    return np.ascontiguousarray(vectors, np.float32)


def empty(kind: IndexType, width: int, rows: int) -> Any:
    """An untrained index that takes vectors by rowid, for inner products.

    Args:
        kind: Its type.
        width: Of the fused vectors.
        rows: How many it will hold.
    """
    width = padded_width(kind, width)
    if kind is FLAT:
        return faiss.IndexIDMap(faiss.IndexFlatIP(width))
    bits8, product = faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    if kind is SQ8:
        return faiss.IndexIDMap(faiss.IndexScalarQuantizer(width, bits8, product))
    lists = list_count(rows)
    centres = faiss.IndexFlatIP(width)
    index: Any = (
        faiss.IndexIVFScalarQuantizer(centres, width, lists, bits8, product)
        if kind is IVF_SQ8
        else faiss.IndexIVFRaBitQ(centres, width, lists, product, True, RABITQ_BITS)
    )
    index.cp.niter = ITERATIONS
    index.cp.min_points_per_centroid = 1
    index.cp.max_points_per_centroid = 2**20  # the sample is bounded already
    return index


def parameters(index: Any, nprobe: int, selector: Any) -> Any:
    """What FAISS is told with one search.

    Args:
        index: As from :func:`empty`, or read from a file.
        nprobe: Lists to look into; 0 for types without.
        selector: Of rowids, or ``None``.
    """
    given = {} if selector is None else {"sel": selector}
    if not nprobe:
        plain: Any = faiss.SearchParameters  # its stub lacks the keyword arguments
        return plain(**given) if given else None
    if isinstance(index, faiss.IndexIVFRaBitQ):
        rabitq: Any = faiss.IVFRaBitQSearchParameters
        return rabitq(nprobe=nprobe, qb=RABITQ_QUESTION_BITS, **given)
    inverted: Any = faiss.SearchParametersIVF
    return inverted(nprobe=nprobe, **given)
