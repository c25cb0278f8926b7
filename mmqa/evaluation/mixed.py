"""The mixed collection: pictures, recordings and notes on disk, in an index, with questions.

Knows: how a side is written whole, added to an index and read back. Refuses to know: which sources
there are, how questions come about, and how systems are compared.

Each side (``train``, ``development``, ``test``) is a folder of its own with an index of its own;
they share no thing, no occasion, no recording and no template of questions. Fusers and the router
may be fitted on ``train`` and settings chosen on ``development``; ``test`` is for looking at once.
Its pictures were never fitted on by the mapping, and no drawing of the things that OpenMoji knows;
those of ``train`` may have been, photographs excepted. Nothing of the corpora is committed: the
collection is made by this script, below the corpora folder, named by what it was made from, so it
cannot go stale. Text in pictures is not read (``ocr = false``): there is next to none, and it takes
most of the time.

For example::

    train = mixed.load("train", config)
    train.segments, train.features, train.questions
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmqa.corpora.concepts import Side
from mmqa.corpora.fetch import default_folder, packages
from mmqa.errors import CorpusError
from mmqa.evaluation import collection, mixed_sources
from mmqa.evaluation.collection import Collection
from mmqa.evaluation.mixed_plan import Planned, Sizes, plan
from mmqa.evaluation.mixed_questions import questions
from mmqa.index.schema import FORMAT_VERSION
from mmqa.interfaces import Progress
from mmqa.parts import Parts
from mmqa.records import AddEvent, Chunk

if TYPE_CHECKING:
    from mmqa.config import Config

VERSION = 1
"""Raise it when the same words and corpora would make another collection."""

SIDES: tuple[Side, ...] = ("train", "development", "test")
SIZES: Mapping[Side, Sizes] = {
    "train": Sizes(pictures=360, definitions=60, memos=40, asked=90),
    "development": Sizes(pictures=160, definitions=30, memos=24, asked=45),
    "test": Sizes(pictures=430, definitions=80, memos=44, asked=90),
}
QUESTIONS = "questions.jsonl"
_PICTURES = ("stamps", "openmoji", "noto", "openclipart", "english-words")
_SPEECH = ("asterisk", "asterisk-text", "flite", "flite-voices")
_CORPORA = (*_PICTURES, *_SPEECH, "wordnet")


def words() -> dict[str, Any]:
    """Side → what is written, said and asked there (``data/mixed.toml``)."""
    return tomllib.loads(_words_file())


def _words_file() -> str:
    data = resources.files("mmqa.evaluation").joinpath("data", "mixed.toml")
    return data.read_text(encoding="utf-8")


def place(folder: Path | None = None) -> Path:
    """Where the collection of this version, these words and these corpora lies, or will lie."""
    known = packages()
    made_of = [str(VERSION), repr(SIZES), _words_file(), *(known[c].sha256 for c in _CORPORA)]
    key = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:12]
    return (folder or default_folder()) / f"mixed-{key}"


def build(side: Side, folder: Path | None = None, progress: Progress | None = None) -> Path:
    """The folder of a side, written first where it is not there yet; it is whole or not there.

    Args:
        side: Which one.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching and of each file.

    Raises:
        CorpusError: A corpus cannot be fetched, or a file cannot be made.
    """
    target = place(folder) / side
    if target.is_dir():
        return target
    sources = mixed_sources.collect(side, folder, progress)
    table = words()[side]
    seed = f"mmqa mixed {VERSION} {side}"
    planned = plan(
        table, sources.pictured, sources.spoken, sources.definitions, SIZES[side], seed=seed
    )
    asked = questions(table, planned, SIZES[side], seed)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as part:
        content = Path(part) / side
        content.mkdir()
        write(sources, planned, content, progress)
        lines = (json.dumps(q.to_json(), ensure_ascii=False) for q in asked)
        (content / QUESTIONS).write_text("\n".join(lines) + "\n", encoding="utf-8")
        content.rename(target)
    return target


def write(
    sources: mixed_sources.Sources,
    planned: list[Planned],
    folder: Path,
    progress: Progress | None = None,
) -> None:
    """Write planned files below a folder.

    Raises:
        CorpusError: Two files are planned for one place, or one cannot be made.
    """
    places = [one.path for one in planned]
    if len(set(places)) < len(places):
        twice = next(p for p in places if places.count(p) > 1)
        raise CorpusError(f"two files of the mixed collection are called {twice!r}")
    for done, one in enumerate(planned, start=1):
        path = folder / one.path
        path.parent.mkdir(exist_ok=True)
        sources.write(one, path)
        if progress is not None:
            progress(Chunk("mixed collection", done, len(planned), "files"))


def index(
    side: Side, config: Config, folder: Path | None = None, progress: Progress | None = None
) -> Path:
    """The index of a side by the configured encoders and mapping; what is missing is added.

    Interrupted, it goes on where it stopped. What another index of this side already read out of
    the files is taken over, so a new mapping, or other words beside the files, cost seconds.

    Args:
        side: Which one.
        config: Names preset and mapping; how modalities are fused does not matter here.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of each file.

    Raises:
        CorpusError: The collection cannot be built, or a file of it was refused.
        ModelMissingError: The preset's models have not been pulled.
    """
    from mmqa.library import Library

    files = build(side, folder, progress)
    plain = replace(config, fusion="concat", ocr=False)
    root, kind = files.parent / "indexes", f"{side}-{FORMAT_VERSION}"
    key = _made_with(plain)
    target, finished = root / f"{kind}-{key}", root / f"{kind}-{key}.whole"
    if finished.exists():
        return target
    with Library.open(target, config=plain) as library:
        others = place(folder).parent.glob(f"mixed-*/indexes/{kind}-*.whole")
        for other in sorted(others, key=lambda one: one.stat().st_mtime)[-1:]:
            library.reuse(other.with_suffix(""))
        media = [files / name for name in ("pictures", "recordings", "notes")]
        report = library.add(media, on_event=_telling(progress, side))
    if report.failed:
        path, reason = report.failed[0]
        raise CorpusError(f"{path.name} of the mixed collection was refused: {reason}")
    finished.touch()
    return target


def _made_with(config: Config) -> str:
    """Changes whenever the same files would have other words or vectors."""
    parts = Parts(config)
    prints = [dict(parts.fingerprints()), dict(parts.extractor_fingerprints())]
    made = json.dumps([config.preset, *prints], sort_keys=True)
    return hashlib.sha256(made.encode()).hexdigest()[:12]


def _telling(progress: Progress | None, side: str) -> Any:
    def tell(event: AddEvent) -> None:
        if progress is not None:
            progress(Chunk(f"adding {side}", event.done, event.total, "files"))

    return tell


def load(
    side: Side, config: Config, folder: Path | None = None, progress: Progress | None = None
) -> Collection:
    """Segments, vectors and questions of a side; built and added first where needed.

    Raises:
        CorpusError: The collection cannot be built.
        ModelMissingError: The preset's models have not been pulled.
    """
    where = index(side, config, folder, progress)
    return collection.load(build(side, folder) / QUESTIONS, where, f"mixed: {side}")
