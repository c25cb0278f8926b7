"""Prompt words: nearest, de-hubbed; and what the real weights say of plain pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import platformdirs
import pytest
from PIL import Image, ImageDraw

from mmqa.mapping import closed_form, prompt_words
from mmqa.mapping.prompt_words import VocabularyWords
from mmqa.records import Picture, PromptWord

VOCABULARY = VocabularyWords(
    ("dog", "thing", "sea"),
    np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32),
    np.array([0.1, 0.5, 0.0], np.float32),
)


def test_words_are_ranked_by_similarity_less_hubness() -> None:
    (found,) = VOCABULARY.words(np.array([[1, 0]], np.float32), k=2)
    # dog 1 − 0.1, thing 0.8 − 0.5, sea 0 − 0
    assert [w.word for w in found] == ["dog", "thing"]
    assert [w.score for w in found] == pytest.approx([0.9, 0.3])


def test_more_words_than_there_are_gives_all() -> None:
    assert len(VOCABULARY.words(np.array([[0, 1]], np.float32), k=99)[0]) == 3


def test_no_vectors_give_no_words() -> None:
    assert VOCABULARY.words(np.empty((0, 2), np.float32)) == []


def test_each_row_gets_its_own_words() -> None:
    found = VOCABULARY.words(np.array([[1, 0], [0, 1]], np.float32), k=1)
    assert [f[0].word for f in found] == ["dog", "sea"]
    assert isinstance(found[0][0], PromptWord)


def test_the_shipped_vocabulary_names_things_and_not_questions() -> None:
    vocabulary = prompt_words.load().vocabulary
    assert {"receipt", "screenshot", "beach", "dog"} <= set(vocabulary)
    assert "what is this" not in vocabulary


def red_apple() -> Picture:
    image = Image.new("RGB", (400, 400), "white")
    drawing = ImageDraw.Draw(image)
    drawing.ellipse((70, 110, 230, 340), fill=(205, 25, 30))
    drawing.ellipse((170, 110, 330, 340), fill=(205, 25, 30))
    drawing.line((200, 140, 215, 70), fill=(95, 60, 25), width=12)
    drawing.ellipse((215, 60, 290, 100), fill=(60, 150, 50))
    return Picture(np.asarray(image))


@pytest.mark.weights
def test_a_drawn_apple_is_nearer_to_fruit_than_to_machines() -> None:
    from mmqa.features.efficientnet import load

    folder = Path(platformdirs.user_cache_dir("mmqa")) / "models" / "embedded" / "image_encoder"
    vector = closed_form.load().map(load(folder, threads=1).encode([red_apple()]))
    words = [w.word for w in prompt_words.load().words(vector, k=12)[0]]
    fruit = {"apple", "red apple", "green apple", "cherry", "tomato", "strawberry", "plum", "peach"}
    assert fruit & set(words), words
