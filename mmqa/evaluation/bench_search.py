"""One warm search at 10,000 segments, against encoding the question and searching plain FAISS.

Knows: how to fill an index with made-up segments that look like real ones. Refuses to know: how
the index finds them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from mmqa.config import Config
from mmqa.evaluation.report import BenchReport, Figure
from mmqa.interfaces import CrossModalMapping, Progress
from mmqa.records import Chunk, Features, Floats, Kind, MediaItem, Segment, SegmentText

if TYPE_CHECKING:
    from mmqa.library import Library
    from mmqa.parts import Parts

TARGET = 1.5
HITS = 10
_BATCH = 500
QUESTIONS = (
    "What did she say about the ferry?",
    "a red apple on a table",
    "Which platform does the train leave from?",
    "the receipt from the café",
    "When is the next meeting?",
    "a lighthouse at sunset",
    "How much is the survey boat?",
    "Who repairs the roof?",
)


def run(
    config: Config | None = None,
    progress: Progress | None = None,
    segments: int = 10_000,
    rounds: int = 15,
) -> BenchReport:
    """Fill an index, then ask both ways by turns and compare the medians.

    Args:
        config: Settings; the index is made in a temporary folder whatever they say.
        progress: Told as the index fills.
        segments: How many segments it gets.
        rounds: How often each question is asked each way.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mmqa-bench-") as folder,
        _filled(Path(folder) / "index", config or Config(), segments, progress) as ready,
    ):
        library, parts, stored = ready
        plain = _plain(parts, stored)
        ways = {"search": lambda q: library.search(q, k=HITS), "plain": plain}
        medians = by_turns(ways, QUESTIONS, rounds)
    ratio = medians["search"] / medians["plain"]
    return BenchReport(
        suite="bench: search",
        figures=(
            Figure(
                "warm search / (encode the question + FAISS flat)",
                ratio,
                rounds * len(QUESTIONS),
                target=TARGET,
                lower_is_better=True,
            ),
        ),
        how={
            "segments": segments,
            "width": int(stored.shape[1]),
            "measured": "medians over questions asked both ways by turns, after one warm-up round",
            "search, ms": round(1000 * medians["search"], 2),
            "encode + FAISS, ms": round(1000 * medians["plain"], 2),
        },
    )


def by_turns(
    ways: dict[str, Callable[[str], object]], questions: Sequence[str], rounds: int
) -> dict[str, float]:
    """Median seconds of each way; every question is asked each way in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for question in questions:
            for name, way in ways.items():
                began_s = time.perf_counter()
                way(question)
                if turn:
                    seconds[name].append(time.perf_counter() - began_s)
    return {name: median(values) for name, values in seconds.items()}


def _plain(parts: Parts, stored: Floats) -> Callable[[str], object]:
    """The yardstick: encode the question, search a flat FAISS index of the same vectors."""
    import faiss

    index = faiss.IndexFlatIP(stored.shape[1])
    index.add(stored)

    def ask(question: str) -> object:
        vector = parts.text_encoder.encode([question])
        return index.search(np.resize(vector, (1, stored.shape[1])), HITS)

    return ask


@contextmanager
def _filled(
    folder: Path, config: Config, segments: int, progress: Progress | None
) -> Iterator[tuple[Library, Parts, Floats]]:
    """A library over made-up segments, its parts, and the same segments' fused vectors."""
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
    with Library.open(folder, config=config) as library:
        yield library, parts, parts.fuser.fuse(features)


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
            [mapping.hubness("text", vectors[i : i + _BATCH]) for i in range(0, n, _BATCH)]
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
    words = np.array([*_WORDS, *(_rare_word(i) for i in range(3000))])
    shares = 1.0 / np.arange(1, len(words) + 1)
    return [
        " ".join([*rng.choice(words, rng.integers(6, 25), p=shares / shares.sum()), str(i)])
        for i in range(n)
    ]


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
