"""Where the files of a mixed collection come from: public corpora, each thing on one side.

Knows: which pictures and recordings of the corpora take part, on which side, and how each becomes a
plain file. Refuses to know: what stands beside them, what is asked, and the mapping.

The side of a thing is where its concept falls by the hash that the mapping's fit is split by; no
emoji and no drawing of openclipart of a thing of the test side was fitted on; photographs (Tux
Paint's stamps) never were. openclipart's drawings take part only where its own side agrees.
Recordings fall on sides by their words: two that say the same are on one side; enough are for
testing.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from mmqa.corpora import asterisk, concepts, noto, openclipart, openmoji, stamps, wordnet
from mmqa.corpora.concepts import Side
from mmqa.corpora.flite import VOICES, Flite
from mmqa.evaluation.mixed_plan import Pictured, Planned, Spoken
from mmqa.evaluation.text_normalizer import normalize
from mmqa.interfaces import Progress
from mmqa.records import Pixels

TEST_RECORDINGS, DEVELOPMENT_RECORDINGS = 205, 35
"""So many recordings of real speech are for testing and for choosing settings; the rest trains."""

_LONGEST_SIDE = 512
_GROUPS = frozenset({"animals-nature", "food-drink", "travel-places", "activities", "objects"})
_CATEGORIES = (
    "animals",
    "food",
    "plants",
    "tools",
    "transportation",
    "recreation music",
    "recreation sports",
    "recreation toys",
    "buildings",
    "electronics",
    "containers",
    "people clothing",
    "office telephone",
)
_UNDEPICTED = ("symbols", "seasonal/hanukkah", "town/roadsigns", "town/flags", "naturalforces")
_ASIDE = re.compile(r"\([^)]*\)|[“”\"‘’']")
_MOST_WORDS = 4

Writer = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """What a side is made from.

    Attributes:
        pictured: Pictures there are.
        spoken: Recordings there are.
        definitions: Name → what it is.
        writers: (source, key) → writes that file to a path.
        flite: Says memos.
    """

    pictured: list[Pictured]
    spoken: list[Spoken]
    definitions: Mapping[str, str]
    writers: Mapping[tuple[str, str], Writer] = field(repr=False)
    flite: Flite = field(repr=False)

    def write(self, planned: Planned, path: Path) -> None:
        """Write a planned file, with what stands beside it.

        Raises:
            CorpusError: A picture cannot be drawn, or a memo cannot be said.
        """
        if planned.source == "memo":
            number = int(hashlib.sha256(planned.words.encode()).hexdigest(), 16)
            self.flite.say(planned.words, path, VOICES[number % len(VOICES)])
        elif planned.medium == "note":
            path.write_text(f"{planned.words}\n", encoding="utf-8")
        else:
            self.writers[planned.source, planned.key](path)
        if planned.caption:
            path.with_name(f"{path.name}.txt").write_text(f"{planned.caption}\n", encoding="utf-8")


def side_of(name: str) -> Side:
    """The side of a thing: a fifth of concepts tests, a quarter develops, the rest trains.

    The first 35 % are OpenMoji's test and development sides, the last tenth is openclipart's
    development side.

    >>> side_of("red apple") == side_of("green apple")
    True
    """
    place = openclipart.place(concepts.concept(name))
    if place < 0.2:
        return "test"
    return "development" if place < 0.35 or place >= 0.9 else "train"


def collect(side: Side, folder: Path | None = None, progress: Progress | None = None) -> Sources:
    """All that one side may be made from; corpora are fetched first where needed.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    nouns = wordnet.load(folder, progress=progress)
    found: list[tuple[Pictured, Writer]] = [
        *_stamps(folder, progress),
        *_emoji(folder, progress),
        *_clipart(nouns, folder, progress),
    ]
    mine = [(p, w) for p, w in found if side_of(p.name) == side]
    spoken = _spoken(side, folder, progress)
    writers = {(p.source, p.key): w for p, w in mine}
    writers |= {("asterisk", one.key): w for one, w in spoken}
    return Sources(
        [p for p, _ in mine],
        [one for one, _ in spoken],
        {name: noun.definition for name, noun in nouns.items()},
        writers,
        Flite(folder, progress=progress),
    )


# ------------------------------------------------------------------------------------- pictures


def _stamps(folder: Path | None, progress: Progress | None) -> list[tuple[Pictured, Writer]]:
    found = []
    for one in stamps.load(folder, progress=progress):
        name = " ".join(_ASIDE.sub("", stamps.thing(one.text)).split()).lower()
        said = 0 < len(name.split()) <= _MOST_WORDS and name.replace(" ", "").isalpha()
        if said and not one.category.startswith(_UNDEPICTED):
            key = f"{one.category}/{one.path.stem}"
            found.append((Pictured(name, "stamps", key), _photograph(one.path)))
    return found


def _photograph(source: Path) -> Writer:
    def write(path: Path) -> None:
        with Image.open(source) as picture:
            rgba = picture.convert("RGBA")
        rgba.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        white = Image.new("RGBA", rgba.size, "white")
        white.alpha_composite(rgba)
        white.convert("RGB").save(path, quality=90)

    return write


def _emoji(folder: Path | None, progress: Progress | None) -> list[tuple[Pictured, Writer]]:
    font = noto.font_file(folder, progress=progress)
    found: list[tuple[Pictured, Writer]] = []
    seen: set[str] = set()
    for one in openmoji.load(folder, progress=progress):
        name = one.annotation.lower()
        plain = name.replace(" ", "").replace("-", "").isalpha()
        clock = concepts.concept(name) == "clock"  # "ten-thirty" is nothing that one looks for
        if not plain or len(name.split()) > _MOST_WORDS or one.toned or clock or name in seen:
            continue
        if one.group in _GROUPS and concepts.depicted(one.group, one.subgroup):
            seen.add(name)
            svg, character = one.svg, one.character
            found.append((Pictured(name, "openmoji", one.hexcode), _drawn(svg)))
            if noto.render(character, font) is not None:
                found.append((Pictured(name, "noto", one.hexcode), _printed(character, font)))
    return found


def _drawn(svg: Path) -> Writer:
    return lambda path: _save(openmoji.render(svg), path)


def _printed(character: str, font: Path) -> Writer:
    def write(path: Path) -> None:
        pixels = noto.render(character, font)
        assert pixels is not None  # asked for when it was collected
        _save(pixels, path)

    return write


def _clipart(
    nouns: Mapping[str, Any], folder: Path | None, progress: Progress | None
) -> list[tuple[Pictured, Writer]]:
    found = []
    for one in openclipart.load(folder, progress=progress):
        known = one.name and concepts.family(one.name) in nouns
        short = len(one.name.split()) <= _MOST_WORDS and one.category.startswith(_CATEGORIES)
        if known and short and side_of(one.name) == one.side:
            key = f"{one.category}/{one.path.stem}"
            found.append((Pictured(one.name, "openclipart", key), _reduced(one.path)))
    return found


def _reduced(source: Path) -> Writer:
    def write(path: Path) -> None:
        with Image.open(source) as picture:
            rgba = picture.convert("RGBA")
        rgba.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        rgba.save(path)

    return write


def _save(rgba: Pixels, path: Path) -> None:
    Image.fromarray(rgba, "RGBA").save(path)


# ------------------------------------------------------------------------------------ recordings


def _spoken(
    side: Side, folder: Path | None, progress: Progress | None
) -> list[tuple[Spoken, Writer]]:
    prompts = asterisk.load(folder, min_words=2, progress=progress)
    texts = [prompt.text for prompt in prompts]
    sides = recording_sides(texts)
    return [
        (Spoken(prompt.path.as_posix().rpartition("/sounds/")[2], prompt.text), _copy(prompt.path))
        for prompt, one in zip(prompts, sides, strict=True)
        if one == side
    ]


def recording_sides(texts: list[str]) -> list[Side | None]:
    """The side of each transcript; those of fewer than two words are on none.

    In the order of their words' hashes, the first are for testing until there are
    :data:`TEST_RECORDINGS`, the next for development; equal words stay together.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        words = normalize(text)
        if len(words) >= 2:
            groups[" ".join(words)].append(place)
    sides: list[Side | None] = [None] * len(texts)
    done = 0
    for said in sorted(groups, key=_hashed):
        limit = TEST_RECORDINGS + DEVELOPMENT_RECORDINGS
        side: Side = "train" if done >= limit else "development"
        for place in groups[said]:
            sides[place] = "test" if done < TEST_RECORDINGS else side
        done += len(groups[said])
    return sides


def _hashed(words: str) -> str:
    return hashlib.sha256(f"mmqa mixed\0{words}".encode()).hexdigest()


def _copy(source: Path) -> Writer:
    def write(path: Path) -> None:
        shutil.copyfile(source, path)

    return write
