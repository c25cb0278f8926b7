from __future__ import annotations

import asyncio
import re
from pathlib import Path

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_tests.integration_tests import RetrieversIntegrationTests

from mmqa import Filter, Library
from mmqa.fusion.concat import ConcatFuser
from mmqa.records import Hit, SearchResult
from mmqa.retrieval.langchain import MmqaRetriever
from mmqa.retrieval.search import search

FUSER = ConcatFuser(3)
NOTES = ("the ferry leaves at ten", "a red football", "the ferry is late", "gate B-17")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def retrieve(store, add):
    """Real search over a small real index, by words."""
    for n, words in enumerate(NOTES):
        add(f"{n}.txt", words, text=np.eye(3)[n % 3], kind="text")

    def run(question: str, k: int, where: Filter | None) -> SearchResult:
        with store.snapshot() as view:
            found = search(view, FUSER, [], question, k=k, where=where)
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
    assert first.metadata["kind"] == first.metadata["modality"] == "text"
    assert {"start_s", "end_s", "page"} <= set(first.metadata)
    assert first.metadata["score"] == pytest.approx(sum(first.metadata["contributions"].values()))
    assert first.id == first.metadata["id"]


def test_only_segments_that_fit_are_retrieved(retrieve):
    only = MmqaRetriever(search=retrieve, where=Filter(folders=(Path("/media/0.txt"),)))
    assert [d.page_content for d in only.invoke("ferry")] == [NOTES[0]]
    other = Filter(folders=(Path("/media/2.txt"),))
    assert [d.page_content for d in only.invoke("ferry", where=other)] == [NOTES[2]]
    assert MmqaRetriever(search=retrieve, where=Filter(kinds=("image",))).invoke("ferry") == []


async def test_asynchronous_retrieval_finds_the_same(retrieve):
    retriever = MmqaRetriever(search=retrieve, k=1)
    assert await retriever.ainvoke("ferry") == retriever.invoke("ferry")
    assert len(await retriever.ainvoke("ferry", k=2)) == 2
    images = Filter(kinds=("image",))
    assert await retriever.ainvoke("ferry", where=images) == []


async def test_many_questions_at_once_are_answered_each(retrieve):
    retriever = MmqaRetriever(search=retrieve, k=1)
    found = await asyncio.gather(*(retriever.ainvoke(words) for words in NOTES))
    assert [documents[0].page_content for documents in found] == list(NOTES)


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


# --------------------------------------------------------------------------- a library's


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small index where the documentation expects it."""
    folder = tmp_path_factory.mktemp("trip")
    media = folder / "media"
    media.mkdir()
    (media / "ferry.txt").write_text(
        "The ferry to the island leaves from pier four at half past seven in the morning.\n"
    )
    (media / "garden.md").write_text("# Garden\n\nThe tomatoes want water twice a week.\n")
    (media / "key.txt").write_text("The spare key hangs behind the green door.\n")
    with Library.open(folder / "indexes/trip") as library:
        assert library.add(media).added == 3
    return folder


@pytest.mark.weights
class TestStandardOfALibrary(RetrieversIntegrationTests):
    """LangChain's own suite over ``Library.as_retriever``."""

    @pytest.fixture(autouse=True)
    def _library(self, trip):
        with Library.open(trip / "indexes/trip") as self._opened:
            yield

    @property
    def retriever_constructor(self):
        return lambda **options: self._opened.as_retriever(**options)

    @property
    def retriever_query_example(self):
        return "When does the boat leave?"


@pytest.mark.weights
def test_a_document_of_a_program_is_retrieved_with_what_it_says_of_itself(trip):
    with Library.open(trip / "indexes/trip") as library:
        library.as_vectorstore().add_texts(
            ["Ann called about the roof."], [{"by": "Ann", "score": "own"}], ids=["call/1"]
        )
        document = library.as_retriever(k=1).invoke("roof")[0]
        library.as_vectorstore().delete(["call/1"])
    assert document.id == "call/1"
    assert document.metadata["by"] == "Ann"
    assert document.metadata["modality"] == "text"
    assert document.metadata["score"] == sum(document.metadata["contributions"].values())


def documented() -> list[str]:
    """The pieces of code about LangChain in the documentation that is there, each once."""
    files = [file for file in (ROOT / "README.md", ROOT / "docs/langchain.md") if file.exists()]
    blocks = [
        block
        for file in files
        for block in re.findall(r"```python\n(.*?)```", file.read_text("utf-8"), re.DOTALL)
        if re.search("langchain_core|MmqaVectorStore|Documents.open", block)
    ]
    return list(dict.fromkeys(blocks))


@pytest.mark.weights
def test_the_code_in_the_documentation_runs_and_says_what_is_so(trip, monkeypatch, capsys):
    monkeypatch.chdir(trip)
    for code in documented():
        names: dict[str, object] = {}
        exec(compile(code, "documentation", "exec"), names)
        for name in ("library", "store"):
            if name in names:
                names[name].close()  # type: ignore[attr-defined]
    said = capsys.readouterr().out
    assert "four" in said.lower()
    assert "page_content='Tea is at four.'" in said
    assert "text 7 1.0" in said
