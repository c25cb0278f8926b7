"""Real speech, found by its own words: questions to the Asterisk prompts, and word error rate.

Knows: how a question is made from what is said, and which recordings count as the same. Refuses to
know: the given text while searching: the index holds only what the project itself heard.

Rule for questions: the words of the transcript, normalised, in order, without stop words; where
fewer than two are left, all of them. Prompts of fewer than four words (stage directions such as
"(1 second of silence)" have none) are left out. Recordings with the same normalised words count as
one.

How speech is recognised was chosen on the half of the prompts whose words hash to ``development``
(:func:`side_of`); the word error rate is told of all of them and of the other half.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np

from mmqa.evaluation.report import Figure, Report, wilson
from mmqa.evaluation.text_normalizer import normalize, word_errors
from mmqa.interfaces import Progress
from mmqa.records import Chunk

if TYPE_CHECKING:
    from mmqa.library import Library

RECALL_TARGET = 0.90
WORD_ERROR_TARGET = 0.06
SHORTEST_WORDS = 4
LibraryFactory = Callable[[Path], "Library"]
"""Opens, and makes, an index in a folder."""

STOP_WORDS = frozenset(
    """
    a about after again all also am an and any are as at be been before but by can cannot could did
    do does dont down for from had has have he her him his how i if im in into is it its just may me
    more most must my no nor not now of off on once only or other our out over own please shall
    she should so some such than that thats the their them then there these they this those through
    to too under until up upon us very was we were what when where which while who whom whose will
    with would you your youre youve youd yours
    """.split()  # noqa: SIM905 - readable
)


Side: TypeAlias = Literal["development", "test"]


def side_of(text: str) -> Side:
    """The side of a prompt, by its normalised words.

    >>> side_of("Good bye.") == side_of("good-bye")
    True
    """
    digest = hashlib.sha256(" ".join(normalize(text)).encode()).digest()
    return "test" if digest[0] % 2 else "development"


class Spoken(Protocol):
    """A recording with what is said in it."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def text(self) -> str:
        """What is said, as its authors wrote it."""
        ...


def question_of(text: str) -> str:
    """The question that stands for a transcript; see the module.

    >>> question_of("Please enter your agent number followed by the pound key.")
    'enter agent number followed pound key'
    >>> question_of("That is not it.")
    'that is not it'
    """
    words = normalize(text)
    content = [word for word in words if word not in STOP_WORDS]
    return " ".join(content if len(content) > 1 else words)


def run(
    library_factory: LibraryFactory,
    corpus: Sequence[Spoken],
    progress: Progress | None = None,
    limit: int | None = None,
) -> Report:
    """Index the recordings in a temporary folder, ask for each, and compare what was heard.

    Args:
        library_factory: Opens the temporary index.
        corpus: Recordings; those of fewer than four normalised words are left out.
        progress: Told of each recording that was added and each question that was asked.
        limit: Only the first ones.
    """
    prompts = [p for p in corpus if len(normalize(p.text)) >= SHORTEST_WORDS][:limit]
    with tempfile.TemporaryDirectory(prefix="mmqa-asterisk-") as folder:
        index = Path(folder) / "index"
        with library_factory(index) as library:
            _add(library, prompts, progress)
            found = _ask(library, prompts, progress)
        heard = _transcripts(index, prompts)
    return report(prompts, found, heard)


def report(prompts: Sequence[Spoken], found: Sequence[Path | None], heard: Sequence[str]) -> Report:
    """Figures from what was found and heard.

    Args:
        prompts: n recordings.
        found: For each, the file of the first hit of its question.
        heard: For each, the transcript in the index.
    """
    words = {prompt.path: tuple(normalize(prompt.text)) for prompt in prompts}
    hits = [
        path is not None and words[path] == words[prompt.path]
        for prompt, path in zip(prompts, found, strict=True)
    ]
    errors = [
        word_errors(words[prompt.path], normalize(text))
        for prompt, text in zip(prompts, heard, strict=True)
    ]
    return Report(
        suite="retrieval: asterisk",
        figures=(
            _recall(hits, list(words.values())),
            _word_error_rate("word error rate", errors, list(words.values()), WORD_ERROR_TARGET),
            *_other_half(prompts, errors, list(words.values())),
        ),
        how={
            "question": "content words of the transcript in order, stop words dropped",
            "same": "recordings with the same normalised words count as one",
            "index": "the project's own transcription, never the given text",
            "normaliser": "mmqa.evaluation.text_normalizer.normalize",
        },
        misses=tuple(
            f"{question_of(prompt.text)!r} for {prompt.path.name} found "
            f"{path.name if path else 'nothing'}; heard {text!r}"
            for prompt, path, text, hit in zip(prompts, found, heard, hits, strict=True)
            if not hit
        ),
    )


def _recall(hits: Sequence[bool], words: Sequence[tuple[str, ...]]) -> Figure:
    n = len(hits)
    low, high = wilson(sum(hits), n)
    same = Counter(words)
    chance = sum(same[key] / n for key in words) / n
    return Figure("R@1", sum(hits) / n, n, low, high, chance, RECALL_TARGET)


def _other_half(
    prompts: Sequence[Spoken], errors: Sequence[int], words: Sequence[tuple[str, ...]]
) -> list[Figure]:
    """Of the prompts that nothing was chosen on, where there are some among them."""
    taken = [n for n, prompt in enumerate(prompts) if side_of(prompt.text) == "test"]
    if not taken:
        return []
    name = "word error rate, half that nothing was chosen on"
    return [_word_error_rate(name, [errors[n] for n in taken], [words[n] for n in taken], None)]


def _word_error_rate(
    name: str, errors: Sequence[int], words: Sequence[tuple[str, ...]], target: float | None
) -> Figure:
    lengths = [len(said) for said in words]
    low, high = ratio_interval(errors, lengths)
    return Figure(
        name,
        sum(errors) / sum(lengths),
        sum(lengths),
        low,
        high,
        target=target,
        lower_is_better=True,
    )


def ratio_interval(
    above: Sequence[int], below: Sequence[int], draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap of sum(above) / sum(below) over n cases (Efron 1979).

    >>> ratio_interval([1, 1, 1], [10, 10, 10])
    (0.1, 0.1)
    """
    pairs = np.stack([np.asarray(above, np.float64), np.asarray(below, np.float64)])
    rng = np.random.default_rng(seed)
    drawn = pairs[:, rng.integers(0, pairs.shape[1], (draws, pairs.shape[1]))].sum(axis=2)
    low, high = np.quantile(drawn[0] / drawn[1], (0.025, 0.975))
    return float(low), float(high)


def _add(library: Library, prompts: Sequence[Spoken], progress: Progress | None) -> None:
    def tell(done: int) -> None:
        if progress is not None:
            progress(Chunk("listening", done, len(prompts), "files"))

    library.add([prompt.path for prompt in prompts], on_event=lambda event: tell(event.done))


def _ask(
    library: Library, prompts: Sequence[Spoken], progress: Progress | None
) -> list[Path | None]:
    by_path = {prompt.path.resolve(): prompt.path for prompt in prompts}
    found: list[Path | None] = []
    for done, prompt in enumerate(prompts, start=1):
        hits = library.search(question_of(prompt.text), k=1).hits
        found.append(by_path[hits[0].segment.path] if hits else None)
        if progress is not None:
            progress(Chunk("asking", done, len(prompts), "steps"))
    return found


def _transcripts(index: Path, prompts: Sequence[Spoken]) -> list[str]:
    from mmqa.index.catalogue import Catalogue

    with closing(Catalogue(index)) as catalogue:
        return [
            " ".join(s.text.transcript for s in catalogue.item_segments(prompt.path.resolve()))
            for prompt in prompts
        ]
