"""Where a prompt with pictures may be continued from, and which prompts run together.

Knows: that a prompt says everything about its pictures first, and asks last. Refuses to know: what
a picture looks like, and how anything is computed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from mmqa.vlm.batching import groups
from mmqa.vlm.mini.layout import VISUAL
from mmqa.vlm.prefix import Prefix

QUESTION = "\nQuestion:"
"""With it the templates that show pictures begin to ask; questions about a picture share what is
before it. A prompt without it, a description's say, is asked once about a picture: it is not cut,
as a cut costs the time of a token."""


def prefix(
    tokens: Sequence[int], pictures: Sequence[str], each: int, question: Sequence[int]
) -> Prefix:
    """Where a prompt may be continued from.

    Args:
        tokens: The prompt, with ``VISUAL`` for visual tokens.
        pictures: Digest of each picture, in order.
        each: Visual tokens of one picture.
        question: The tokens of :data:`QUESTION`.
    """
    visual = [at for at, token in enumerate(tokens) if token == VISUAL]
    keys: list[Hashable] = list(tokens)
    for number, at in enumerate(visual):
        keys[at] = (pictures[number // each], number % each)
    return Prefix(tuple(keys), _cuts(tokens, visual[-1] + 1, question) if visual else ())


def _cuts(tokens: Sequence[int], seen: int, question: Sequence[int]) -> tuple[int, ...]:
    """Where the question's beginning ends, if it stands behind ``seen`` and something follows."""
    wanted, size = list(question), len(question)
    starts = range(seen, len(tokens) - size) if size else ()
    return next(((at + size,) for at in starts if list(tokens[at : at + size]) == wanted), ())


def together(prompts: Sequence[Prefix]) -> list[tuple[list[int], Prefix | None]]:
    """Which prompts run together: those that share a head with it, the others without one.

    Args:
        prompts: Each with one cut at most.

    Returns:
        Positions in ``prompts``, of like length; and the prefix of all, where they share it.
    """
    heads: dict[Hashable, list[int]] = defaultdict(list)
    for number, one in enumerate(prompts):
        heads[one.head(one.cuts[-1]) if one.cuts else number].append(number)
    alone = [numbers[0] for numbers in heads.values() if len(numbers) == 1]
    sharing = [numbers for numbers in heads.values() if len(numbers) > 1]
    found: list[tuple[list[int], Prefix | None]] = []
    for numbers in (*sharing, alone):
        for group in groups([len(prompts[number].keys) for number in numbers]):
            members = [numbers[place] for place in group]
            shared = numbers is not alone or len(members) == 1
            found.append((members, prompts[members[0]] if shared else None))
    return found
