"""Is the index sound? Every checksum, and everything that must agree with something else.

Knows: what must agree with what, and what compaction may forget. Refuses to know: who asks, and how
anything is put right.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from mmqa.errors import IndexDamagedError
from mmqa.index import digests, file_check, rows, schema, seal
from mmqa.index.catalogue import Catalogue
from mmqa.index.faiss_segments import FOLDER
from mmqa.index.files import TEMPORARY
from mmqa.index.lock import somebody_writes
from mmqa.index.transaction import Transaction
from mmqa.interfaces import Fuser

REPAIR = "mmqa rebuild repairs it"
LOST = "mmqa rebuild forgets its file, then mmqa add takes it in again"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not agree.

    Attributes:
        kind: ``catalogue``, ``seal``, ``row``, ``words``, ``segment-file``, ``search``,
            ``orphan``.
        subject: File, table or segment.
        detail: What is wrong and what to do, as a sentence.
    """

    kind: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail}"


def problems(catalogue: Catalogue, fuser: Fuser) -> list[Problem]:
    """All that does not agree, the catalogue first; empty for a sound index."""
    try:
        return catalogue_problems(catalogue) or [
            *_broken_seal(catalogue),
            *_lost(catalogue),
            *_words(catalogue),
            *_vectors(catalogue, fuser),
            *_still(catalogue, [*_files(catalogue, fuser), *_orphans(catalogue)]),
        ]
    except IndexDamagedError as error:
        return [_unreadable(error)]


def catalogue_problems(catalogue: Catalogue) -> list[Problem]:
    """What is wrong with the truth itself, and cannot be made anew from it."""
    try:
        return [*_integrity(catalogue)] or [*damaged_rows(catalogue)] or [*_row_set(catalogue)]
    except IndexDamagedError as error:
        return [_unreadable(error)]


def unsealed_problems(catalogue: Catalogue) -> list[Problem]:
    """What is wrong with a catalogue whose pages no seal speaks for."""
    try:
        return catalogue_problems(catalogue) or [*_words_amiss(catalogue)]
    except IndexDamagedError as error:
        return [_unreadable(error)]


def lost_changes(count: int) -> str:
    """What is said of changes that were acknowledged and are gone."""
    return (
        f"the last {count} changes are gone, for the log of a killed writer was damaged or taken "
        "away; mmqa add or sync takes their files in again"
    )


def _lost(catalogue: Catalogue) -> Iterator[Problem]:
    lost, _ = catalogue.lost_generations()
    if lost:  # or committed since this look at the catalogue began
        with closing(Catalogue(catalogue.folder)) as fresh:
            lost, _ = fresh.lost_generations()
    if lost:
        yield Problem("catalogue", f"{schema.FILE_NAME}-wal", f"{lost_changes(lost)}.")


def _unreadable(error: IndexDamagedError) -> Problem:
    return Problem("catalogue", schema.FILE_NAME, f"{error.fact}. {error.remedy}")


def _broken_seal(catalogue: Catalogue) -> Iterator[Problem]:
    if seal.is_broken(catalogue.folder):
        detail = f"cannot be read, so it protects nothing; {REPAIR}."
        yield Problem("seal", seal.FILE_NAME, detail)


def _integrity(catalogue: Catalogue) -> Iterator[Problem]:
    if found := seal.damage(catalogue.folder):
        yield Problem("catalogue", schema.FILE_NAME, f"{found}. {REPAIR}.")
    for (line,) in catalogue.all("PRAGMA integrity_check"):
        if line != "ok":
            yield Problem("catalogue", schema.FILE_NAME, f"{line}. {REPAIR}.")
    for table, number, *_ in catalogue.all("PRAGMA foreign_key_check"):
        yield Problem("catalogue", schema.FILE_NAME, f"row {number} of {table} belongs to nothing.")


# ------------------------------------------------------------------ rows


def damaged_rows(catalogue: Catalogue) -> Iterator[Problem]:
    """Every row that does not have the checksum it was written with."""
    for table, columns in (
        ("meta", "name, value, digest"),
        ("items", rows.ITEM_COLUMNS),
        ("segments", rows.SEGMENT_COLUMNS),
        ("extractions", "sha256, fingerprint, payload, digest"),
        ("calibration", "modality, mu, sigma, digest"),
        ("faiss_segments", rows.FAISS_COLUMNS),
        ("tombstones", "segment, generation, digest"),
    ):
        for row in _each(catalogue, f"SELECT {columns} FROM {table}"):  # noqa: S608
            yield from _amiss(table, row)
    there = {name for (name,) in _each(catalogue, "SELECT name FROM meta")}
    for name in sorted({*schema.META, "identity"} - there):
        yield Problem("row", f"row {name!r} of meta", f"gone; {REPAIR}.")
    yield from _damaged_vectors(catalogue)
    yield from _damaged_words(catalogue)
    yield from _incomplete_items(catalogue)


def _each(catalogue: Catalogue, sql: str) -> Iterator[tuple[object, ...]]:
    """Rows one after the other, however many there are."""
    with catalogue.lock, catalogue.reading():
        yield from catalogue.connection.execute(sql)


def _amiss(table: str, row: tuple[object, ...]) -> Iterator[Problem]:
    try:
        rows.checked(table, row)
    except rows.DamagedRowError as error:
        remedy = LOST if table in {"items", "segments"} else REPAIR
        yield Problem("row", f"row {error.key!r} of {table}", f"not as it was written; {remedy}.")


def _damaged_vectors(catalogue: Catalogue) -> Iterator[Problem]:
    for row in _each(catalogue, f"SELECT {rows.VECTOR_COLUMNS} FROM vectors"):  # noqa: S608
        try:
            rows.features_of(row)
        except rows.DamagedRowError as error:
            yield Problem("row", f"vectors of segment {error.key}", f"not as written; {LOST}.")


def _damaged_words(catalogue: Catalogue) -> Iterator[Problem]:
    sql = """SELECT segments.number, body, words_digest FROM segments
        LEFT JOIN words ON words.rowid = segments.number"""
    for number, body, digest in _each(catalogue, sql):
        if not isinstance(body, str) or digests.of_text(body) != digest:
            yield Problem("words", f"words of segment {number}", f"not as written; {LOST}.")
    sql = "SELECT rowid FROM words WHERE rowid NOT IN (SELECT number FROM segments)"
    for (number,) in _each(catalogue, sql):
        yield Problem("words", f"words of segment {number}", f"belong to no segment; {REPAIR}.")


def _incomplete_items(catalogue: Catalogue) -> Iterator[Problem]:
    sql = """SELECT items.id, segment_count, count(segments.number), count(vectors.segment)
        FROM items LEFT JOIN segments ON segments.item = items.number
        LEFT JOIN vectors ON vectors.segment = segments.number
        GROUP BY items.number HAVING count(segments.number) != segment_count
        OR count(vectors.segment) != segment_count"""
    for name, expected, segments, vectors in _each(catalogue, sql):
        detail = f"has {segments} segments and {vectors} of their vectors, not {expected}; {LOST}."
        yield Problem("row", f"item {name}", detail)


def _row_set(catalogue: Catalogue) -> Iterator[Problem]:
    total = 0
    for number, kind in _each(catalogue, "SELECT number, kind FROM segments"):
        total += digests.of_row(int(str(number)), rows.KIND_CODES[kind])  # type: ignore[index]
    if total % 2**64 != int(catalogue.meta("rows")):
        detail = f"the segments in it are not those that were put there; {REPAIR}."
        yield Problem("catalogue", schema.FILE_NAME, detail)
    sql = """SELECT seq FROM sqlite_sequence WHERE name = 'segments' AND seq < max(
        coalesce((SELECT max(number) FROM segments), 0),
        coalesce((SELECT max(segment) FROM tombstones), 0),
        coalesce((SELECT max(last) FROM faiss_segments), 0))"""
    for (number,) in _each(catalogue, sql):
        detail = f"numbers above {number} would be given out again; {REPAIR}."
        yield Problem("catalogue", schema.FILE_NAME, detail)
    sql = "SELECT segment FROM tombstones WHERE segment IN (SELECT number FROM segments)"
    for (number,) in _each(catalogue, sql):
        detail = f"both removed and there; {REPAIR}."
        yield Problem("catalogue", f"segment {number}", detail)


# ------------------------------------------------------------------ words


def _words(catalogue: Catalogue) -> Iterator[Problem]:
    """FTS5 has no checksums of its own; under a seal its pages are known to be as written."""
    if not seal.is_on(catalogue.folder):
        yield from _words_amiss(catalogue)


def _words_amiss(catalogue: Catalogue) -> Iterator[Problem]:
    if not _words_agree(catalogue):
        yield Problem("words", "the index of words", f"not as it was written; {REPAIR}.")


def _words_agree(catalogue: Catalogue) -> bool:
    """FTS5's own check, which writes: so on a copy, which SQLite keeps in a file without a name."""
    with (
        closing(sqlite3.connect("", isolation_level=None)) as copy,
        catalogue.lock,
        catalogue.reading(),
    ):
        catalogue.connection.backup(copy)
        try:
            copy.execute("INSERT INTO words (words) VALUES ('integrity-check')")
            return _every_word_is_found(copy)
        except sqlite3.DatabaseError:
            return False


def _every_word_is_found(copy: sqlite3.Connection) -> bool:
    """Whether looking a word up finds all that walking through the index does.

    FTS5's own check walks only, and so passes over the table by which it looks up.
    """
    copy.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab (main, words, row)")
    for word, count in copy.execute("SELECT term, doc FROM vocabulary").fetchall():
        quoted = '"' + word.replace('"', '""') + '"'
        sql = "SELECT count(*) FROM words WHERE words MATCH ?"
        if copy.execute(sql, (quoted,)).fetchone()[0] != count:
            return False
    return True


# ------------------------------------------------------------------ vectors and files


def _vectors(catalogue: Catalogue, fuser: Fuser) -> Iterator[Problem]:
    for numbers, features in catalogue.iter_vectors():
        try:
            fused = fuser.fuse(features)
        except ValueError as error:
            yield Problem("row", f"segments {numbers[0]} to {numbers[-1]}", f"{error}.")
        else:
            for number in np.array(numbers)[~np.isfinite(fused).all(axis=1)]:
                yield Problem("row", f"vectors of segment {number}", f"not finite; {LOST}.")


def _files(catalogue: Catalogue, fuser: Fuser) -> Iterator[Problem]:
    for one in catalogue.faiss_segments():
        for kind, detail in file_check.wrong(catalogue, fuser, one):
            yield Problem(kind, f"{FOLDER}/{one.name}", f"{detail}; {REPAIR}.")


def _orphans(catalogue: Catalogue) -> Iterator[Problem]:
    for name in orphans(catalogue):
        detail = "belongs to no generation; the next writer removes it."
        yield Problem("orphan", f"{FOLDER}/{name}", detail)


def _still(catalogue: Catalogue, found: list[Problem]) -> list[Problem]:
    """Without what a writer at work explains: files come and go with its generations."""
    if not found:
        return found
    with closing(Catalogue(catalogue.folder)) as now:
        listed = {f"{FOLDER}/{one.name}" for one in now.faiss_segments()}
    busy = not catalogue.writable and somebody_writes(catalogue.folder)
    return [
        problem
        for problem in found
        if (problem.subject in listed) is (problem.kind != "orphan")
        and not (problem.kind == "orphan" and busy)
    ]


def orphans(catalogue: Catalogue) -> list[str]:
    """Files in the segments folder that the catalogue does not know: a writer died."""
    folder = catalogue.folder / FOLDER
    known = {one.name for one in catalogue.faiss_segments()}
    there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return [name for name in there if name not in known or name.endswith(TEMPORARY)]


def purge(change: Transaction) -> None:
    """Forget what compaction leaves without use: tombstones, and extractions of files long gone."""
    change.execute("DELETE FROM tombstones")
    change.execute("DELETE FROM extractions WHERE sha256 NOT IN (SELECT sha256 FROM items)")
    change.execute("INSERT INTO words (words) VALUES ('optimize')")
    change.next_epoch()
