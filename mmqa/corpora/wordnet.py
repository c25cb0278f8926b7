"""WordNet: nouns with a definition each, short honest passages about things.

Knows: the format of the Debian package's data files (``man 5 wndb``). Refuses to know: what the
definitions are used for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress

DATA = "usr/share/wordnet/data.noun"

_THINGS = {
    "05": "animal",
    "06": "artifact",
    "08": "body",
    "13": "food",
    "17": "object",
    "19": "phenomenon",
    "20": "plant",
}
"""Lexicographer files of what can be seen; a name may have senses elsewhere, which are left out."""


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing with its definition.

    Attributes:
        name: Lower case, words divided by spaces.
        definition: What it is; examples are left out.
        category: ``animal``, ``artifact``, ``food`` …
    """

    name: str
    definition: str
    category: str


def load(folder: Path | None = None, *, progress: Progress | None = None) -> dict[str, Noun]:
    """Name → the first sense of it that can be seen; fetched first where needed.

    Raises:
        CorpusError: The package cannot be fetched or read.
    """
    file = fetch("wordnet", folder=folder, progress=progress) / DATA
    try:
        return parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, IndexError) as error:
        raise CorpusError(f"WordNet's {str(file)!r} cannot be read: {error}") from error


def parse(text: str) -> dict[str, Noun]:
    r"""Nouns of a data file; of several senses, the one in which a name comes first in its set.

    >>> line = '02 05 n 02 heron 0 wader 1 001 @ 01 n 0000 | a large bird; "it waded"'
    >>> parse(line)["heron"]
    Noun(name='heron', definition='a large bird', category='animal')
    """
    found: dict[str, tuple[int, Noun]] = {}
    for line in text.splitlines():
        if line.startswith(" ") or " | " not in line:
            continue
        data, _, gloss = line.partition(" | ")
        fields = data.split()
        category = _THINGS.get(fields[1])
        if category is None:
            continue
        definition = gloss.split('; "', maxsplit=1)[0].strip().rstrip(";")
        for place, word in enumerate(fields[4 : 4 + 2 * int(fields[3], 16) : 2]):
            name = word.replace("_", " ").lower()
            if name not in found or place < found[name][0]:
                found[name] = (place, Noun(name, definition, category))
    return {name: noun for name, (_, noun) in found.items()}
