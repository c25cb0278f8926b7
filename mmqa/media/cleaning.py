"""Which pairs of content and words are fit to be trained on, and why the others are not.

Knows: captions that say nothing, content that shows or says nothing, and labels that contradict one
another. Refuses to know: files, models, and how the pairs were collected.

Every refusal is a short reason in words, so that what was left out can be counted and shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmqa.media.augment_words import normalize
from mmqa.media.characters import clean
from mmqa.media.names import name_words
from mmqa.media.quality import (
    CLIPPED_SHARE,
    PLAIN_VARIANCE,
    TINY_SIDE,
    count_clipped,
    is_silent,
)
from mmqa.records import Picture, Recording

SHORTEST_CAPTION = 2
"""Characters: "TV" is a caption, "a" is none; one Chinese character is ("猫")."""
LONGEST_CAPTION = 1000
"""Characters; what is longer is a document about the picture, and the encoder reads its start."""
SHORTEST_S = 0.2
"""Seconds; a spoken syllable takes about that long."""
LONGEST_S = 3600.0

_BOILERPLATE = re.compile(
    r"(?:untitled|no (?:title|caption|description)|none|null|nan|n/?a|unknown|image|picture|photo|"
    r"photograph|img|icon|test|default|placeholder|file|caption|description|alt text|my photo|"
    r"screen ?shot|created with .{1,30}|olympus digital camera|kodak digital still camera|"
    r"sony dsc|samsung camera pictures|digital camera|minolta digital camera|dcim|"
    r"jpeg|jpg|png|gif|未命名|无标题|图片|照片)(?: ?[-#(]?\d+\)?)?[.!]?",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]{3,}|[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is left of n pairs.

    Attributes:
        kept: Places of the pairs that stay, in order.
        captions: Their captions, cleaned.
        dropped: (place, reason) of the others, in order.
    """

    kept: tuple[int, ...]
    captions: tuple[str, ...]
    dropped: tuple[tuple[int, str], ...]

    def reasons(self) -> dict[str, int]:
        """Reason → how many pairs it cost, most first."""
        return dict(Counter(reason for _, reason in self.dropped).most_common())


def clean_caption(text: str) -> str:
    r"""A caption on one line, in one writing, without control characters or mark-up.

    >>> clean_caption("A  red\u200b bike\n<br/>in  the rain &amp; wind")
    'A red bike in the rain & wind'
    """
    import html

    without_tags = re.sub(r"</?[a-zA-Z][^<>]{0,200}>", " ", html.unescape(text))
    return normalize(clean(without_tags))


def refuse_caption(
    caption: str, shortest: int = SHORTEST_CAPTION, longest: int = LONGEST_CAPTION
) -> str:
    """Why a cleaned caption teaches nothing; empty where it does.

    >>> [refuse_caption(c) for c in ("", "IMG_0231", "untitled", "12 / 34", "a red bike")]
    ['no caption', 'a name by a machine', 'boilerplate', 'no words', '']
    """
    if not caption:
        return "no caption"
    if not any(character.isalpha() for character in caption):
        return "no words"
    if _BOILERPLATE.fullmatch(caption):
        return "boilerplate"
    if " " not in caption and not name_words(Path(caption.replace("/", " "))):
        return "a name by a machine"
    if len(caption) < shortest and not _is_ideograph(caption):
        return "too short"
    return "too long" if len(caption) > longest else ""


def refuse_picture(picture: Picture) -> str:
    """Why a picture teaches nothing; empty where it does.

    Blank: the grey levels vary by less than ``quality.PLAIN_VARIANCE``. Tiny: a side is shorter
    than ``quality.TINY_SIDE``.
    """
    height, width = picture.pixels.shape[:2]
    if min(height, width) < TINY_SIDE:
        return "tiny picture"
    step = max(1, max(height, width) // 256)
    levels = picture.pixels[::step, ::step].astype(np.float32)
    variance = levels.reshape(-1, 3).var(axis=0).max()
    return "blank picture" if float(variance) < PLAIN_VARIANCE else ""


def refuse_recording(
    recording: Recording, shortest_s: float = SHORTEST_S, longest_s: float = LONGEST_S
) -> str:
    """Why a recording teaches nothing; empty where it does.

    Silent and clipped as in ``quality``.
    """
    if recording.duration_s < shortest_s:
        return "short recording"
    if recording.duration_s > longest_s:
        return "long recording"
    if is_silent(recording.samples, recording.rate_hz):
        return "silent recording"
    clipped = count_clipped(recording.samples) > CLIPPED_SHARE * len(recording.samples)
    return "clipped recording" if clipped else ""


def clean_pairs(contents: Sequence[str], captions: Sequence[str]) -> Cleaned:
    """Drop pairs whose caption says nothing, that were there before, or that contradict another.

    The same content with the same words is a duplicate: the first stays. The same content under
    captions that share no word of three letters (no character, in Chinese) contradicts itself:
    nobody can say which is right, so all of them go. Several captions that share a word, as in
    caption data sets, stay.

    Args:
        contents: n names of content: a digest, or a perceptual hash; equal means the same.
        captions: n captions, as found.

    Raises:
        ValueError: The lengths differ.

    >>> found = clean_pairs(["a", "a", "b", "b", "c"], ["A cat", "a cat ", "bus", "pear", "IMG_1"])
    >>> found.kept, found.reasons()
    ((0,), {'conflicting labels': 2, 'duplicate': 1, 'a name by a machine': 1})
    """
    cleaned = [clean_caption(caption) for caption in captions]
    conflicts = _conflicting(contents, cleaned)
    seen: set[tuple[str, str]] = set()
    kept: list[int] = []
    dropped: list[tuple[int, str]] = []
    for place, (content, caption) in enumerate(zip(contents, cleaned, strict=True)):
        key = (content, caption.casefold())
        reason = refuse_caption(caption)
        if not reason and content in conflicts:
            reason = "conflicting labels"
        if not reason and key in seen:
            reason = "duplicate"
        if reason:
            dropped.append((place, reason))
        else:
            seen.add(key)
            kept.append(place)
    return Cleaned(tuple(kept), tuple(cleaned[place] for place in kept), tuple(dropped))


def _conflicting(contents: Sequence[str], captions: Sequence[str]) -> set[str]:
    """Contents that have two captions without a word in common."""
    words: dict[str, list[frozenset[str]]] = defaultdict(list)
    for content, caption in zip(contents, captions, strict=True):
        if not refuse_caption(caption):
            words[content].append(_words(caption))
    return {content for content, found in words.items() if _apart(found)}


def _apart(found: Sequence[frozenset[str]]) -> bool:
    return any(not (a & b) for i, a in enumerate(found) for b in found[i + 1 :] if a != b)


def _words(caption: str) -> frozenset[str]:
    """What two captions can share; of a caption of short words alone, the whole of it."""
    return frozenset(_WORD.findall(caption.casefold())) or frozenset({caption.casefold()})


def _is_ideograph(text: str) -> bool:
    return len(text) == 1 and unicodedata.name(text, "").startswith("CJK")
