"""Drawings with names as examples: what is this, describe it, is it a …, what colour is it.

Knows: how an annotation becomes a short natural name, and which questions a drawing can be asked.
Refuses to know: which drawings there are and on which side a concept falls (``drawings``,
``clipart``, ``concepts``), and what is trained.

A concept of the test side is never shown, and never named in a question, before testing: the wrong
names of a yes/no question come from the same side.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mmqa.corpora import concepts, wordnet
from mmqa.corpora.fetch import default_folder
from mmqa.corpora.openclipart import Drawing as Clip
from mmqa.corpora.openclipart import side
from mmqa.evaluation.kept_features import read
from mmqa.interfaces import Progress
from mmqa.records import Picture
from mmqa.training import clipart, drawings
from mmqa.training.drawings import Drawing
from mmqa.training.names import colour, natural
from mmqa.training.visual_examples import AnswerKind, Asked, Example, Split
from mmqa.training.visual_phrasings import worded

SOURCE = "named"

FILE = Path(__file__).with_name("source_phrasings.toml")

NAMES = 2
"""Times that a drawing is asked for its name."""

_BODIES = "man woman men women person people boy girl boys girls child baby adult older"
_ANYBODY = frozenset(_BODIES.split())

NEAR = 0.5
"""Share of wrong names that come from the right one's own category."""


@dataclass(frozen=True, slots=True)
class Named:
    """A drawing and what it is called.

    Attributes:
        key: Names it for good.
        label: Annotation or caption, as its source has it.
        name: The same as a person would answer, with its article.
        category: What it is drawn among; wrong names are often of the same.
        words: What its label and its tags say of it.
        picture: Draws it.
    """

    key: str
    label: str
    name: str
    category: str
    words: frozenset[str]
    picture: Callable[[], Picture]


def examples(
    split: Split,
    folder: Path | None = None,
    progress: Progress | None = None,
    *,
    styles: bool = False,
) -> list[Example]:
    """One example a drawing of the side, with its questions.

    Args:
        split: Side of the concept.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching.
        styles: Also the same emoji by further hands (``iconify.STYLES``); never for testing.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    named = collect(split, folder, progress, styles=styles)
    return [ask(one, named, split) for one in named]


def collect(
    split: Split,
    folder: Path | None = None,
    progress: Progress | None = None,
    *,
    styles: bool = False,
) -> list[Named]:
    """The drawings of one side whose name can be read off the picture; arguments as above.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    root = folder or default_folder()
    drawn = drawings.collect(folder, progress)
    if styles and split != "test":
        drawn += drawings.collect_styles(drawn, folder, progress)
    found = [_emoji(d, root) for d in drawn if d.depicted and d.side == split]
    things = wordnet.load(folder, progress=progress)
    for clip in clipart.depicted(folder, progress):
        name = natural(clip.name, "") if clip.name else ""
        if name and _thing(name, things) and _on_side(clip, name, split):
            found.append(_clip(clip, name))
    return found


def _emoji(drawing: Drawing, folder: Path) -> Named:
    emoji = drawing.emoji
    return Named(
        f"{drawing.source}/{emoji.hexcode}",
        emoji.annotation,
        natural(emoji.annotation, emoji.subgroup),
        f"{emoji.group} {emoji.subgroup}",
        _told(emoji.annotation, *emoji.tags),
        partial(_drawn, drawing, folder),
    )


def _clip(clip: Clip, name: str) -> Named:
    key = f"openclipart/{clip.category.replace(' ', '-')}/{clip.path.stem}"
    return Named(key, clip.name, name, clip.category, _told(clip.name), partial(read, clip.path))


def _on_side(clip: Clip, name: str, split: Split) -> bool:
    """Whether clip art is of a split, by its file's words and by what is left of them.

    Most of openclipart's test side are concepts of which other hands' drawings are trained on
    (:mod:`mmqa.corpora.openclipart`); tested here are only those that nobody's are.
    """
    concept = concepts.concept(name)  # "joystick style" is no "joystick", but is called one
    kept_out = concepts.side(concept) == "test"
    return clip.side == side(concept) == split and kept_out == (split == "test")


def _thing(name: str, things: Container[str]) -> bool:
    """Whether a weak caption ends in a thing that can be seen; file names are often cut off."""
    last = name.rsplit(maxsplit=1)[-1]
    return last in things or last.removesuffix("s") in things


def _told(*texts: str) -> frozenset[str]:
    words = [{*concepts.concept(t).split(), concepts.family(t), *t.lower().split()} for t in texts]
    return frozenset().union(*words) - {"with", "and", "of", "in", "on", "face"}


def ask(one: Named, among: Sequence[Named], split: Split) -> Example:
    """A drawing's questions; what is drawn by lot depends on its key alone.

    Args:
        one: The drawing.
        among: Where wrong names come from.
        split: Says which wordings may be used.
    """
    rng = random.Random(f"mmqa named\0{one.key}")
    asked = tuple(_asked(one, among, split, rng))
    return Example(one.key, SOURCE, (one.picture,), asked, group=concepts.concept(one.label))


def _asked(one: Named, among: Sequence[Named], split: Split, rng: random.Random) -> Iterator[Asked]:
    for _ in range(NAMES):
        yield _put("name", one.name, split, rng, kind="name")
    yield _put("describe", one.name, split, rng, kind="describe")
    yield _put("is", "yes", split, rng, {"thing": one.name})
    yield _put("is", "no", split, rng, {"thing": _other(one, among, rng)})
    told = colour(one.name)
    # of clip art's names, "orange" is mostly the fruit and a long one no plain "red hat"
    weak = told and (told[0] == "orange" or len(told[1].split()) > 1)
    if told and not (weak and one.key.startswith("openclipart")):
        yield _put("colour", told[0], split, rng, {"thing": told[1]}, kind="colour")


def _put(
    wanted: str,
    answer: str,
    split: Split,
    rng: random.Random,
    slots: dict[str, str] | None = None,
    *,
    kind: AnswerKind = "yes-no",
) -> Asked:
    question, key = worded(FILE, f"{SOURCE}.{wanted}", split, slots or {}, rng)
    return Asked(question, answer, kind, key)


def _other(one: Named, among: Sequence[Named], rng: random.Random) -> str:
    """A name that is not this drawing's: nothing that is said of it stands in the name."""
    near = rng.random() < NEAR
    for attempt in range(200):
        other = rng.choice(among)
        if near and attempt < 100 and other.category != one.category:
            continue
        if not one.words & _told(other.label) and not (_person(one) and _anybody(other)):
            return other.name
    raise AssertionError(f"every name could be one for {one.key}")


def _person(one: Named) -> bool:
    return "people" in one.category or "smileys" in one.category


def _anybody(other: Named) -> bool:
    """Whether a name says no more than that it is a person."""
    return not _told(other.label) - _ANYBODY


def _drawn(drawing: Drawing, folder: Path) -> Picture:
    return next(drawings.pictures([drawing], folder))
