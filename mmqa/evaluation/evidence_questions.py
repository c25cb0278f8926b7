"""Questions that passages of text answer, drawn from frames: enough of them to see a point's loss.

Knows: the frames and how names and numbers are drawn. Refuses to know: prompts, and who answers.

The answer to each stands word for word in one of the passages; the others are of the same sort, so
that the right one must be read. Names and numbers are drawn, because those a small model gets wrong
first.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmqa.evaluation.answers import holds

FRAMES = Path(__file__).with_name("data") / "evidence_frames.toml"
PASSAGES = 3


@dataclass(frozen=True, slots=True)
class EvidenceQuestion:
    """A question with the passages that answer it.

    Attributes:
        question: What is asked.
        passages: Sentences, one of which answers.
        answer: Words of that sentence which an answer must hold.
    """

    question: str
    passages: tuple[str, ...]
    answer: str


def drawn(n: int, seed: int = 0, file: Path = FRAMES) -> list[EvidenceQuestion]:
    """The first ``n`` of endlessly many: all frames and their questions come in turn.

    Args:
        n: How many.
        seed: Same seed, same questions; fewer are the beginning of more.
        file: The frames.

    >>> drawn(40)[:3] == drawn(3)
    True
    """
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    frames = data["frame"]
    asked = [(frame, ask) for turn in range(2) for frame in frames for ask in [frame["ask"][turn]]]
    rng = random.Random(seed)
    return [_question(*asked[i % len(asked)], frames, data, rng) for i in range(n)]


def _question(
    frame: Mapping[str, Any],
    ask: Mapping[str, str],
    frames: Sequence[Mapping[str, Any]],
    data: Mapping[str, Any],
    rng: random.Random,
) -> EvidenceQuestion:
    values = _values(data, rng)
    answer = str(values[ask["answer"]])
    others = rng.sample([one for one in frames if one is not frame], PASSAGES - 1)
    passages = [_sentence(frame["text"], values)]
    while len(passages) < PASSAGES:
        other = _sentence(others[len(passages) - 1]["text"], _values(data, rng))
        passages += [] if holds(other, answer) else [other]
    rng.shuffle(passages)
    return EvidenceQuestion(_sentence(ask["question"], values), tuple(passages), answer)


def _values(data: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
    """One of each list and one number of each span."""
    words = {name: rng.choice(choices) for name, choices in data["drawn"].items()}
    numbers = {name: rng.randint(least, most) for name, (least, most) in data["numbers"].items()}
    return {**words, **numbers}


def _sentence(frame: str, values: Mapping[str, Any]) -> str:
    text = frame.format(**values)
    return text[0].upper() + text[1:]
