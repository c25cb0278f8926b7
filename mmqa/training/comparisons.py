"""Two pictures of one shape each, compared: same colour, same shape, which one, what differs.

Knows: which questions two shapes can be asked, and how answers are balanced. Refuses to know: where
the pictures come from; they are examples whose group reads "colour shape".
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mmqa.errors import CorpusError
from mmqa.training.visual_examples import Asked, Example, Split
from mmqa.training.visual_phrasings import worded

SOURCE = "compare"

FILE = Path(__file__).with_name("source_phrasings.toml")


def compare(
    examples: Sequence[Example], count: int, *, seed: int = 0, split: Split
) -> list[Example]:
    """Pairs of pictures with questions about both.

    Whether two shapes share a colour, and whether they share a shape, is drawn by a coin each, so
    neither answer is the likelier one; so is which picture a question asks for.

    Args:
        examples: Each with one picture and a group such as ``red circle``.
        count: How many pairs.
        seed: Same seed, same pairs.
        split: Says which wordings may be used.

    Raises:
        CorpusError: The examples do not hold two colours and two shapes.
    """
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.group].append(example)
    rng = random.Random(f"mmqa compare\0{split}\0{seed}")
    return [_pair(*_drawn(groups, rng), f"{split}/{seed}/{n}", split, rng) for n in range(count)]


def _drawn(groups: Mapping[str, Sequence[Example]], rng: random.Random) -> tuple[Example, Example]:
    """Two examples; the kinds of pairs are equally likely, whatever groups there are."""
    wanted = (rng.random() < 0.5, rng.random() < 0.5)
    for _ in range(1000):
        first = rng.choice(sorted(groups))
        fitting = [g for g in sorted(groups) if _alike(first, g) == wanted]
        if fitting:
            one, other = rng.choice(groups[first]), rng.choice(groups[rng.choice(fitting)])
            if one.key != other.key:
                return one, other
    raise CorpusError(
        f"no pairs can be made of the groups {sorted(groups)}",
        "Give examples of several colours and shapes.",
    )


def _alike(one: str, other: str) -> tuple[bool, bool]:
    colour, shape = one.split()
    other_colour, other_shape = other.split()
    return colour == other_colour, shape == other_shape


def _pair(one: Example, other: Example, key: str, split: Split, rng: random.Random) -> Example:
    asked = tuple(_asked(one.group, other.group, split, rng))
    pictures = (*one.pictures, *other.pictures)
    return Example(key, SOURCE, pictures, asked, group=f"{one.group}, {other.group}")


def _asked(one: str, other: str, split: Split, rng: random.Random) -> Iterator[Asked]:
    same_colour, same_shape = _alike(one, other)
    yield _put("same-colour", "yes" if same_colour else "no", split, rng)
    yield _put("same-shape", "yes" if same_shape else "no", split, rng)
    yield _put("difference", _difference(same_colour, same_shape), split, rng)
    number = rng.choice((1, 2))
    colour, shape = (one, other)[number - 1].split()
    yield _put("what", f"a {colour} {shape}", split, rng, {"number": str(number)})
    number = rng.choice((1, 2))
    colour, shape = (one, other)[number - 1].split()
    telling = [not same_shape, not same_colour]
    if any(telling):
        asks = rng.choices(("which-shape", "which-colour"), telling)[0]
        yield _put(asks, f"picture {number}", split, rng, {"shape": shape, "colour": colour})


def _difference(same_colour: bool, same_shape: bool) -> str:
    """What differs, in a word.

    >>> _difference(True, False), _difference(False, False), _difference(True, True)
    ('the shape', 'both', 'nothing')
    """
    if same_colour:
        return "nothing" if same_shape else "the shape"
    return "the colour" if same_shape else "both"


def _put(
    wanted: str,
    answer: str,
    split: Split,
    rng: random.Random,
    slots: dict[str, str] | None = None,
) -> Asked:
    question, key = worded(FILE, f"{SOURCE}.{wanted}", split, slots or {}, rng)
    return Asked(question, answer, "compare", key)
