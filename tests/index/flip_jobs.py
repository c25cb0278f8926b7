"""An index with something of everything, one byte of it changed, and all that can be asked of it.

Runs in a process of its own, so that a crash is seen and not suffered. Every answer is written down
in a form that can be compared with that of the sound index.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from conftest import FUSER, IDENTITY
from zygote import say

from mmqa.errors import MmqaError
from mmqa.index.files import sha256_hex
from mmqa.index.seal import FILE_NAME as SEAL
from mmqa.index.store import IndexStore, item_id
from mmqa.records import Calibration, Features, Filter, MediaItem, Segment, SegmentText

FILES = 40
SEARCHES = ("search", "words", "frequencies", "rows")
WORDS = [
    "harbour",
    "ferry",
    "tide",
    "rope",
    "gull",
    "quay",
    "mast",
    "anchor",
    "sail",
    "deck",
    "fog",
]
FILTERS = (
    None,
    Filter(kinds=("audio",)),
    Filter(folders=(Path("/trip/b"),)),
    Filter(since_s=12.0, until_s=30.0),
    Filter(tags=("liked",)),
    Filter(metadata=(("source", "wiki"),)),
)


def specimen(folder: Path) -> None:
    """A small index: two kinds, tags, times, metadata, long rows, removed rows, a delta."""
    with IndexStore.create(folder, IDENTITY, FUSER) as store:
        for number in range(FILES):
            with store.transaction() as change:
                item, segments, features, words = _file(number)
                change.put(item, segments, features, _rich(words), phash=f"{number:016x}")
                change.put_extraction(item.sha256, "ocr-1", bytes([number]) * (300 * (number % 40)))
            if number in {15, 16, FILES - 6}:
                store.flush()
        with store.transaction() as change:
            for number in (3, 4, 17):
                change.remove(_file(number)[0].path)
        store.set_calibration({"text": Calibration(0.1, 0.05), "visual": Calibration(0.2, 0.06)})


def _rich(words: list[str]) -> list[str]:
    """With words enough that the index of words has many leaves, and is looked up through one."""
    return [f"{text} {' '.join(f'{text.split()[-1]}y{n}' for n in range(30))}" for text in words]


def _file(number: int) -> Any:
    rng = np.random.default_rng(number)
    path = Path(f"/trip/{'ab'[number % 2]}/{number}.png")
    sha256 = sha256_hex(bytes([number]))
    name = item_id(path, sha256)
    kind = "audio" if number % 3 == 0 else "image"
    count = number % 3 + 1
    words = [" ".join(rng.choice(WORDS, 6)) + f" only{number}x{n}" for n in range(count)]
    long = " and so on" * (1500 if number % 9 == 0 else 3)
    segments = [
        Segment(
            f"{name}.{n}",
            path,
            sha256,
            kind,
            n,
            *((n * 1.5, n + 9.25) if n else (None, None)),
            text=SegmentText(caption=words[n], transcript=long),
        )
        for n in range(count)
    ]
    raw = rng.standard_normal((count, 2, 8)).astype(np.float32)
    raw /= np.linalg.norm(raw, axis=2, keepdims=True)
    features = [
        Features({"visual": one[0], "text": one[1]}, {"visual": 0.1, "text": 0.2}) for one in raw
    ]
    item = MediaItem(
        path,
        sha256,
        kind,
        1000 + number,
        number * 10**9,
        ("tiny",) if number % 4 else (),
        taken_ns=(number + 5) * 10**9 if number % 2 else None,
        tags=("liked",) if number % 5 == 0 else (),
        metadata='{"source": "wiki"}' if number % 7 == 0 else "",
    )
    return item, segments, features, words


# ------------------------------------------------------------------ asking


def questions(store: IndexStore) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name of a question → how it is asked."""
    some = [_file(number) for number in (0, 3, 5, 9, 12, 17, FILES - 1)]
    vectors = np.random.default_rng(0).standard_normal((3, FUSER.width)).astype(np.float32)
    yield "search first", lambda: _search(store, vectors, None)
    yield "identity", lambda: store.identity.to_json()
    yield "items", store.items
    yield "phashes", store.phashes
    yield "counts", lambda: _counts(store)
    yield "calibration", store.calibration
    yield "sample", lambda: store.sample("text")
    if not store.writable:  # a writer heals: then there are other files
        yield "faiss files", store.faiss_segments
    yield "all vectors", lambda: list(store.iter_vectors())
    yield "all rowids", lambda: store.numbers(1, 10**6)
    for item, segments, _, _ in some:
        yield f"known {item.path}", lambda item=item: store.known(item.path)
        yield f"sha {item.path}", lambda item=item: store.find_sha(item.sha256)
        yield f"id {item.path}", lambda s=segments: store.find_item(s[0].id)
        yield f"segment {item.path}", lambda s=segments: store.find_segment(s[-1].id)
        yield f"segments {item.path}", lambda item=item: store.item_segments(item.path)
        yield f"extraction {item.path}", lambda item=item: _cached(store, item.sha256)
    for place, where in enumerate(FILTERS):
        yield f"search {place}", lambda w=where: _search(store, vectors, w)
        yield f"words {place}", lambda w=where: _words(store, w)
    yield "frequencies", lambda: _frequencies(store)
    yield "rows", lambda: _rows(store)


def _counts(store: IndexStore) -> object:
    found = store.counts()
    return [
        found.items, found.segments, found.size_bytes, found.faiss_segments, found.pending,
        found.tombstones,
    ]  # fmt: skip


def _cached(store: IndexStore, sha256: str) -> object:
    found = store.extraction(sha256, "ocr-1")
    return ABSENT if found is None else found  # a cache may forget


def _search(store: IndexStore, vectors: Any, where: Filter | None) -> object:
    with store.snapshot() as view:
        found = [view.search(one, 7, where) for one in vectors]
        return [
            (numbers, np.asarray(scores), view.segments(numbers), view.fused(numbers))
            for numbers, scores in found
        ]


def _words(store: IndexStore, where: Filter | None) -> object:
    asked = [f'"{word}"' for word in WORDS]
    asked += [f'"only{n}x0{more}"' for n in range(FILES) for more in ("", "y7")]
    asked += ['"ferry" OR "fog"']
    with store.snapshot() as view:
        return [view.lexical(one, 9, where) for one in asked]


def _frequencies(store: IndexStore) -> object:
    with store.snapshot() as view:
        return view.document_frequency([f'"{word}"' for word in WORDS])


def _rows(store: IndexStore) -> object:
    with store.snapshot() as view:
        live, _ = view.search(np.ones(FUSER.width, np.float32), 10**6)
        live = sorted(live)
        return [
            (live, view.segments(live), view.features(live), view.fused(live)),
            (
                sorted(view.texts(live).items()),
                [(one.sha256, one.ordinal) for one in view.segments(live)],
            ),
        ]


ABSENT = object()


def written(answer: object) -> str:
    """An answer in a form that is equal if and only if the answer is."""
    return hashlib.sha256(_plain(answer).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _plain(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.shape}{np.ascontiguousarray(value).tobytes().hex()}"
    if isinstance(value, Features):
        return _plain([sorted(value.vectors.items()), sorted(value.hubness.items())])
    if isinstance(value, dict):
        return _plain(sorted(value.items(), key=repr))
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_plain, value))}]"
    return repr(value)


# ------------------------------------------------------------------ flipping


def survey(folder: str) -> dict[str, str]:
    """All answers of a sound index."""
    with IndexStore.open(Path(folder), IDENTITY, FUSER) as store:
        assert store.verify() == []
        return {name: written(ask()) for name, ask in questions(store)}


def trials(
    sound: str,
    scratch: str,
    flips: list[tuple[str, int, int]],
    known: dict[str, str],
    how: dict[str, bool],
) -> None:
    """For each (file, place, bits): change that byte, ask everything, say what was amiss."""
    for file, place, bits in flips:
        say("trying", flip=[file, place, bits])
        folder = Path(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(sound, folder)
        if not how["sealed"]:  # as a killed writer leaves it
            (folder / SEAL).unlink()
        path = folder / file
        content = bytearray(path.read_bytes())
        content[place] ^= bits
        path.write_bytes(content)
        say("tried", **trial(folder, known, **how))


def trial(folder: Path, known: dict[str, str], *, writable: bool, sealed: bool) -> dict[str, Any]:
    """What became of every question: wrong answers, errors that are not ours, what was told.

    The seal is looked at when a reader searches, so only searches are asked of a sealed one.
    """
    report: dict[str, Any] = {"wrong": [], "foreign": [], "refused": 0, "told": [], "problems": []}
    try:
        store = IndexStore.open(
            folder, IDENTITY, FUSER, writable=writable, notice=report["told"].append
        )
    except MmqaError as error:
        report["refused"], report["told"] = len(known), [str(error)]
        return report
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        report["foreign"].append(["open", repr(error)])
        return report
    with store:
        for name, ask in questions(store):
            if sealed and not writable and not name.startswith(SEARCHES):
                continue
            try:
                answer = ask()
            except MmqaError as error:
                report["refused"] += 1
                report["told"].append(str(error))
            except Exception as error:  # noqa: BLE001
                report["foreign"].append([name, repr(error)])
            else:
                if answer is not ABSENT and written(answer) != known[name]:
                    report["wrong"].append(name)
        try:
            report["problems"] = [str(problem) for problem in store.verify()]
        except Exception as error:  # noqa: BLE001
            report["foreign"].append(["verify", repr(error)])
    report["told"] = report["told"][:2]
    return report
