"""Makes the words that prompts may use of a picture, and fits how near each is to one.

Knows: which words there are (``word_sources``), which are right of an emoji, and the fit. Refuses
to know: the held-out side: no picture and no word of a test concept enters here.

D and b(w) = βᵀw of ``mmqa.mapping.prompt_words`` minimise, over the pictures of the mapping's bank
(each mapped by a fit that did not see its concept)::

    −Σ_i Σ_w t_iw · log softmax_w(score(v_i, w) / τ) / n + λ·|D|² + κ·|β|²

t_i is spread over the words that are right of picture i, those of its annotation weighing twice
its tags. b depends on a word through its vector alone: a word that no emoji has gets the prior of
words like it. Settings were chosen by four folds of the 1,072 depicted concepts of the training and
development sides (a right word among ten; 4,620 words and the mapping of that day): nothing fitted
0.385, less rarity alone 0.397, b alone 0.516, b and D at λ = 0.1 0.540, at 0.03 0.546, at 0.003
0.515; half the hubness taken away at λ = 0.03 0.543, all of it at 0.01 0.511. Passing over words
that are alike at a cosine of 0.75 costs nothing (0.547 against 0.547 with all), at 0.65 0.010. What
ships has 0.550.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmqa.corpora import concepts
from mmqa.corpora.fetch import fetch
from mmqa.corpora.openmoji import Emoji
from mmqa.interfaces import CrossModalMapping, Progress, TextEncoder
from mmqa.mapping import prompt_words, shipped
from mmqa.mapping.closed_form import hubness
from mmqa.mapping.prompt_words import Vocabulary, VocabularyWords, stem
from mmqa.records import Chunk, Floats
from mmqa.training import word_sources
from mmqa.training.drawings import TESTED, Drawing, collect
from mmqa.training.mapping import bank_rows
from mmqa.training.texts import VOCABULARY, class_texts, read_vocabulary

FOLDS = 4
LIST = "words.txt"
"""The words for people, beside their vectors."""

_STEPS = 5


@dataclass(frozen=True, slots=True)
class Settings:
    """What the fit may choose; the defaults were chosen on the development side.

    Attributes:
        turn_penalty: λ, > 0.
        prior_penalty: κ, > 0.
        temperature: τ, > 0.
        hubness_share: a, 0–1.
        steps: Most steps of L-BFGS.
    """

    turn_penalty: float = 0.1
    prior_penalty: float = 0.01
    temperature: float = 0.05
    hubness_share: float = 0.5
    steps: int = 40


@dataclass(frozen=True, slots=True)
class FitReport:
    """What was made.

    Attributes:
        path: The words' file.
        words: How many.
        pictures: How many the fit saw.
        right: Share of pictures of held-out folds with a right word among ten (development).
        size_bytes: Size of the file.
    """

    path: Path
    words: int
    pictures: int
    right: float
    size_bytes: int

    @property
    def passed(self) -> bool:
        """A fit promises no figure."""
        return True

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {**asdict(self), "path": str(self.path)}

    def lines(self) -> list[str]:
        """Sentences for people."""
        return [
            f"Made {self.words} words; fitted to {self.pictures} pictures.",
            f"In held-out folds (development) {self.right:.3f} have a right word among ten.",
            f"Wrote {self.path} ({self.size_bytes / 1e6:.2f} MB).",
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Pictures with what is right of them.

    Attributes:
        vectors: float32 (n, d), mapped by a fit that did not see the concept.
        emoji: What is drawn.
    """

    vectors: Floats
    emoji: Sequence[Emoji]


def make(
    text_encoder: TextEncoder,
    mapping: CrossModalMapping,
    *,
    out: Path | None = None,
    folder: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> FitReport:
    """Make the words and write ``words.safetensors`` and ``words.txt``.

    Args:
        text_encoder: Whose vectors words get.
        mapping: The shipped one, whose bank of pictures is fitted to.
        out: Folder of the words; ``None`` means the package's own.
        folder: Where corpora are kept; ``None`` means the default.
        settings: What was chosen on the development side unless given.
        progress: Told of five steps.

    Raises:
        CorpusError: A corpus cannot be fetched.
    """
    chosen, tell = settings or Settings(), progress or (lambda _chunk: None)
    rarity = collect_words(folder, progress)
    tell(Chunk("collect words", 1, _STEPS, "steps"))
    words = tuple(sorted(rarity))
    vectors = text_encoder.encode(words)
    tell(Chunk("encode words", 2, _STEPS, "steps"))
    shown = shown_pictures(collect(folder, progress), mapping)
    wanted = targets(words, shown.emoji)
    near = hubness(vectors, mapping.picture_bank)
    problem = Problem(shown.vectors, vectors, near, wanted, chosen)
    found = held_out(problem, [concepts.concept(e.annotation) for e in shown.emoji])
    tell(Chunk("hold out folds", 3, _STEPS, "steps"))
    turn, lean = fit(problem)
    tell(Chunk("fit", 4, _STEPS, "steps"))
    ranks = np.array([rarity[word] for word in words], np.float32)
    vocabulary = Vocabulary(
        words, vectors, ranks, turn, vectors @ lean, chosen.hubness_share, asdict(chosen)
    )
    path = prompt_words.write(vocabulary, out or shipped.FOLDER)
    path.with_name(LIST).write_text("\n".join(words) + "\n", encoding="utf-8")
    tell(Chunk("write", 5, _STEPS, "steps"))
    return FitReport(path, len(words), len(shown.emoji), found, path.stat().st_size)


def collect_words(folder: Path | None = None, progress: Progress | None = None) -> dict[str, int]:
    """All words with their rarity: this project's own, ImageNet's, WordNet's.

    Raises:
        CorpusError: A corpus cannot be fetched or read.
    """
    named, count = read_vocabulary(VOCABULARY)
    classes = class_texts(fetch("imagenet-classes", folder=folder, progress=progress))
    dictionary = word_sources.read_dictionary(fetch("wordnet", folder=folder, progress=progress))
    levels = word_sources.read_levels(fetch("scowl", folder=folder, progress=progress))
    return word_sources.joined(
        dict.fromkeys(named[:count], 0),
        dict.fromkeys(word_sources.own_words(), 0),
        dict.fromkeys(word_sources.classes(classes), 1),
        word_sources.nouns(dictionary, levels),
    )


def shown_pictures(drawings: Sequence[Drawing], mapping: CrossModalMapping) -> Shown:
    """The rows of a mapping's bank of pictures that are OpenMoji's, and depict something.

    Raises:
        ValueError: The bank is not of these drawings.
    """
    fitted = [d for d in drawings if d.side != "test" and d.source in TESTED]
    rows = [fitted[place] for place in bank_rows([d.concept for d in fitted])]
    if len(rows) != len(mapping.picture_bank):
        raise ValueError(
            f"the bank has {len(mapping.picture_bank)} pictures, the drawings {len(rows)} concepts;"
            " fit the mapping again first"
        )
    kept = [n for n, d in enumerate(rows) if d.depicted and d.source == "openmoji"]
    return Shown(mapping.picture_bank[kept], [rows[n].emoji for n in kept])


def normal(text: str) -> str:
    """A name as it is compared: lower case, no marks, every word in the singular.

    >>> normal("Magnifying glass tilted left"), normal("french-fries"), normal("Bow & Arrows")
    ('magnifying glass tilted left', 'french fry', 'bow arrow')
    """
    plain = text.lower().replace("’", "").replace("'", "")
    return " ".join(stem(word) for word in re.findall(r"[^\W_]+", plain))


def annotated(emoji: Emoji) -> frozenset[str]:
    """What its annotation calls a drawing: the whole annotation, and its head noun."""
    return frozenset({normal(emoji.annotation), normal(concepts.family(emoji.annotation))})


def right(emoji: Emoji) -> frozenset[str]:
    """What is right of a drawing: its annotation, that one's head noun, and its own tags."""
    return annotated(emoji) | {normal(tag) for tag in emoji.tags}


def targets(words: Sequence[str], emoji: Sequence[Emoji]) -> Floats:
    """float32 (n, m): how much of each drawing's target each word has; rows sum to 1 or to 0."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(normal(word), []).append(place)
    rows = np.zeros((len(emoji), len(words)), np.float32)
    for row, one in zip(rows, emoji, strict=True):
        for names, weight in ((right(one), 1.0), (annotated(one), 2.0)):
            row[[p for name in names for p in places.get(name, ())]] = weight
    whole = rows.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(rows, whole, out=np.zeros_like(rows), where=whole > 0)
    return shares


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is fitted to what.

    Attributes:
        pictures: float32 (n, d).
        words: float32 (m, d).
        near: float32 (m,), hubness of the words among pictures.
        wanted: float32 (n, m), see :func:`targets`.
        settings: Penalties and so on.
    """

    pictures: Floats
    words: Floats
    near: Floats
    wanted: Floats
    settings: Settings

    def without(self, out: NDArray[np.bool_]) -> Problem:
        """The same less some pictures."""
        return Problem(self.pictures[~out], self.words, self.near, self.wanted[~out], self.settings)


def fit(problem: Problem) -> tuple[Floats, Floats]:
    """D (d, d) and β (d,) by L-BFGS from zero; the loss is convex, so no seed decides."""
    import torch

    chosen = problem.settings
    told = problem.wanted.sum(axis=1) > 0
    pictures, wanted = torch.tensor(problem.pictures[told]), torch.tensor(problem.wanted[told])
    words = torch.tensor(problem.words)
    near = chosen.hubness_share * torch.tensor(problem.near)
    width = words.shape[1]
    turn = torch.zeros(width, width, requires_grad=True)
    lean = torch.zeros(width, requires_grad=True)
    search = torch.optim.LBFGS([turn, lean], max_iter=chosen.steps, line_search_fn="strong_wolfe")

    def loss() -> float:
        search.zero_grad()
        scores = (pictures + pictures @ turn) @ words.T + words @ lean - near
        logs = torch.log_softmax(scores / chosen.temperature, dim=1)
        value = -(wanted * logs).sum(dim=1).mean()
        value = value + chosen.turn_penalty * (turn**2).sum()
        value = value + chosen.prior_penalty * (lean**2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    search.step(loss)  # type: ignore[no-untyped-call]
    return turn.detach().numpy(), lean.detach().numpy()


def held_out(problem: Problem, keys: Sequence[str], k: int = 10) -> float:
    """Share of pictures with a right word among k, each scored by a fit without its fold."""
    numbers = np.array([fold(key) for key in keys])
    hits = np.zeros(len(keys), bool)
    for number in np.unique(numbers):
        out = numbers == number
        if out.all():
            raise ValueError("all pictures fall into one fold; give more concepts")
        turn, lean = fit(problem.without(out))
        pictures = problem.pictures[out]
        scores = (pictures + pictures @ turn) @ problem.words.T + problem.words @ lean
        scores -= problem.settings.hubness_share * problem.near
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        hits[out] = np.take_along_axis(problem.wanted[out], best, axis=1).any(axis=1)
    return float(hits.mean())


def fold(concept: str) -> int:
    """Which fold a concept falls into, by SHA-256.

    >>> 0 <= fold("apple") < FOLDS
    True
    """
    return hashlib.sha256(f"mmqa word fold\0{concept}".encode()).digest()[0] % FOLDS


def over(vocabulary: Vocabulary, mapping: CrossModalMapping) -> VocabularyWords:
    """The words over a mapping's banks, without reading any file."""
    return VocabularyWords(vocabulary, mapping.bank, mapping.picture_bank)


def counted(words: Sequence[str], emoji: Sequence[Emoji]) -> Mapping[str, int]:
    """Word → of how many drawings it is right; the yardstick that looks at no picture."""
    names = [right(one) for one in emoji]
    return {word: sum(normal(word) in one for one in names) for word in words}
