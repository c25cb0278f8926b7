"""The development questions, from question to checked answer, with the real small models.

These are for tuning the assistant's thresholds; the held-out questions lie beside the samples.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platformdirs import user_cache_path

from mmqa.assistant import Assistant
from mmqa.config import Config
from mmqa.records import (
    Answer,
    Filter,
    Hit,
    PromptWord,
    Question,
    SearchResult,
    Segment,
    SegmentText,
)

DATA = json.loads(
    (Path(__file__).parent / "assistant_data" / "development.json").read_text(encoding="utf-8")
)
MU, SIGMA = 0.05, 0.09
"""Similarity of unrelated question–segment pairs of the embedded text encoder."""

FLOOR_RIGHT = 0.9
FLOOR_ABSTAINED = 0.8


def models() -> Path:
    root = os.environ.get("MMQA_CACHE")
    return (Path(root) if root else user_cache_path("mmqa")) / "models" / "embedded"


def segment(row: dict[str, Any]) -> Segment:
    names = ("caption", "name_words", "ocr", "transcript", "passage", "heading")
    words = row.get("prompt_words", [])
    text = SegmentText(
        **{name: row[name] for name in names if name in row},
        prompt_words=tuple(PromptWord(w, 1.0 - 0.1 * n) for n, w in enumerate(words)),
    )
    path = Path("/home/ada") / row["file"]
    return Segment(
        row["id"], path, "0" * 64, row["kind"], 0, row.get("start_s"), row.get("end_s"), text=text
    )


class BruteForce:
    """A stand-in for retrieval: calibrated similarity of the text vectors, at half the weight."""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder
        self.segments = [segment(row) for row in DATA["segments"]]
        self.vectors = encoder.encode([s.text.written() or s.text.best() for s in self.segments])

    def __call__(self, question: Question, k: int, where: Filter | None) -> SearchResult:
        scores = (self.vectors @ self.encoder.encode([question.text])[0] - MU) / SIGMA / 2
        order = np.argsort(-scores)[:k]
        hits = tuple(
            Hit(rank, self.segments[i], float(scores[i]), {"text": float(scores[i])})
            for rank, i in enumerate(order, start=1)
        )
        return SearchResult(question.text, {"text": 1.0}, hits)


def is_right(row: dict[str, Any], answer: Answer) -> bool:
    contains = all(
        any(option.lower() in answer.text.lower() for option in wanted.split("|"))
        for wanted in row["has"]
    )
    return contains and bool({c.id for c in answer.citations} & set(row["cites"]))


@pytest.fixture(scope="module")
def answers() -> list[tuple[dict[str, Any], Answer]]:
    from mmqa.features.sentence import load as load_encoder
    from mmqa.vlm.text_model import load as load_model

    encoder = load_encoder(models() / "text_encoder", threads=1)
    model = load_model(models() / "language_model", threads=1)
    assistant = Assistant(
        BruteForce(encoder), lambda: model, lambda: encoder, lambda _: (), Config(answer_tokens=32)
    )
    return [(row, assistant.ask(Question(row["q"]), k=6)) for row in DATA["questions"]]


@pytest.mark.weights
def test_most_answers_contain_the_fact_and_cite_its_source(
    answers: list[tuple[dict[str, Any], Answer]],
) -> None:
    asked = [(row, answer) for row, answer in answers if "has" in row]
    wrong = [(row["q"], answer.text) for row, answer in asked if not is_right(row, answer)]
    assert 1 - len(wrong) / len(asked) >= FLOOR_RIGHT, wrong


@pytest.mark.weights
def test_most_unanswerable_questions_are_not_answered(
    answers: list[tuple[dict[str, Any], Answer]],
) -> None:
    asked = [(row, answer) for row, answer in answers if row.get("abstain")]
    wrong = [(row["q"], answer.text) for row, answer in asked if not answer.abstained]
    assert 1 - len(wrong) / len(asked) >= FLOOR_ABSTAINED, wrong
    assert all(not answer.citations for _, answer in asked if answer.abstained)


@pytest.mark.weights
def test_the_language_model_words_a_good_part_of_the_answers(
    answers: list[tuple[dict[str, Any], Answer]],
) -> None:
    sources = [answer.source for row, answer in answers if "has" in row]
    assert sources.count("generated") / len(sources) >= 0.25, sources
