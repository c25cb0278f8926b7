"""Builds an index from a recipe, or brings it up to date.

Knows: recipes, the façade, and how to report. Refuses to know: how a file becomes part of an index.

What is there already costs nothing; what a recipe's folders no longer hold is removed; files that
were added from elsewhere stay. An index that other models made is made anew, from the same files;
the old one is kept as NAME.old until that is done.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs were refused.

    python indexes/build.py --recipe indexes/recipes/samples.toml [--index DIR] [--json]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipe import Recipe, Selection, read, select

from mmqa import Library, config
from mmqa.corpora.fetch import fetch
from mmqa.errors import ConfigError, IndexMismatchError, IndexMissingError, MmqaError, UsageError
from mmqa.records import AddEvent

REFUSED = 3


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What one build did.

    Attributes:
        index: Folder of the index.
        added: Files that are new or changed.
        unchanged: Files that were there already.
        removed: Files that are no longer among the recipe's.
        refused: (path, reason) of each file that could not be taken in.
        segments: Segments of what was added.
        seconds: How long adding took.
    """

    index: Path
    added: int
    unchanged: int
    removed: int
    refused: tuple[tuple[Path, str], ...]
    segments: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "event": "done",
            "index": str(self.index),
            "added": self.added,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "refused": [{"path": str(path), "reason": why} for path, why in self.refused],
            "segments": self.segments,
            "seconds": round(self.seconds, 2),
        }

    def line(self) -> str:
        """The report as a sentence."""
        return (
            f"{self.index}: {self.added} added, {self.unchanged} unchanged, "
            f"{self.removed} removed, {len(self.refused)} refused"
        )


def build(recipe: Recipe, *, quiet: bool = False) -> BuildReport:
    """Build or update the index of a recipe.

    Raises:
        ConfigError: A setting or a source is wrong.
        CorpusError: A corpus cannot be fetched.
        IndexFolderError: The index cannot be written.
        ModelMissingError: The models have not been pulled.
    """
    settings = config.load({**recipe.config, "index": str(recipe.index)})
    chosen = [select(source, fetch) for source in recipe.sources]
    old, elsewhere = _set_aside(recipe.index, settings, chosen)
    with Library.open(recipe.index, config=settings) as library:
        removed = _remove_gone(library, chosen)
        files = {file for selection in chosen for file in selection.files}
        report = library.add(sorted(files | elsewhere), on_event=None if quiet else _tell)
    if old is not None:
        shutil.rmtree(old)
    unread = tuple(folder for selection in chosen for folder in selection.unread)
    return BuildReport(
        index=recipe.index,
        added=report.added,
        unchanged=report.skipped,
        removed=removed,
        refused=(*unread, *report.failed),
        segments=report.segments,
        seconds=report.seconds,
    )


def _set_aside(
    index: Path, settings: config.Config, chosen: Sequence[Selection]
) -> tuple[Path | None, set[Path]]:
    """Move an index of other models aside; where to, and which of its files no recipe names."""
    try:
        Library.open(index, create=False, config=settings).close()
    except IndexMissingError:
        return None, set()
    except IndexMismatchError as error:
        from mmqa.index.catalogue import Catalogue

        sys.stderr.write(f"{error.fact}: it is made anew\n")
        roots = {selection.root for selection in chosen}
        with closing(Catalogue(index)) as catalogue:
            paths = [item.path for item in catalogue.items()]
        old = index.with_name(f"{index.name}.old")
        if old.exists():
            raise UsageError(
                f"{str(old)!r} is in the way: an earlier build was interrupted",
                "Look whether it still holds something you need, then delete it.",
            ) from error
        index.rename(old)
        return old, {p for p in paths if roots.isdisjoint(p.parents) and p.exists()}
    return None, set()


def _remove_gone(library: Library, chosen: Sequence[Selection]) -> int:
    wanted = {file.resolve() for selection in chosen for file in selection.files}
    roots = {selection.root for selection in chosen}
    gone = [
        item.path
        for item in library.items()
        if item.path not in wanted and not roots.isdisjoint(item.path.parents)
    ]
    if gone:
        library.remove(gone)
    return len(gone)


def _tell(event: AddEvent) -> None:
    if event.event == "refused":
        sys.stderr.write(f"refused {str(event.path)!r}: {event.reason}\n")
    elif event.event == "added":
        sys.stderr.write(f"[{event.done}/{event.total}] {event.path.name!r}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line names, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Build an index from a recipe, or bring it up to date.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs were refused.",
    )
    parser.add_argument("--recipe", required=True, type=Path, metavar="FILE", help="a TOML file")
    parser.add_argument("--index", type=Path, metavar="DIR", help="build there instead")
    parser.add_argument("--json", action="store_true", help="report as one JSON object on stdout")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except (ConfigError, UsageError) as error:
        sys.stderr.write(f"build: {error}\n")
        return 2
    except MmqaError as error:
        sys.stderr.write(f"build: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("build: interrupted; what was added is kept\n")
        return 130


def _run(options: argparse.Namespace) -> int:
    recipe = read(options.recipe)
    if options.index:
        recipe = Recipe(options.index.absolute(), recipe.sources, recipe.config)
    report = build(recipe, quiet=options.json)
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        print(report.line())
    return REFUSED if report.refused else 0


if __name__ == "__main__":
    sys.exit(main())
