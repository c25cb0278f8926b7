"""Recipes: which files make an index, read from TOML.

Knows: the format of a recipe and how globs choose files. Refuses to know: what an index is.

    index = "../demo"              # where the index goes, seen from the recipe's folder
    [config]                       # settings that differ from the defaults, as in mmqa.toml
    [[source]]
    path = "../samples"            # a folder, seen from the recipe's folder; or
    corpus = "scikit-image"        # a pinned public package, fetched when it is not there yet
    include = ["pictures/**"]      # globs on paths below the source; everything when left out
    exclude = ["**/draft-*"]
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmqa.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Source:
    """Where files come from.

    Attributes:
        path: A folder; ``None`` where it is a corpus.
        corpus: Name of a pinned public package; empty where it is a folder.
        include: Globs on the path below the source, with ``/``; ``**`` crosses folders.
        exclude: Globs of what is left out of these.
    """

    path: Path | None
    corpus: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to build.

    Attributes:
        index: Folder of the index.
        sources: Where its files come from.
        config: Settings by name.
    """

    index: Path
    sources: tuple[Source, ...]
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """The files that a source gives.

    Attributes:
        root: The folder of the source, symbolic links resolved.
        files: Chosen files below it, sorted.
        unread: Folders that could not be read, each with the reason.
    """

    root: Path
    files: tuple[Path, ...]
    unread: tuple[tuple[Path, str], ...]


def read(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        ConfigError: It is not there, is no TOML, or holds something a recipe does not have.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the recipe {str(path)!r} cannot be read: {error}") from error
    _known(content, {"index", "config", "source"}, f"the recipe {str(path)!r}")
    folder = path.resolve().parent
    index, sources = content.get("index"), content.get("source")
    if not isinstance(index, str) or not isinstance(sources, list) or not sources:
        raise ConfigError(
            f"the recipe {str(path)!r} names no index or no source",
            'It needs index = "FOLDER" and at least one [[source]].',
        )
    parsed = tuple(_source(entry, folder, path) for entry in sources)
    return Recipe((folder / index).resolve(), parsed, dict(content.get("config", {})))


def _source(entry: dict[str, Any], folder: Path, recipe: Path) -> Source:
    place = f"a source of the recipe {str(recipe)!r}"
    _known(entry, {"path", "corpus", "include", "exclude"}, place)
    if ("path" in entry) == ("corpus" in entry):
        raise ConfigError(f"{place} needs either path or corpus", "Give it one of the two.")
    for name in ("include", "exclude"):
        if not isinstance(entry.get(name, []), list):
            raise ConfigError(f"{name} in {place} is no list", f'Write {name} = ["GLOB"].')
    return Source(
        path=folder / Path(entry["path"]).expanduser() if "path" in entry else None,
        corpus=entry.get("corpus", ""),
        include=tuple(entry.get("include", ("**",))),
        exclude=tuple(entry.get("exclude", ())),
    )


def _known(entry: dict[str, Any], names: set[str], place: str) -> None:
    unknown = sorted(set(entry) - names)
    if unknown:
        raise ConfigError(
            f"{place} holds {', '.join(unknown)}, which no recipe has",
            f"Known: {', '.join(sorted(names))}.",
        )


def select(source: Source, fetch: Callable[[str], Path]) -> Selection:
    """The files of a source; hidden ones and links to folders are passed over.

    Args:
        source: Where to look.
        fetch: Gives the folder of a corpus by name.

    Raises:
        ConfigError: The folder is not there.
        CorpusError: The corpus cannot be fetched.
    """
    root = (source.path or fetch(source.corpus)).resolve()
    if not root.is_dir():
        raise ConfigError(f"the source {str(root)!r} is no folder", "Correct the recipe.")
    include, exclude = _any_of(source.include), _any_of(source.exclude)
    files: list[Path] = []
    unread: list[tuple[Path, str]] = []

    def refuse(error: OSError) -> None:
        unread.append((Path(os.fsdecode(error.filename)), error.strerror or str(error)))

    for folder, below, names in os.walk(root, onerror=refuse):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in names:
            inside = (Path(folder) / name).relative_to(root).as_posix()
            if not name.startswith(".") and include(inside) and not exclude(inside):
                files.append(Path(folder) / name)
    return Selection(root, tuple(sorted(files)), tuple(unread))


def _any_of(globs: Iterable[str]) -> Callable[[str], bool]:
    patterns = [re.compile(regex(glob), re.DOTALL) for glob in globs]
    return lambda path: any(pattern.fullmatch(path) for pattern in patterns)


def regex(glob: str) -> str:
    r"""A glob as a regular expression: ``*`` and ``?`` stay within a folder, ``**`` does not.

    >>> bool(re.fullmatch(regex("a/**/*.png"), "a/b/c/d.png"))
    True
    >>> bool(re.fullmatch(regex("a/*.png"), "a/b/d.png"))
    False
    """
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens: list[str] = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob)
    return "".join(parts.get(token) or re.escape(token) for token in tokens)
