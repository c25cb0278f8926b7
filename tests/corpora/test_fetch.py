"""Fetching with a pretended npm: what is kept, what is refused, and what is said."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from mmqa.corpora import fetch as fetching
from mmqa.corpora.fetch import Package
from mmqa.errors import CorpusError


def archive_bytes() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("package/hello.txt")
        entry.size = 2
        tar.addfile(entry, io.BytesIO(b"hi"))
    return buffer.getvalue()


CONTENT = archive_bytes()


def pinned(sha256: str = hashlib.sha256(CONTENT).hexdigest()) -> Package:
    return Package("toy", "", "npm", "toy", "1.0", "toy-1.0.tgz", sha256, "CC0")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for npm: leave the archive in the folder, and note that it was asked."""
    made: list[str] = []

    def npm(package: Package, part: Path) -> None:
        made.append(package.name)
        (part / package.file).write_bytes(CONTENT)

    monkeypatch.setattr(fetching, "_npm", npm)
    monkeypatch.setattr(fetching, "packages", lambda: {"toy": pinned()})
    return made


def test_a_corpus_is_fetched_once_and_found_again(tmp_path: Path, calls: list[str]) -> None:
    first = fetching.fetch("toy", folder=tmp_path)
    assert (first / "package" / "hello.txt").read_text() == "hi"
    assert fetching.fetch("toy", folder=tmp_path) == first
    assert calls == ["toy"]


def test_an_archive_that_is_already_there_is_not_fetched_again(
    tmp_path: Path, calls: list[str]
) -> None:
    (tmp_path / "archives").mkdir()
    (tmp_path / "archives" / "toy-1.0.tgz").write_bytes(CONTENT)
    fetching.fetch("toy", folder=tmp_path)
    assert calls == []


def test_another_file_than_the_pinned_one_is_refused_and_removed(
    tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "packages", lambda: {"toy": pinned("0" * 64)})
    with pytest.raises(CorpusError, match="not the pinned 0000"):
        fetching.fetch("toy", folder=tmp_path)
    assert [p.name for p in tmp_path.rglob("*")] == ["archives"]


def test_nothing_half_unpacked_stays_behind(
    tmp_path: Path, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(tarfile.TarFile, "extractall", broken)
    with pytest.raises(OSError, match="disk full"):
        fetching.fetch("toy", folder=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["archives"]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(CorpusError, match="Known: openmoji"):
        fetching.fetch("flickr30k")


def test_a_missing_client_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CorpusError, match=r"'npm' is not installed. Install Node"):
        fetching.fetch("openmoji", folder=tmp_path)


def test_every_pinned_corpus_names_its_digest_and_licence() -> None:
    for package in fetching.packages().values():
        assert len(package.sha256) == 64, package.name
        assert package.licence, package.name
        assert package.registry in {"npm", "debian", "pypi"}, package.name
        assert bool(package.platform) == bool(package.python), package.name


def test_the_folder_can_be_chosen_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMQA_CORPORA", str(tmp_path))
    assert fetching.default_folder() == tmp_path
