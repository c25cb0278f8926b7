"""One warm search at 100,000 segments, against encoding the question and searching plain FAISS.

Knows: how to fill an index with made-up segments that look like real ones, and what FAISS alone
would do with the same files. Refuses to know: how the index finds them.

Every question is another one, so that nothing is answered from memory; each is asked every way, one
way after the other, in a changing order. The yardstick is what nobody could leave out:
the encoder, then FAISS on the files that the index itself made, of the type that it picked, with
its own number of lists. Beside it stands an exact index (``IndexFlatIP``) of the same vectors.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mmqa.config import Config
from mmqa.evaluation.report import BenchReport, Figure
from mmqa.interfaces import CrossModalMapping, Progress
from mmqa.records import Chunk, Features, Floats, Kind, MediaItem, Segment, SegmentText

if TYPE_CHECKING:
    from mmqa.index.catalogue import FaissSegment
    from mmqa.library import Library
    from mmqa.parts import Parts

TARGET = 1.3
TARGET_SMALL = 1.5
"""Below 100,000 segments: what an encoder and a scan of so few rows cost leaves less to hide in."""
HITS = 10
WARM_UP = 16
"""Questions that are asked before the clock counts."""
_BATCH = 500
OPENINGS = (
    "What did she say about the",
    "a red apple beside the",
    "Which platform does the train leave from,",
    "the receipt from the café and the",
    "When is the next meeting about",
    "a lighthouse at sunset with",
    "How much is the survey boat or the",
    "Who repairs the roof and the",
)


def run(
    config: Config | None = None,
    progress: Progress | None = None,
    segments: int = 100_000,
    questions: int = 240,
) -> BenchReport:
    """Fill an index, then ask every way by turns and compare the medians.

    Args:
        config: Settings; the index is made in a temporary folder whatever they say.
        progress: Told as the index fills.
        segments: How many segments it gets.
        questions: How many questions are asked each way.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mmqa-bench-") as folder,
        _filled(Path(folder) / "index", config or Config(), segments, progress) as filled,
    ):
        encoder, library = filled.parts.text_encoder, filled.library
        judged: dict[str, Callable[[str], object]] = {
            "search": lambda q: library.search(q, k=HITS),
            "same type": _plain(filled.parts, filled.own),
        }
        beside: dict[str, Callable[[str], object]] = {
            "encode": lambda q: encoder.encode([q]),
            "flat": _plain(filled.parts, [filled.flat]),
        }
        asked = made_up_questions(WARM_UP + questions)
        seconds: dict[str, list[float]] = {}
        for ways in (judged, beside):  # apart: a scan of all vectors empties the caches
            by_turns(ways, asked[:WARM_UP])
            seconds |= by_turns(ways, asked[WARM_UP:])
        kinds = ", ".join(sorted({one.index_type for one in filled.files}))
    return _report(seconds, kinds, segments, filled.flat.d)


def _report(seconds: dict[str, list[float]], kinds: str, segments: int, width: int) -> BenchReport:
    medians = {name: median(values) for name, values in seconds.items()}
    tails = {name: float(np.quantile(values, 0.95)) for name, values in seconds.items()}
    n = len(seconds["search"])
    target = TARGET if segments >= 100_000 else TARGET_SMALL
    own = medians["search"] / medians["same type"]

    def ratio(name: str, of: dict[str, float], other: str) -> Figure:
        return Figure(name, of["search"] / of[other], n)

    return BenchReport(
        suite="bench: search",
        figures=(
            Figure(
                f"warm search / (encode + FAISS {kinds})",
                own,
                n,
                target=target,
                lower_is_better=True,
            ),
            ratio("the same of the 95th percentiles", tails, "same type"),
            ratio("warm search / (encode + FAISS IndexFlatIP)", medians, "flat"),
        ),
        how={
            "segments": segments,
            "width": width,
            "measured": "medians of questions that each are asked once each way, by turns",
            **{f"{name}, ms": round(1000 * value, 2) for name, value in medians.items()},
            **{f"{name}, 95th percentile, ms": round(1000 * v, 2) for name, v in tails.items()},
        },
    )


def by_turns(
    ways: dict[str, Callable[[str], object]], questions: Sequence[str]
) -> dict[str, list[float]]:
    """Seconds of each way for each question, in an order that is drawn anew for each."""
    rng = np.random.default_rng(0)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for question in questions:
        for name in rng.permutation(list(ways)).tolist():
            began_s = time.perf_counter()
            ways[name](question)
            seconds[name].append(time.perf_counter() - began_s)
    return seconds


def made_up_questions(n: int, seed: int = 2) -> list[str]:
    """Questions as people ask them, each with two words more, drawn as those of the segments."""
    rng = np.random.default_rng(seed)
    words, shares = _vocabulary()
    return [
        f"{OPENINGS[i % len(OPENINGS)]} {' '.join(rng.choice(words, 2, p=shares))}"
        for i in range(n)
    ]


def _plain(parts: Parts, indexes: Sequence[Any]) -> Callable[[str], object]:
    """Encode the question, search FAISS indexes one after the other."""

    def ask(question: str) -> object:
        vector = parts.text_encoder.encode([question])
        return [index.search(np.resize(vector, (1, index.d)), HITS) for index in indexes]

    return ask


def _flat(stored: Floats) -> Any:
    import faiss

    index: Any = faiss.IndexFlatIP(stored.shape[1])
    index.add(stored)
    return index


def _own(folder: Path, files: Sequence[FaissSegment]) -> list[Any]:
    """The files of an index, read by FAISS alone and set up as the index would.

    Mapped, so that both scan the same memory: of two copies one may lie much better than the other.
    """
    import faiss

    flags: Any = faiss.IO_FLAG_MMAP_IFC
    found = []
    for one in files:
        index: Any = faiss.read_index(str(folder / "segments" / one.name), flags)
        if one.nprobe:
            index.nprobe, index.parallel_mode = one.nprobe, 1
        found.append(index)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Filled:
    """A library over made-up segments.

    Attributes:
        library: It.
        parts: Its models.
        files: What its catalogue says of its FAISS files.
        own: The same files, read by FAISS.
        flat: An exact index of the same vectors.
    """

    library: Library
    parts: Parts
    files: Sequence[FaissSegment]
    own: list[Any]
    flat: Any


@contextmanager
def _filled(
    folder: Path, config: Config, segments: int, progress: Progress | None
) -> Iterator[_Filled]:
    from mmqa.index.store import IndexStore
    from mmqa.ingest import recalibrate
    from mmqa.library import Library
    from mmqa.parts import Parts
    from mmqa.retrieval.lexical import tokenize

    parts = Parts(config)
    Library.open(folder, config=config).close()
    features = made_up_features(parts.mapping, segments)
    texts = made_up_texts(segments)
    with IndexStore.open(folder, None, parts.fuser, writable=True) as store:
        for first in range(0, segments, _BATCH):
            with store.transaction() as transaction:
                for i in range(first, min(first + _BATCH, segments)):
                    item, segment = _file(i, texts[i])
                    transaction.put(item, [segment], [features[i]], [tokenize(texts[i])])
            if progress is not None:
                progress(Chunk("filling", min(first + _BATCH, segments), segments, "steps"))
        recalibrate(store, parts.mapping)
        store.flush()
        files = store.faiss_segments()
    own, flat = _own(folder, files), _flat(parts.fuser.fuse(features))
    del features, texts
    with Library(IndexStore.open(folder, None, parts.fuser), parts) as library:
        yield _Filled(library, parts, files, own, flat)


def made_up_features(mapping: CrossModalMapping, n: int, seed: int = 0) -> list[Features]:
    """Vectors that look real: mixtures of three entries of the text bank with some noise.

    Two thirds have a visual vector, four fifths a text vector, as in a folder of pictures and
    recordings.
    """
    rng = np.random.default_rng(seed)
    bank = mapping.bank
    made = []
    for vectors in (_mixtures(bank, n, rng), _mixtures(bank, n, rng)):
        hubness = np.concatenate(
            [mapping.hubness(vectors[i : i + _BATCH]) for i in range(0, n, _BATCH)]
        )
        made.append((vectors, hubness))
    (visual, visual_hubness), (text, text_hubness) = made
    found = []
    for i in range(n):
        has_visual, has_text = i % 3 != 0, i % 3 == 0 or i % 10 > 2
        one = Features(
            {
                **({"visual": visual[i]} if has_visual else {}),
                **({"text": text[i]} if has_text else {}),
            },
            {"visual": float(visual_hubness[i]), "text": float(text_hubness[i])},
        )
        found.append(one)
    return found


def _mixtures(bank: Floats, n: int, rng: np.random.Generator) -> Floats:
    weights = rng.dirichlet((1.0, 0.7, 0.5), n).astype(np.float32)
    chosen = rng.integers(0, len(bank), (n, 3))
    mixed = np.einsum("nk,nkd->nd", weights, bank[chosen])
    mixed += rng.normal(0, 0.02, mixed.shape).astype(np.float32)
    unit: Floats = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
    return unit


_WORDS = """
    the a on in at and with from for red blue old new small ferry train boat roof kitchen garden
    table window picture receipt total meeting budget map island harbour lighthouse apple cat
    umbrella bicycle coffee key letter ticket platform morning evening Monday Thursday minutes hours
    euro said will leave arrive bring repair open closed number seven twelve forty
    """.split()  # noqa: SIM905 - readable


def made_up_texts(n: int, seed: int = 1) -> list[str]:
    """Sentences of 6 to 24 words and one number each.

    Words fall off with their rank as in any language (Zipf 1935): common ones first, then 3,000
    rare ones.
    """
    rng = np.random.default_rng(seed)
    words, shares = _vocabulary()
    return [" ".join([*rng.choice(words, rng.integers(6, 25), p=shares), str(i)]) for i in range(n)]


def _vocabulary() -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Words, and how often each occurs."""
    words = np.array([*_WORDS, *(_rare_word(i) for i in range(3000))])
    shares = 1.0 / np.arange(1, len(words) + 1)
    return words, shares / shares.sum()


def _rare_word(i: int) -> str:
    """A word of three syllables, another for every i below 8,000.

    >>> _rare_word(0), _rare_word(21)
    ('bababa', 'cacaba')
    """
    syllables = [consonant + vowel for vowel in "aeio" for consonant in "bcdfg"]
    return syllables[i % 20] + syllables[i // 20 % 20] + syllables[i // 400 % 20]


def _file(i: int, text: str) -> tuple[MediaItem, Segment]:
    path, sha256 = Path(f"/bench/{i:06}"), f"{i:064x}"
    kind: Kind = "audio" if i % 3 == 0 else "image"
    words = SegmentText(transcript=text) if kind == "audio" else SegmentText(ocr=text)
    item = MediaItem(path, sha256, kind, 1000, 0)
    return item, Segment(f"{i:012x}.0", path, sha256, kind, 0, text=words)
