"""Rated sentences, where their package was fetched."""

from __future__ import annotations

import pytest

from mmqa.corpora.rated_sentences import load, parse


def test_a_line_that_names_no_document_is_refused() -> None:
    with pytest.raises(ValueError, match="names no document"):
        parse("12\t1.0\twords", "tweets")


@pytest.mark.corpus
def test_all_sentences_have_words_a_rating_and_a_document() -> None:
    found = load()
    assert len(found) == 3_708 + 5_190
    assert all(one.text and -1 <= one.valence <= 1 for one in found)
    assert len({one.document for one in found}) == 798
