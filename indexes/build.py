"""Builds an index from a recipe, or brings it up to date.

Knows: recipes, the façade, and how to report. Refuses to know: how a file becomes part of an index.

What is there already costs nothing; moved files keep their features; what a recipe's folders no
longer hold is removed; files that were added from elsewhere stay. An index that other models made
is made anew, beside the old one, which stays in place until then. A build that was interrupted, in
whatever way, goes on at the next one.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs were refused.

    python indexes/build.py --recipe indexes/recipes/samples.toml [--index DIR] [--dry-run] [--json]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recipe import Recipe, read
from renewal import Renewal, is_outdated, renewed, tidy

from mmqa import Library, config
from mmqa.commands.output import write_json, write_line
from mmqa.commands.telling import Telling, telling
from mmqa.corpora.fetch import fetch
from mmqa.errors import ConfigError, IndexMissingError, MmqaError, UsageError
from mmqa.records import Source, SyncReport

REFUSED = 3


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What one build did.

    Attributes:
        index: Folder of the index.
        added: Files that are new or changed.
        unchanged: Files that were there already.
        moved: Files that were found again under another name.
        removed: Files that are no longer among the recipe's.
        refused: (path, reason) of each file that could not be taken in.
        segments: Segments of what was added or moved.
        seconds: How long it took.
        renewed: Whether the index was of other models and was made anew.
        dry_run: Whether nothing of it was really done.
    """

    index: Path
    added: int
    unchanged: int
    moved: int
    removed: int
    refused: tuple[tuple[Path, str], ...]
    segments: int
    seconds: float
    renewed: bool = False
    dry_run: bool = False

    @staticmethod
    def of(index: Path, report: SyncReport, *, renewed: bool, dry_run: bool) -> BuildReport:
        """What a sync came to."""
        return BuildReport(
            index=index,
            added=report.added,
            unchanged=report.unchanged,
            moved=report.moved,
            removed=report.removed,
            refused=report.failed,
            segments=report.segments,
            seconds=report.seconds,
            renewed=renewed,
            dry_run=dry_run,
        )

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "event": "done",
            "index": str(self.index),
            "added": self.added,
            "unchanged": self.unchanged,
            "moved": self.moved,
            "removed": self.removed,
            "refused": [{"path": str(path), "reason": why} for path, why in self.refused],
            "segments": self.segments,
            "seconds": round(self.seconds, 2),
            "renewed": self.renewed,
            "dry_run": self.dry_run,
        }

    def line(self) -> str:
        """The report as a sentence."""
        would = "would be " if self.dry_run else ""
        return (
            f"{self.index}: {would}{self.added} added, {self.unchanged} unchanged, "
            f"{self.moved} moved, {self.removed} removed, {len(self.refused)} refused"
        )


def build(recipe: Recipe, tell: Telling, *, dry_run: bool = False) -> BuildReport:
    """Build or update the index of a recipe.

    Args:
        recipe: What to build.
        tell: Told of each file.
        dry_run: Only say what would be done; corpora are fetched all the same.

    Raises:
        ConfigError: A setting or a source is wrong.
        CorpusError: A corpus cannot be fetched.
        UsageError: A folder is not there, or empty while the index holds files of it.
        IndexFolderError: The index cannot be written, or another process is writing to it.
        ModelMissingError: The models have not been pulled.
    """
    settings = config.load({**recipe.config, "index": str(recipe.index)})
    sources = [place.source(fetch) for place in recipe.places]
    if dry_run:
        return _foreseen(recipe.index, settings, sources, tell)
    tidy(recipe.index, settings)
    outdated = is_outdated(recipe.index, settings)
    if outdated:
        tell.notice(f"{str(recipe.index)!r} was made by other models: it is made anew")
        with renewed(recipe.index, settings) as renewal:
            report = _made_anew(renewal, settings, sources, tell)
    else:
        with Library.open(recipe.index, config=settings) as library:
            report = library.sync(sources, tell.event, on_progress=tell.step)
            _as_configured(library, settings, tell)
    return BuildReport.of(recipe.index, report, renewed=outdated, dry_run=False)


def _foreseen(
    index: Path, settings: config.Config, sources: Sequence[Source], tell: Telling
) -> BuildReport:
    outdated = is_outdated(index, settings)
    try:
        if outdated:
            raise IndexMissingError(index, "as good as none")
        with Library.open(index, create=False, config=settings) as library:
            report = library.sync(sources, tell.event, dry_run=True)
    except IndexMissingError:
        report = Library.preview(sources, tell.event, config=settings)
    return BuildReport.of(index, report, renewed=outdated, dry_run=True)


def _made_anew(
    renewal: Renewal, settings: config.Config, sources: Sequence[Source], tell: Telling
) -> SyncReport:
    """The recipe's files, and all else that the old index holds."""
    outside = renewal.files_outside([source.folder for source in sources])
    with Library.open(renewal.new, config=settings) as library:
        library.reuse(renewal.old)
        report = library.sync(sources, tell.event, on_progress=tell.step)
        others = library.add(outside, tell.event, on_progress=tell.step)
        renewal.take_over(library)
    return replace(
        report,
        added=report.added + others.added,
        unchanged=report.unchanged + others.skipped,
        failed=(*report.failed, *others.failed),
        segments=report.segments + others.segments,
        seconds=report.seconds + others.seconds,
    )


def _as_configured(library: Library, settings: config.Config, tell: Telling) -> None:
    """Make the FAISS files anew where the recipe names another type than they have."""
    wanted = settings.index_type
    if wanted != "auto" and any(f.index_type != wanted for f in library.status().faiss_files):
        library.rebuild(tell.step)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line names, and return the exit code."""
    parser = argparse.ArgumentParser(
        description="Build an index from a recipe, or bring it up to date.",
        epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some inputs were refused.",
    )
    parser.add_argument("--recipe", required=True, type=Path, metavar="FILE", help="a TOML file")
    parser.add_argument("--index", type=Path, metavar="DIR", help="build there instead")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument(
        "--json",
        action="store_true",
        help="one JSON object a file on stdout, as soon as it is durable, and one at the end",
    )
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
        sys.stderr.write("build: interrupted; what was added is kept, the next build goes on\n")
        return 130


def _run(options: argparse.Namespace) -> int:
    recipe = read(options.recipe)
    if options.index:
        recipe = replace(recipe, index=options.index.absolute())
    telling_how = telling("building", as_json=options.json, changes=True, would=options.dry_run)
    with telling_how as tell:
        report = build(recipe, tell, dry_run=options.dry_run)
    if options.json:
        write_json(report.to_json())
    else:
        write_line(report.line())
    return REFUSED if report.refused else 0


if __name__ == "__main__":
    sys.exit(main())
