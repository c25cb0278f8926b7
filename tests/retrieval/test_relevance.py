"""Relevance stays within its range, and diversity agrees with LangChain's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from mmqa.retrieval.relevance import cosine_relevance, deviation_relevance, most_marginal


@given(st.floats(-1e6, 1e6))
def test_relevance_is_between_0_and_1_and_never_falls(score):
    for relevance in (cosine_relevance, deviation_relevance):
        assert 0.0 <= relevance(score) <= relevance(score + 1.0) <= 1.0


@pytest.mark.parametrize("weight", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_the_most_marginal_are_those_that_langchain_takes(weight):
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((30, 5)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    question = rows[0] * 0.8 + rows[1] * 0.6
    question /= np.linalg.norm(question)
    ours = most_marginal(question, rows, 12, weight)
    if weight:  # at 0 LangChain still begins with the most relevant, and we with the first
        assert ours == maximal_marginal_relevance(question, list(rows), weight, 12)
    assert len(set(ours)) == 12


def test_no_more_are_taken_than_there_are():
    rows = np.eye(3, dtype=np.float32)
    assert sorted(most_marginal(rows[0], rows, 10, 0.5)) == [0, 1, 2]
    assert most_marginal(rows[0], rows[:0], 10, 0.5) == []
