"""Which words may be prompt words: common names of what can be seen.

Knows: WordNet's files, SCOWL's lists of common words, this project's own lists. Refuses to know:
vectors, pictures, and which words any test asks for.

A noun of WordNet is taken when most of its use (SemCor's counts) is of a sense below *physical
entity* in one of the categories of :data:`VISIBLE`, when it is used as a noun more than otherwise,
and when SCOWL has it among its common words; people only where they are a trade, a relative or an
athlete. Names, slurs and what a picture should not be called are left out. Of the words of one
meaning (a synset) the most common stays, of singular and plural the singular.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmqa.errors import CorpusError

OWN = Path(__file__).with_name("prompt_vocabulary.txt")
DICTIONARY = "usr/share/wordnet"
LISTS = "usr/share/dict/scowl"

VISIBLE: Mapping[str, int] = {
    **{"05": 50, "13": 50, "20": 50},  # animals, food, plants
    **{"06": 40, "08": 40, "17": 40, "19": 40},  # artefacts, bodies, natural objects, phenomena
    **{"27": 35, "18": 35},  # substances, people
}
"""WordNet's category → the largest SCOWL list whose words are taken (10 the most common)."""

_PEOPLE = ("worker", "professional", "entertainer", "leader", "juvenile", "relative", "creator")
_MORE_PEOPLE = ("contestant", "traveler", "serviceman", "athlete")
_PHYSICAL = "physical_entity"
_LEVELS = (10, 20, 35, 40, 50)
_RARITY = {10: 0, 20: 0, 35: 1, 40: 2, 50: 3}
_SPELLINGS = ("english", "american", "british")
_UNSAID = re.compile(
    r"slur|offensive|disparag|obscene|vulgar|derogat|contempt|sexual|genital|excre|taboo|insult|penis|vagina|anus"
)
_LEMMA = re.compile(r"[a-z]+(?:[_-][a-z]+)*")
_CLASS = re.compile(r"[a-z][a-z -]+")
_LEAST_USES = 2
"""Times that SemCor must have a compound: WordNet has many that nobody says."""
_NOUN_SHARE = 0.6
_UNCOUNTED = 0.3
"""Uses of a sense that SemCor does not have, against 1 of the first."""


@dataclass(frozen=True, slots=True)
class Synset:
    """One meaning: its category, words, the synsets above, whether it is a name, and its gloss."""

    category: str
    words: tuple[str, ...]
    above: tuple[str, ...]
    named: bool
    gloss: str


@dataclass(frozen=True)
class Dictionary:
    """WordNet's nouns.

    Attributes:
        synsets: Offset → meaning.
        senses: Lemma → offsets, the most used first.
        uses: (lemma, sense from 1) → SemCor's count as a noun.
        noun_uses: Lemma → its count as a noun.
        other_uses: Lemma → its count as another part of speech.
    """

    synsets: Mapping[str, Synset]
    senses: Mapping[str, tuple[str, ...]]
    uses: Mapping[tuple[str, int], int]
    noun_uses: Mapping[str, int]
    other_uses: Mapping[str, int]
    _above: dict[str, frozenset[str]] = field(default_factory=dict)

    def above(self, offset: str) -> frozenset[str]:
        """All synsets above one."""
        if offset not in self._above:
            direct = self.synsets[offset].above
            self._above[offset] = frozenset(direct).union(*(self.above(o) for o in direct))
        return self._above[offset]

    def share(self, lemma: str, offsets: Iterable[str]) -> float:
        """Which part of the uses of a lemma is of some senses, 0–1."""
        chosen = set(offsets)
        weights = [
            (o, self.uses.get((lemma, n), 0) + (1.0 if n == 1 else _UNCOUNTED))
            for n, o in enumerate(self.senses[lemma], start=1)
        ]
        return sum(w for o, w in weights if o in chosen) / sum(w for _, w in weights)

    def is_noun(self, lemma: str) -> bool:
        """Whether it is used as a noun more than otherwise."""
        noun = self.noun_uses.get(lemma, 0) + 1
        return noun >= _NOUN_SHARE * (noun + self.other_uses.get(lemma, 0))


def read_dictionary(corpus: Path) -> Dictionary:
    """WordNet's nouns from the unpacked Debian package.

    Raises:
        CorpusError: A file is missing or not as expected.
    """
    folder = corpus / DICTIONARY
    try:
        lines = {n: (folder / n).read_text(encoding="utf-8").splitlines() for n in _FILES}
        synsets = dict(_synset(line) for line in lines["data.noun"] if not line.startswith(" "))
        senses = dict(_senses(line) for line in lines["index.noun"] if not line.startswith(" "))
        uses = [_uses(line) for line in lines["cntlist.rev"]]
    except (OSError, ValueError, IndexError) as error:
        raise CorpusError(f"WordNet in {str(folder)!r} cannot be read: {error}") from error
    counts: dict[bool, defaultdict[str, int]] = {True: defaultdict(int), False: defaultdict(int)}
    for lemma, noun, _, count in uses:
        counts[noun][lemma] += count
    by_sense = {(lemma, sense): count for lemma, noun, sense, count in uses if noun}
    return Dictionary(synsets, senses, by_sense, counts[True], counts[False])


_FILES = ("data.noun", "index.noun", "cntlist.rev")


def _synset(line: str) -> tuple[str, Synset]:
    data, _, gloss = line.partition(" | ")
    fields = data.split()
    end = 4 + 2 * int(fields[3], 16)
    pointers = fields[end + 1 :]
    kinds = pointers[: 4 * int(fields[end]) : 4]
    targets = pointers[1 : 4 * int(fields[end]) : 4]
    above = tuple(t for k, t in zip(kinds, targets, strict=True) if k in ("@", "@i"))
    words = tuple(word.lower() for word in fields[4:end:2])
    return fields[0], Synset(fields[1], words, above, "@i" in kinds, gloss)


def _senses(line: str) -> tuple[str, tuple[str, ...]]:
    fields = line.split()
    return fields[0], tuple(fields[-int(fields[2]) :])


def _uses(line: str) -> tuple[str, bool, int, int]:
    key, sense, count = line.split()
    lemma, rest = key.split("%")
    return lemma, rest.startswith("1"), int(sense), int(count)


def read_levels(corpus: Path) -> dict[str, int]:
    """Word → the smallest SCOWL list that has it, from the unpacked Debian package.

    Raises:
        CorpusError: There are no such lists.
    """
    found: dict[str, int] = {}
    for level in _LEVELS:
        for spelling in _SPELLINGS:
            for path in sorted((corpus / LISTS).glob(f"{spelling}-words.{level}")):
                for word in path.read_text(encoding="latin-1").split():
                    found.setdefault(word.lower(), level)
    if not found:
        raise CorpusError(f"there are no word lists in {str(corpus / LISTS)!r}")
    return found


def nouns(dictionary: Dictionary, levels: Mapping[str, int]) -> dict[str, int]:
    """Common visible nouns → rarity, 0 for everyday words to 3; one a meaning."""
    people = _offsets(dictionary, (*_PEOPLE, *_MORE_PEOPLE))
    physical = set(dictionary.senses[_PHYSICAL])
    best: dict[str, tuple[int, int, str]] = {}
    for lemma in dictionary.senses:
        level = max((levels.get(part, 99) for part in re.split("[_-]", lemma)), default=99)
        offset = _meaning(dictionary, lemma, physical)
        if offset and _fits(dictionary, lemma, level, offset, people):
            common = (level, -dictionary.noun_uses.get(lemma, 0), lemma)
            best[offset] = min(best.get(offset, common), common)
    return {lemma.replace("_", " "): _RARITY[level] for level, _, lemma in best.values()}


def _offsets(dictionary: Dictionary, lemmas: Iterable[str]) -> set[str]:
    return {dictionary.senses[lemma][0] for lemma in lemmas if lemma in dictionary.senses}


def _meaning(dictionary: Dictionary, lemma: str, physical: set[str]) -> str | None:
    """The most used visible sense of a lemma, where most of its use is of such senses."""
    if not _LEMMA.fullmatch(lemma) or len(lemma) < 3:
        return None
    seen = [
        o
        for o in dictionary.senses[lemma]
        if dictionary.synsets[o].category in VISIBLE
        and not dictionary.synsets[o].named
        and dictionary.above(o) & physical
    ]
    return seen[0] if seen and dictionary.share(lemma, seen) >= 0.5 else None


def _fits(dictionary: Dictionary, lemma: str, level: int, offset: str, people: set[str]) -> bool:
    """Whether a word is common enough for its category, a noun, and fit to be said."""
    synset = dictionary.synsets[offset]
    if level > VISIBLE[synset.category] or _UNSAID.search(synset.gloss):
        return False
    if "_" in lemma or "-" in lemma:
        common = dictionary.noun_uses.get(lemma, 0) >= _LEAST_USES
        return common and synset.category not in ("18", "27")
    person = synset.category == "18"
    return dictionary.is_noun(lemma) and not (person and not dictionary.above(offset) & people)


def classes(texts: Sequence[tuple[list[str], str]]) -> list[str]:
    """The first name of each ImageNet class, lower case."""
    firsts = [names[0].lower() for names, _ in texts]
    return [name for name in firsts if _CLASS.fullmatch(name)]


def own_words(path: Path = OWN) -> list[str]:
    """Scenes, documents, looks and doings: all lines but comments, without repeats."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def joined(*lists: Mapping[str, int]) -> dict[str, int]:
    """All words with their rarity, the earlier list deciding; plurals of others left out.

    >>> joined({"dog": 0}, {"dogs": 1, "dog": 2, "glass": 1})
    {'dog': 0, 'glass': 1}
    """
    found: dict[str, int] = {}
    for words in lists:
        for word, rarity in words.items():
            found.setdefault(word, rarity)
    return {w: r for w, r in found.items() if singular(w) == w or singular(w) not in found}


def singular(word: str) -> str:
    """The last word of a name in the singular, by its ending.

    >>> [singular(w) for w in ("berries", "boxes", "dogs", "glass", "bus", "french fries")]
    ['berry', 'box', 'dog', 'glass', 'bus', 'french fry']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and re.search(r"(?:ch|sh|ss|x|z)es$", word):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
