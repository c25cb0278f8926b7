from pathlib import Path

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_tests.integration_tests import RetrieversIntegrationTests

from mmqa.fusion.concat import ConcatFuser
from mmqa.records import Hit, SearchResult
from mmqa.retrieval.langchain import MmqaRetriever
from mmqa.retrieval.search import search

FUSER = ConcatFuser(3)
NOTES = ("the ferry leaves at ten", "a red football", "the ferry is late", "gate B-17")


@pytest.fixture
def retrieve(store, add):
    """Real search over a small real index, by words."""
    for n, words in enumerate(NOTES):
        add(f"{n}.txt", words, text=np.eye(3)[n % 3], kind="text")

    def run(question: str, k: int) -> SearchResult:
        with store.snapshot() as view:
            found = search(view, FUSER, [], question, k=k)
            segments = view.segments([one.rowid for one in found])
        hits = [
            Hit(rank, segment, one.score, one.contributions)
            for rank, (one, segment) in enumerate(zip(found, segments, strict=True), 1)
        ]
        return SearchResult(question, {}, tuple(hits))

    return run


def test_documents_carry_words_and_where_they_stand(retrieve):
    first, second = MmqaRetriever(search=retrieve).invoke("When does the ferry leave?")
    assert isinstance(first, Document)
    assert {first.page_content, second.page_content} == {NOTES[0], NOTES[2]}
    assert Path(first.metadata["path"]).parent == Path("/media")
    assert first.metadata["kind"] == "text"
    assert first.metadata["start_s"] is None
    assert first.metadata["score"] == pytest.approx(sum(first.metadata["contributions"].values()))
    assert first.id == first.metadata["id"]


async def test_asynchronous_retrieval_finds_the_same(retrieve):
    retriever = MmqaRetriever(search=retrieve, k=1)
    assert await retriever.ainvoke("ferry") == retriever.invoke("ferry")
    assert len(await retriever.ainvoke("ferry", k=2)) == 2


class TestStandard(RetrieversIntegrationTests):
    """LangChain's own suite."""

    @pytest.fixture(autouse=True)
    def _index(self, retrieve):
        self._search = retrieve

    @property
    def retriever_constructor(self):
        return lambda **options: MmqaRetriever(search=self._search, **options)

    @property
    def retriever_constructor_params(self):
        return {}

    @property
    def retriever_query_example(self):
        return "ferry football gate"
