"""How people ask about a picture: frames of ``wordings.toml``, apart for training and testing.

Knows: sources and kinds of questions, frames with choices and slots, and which frames are kept out
of training. Refuses to know: pictures and answers.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mmqa.training.phrasings import templates
from mmqa.training.visual_examples import Split

FILE = Path(__file__).with_name("wordings.toml")

PLAIN = 0.3
"""Share of questions without the mark at their end, as people type them."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One frame.

    Attributes:
        key: Names it for good, e.g. ``named.is.test.0``; what is kept out is kept out by this.
        frame: Text with choices ``[a|b|]`` and slots ``{thing}``.
    """

    key: str
    frame: str

    def put(self, rng: random.Random, slots: Mapping[str, str] | None = None) -> str:
        """A question: choices drawn, slots filled.

        Args:
            rng: Draws the choices, and whether the question mark is typed.
            slots: What fills each slot of the frame.

        Raises:
            KeyError: A slot is not given.

        >>> Wording("x", "is there {thing} [here]?").put(random.Random(1), {"thing": "a cat"})
        'is there a cat here?'
        """
        text = rng.choice(templates(self.frame)).replace(" ?", "?").format(**(slots or {}))
        return text.rstrip("?") if rng.random() < PLAIN else text


@cache
def wordings(source: str, kind: str, split: Split) -> tuple[Wording, ...]:
    """The frames of one kind of question; development is worded like training.

    Raises:
        KeyError: There are none for the source and kind.
    """
    side = "test" if split == "test" else "train"
    frames = tomllib.loads(FILE.read_text(encoding="utf-8"))[source][kind][side]
    return tuple(Wording(f"{source}.{kind}.{side}.{n}", frame) for n, frame in enumerate(frames))


def put(
    source: str,
    kind: str,
    split: Split,
    rng: random.Random,
    slots: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """A question in a frame that is drawn, and the frame's key.

    >>> put("named", "is", "test", random.Random(3), {"thing": "an owl"})
    ('could this be an owl?', 'named.is.test.1')
    """
    wording = rng.choice(wordings(source, kind, split))
    return wording.put(rng, slots), wording.key
