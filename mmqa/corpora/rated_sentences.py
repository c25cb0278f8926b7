"""Sentences that people rated from −4 to 4: reviews, newspaper editorials, tweets.

Knows: the archive of ratings inside the source package of VADER, and which sentences are of one
document. Refuses to know: what rates them, and on which side of a split they fall.

Each is rated by 20 people, and their mean is given (Hutto and Gilbert 2014, "VADER", §4). The
lexicon was not made from these texts: its words were rated by themselves. Its rules were made from
800 tweets, so tweets say less about it than the reviews and editorials.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path

from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress

ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"

SOURCES = ("amazonReviewSnippets", "nytEditorialSnippets")
"""Of those that are used each sentence names its document, so that a split can keep one together:
3,708 of product reviews and 5,190 of newspaper editorials."""

REACH = 4.0


@dataclass(frozen=True, slots=True)
class Sentence:
    """One rated sentence.

    Attributes:
        text: The words.
        valence: Mean rating, −1…1 (the raters' −4…4 by four).
        document: ``source number`` of the review or editorial that it is of.
    """

    text: str
    valence: float
    document: str


def load(folder: Path | None = None, *, progress: Progress | None = None) -> list[Sentence]:
    """All sentences of :data:`SOURCES`, in the order of the files; fetched first where needed.

    Raises:
        CorpusError: The package cannot be fetched, or its archive cannot be read.
    """
    path = fetch("rated-sentences", folder=folder, progress=progress) / ARCHIVE
    found: list[Sentence] = []
    try:
        with tarfile.open(path) as archive:
            for source in SOURCES:
                member = archive.extractfile(f"hutto_ICWSM_2014/{source}_GroundTruth.txt")
                assert member is not None, source
                lines = member.read().decode("latin-1").splitlines()
                found.extend(parse(line, source) for line in lines if line.strip())
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise CorpusError(f"the rated sentences cannot be read: {error}") from error
    return found


def parse(line: str, source: str) -> Sentence:
    r"""One line: number of document and sentence, mean rating, the words.

    >>> parse("12_3\t-1.6\tthe remote broke twice.", "amazonReviewSnippets")
    Sentence(text='the remote broke twice.', valence=-0.4, document='amazonReviewSnippets 12')
    """
    number, rating, text = line.split("\t", 2)
    document, underscore, _ = number.partition("_")
    if not underscore:
        raise ValueError(f"{number!r} names no document")
    return Sentence(text.strip(), float(rating) / REACH, f"{source} {document}")
