"""``mmqa eval retrieval``: which suites there are, and that none is asked in part."""

from __future__ import annotations

from argparse import Namespace

import pytest

from mmqa.commands import eval_retrieval
from mmqa.errors import UsageError
from mmqa.evaluation import retrieval_openclipart
from mmqa.evaluation.report import Figure, Report


def options(suite: str | None, limit: int | None = None) -> Namespace:
    return Namespace(suite=suite, limit=limit, set=[], config=None, index=None)


@pytest.mark.parametrize("suite", ["clipart", None])
def test_an_unknown_suite_is_refused_with_those_there_are(suite: str | None) -> None:
    with pytest.raises(UsageError, match="no retrieval suite") as refused:
        eval_retrieval.run(options(suite), lambda _chunk: None)
    assert "openmoji, openclipart, photographs, asterisk" in str(refused.value.remedy)


def test_pictures_are_always_asked_whole() -> None:
    with pytest.raises(UsageError, match="always asked whole"):
        eval_retrieval.run(options("openclipart", limit=5), lambda _chunk: None)


def test_a_suite_of_pictures_is_given_the_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Report("retrieval: openclipart", (Figure("R@1", 1.0, 1),))
    given = []

    def run(images: object, texts: object, mapping: object, *, progress: object) -> Report:
        given.append((images, texts, mapping))
        return found

    class Parts:
        image_encoder, text_encoder, mapping = "images", "texts", "mapping"

    monkeypatch.setattr(retrieval_openclipart, "run", run)
    monkeypatch.setattr(eval_retrieval, "Parts", lambda _config: Parts())
    assert eval_retrieval.run(options("openclipart"), lambda _chunk: None) is found
    assert given == [("images", "texts", "mapping")]
