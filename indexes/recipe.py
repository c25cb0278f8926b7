"""Recipes: which files make an index, read from TOML.

Knows: the format of a recipe. Refuses to know: what an index is, and how globs choose files.

    index = "../demo"              # where the index goes, seen from the recipe's folder
    preset = "embedded"            # which models; likewise fusion, index_type, recall_target
    [config]                       # any other setting, as in mmqa.toml
    [[source]]
    path = "../samples"            # a folder, seen from the recipe's folder; or
    corpus = "scikit-image"        # a pinned public package, fetched when it is not there yet
    include = ["pictures/**"]      # globs on paths below the source; everything when left out
    exclude = ["**/draft-*"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmqa.errors import ConfigError
from mmqa.records import Source

SETTINGS = ("preset", "fusion", "index_type", "recall_target")
"""Settings that decide what an index is; they may stand beside its name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where files come from.

    Attributes:
        path: A folder; ``None`` where it is a corpus.
        corpus: Name of a pinned public package; empty where it is a folder.
        include: Globs on the path below it, with ``/``; ``**`` crosses folders.
        exclude: Globs of what is left out of these.
    """

    path: Path | None
    corpus: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def source(self, fetch: Callable[[str], Path]) -> Source:
        """The folder, of a corpus as ``fetch`` gives it.

        Raises:
            ConfigError: The folder is not there.
            CorpusError: The corpus cannot be fetched.
        """
        folder = self.path or fetch(self.corpus)
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"the source {str(folder)!r} is no folder", "Correct the recipe.")
        return Source(folder, self.include, self.exclude)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to build.

    Attributes:
        index: Folder of the index.
        places: Where its files come from.
        config: Settings by name.
    """

    index: Path
    places: tuple[Place, ...]
    config: dict[str, Any]


def read(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        ConfigError: It is not there, is no TOML, or holds something a recipe does not have.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"the recipe {str(path)!r} cannot be read: {error}") from error
    _known(content, {"index", "config", "source", *SETTINGS}, f"the recipe {str(path)!r}")
    folder = path.resolve().parent
    index, sources = content.get("index"), content.get("source")
    if not isinstance(index, str) or not isinstance(sources, list) or not sources:
        raise ConfigError(
            f"the recipe {str(path)!r} names no index or no source",
            'It needs index = "FOLDER" and at least one [[source]].',
        )
    parsed = tuple(_place(entry, folder, path) for entry in sources)
    place = (folder / Path(index).expanduser()).resolve()
    return Recipe(place, parsed, _settings(content, path))


def _settings(content: dict[str, Any], recipe: Path) -> dict[str, Any]:
    beside = {name: content[name] for name in SETTINGS if name in content}
    config = content.get("config", {})
    if not isinstance(config, dict):
        raise ConfigError(f"config in the recipe {str(recipe)!r} is no table", "Write [config].")
    if twice := sorted(beside.keys() & config.keys()):
        raise ConfigError(
            f"the recipe {str(recipe)!r} sets {', '.join(twice)} twice",
            "Leave it out of [config].",
        )
    return {**config, **beside}


def _place(entry: dict[str, Any], folder: Path, recipe: Path) -> Place:
    place = f"a source of the recipe {str(recipe)!r}"
    _known(entry, {"path", "corpus", "include", "exclude"}, place)
    if ("path" in entry) == ("corpus" in entry):
        raise ConfigError(f"{place} needs either path or corpus", "Give it one of the two.")
    for name in ("include", "exclude"):
        globs = entry.get(name, [])
        if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
            raise ConfigError(f"{name} in {place} is no list", f'Write {name} = ["GLOB"].')
    return Place(
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
