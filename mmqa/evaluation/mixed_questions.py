"""What is asked of a mixed collection, and which of its files answer it.

Knows: a plan of files, and templates of questions. Refuses to know: pixels, sound, vectors and
results; the same plan gives the same questions.

Questions are of these kinds (``needs`` in brackets):

- ``look``: a thing in a picture, by any words [visual]; ``suite``: its name as the public suites
  ask for it
- ``definition``: a note that says what a thing is; ``fact``: something noted down [text]
- ``memo``: a memo that speaks of a thing; ``said``: something said; ``prompt``: an announcement, by
  all or some of its words [speech]
- ``event``: all pictures of an occasion [text]; ``set``: all recordings that belong together [text]
- ``look event``: a thing on an occasion [visual + text]; ``prompt set``: an announcement of a set
  [text + speech]
- ``everything``: all there is about a thing, in whatever form [what forms there are]

What is relevant follows from the plan by rule: a picture, note or memo of thing t answers a
question for thing q if q's words are among t's and both have the same head noun ("guitar" is
answered by "electric guitar", not the other way round); a recording answers words that are all in
its transcript. A bare name is asked of pictures only where nothing else is about the thing.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

from mmqa.corpora import concepts
from mmqa.evaluation.mixed_plan import Medium, Planned, Sizes, fill
from mmqa.evaluation.questions_file import AskedFor
from mmqa.evaluation.retrieval_asterisk import STOP_WORDS, question_of
from mmqa.evaluation.text_normalizer import normalize
from mmqa.records import MODALITIES, Modality

_MODALITY: Mapping[Medium, Modality] = {"picture": "visual", "recording": "speech", "note": "text"}

Family: TypeAlias = list[AskedFor]

_KINDS: Sequence[tuple[Medium, str, str]] = (
    ("picture", "look", "look"),
    ("note", "definition", "gloss"),
    ("recording", "memo", "memo"),
)


def questions(
    words: Mapping[str, Any], files: Sequence[Planned], sizes: Sizes, seed: str
) -> list[AskedFor]:
    """What is asked of planned files, with the files that answer it.

    Args:
        words: The table that the files were planned with.
        files: All of one side.
        sizes: How much.
        seed: Same seed, same questions.
    """
    draw = random.Random(f"{seed} questions")
    asked = _Asked(words, files, sizes, draw)
    families = [
        *asked.things(),
        *asked.suites(),
        *asked.events(),
        *asked.facts(),
        *asked.prompts(),
        *asked.sets(),
    ]
    return list(dict.fromkeys(q for family in families for q in family))


class _Asked:
    """Draws questions of each kind."""

    def __init__(
        self,
        words: Mapping[str, Any],
        files: Sequence[Planned],
        sizes: Sizes,
        draw: random.Random,
    ) -> None:
        self._words = words
        self._files = files
        self._most = sizes.asked
        self._draw = draw
        self._about: dict[Medium, list[Planned]] = defaultdict(list)
        for file in files:
            if file.thing:
                self._about[file.medium].append(file)
        self._real = [f for f in files if f.source == "asterisk"]
        self._heard = {f.path: frozenset(normalize(f.words)) for f in self._real}

    def things(self) -> Iterator[Family]:
        """Kinds ``look``, ``definition``, ``memo`` and ``everything``."""
        for medium, kind, table in _KINDS:
            names = self._some({f.thing for f in self._about[medium]})
            for name in names:
                yield self._thing(medium, kind, table, name)
        for name in self._some({f.thing for files in self._about.values() for f in files}):
            yield self._everything(name)

    def _thing(self, medium: Medium, kind: str, table: str, name: str) -> Family:
        found = [f for f in self._about[medium] if answers(name, f.thing)]
        alone = not any(
            answers(name, f.thing)
            for other, files in self._about.items()
            if other != medium
            for f in files
        )
        templates = [t for t in self._words[table] if alone or t not in ("{a}", "{n}")]
        return self._family(kind, name, templates, found, (_MODALITY[medium],))

    def _everything(self, name: str) -> Family:
        found = {
            medium: [f for f in files if answers(name, f.thing)]
            for medium, files in self._about.items()
        }
        there = [medium for medium, files in found.items() if files]
        if len(there) < 2:
            return []
        needs = tuple(m for m in MODALITIES if m in {_MODALITY[medium] for medium in there})
        files = [f for medium in there for f in found[medium]]
        return self._family("everything", name, self._words["everything"], files, needs)

    def suites(self) -> Iterator[Family]:
        """Kind ``suite``: names of drawings as OpenMoji and openclipart give them."""
        drawn = {f.thing for f in self._about["picture"] if f.source in ("openmoji", "openclipart")}
        others = [f for m in ("note", "recording") for f in self._about[m]]
        bare = {n for n in drawn if not any(answers(n, f.thing) for f in others)}
        for name in self._some(bare):
            found = [f for f in self._about["picture"] if answers(name, f.thing)]
            yield self._family("suite", name, ["{n}"], found, ("visual",))

    def events(self) -> Iterator[Family]:
        """Kinds ``event`` and ``look event``."""
        pictures = self._about["picture"]
        for number, event in enumerate(self._words["events"]):
            found = [f for f in pictures if f.event == number]
            if found:
                yield self._called("event", "read_event", event["ask"], found, ("text",))
        pairs = sorted({(f.event, f.thing) for f in pictures if f.event >= 0})
        self._draw.shuffle(pairs)
        for number, name in pairs[: self._most]:
            found = [f for f in pictures if f.event == number and answers(name, f.thing)]
            ask = self._words["events"][number]["ask"]
            yield self._called(
                "look event", "look_event", ask, found, ("visual", "text"), name=name
            )

    def facts(self) -> Iterator[Family]:
        """Kinds ``fact`` and ``said``."""
        for file in self._files:
            kind = "fact" if file.medium == "note" else "said"
            yield [
                AskedFor(
                    ask,
                    (file.path,),
                    kind=kind,
                    needs=(_MODALITY[file.medium],),
                    answer=accepted,
                    family=f"{kind}: {file.path}",
                )
                for ask, accepted in zip(file.asks, file.answers, strict=True)
            ]

    def prompts(self) -> Iterator[Family]:
        """Kind ``prompt``: all content words of an announcement, then two of three of them."""
        long = [f for f in self._real if len(normalize(f.words)) >= 4]
        self._draw.shuffle(long)
        for file in long[: self._most]:
            whole = question_of(file.words)
            templates = self._words["speech"]
            family = f"prompt: {file.path}"
            asked = [self._prompt(templates[0], whole, family)]
            if len(content(file.words)) >= 3:
                template = self._draw.choice(templates[1:])
                asked.append(self._prompt(template, self._part(whole), family))
            yield asked

    def _part(self, text: str) -> str:
        words = text.split()
        kept = sorted(self._draw.sample(range(len(words)), max(2, round(len(words) * 2 / 3))))
        return " ".join(words[place] for place in kept)

    def _prompt(self, template: str, said: str, family: str) -> AskedFor:
        found = tuple(f.path for f in self._real if self._heard[f.path] >= set(said.split()))
        return AskedFor(
            template.format(w=said), found, kind="prompt", needs=("speech",), family=family
        )

    def sets(self) -> Iterator[Family]:
        """Kinds ``set`` and ``prompt set``."""
        for number, one in enumerate(self._words["sets"]):
            found = [f for f in self._real if f.event == number]
            if found:
                yield self._called("set", "read_set", one["ask"], found, ("text",))
        inside = [f for f in self._real if f.event >= 0 and len(normalize(f.words)) >= 4]
        self._draw.shuffle(inside)
        for file in inside[: self._most]:
            said = self._shared(file)
            if said:
                yield [self._of_set(file, said)]

    def _shared(self, file: Planned) -> str:
        """Content words of a recording that one of another set has too: two, or else one."""
        words = content(file.words)
        others = [self._heard[f.path] for f in self._real if f.event != file.event]
        for count in (2, 1):
            said = [c for c in combinations(words, count) if any(h >= set(c) for h in others)]
            if said:
                return " ".join(self._draw.choice(said))
        return ""

    def _of_set(self, file: Planned, said: str) -> AskedFor:
        asked = set(said.split())
        found = [
            f.path for f in self._real if f.event == file.event and self._heard[f.path] >= asked
        ]
        ask = self._draw.choice(self._words["sets"][file.event]["ask"])
        template = self._draw.choice(self._words["speech_set"])
        return AskedFor(
            template.format(w=said, s=ask),
            tuple(found),
            kind="prompt set",
            needs=("text", "speech"),
            family=f"prompt set: {file.event} {said}",
        )

    def _called(
        self,
        kind: str,
        table: str,
        asks: Sequence[str],
        found: Sequence[Planned],
        needs: tuple[Modality, ...],
        *,
        name: str = "",
    ) -> Family:
        """Wordings of an event or a set, with or without a thing."""
        pairs = [(template, ask) for template in self._words[table] for ask in asks]
        chosen = self._draw.sample(pairs, min(2, len(pairs)))
        family = f"{kind}: {asks[0]} {name}".strip()
        return [
            AskedFor(
                fill(template, name, e=ask, s=ask),
                tuple(f.path for f in found),
                kind=kind,
                needs=needs,
                family=family,
            )
            for template, ask in chosen
        ]

    def _family(
        self,
        kind: str,
        name: str,
        templates: Sequence[str],
        found: Sequence[Planned],
        needs: tuple[Modality, ...],
    ) -> Family:
        chosen = self._draw.sample(list(templates), min(2, len(templates)))
        paths = tuple(f.path for f in found)
        return [
            AskedFor(fill(t, name), paths, kind=kind, needs=needs, family=f"{kind}: {name}")
            for t in chosen
        ]

    def _some(self, names: Iterable[str]) -> list[str]:
        ordered = sorted(names)
        self._draw.shuffle(ordered)
        return ordered[: self._most]


def content(text: str) -> list[str]:
    """Words that mean something, each once, in order; may be none.

    >>> content("Please enter your number, then the pound key."), content("You are the")
    (['enter', 'number', 'pound', 'key'], [])
    """
    return list(dict.fromkeys(word for word in normalize(text) if word not in STOP_WORDS))


def answers(asked: str, thing: str) -> bool:
    """Whether what is about ``thing`` answers a question for ``asked``; see the module.

    >>> answers("guitar", "electric guitar"), answers("electric guitar", "guitar")
    (True, False)
    >>> answers("ice", "ice skate"), answers("red apples", "red apple")
    (False, True)
    """
    if concepts.family(asked) != concepts.family(thing):
        return False
    return _plain(asked) <= _plain(thing)


def _plain(name: str) -> frozenset[str]:
    return frozenset(word.rstrip("s") for word in normalize(name))
