"""A file of questions with what they should find: a user's own, or a collection's.

Knows: the format, and how names in it become files of an index. Refuses to know: how a question is
asked, and how what it finds is scored.

JSON Lines, one object a line; empty lines and lines that begin with ``#`` are passed over::

    {"question": "a red football", "relevant": ["IMG_0231.jpg", "sports/**"]}
    {"question": "who brought up the budget?", "relevant": ["standup.wav"], "needs": ["speech"],
     "answer": ["Priya", "Priya Nair"]}

``relevant`` names files: by name (``IMG_0231.jpg``), by the end of a path
(``trip/IMG_0231.jpg``), by a glob, or by the id of a file or segment. Optional: ``image`` (a
picture to ask with, seen from the file's folder), ``kind`` (what sort of question; results are told
apart by it), ``needs`` (the modalities that it takes: visual, text, speech), ``answer`` (accepted
answers), ``family`` (questions that ask the same in other words). A bad line is refused with its
number and the reason; the rest is measured.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from mmqa.errors import ConfigError
from mmqa.media.globs import matcher
from mmqa.records import MODALITIES, Modality

_TEXTS = ("question", "image", "kind", "family")
_LISTS = ("relevant", "needs", "answer")


@dataclass(frozen=True, slots=True)
class AskedFor:
    """One question and what it should find.

    Attributes:
        question: Its words; empty where a picture asks alone.
        relevant: Names of files; see the module.
        image: A picture to ask with, or ``None``.
        kind: What sort of question it is; ``""`` where that was not said.
        needs: Modalities that finding it takes, in the order of ``MODALITIES``.
        answer: Accepted answers; may be none.
        family: Questions of one family ask the same in other words; ``""``: none.
        line: Where it stands in the file, from 1.
    """

    question: str
    relevant: tuple[str, ...]
    image: Path | None = None
    kind: str = ""
    needs: tuple[Modality, ...] = ()
    answer: tuple[str, ...] = ()
    family: str = ""
    line: int = 0

    @property
    def sort(self) -> str:
        """What results are told apart by: ``visual + text``, else the kind, else ``all``.

        >>> AskedFor("q", ("a",), needs=("visual", "text")).sort
        'visual + text'
        """
        return " + ".join(self.needs) or self.kind or "all"

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file; what is empty is left out."""
        image = str(self.image) if self.image else ""
        found = {name: getattr(self, name) for name in ("question", "kind", "family")}
        found |= {name: list(getattr(self, name)) for name in _LISTS} | {"image": image}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not taken, and why; ``line`` counts from 1."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class QuestionsFile:
    """Questions, and what of the file was refused."""

    questions: tuple[AskedFor, ...]
    refused: tuple[Refused, ...] = ()


def read(path: Path) -> QuestionsFile:
    """The questions of a file.

    Raises:
        ConfigError: It cannot be read, or holds no question that can be asked.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the questions in {str(path)!r} cannot be read: {error}", "Check the path."
        ) from error
    questions: list[AskedFor] = []
    refused: list[Refused] = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                questions.append(parse(line, number, path.parent))
            except _LineError as error:
                refused.append(Refused(number, str(error)))
    if not questions:
        first = f" ({refused[0]})" if refused else ""
        raise ConfigError(
            f"{str(path)!r} holds no question that can be asked{first}",
            'Write one object a line: {"question": "…", "relevant": ["FILE"]}.',
        )
    return QuestionsFile(tuple(questions), tuple(refused))


class _LineError(ValueError):
    """Why a line is no question."""


def parse(line: str, number: int = 0, folder: Path = Path()) -> AskedFor:
    """One line.

    Args:
        line: A JSON object.
        number: Where it stands.
        folder: Where its picture is seen from.

    Raises:
        ValueError: Why it is no question, in words.

    >>> parse('{"question": "a cat", "relevant": "cat.jpg"}').relevant
    ('cat.jpg',)
    """
    entry = _object(line)
    texts = {name: _text(entry, name) for name in _TEXTS}
    lists = {name: _list(entry, name) for name in _LISTS}
    if not texts["question"] and not texts["image"]:
        raise _LineError("it has neither a question nor an image")
    if not lists["relevant"]:
        raise _LineError("it does not say what is relevant")
    unknown = [name for name in lists["needs"] if name not in MODALITIES]
    if unknown:
        raise _LineError(f"needs names {unknown[0]!r}; known: {', '.join(MODALITIES)}")
    image = folder / texts["image"] if texts["image"] else None
    if image is not None and not image.is_file():
        raise _LineError(f"there is no picture {str(image)!r}")
    needs = tuple(m for m in MODALITIES if m in lists["needs"])
    return AskedFor(
        texts["question"],
        lists["relevant"],
        image,
        texts["kind"],
        needs,
        lists["answer"],
        texts["family"],
        number,
    )


def _object(line: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError as error:
        raise _LineError(f"it is no JSON: {error}") from error
    if not isinstance(entry, dict):
        raise _LineError("it is no object in braces")
    unknown = [name for name in entry if name not in _TEXTS + _LISTS]
    if unknown:
        raise _LineError(
            f"it has {unknown[0]!r}, which means nothing; known: {', '.join(_TEXTS + _LISTS)}"
        )
    return cast(Mapping[str, Any], entry)


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name, "")
    if not isinstance(value, str):
        raise _LineError(f"{name} is no text")
    return value.strip()


def _list(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = entry.get(name, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) and one for one in values):
        raise _LineError(f"{name} is no list of texts")
    return tuple(values)


# ---------------------------------------------------------------------------- names → files


@dataclass(frozen=True, slots=True)
class Held:
    """A file that an index holds: its absolute path and the ids of its segments."""

    path: Path
    ids: tuple[str, ...] = ()


Resolved: TypeAlias = list[tuple[AskedFor, frozenset[Path]]]


def resolve(asked: Sequence[AskedFor], held: Sequence[Held]) -> tuple[Resolved, list[Refused]]:
    """The files that each question should find, as an index holds them.

    Returns:
        Questions with their files; and, refused, those that name something the index lacks.
    """
    files = _Files(held)
    found: Resolved = []
    refused: list[Refused] = []
    for one in asked:
        named = {name: files.named(name) for name in one.relevant}
        missing = [name for name, paths in named.items() if not paths]
        if missing:
            refused.append(Refused(one.line, f"{missing[0]!r} names nothing in the index"))
        else:
            found.append((one, frozenset().union(*named.values())))
    return found, refused


class _Files:
    """Names → files; the plain ones by look-up."""

    def __init__(self, held: Sequence[Held]) -> None:
        self._paths = [one.path for one in held]
        self._plain: dict[str, set[Path]] = defaultdict(set)
        for one in held:
            items = {name.partition(".")[0] for name in one.ids}
            for name in {str(one.path), one.path.name, *one.ids, *items}:
                self._plain[name].add(one.path)

    def named(self, name: str) -> frozenset[Path]:
        """Files of that name, id, end of a path, or glob, tried in this order."""
        if name not in self._plain:
            fits = matcher([name, f"**/{name.removeprefix('./')}"])
            self._plain[name] = {path for path in self._paths if fits(path.as_posix())}
        return frozenset(self._plain[name])
