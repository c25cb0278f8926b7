"""What is in a mixed collection: which file shows, says or tells what, from words and sources.

Knows: which words stand beside a picture or recording, and what notes and memos say. Refuses to
know: questions, pixels, sound, vectors and results; nothing is read or written here, and the same
words and sources give the same plan.

A collection is what one person keeps: pictures, most of them named by a camera, some with a caption
that tells the occasion but not the thing; recordings, some with a note of what they belong to;
notes. The same thing may be pictured twice on different occasions, defined in a note, and spoken of
in a memo.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mmqa.corpora import concepts

Medium: TypeAlias = Literal["picture", "recording", "note"]

_REPEATED_SHARE, _SINGLE_SHARE = 0.7, 0.25  # of pictures that belong to an event
_NAMED_SHARE = 0.15  # of the others: files called after what they show
_SET_SHARE = 0.45
_IN_NAME_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Pictured:
    """A picture that there is: what it shows, and where it comes from.

    Attributes:
        name: What it shows, without article, e.g. ``great blue heron``.
        source: ``stamps``, ``openmoji``, ``noto`` or ``openclipart``.
        key: Which one of the source.
    """

    name: str
    source: str
    key: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording that there is, and what is said in it."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Planned:
    """One file of the collection.

    Attributes:
        path: Where it will lie, seen from the collection's folder.
        medium: What it is.
        source: Where it is taken from; ``written`` and ``memo`` are made from ``words``.
        key: Which one of the source.
        thing: What it shows or is about; ``""``: nothing in particular.
        event: The occasion, or the set of recordings: number from 0; -1: none.
        caption: What is written beside it.
        words: A note's text, or what is said.
        asks: Questions that only it answers.
        answers: Accepted answers to each of these, in the same order.
    """

    path: str
    medium: Medium
    source: str
    key: str = ""
    thing: str = ""
    event: int = -1
    caption: str = ""
    words: str = ""
    asks: tuple[str, ...] = ()
    answers: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of what is planned and asked.

    Attributes:
        pictures: At most so many.
        definitions: Notes that define a thing.
        memos: Memos that speak of a thing.
        asked: Families of questions of each kind, at most.
    """

    pictures: int
    definitions: int
    memos: int
    asked: int


def plan(
    words: Mapping[str, Any],
    pictured: Sequence[Pictured],
    spoken: Sequence[Spoken],
    definitions: Mapping[str, str],
    sizes: Sizes,
    *,
    seed: str,
) -> list[Planned]:
    """The files of one side.

    Args:
        words: One table of ``data/mixed.toml``.
        pictured: Pictures of that side.
        spoken: Recordings of that side.
        definitions: Name of a thing → what it is.
        sizes: How much.
        seed: Same seed, same plan.
    """
    draw = random.Random(seed)
    shown = sorted(pictured, key=lambda p: (p.name, p.source, p.key))
    draw.shuffle(shown)
    pictures = list(_pictures(words, shown[: sizes.pictures], draw))
    things = sorted({p.thing for p in pictures})
    draw.shuffle(things)
    defined = [t for t in things if t in definitions][: sizes.definitions]
    # half of what is spoken of is defined too
    also = [t for t in things if t not in set(defined)]
    of = [*defined[: sizes.memos // 2], *also[: sizes.memos - sizes.memos // 2]]
    return [
        *pictures,
        *_recordings(words, spoken, draw),
        *_notes(words, [(t, definitions[t]) for t in defined]),
        *_memos(words, of),
    ]


def _pictures(
    words: Mapping[str, Any], pictured: Sequence[Pictured], draw: random.Random
) -> Iterator[Planned]:
    often = Counter(concepts.concept(p.name) for p in pictured)
    turn = 0
    # those of one thing follow each other, so that they fall on different occasions
    for number, one in enumerate(sorted(pictured, key=lambda p: concepts.concept(p.name))):
        repeated = often[concepts.concept(one.name)] > 1
        ending = "jpg" if one.source == "stamps" else "png"
        event = turn % len(words["events"])
        if draw.random() < (_REPEATED_SHARE if repeated else _SINGLE_SHARE):
            turn += 1
            yield _on_event(words, event, one, f"{_camera(number, draw)}.{ending}", draw)
        elif draw.random() < _NAMED_SHARE:
            stem = f"{one.name.replace(' ', '_')}_{number}"
            yield _picture(f"{stem}.{ending}", one)
        else:
            yield _picture(f"{_camera(number, draw)}.{ending}", one)


def _on_event(
    words: Mapping[str, Any], number: int, one: Pictured, camera: str, draw: random.Random
) -> Planned:
    event = words["events"][number]
    if draw.random() < _IN_NAME_SHARE:
        stem, dot, ending = camera.rpartition(".")
        return _picture(f"{event['file']}_{stem[-4:]}{dot}{ending}", one, number)
    return _picture(camera, one, number, draw.choice(event["caption"]))


def _picture(name: str, one: Pictured, event: int = -1, caption: str = "") -> Planned:
    return Planned(f"pictures/{name}", "picture", one.source, one.key, one.name, event, caption)


def _camera(number: int, draw: random.Random) -> str:
    return draw.choice((f"IMG_{number:04}", f"DSC{number:05}", f"PXL_{20230000 + number}"))


def _recordings(
    words: Mapping[str, Any], spoken: Sequence[Spoken], draw: random.Random
) -> Iterator[Planned]:
    turn = 0
    for number, one in enumerate(sorted(spoken, key=lambda s: s.key)):
        chosen, caption = -1, ""
        if draw.random() < _SET_SHARE:
            chosen = turn % len(words["sets"])
            caption, turn = words["sets"][chosen]["caption"], turn + 1
        path = f"recordings/rec_{number:04}.wav"
        yield Planned(path, "recording", "asterisk", one.key, "", chosen, caption, words=one.text)


def _notes(words: Mapping[str, Any], defined: Iterable[tuple[str, str]]) -> Iterator[Planned]:
    for number, (thing, definition) in enumerate(defined):
        stem = thing.replace(" ", "_") if number % 2 else f"note_{number:03}"
        text = f"{thing[:1].upper()}{thing[1:]}: {definition}."
        yield Planned(f"notes/{stem}.txt", "note", "written", thing=thing, words=text)
    for number, fact in enumerate(words["facts"]):
        yield Planned(
            f"notes/page_{number:03}.txt",
            "note",
            "written",
            words=fact["note"],
            asks=tuple(fact["ask"]),
            answers=tuple(map(tuple, fact["answer"])),
        )


def _memos(words: Mapping[str, Any], things: Sequence[str]) -> Iterator[Planned]:
    for number, thing in enumerate(things):
        text = fill(words["about"][number % len(words["about"])], thing)
        yield Planned(
            f"recordings/voice_{number:03}.wav", "recording", "memo", thing=thing, words=text
        )
    for number, memo in enumerate(words["said"]):
        yield Planned(
            f"recordings/memo_{number:03}.wav",
            "recording",
            "memo",
            words=memo["memo"],
            asks=tuple(memo["ask"]),
            answers=tuple(map(tuple, memo["answer"])),
        )


def fill(template: str, name: str, **more: str) -> str:
    """A template with a thing in it.

    >>> fill("show me {a}", "owl"), fill("{n}, {e}", "sunglasses", e="the fair")
    ('show me an owl', 'sunglasses, the fair')
    """
    return template.format(a=with_article(name), n=name, **more)


def with_article(name: str) -> str:
    """A name as it stands in a sentence.

    >>> with_article("heron"), with_article("egg"), with_article("sunglasses")
    ('a heron', 'an egg', 'sunglasses')
    """
    head = name.rsplit(maxsplit=1)[-1] if name else ""
    if not name or (head.endswith("s") and not head.endswith(("ss", "us"))):
        return name
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
