"""Prompt words: nearest, de-hubbed, told apart; and what the real weights say of plain pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import platformdirs
import pytest
from PIL import Image, ImageDraw

from mmqa.errors import ModelDamagedError, ModelError, ModelMissingError
from mmqa.mapping import closed_form, prompt_words
from mmqa.mapping.closed_form import normalize
from mmqa.mapping.prompt_words import Vocabulary, VocabularyWords
from mmqa.records import Floats, Picture, PromptWord

NOTHING = np.zeros((0, 2), np.float32)


def vocabulary(
    words: tuple[str, ...] = ("dog", "thing", "sea"),
    *,
    prior: tuple[float, ...] = (0.0, 0.0, 0.0),
    turn: Floats | None = None,
    share: float = 1.0,
) -> Vocabulary:
    vectors = np.array([[1, 0], [0.5**0.5, 0.5**0.5], [0, 1]], np.float32)[: len(words)]
    return Vocabulary(
        words,
        vectors,
        np.array([0, 1, 2], np.float32)[: len(words)],
        np.zeros((2, 2), np.float32) if turn is None else turn,
        np.array(prior, np.float32)[: len(words)],
        share,
    )


def test_a_pictures_words_are_ranked_by_similarity_less_hubness_plus_prior() -> None:
    bank = np.array([[0.8, 0.6]], np.float32)
    words = VocabularyWords(vocabulary(prior=(0.0, 0.1, 0.0), share=0.5), NOTHING, bank)
    (found,) = words.words(np.array([[1, 0]], np.float32), k=2)
    # dog 1 − ½·½·0.8; thing √½ + 0.1 − ½·½·1.4·√½; sea 0 − ½·½·0.6
    assert [w.word for w in found] == ["dog", "thing"]
    assert [w.score for w in found] == pytest.approx([0.8, 0.65 * 0.5**0.5 + 0.1])


def test_a_turn_moves_what_a_picture_is_near_to_and_no_text() -> None:
    quarter = np.array([[-1, -1], [1, -1]], np.float32)  # w + D·w turns (1, 0) into (0, 1)
    words = VocabularyWords(vocabulary(turn=quarter), NOTHING, NOTHING)
    rows = np.array([[0, 1]], np.float32)
    assert words.words(rows, k=1)[0][0].word == "dog"
    assert words.words(rows, k=1, of="words")[0][0].word == "sea"


def test_a_texts_words_are_ranked_less_their_hubness_among_texts_and_their_rarity() -> None:
    bank = np.array([[1, 0], [0.6, 0.8]], np.float32)
    (found,) = VocabularyWords(vocabulary(), bank, NOTHING).words(
        np.array([[0, 1]], np.float32), k=3, of="words"
    )
    # sea 1 − ½·(0.8 + 0)/2 − 0.04; thing √½ − ½·(1 + 1.4)·√½/2 − 0.02; dog is in the bank itself:
    # 0 − ½·(0.6 − 1)/2
    assert {w.word: w.score for w in found} == pytest.approx(
        {"sea": 0.76, "thing": 0.4 * 0.5**0.5 - 0.02, "dog": 0.1}
    )


def test_two_names_of_one_thing_are_not_both_said() -> None:
    vectors = normalize(np.array([[1, 0], [0.99, 0.14], [0.5, 0.87], [0, 1]], np.float32))
    four = Vocabulary(
        ("sofa", "couch", "cats", "cat"),
        vectors,
        np.zeros(4, np.float32),
        np.zeros((2, 2), np.float32),
        np.zeros(4, np.float32),
    )
    (found,) = VocabularyWords(four, NOTHING, NOTHING).words(np.array([[1, 0]], np.float32), k=4)
    assert [w.word for w in found] == ["sofa", "cats"]


def test_more_words_than_there_are_gives_all() -> None:
    words = VocabularyWords(vocabulary(), NOTHING, NOTHING)
    assert len(words.words(np.array([[0, 1]], np.float32), k=99)[0]) == 3


def test_no_vectors_give_no_words() -> None:
    assert VocabularyWords(vocabulary(), NOTHING, NOTHING).words(NOTHING) == []


def test_each_row_gets_its_own_words() -> None:
    words = VocabularyWords(vocabulary(), NOTHING, NOTHING)
    found = words.words(np.array([[1, 0], [0, 1]], np.float32), k=1)
    assert [f[0].word for f in found] == ["dog", "sea"]
    assert isinstance(found[0][0], PromptWord)


def test_words_that_were_written_read_back(tmp_path: Path) -> None:
    prompt_words.write(vocabulary(prior=(0.1, 0.2, 0.3), share=0.5), tmp_path)
    again = prompt_words.read(tmp_path)
    assert again.words == ("dog", "thing", "sea")
    assert again.vectors == pytest.approx(vocabulary().vectors, abs=0.01)
    assert again.prior == pytest.approx([0.1, 0.2, 0.3])
    assert again.hubness_share == 0.5
    assert len(again.fingerprint) == 16


def test_missing_and_broken_words_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError):
        prompt_words.read(tmp_path)
    (tmp_path / prompt_words.FILE_NAME).write_bytes(b"no")
    with pytest.raises(ModelDamagedError):
        prompt_words.read(tmp_path)


def test_words_for_another_text_encoder_are_refused(tmp_path: Path) -> None:
    prompt_words.write(vocabulary(), tmp_path)
    with pytest.raises(ModelError, match="384"):
        prompt_words.load(closed_form.load(), tmp_path)


def test_the_shipped_vocabulary_names_thousands_of_things_and_no_questions() -> None:
    words = set(prompt_words.read().words)
    assert len(words) >= 5000
    assert {"receipt", "screenshot", "bar chart", "beach", "indoors", "outdoors", "dog"} <= words
    assert "what is this" not in words


def test_a_sentence_of_a_recording_gets_its_topics() -> None:
    vocabulary = prompt_words.read()
    words = prompt_words.load(closed_form.load())
    places = [vocabulary.words.index(w) for w in ("ferry", "storm")]
    vector = normalize(vocabulary.vectors[places].sum(axis=0, keepdims=True))
    (found,) = words.words(vector, k=8, of="words")
    assert {"ferry", "storm"} <= {w.word for w in found}


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
    mapping = closed_form.load()
    vector = mapping.map(load(folder, threads=1).encode([red_apple()]))
    words = [w.word for w in prompt_words.load(mapping).words(vector, k=12)[0]]
    fruit = {"fruit", "apple", "red apple", "cherry", "tomato", "strawberry", "plum", "peach"}
    assert fruit & set(words), words
