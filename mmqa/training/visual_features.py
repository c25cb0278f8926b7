"""What a connector is trained on of each picture: its pooled grid and its prompt words, kept.

Knows: blocks of features on disk, named after all that they depend on. Refuses to know: questions,
prompts, and what learns from them.

A block holds :data:`BLOCK` pictures, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from mmqa.interfaces import CrossModalMapping, ImageEncoder, Progress, PromptWords
from mmqa.looking import WORDS
from mmqa.records import Chunk, Picture
from mmqa.training.visual_examples import Example
from mmqa.vlm.mini.connector import pooled

BLOCK = 256
_BATCH = 16

Grids = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Seer:
    """What looks at pictures: the parts of a preset that a prompt about a picture needs.

    Attributes:
        image_encoder: Pictures → features.
        mapping: Features → the space of words.
        prompt_words: Vectors there → words.
        side: Cells of the pooled grid along each side.
    """

    image_encoder: ImageEncoder
    mapping: CrossModalMapping
    prompt_words: PromptWords
    side: int

    @property
    def fingerprint(self) -> str:
        """Changes whenever a picture would give other features or words."""
        told = [self.image_encoder.fingerprint, self.mapping.fingerprint, str(self.side)]
        return hashlib.sha256(" ".join([*told, "visual-1"]).encode()).hexdigest()[:16]

    def look(self, pictures: Sequence[Picture]) -> tuple[Grids, list[list[str]]]:
        """Pooled grids float16 (n, side², d), and the prompt words of each picture, best first."""
        features = self.image_encoder.encode(pictures, grid=True)
        assert features.grid is not None
        vectors = self.mapping.map(features)
        words = self.prompt_words.words(vectors, WORDS)
        return (
            pooled(features.grid, self.side).astype(np.float16),
            [[word.word for word in found] for found in words],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen of the pictures of some examples.

    Attributes:
        grids: float16 (p, side², d), picture by picture.
        words: Prompt words of each.
        first: Example → the place of its first picture.
    """

    grids: Grids
    words: tuple[tuple[str, ...], ...]
    first: tuple[int, ...]


def see(
    examples: Sequence[Example],
    seer: Seer,
    folder: Path,
    *,
    label: str = "look at pictures",
    progress: Progress | None = None,
) -> Seen:
    """Look at every picture of ``examples``; what was seen before is read from ``folder``.

    Args:
        examples: Whose pictures are looked at.
        seer: What looks.
        folder: Made where it is missing; may be deleted at any time.
        label: Names the work to ``progress``.
        progress: Told after each block.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draws = [draw for example in examples for draw in example.pictures]
    grids: list[Grids] = []
    words: list[tuple[str, ...]] = []
    for start in range(0, len(draws), BLOCK):
        pictures = [draw() for draw in draws[start : start + BLOCK]]
        kept = folder / f"visual-{_key(seer, pictures)}.safetensors"
        if not kept.exists():
            _look(kept, pictures, seer)
        with safe_open(kept, framework="numpy") as file:
            grids.append(file.get_tensor("grids"))
            words.extend(tuple(found) for found in json.loads(file.metadata()["words"]))
        if progress is not None:
            progress(Chunk(label, len(words), len(draws), "steps"))
    counts = np.cumsum([0, *(len(e.pictures) for e in examples)])
    return Seen(np.concatenate(grids), tuple(words), tuple(int(c) for c in counts[:-1]))


def _key(seer: Seer, pictures: Sequence[Picture]) -> str:
    """Of what looks and of the pixels themselves.

    Pictures are drawn again for it. Names would be quicker, and would go stale without a sign when
    what draws them changes: a run was once trained on pictures that its questions were not about.
    """
    told = hashlib.sha256(seer.fingerprint.encode())
    for picture in pictures:
        told.update(str(picture.pixels.shape).encode())
        told.update(picture.pixels.tobytes())
    return told.hexdigest()[:16]


def _look(kept: Path, pictures: Sequence[Picture], seer: Seer) -> None:
    grids: list[Grids] = []
    words: list[list[str]] = []
    for start in range(0, len(pictures), _BATCH):
        seen, named = seer.look(pictures[start : start + _BATCH])
        grids.append(seen)
        words.extend(named)
    partial = kept.with_suffix(".part")
    save_file({"grids": np.concatenate(grids)}, partial, metadata={"words": json.dumps(words)})
    partial.replace(kept)
