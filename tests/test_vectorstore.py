"""LangChain's own suite, whole, and what it does not ask: filters, scores, diversity, threads."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from mmqa import Filter, Library, MmqaVectorStore, vectorstore
from mmqa.errors import IndexMismatchError, UsageError

DIRECTIONS = {"north": [0.0, 2.0], "east": [1.0, 0.0], "north-east": [3.0, 4.0]}


class Compass(Embeddings):
    """Texts that name a direction point there: scores can be worked out by hand."""

    model = "compass-1"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return DIRECTIONS[text.split(maxsplit=1)[0]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MmqaVectorStore]:
    opened = MmqaVectorStore(Compass(), tmp_path / "index")
    yield opened
    opened.close()


@pytest.fixture
def filled(store: MmqaVectorStore) -> MmqaVectorStore:
    store.add_texts(
        ["north", "east", "north-east"],
        [{"year": 2024}, {"year": 2025, "by": "Ann"}, {"year": 2025}],
        ids=["n", "e", "ne"],
    )
    return store


class TestStandard(VectorStoreIntegrationTests):
    """LangChain's suite over an index of its own."""

    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[MmqaVectorStore]:
        opened = MmqaVectorStore(self.get_embeddings(), tmp_path / "index")
        yield opened
        opened.close()


def test_scores_are_cosines_and_relevance_is_too(filled):
    pairs = filled.similarity_search_with_score("north", k=3)
    assert [(d.id, pytest.approx(s, abs=1e-3)) for d, s in pairs] == [
        ("n", 1.0),
        ("ne", 0.8),
        ("e", 0.0),
    ]
    relevant = filled.similarity_search_with_relevance_scores("north", k=3, score_threshold=0.5)
    assert [d.id for d, _ in relevant] == ["n", "ne"]
    assert all(0.0 <= score <= 1.0 for _, score in relevant)


def test_documents_come_back_with_exactly_their_metadata(filled):
    (found,) = filled.similarity_search("east", k=1)
    assert found == Document(
        id="e", page_content="east", metadata={"year": 2025, "by": "Ann"}, type="Document"
    )
    assert filled.get_by_ids(["e"]) == [found]
    assert filled.similarity_search_by_vector([1.0, 0.0], k=1) == [found]


def test_a_filter_is_equality_of_metadata_or_ours(filled):
    def found(where):
        return {d.id for d in filled.similarity_search("north", k=3, filter=where)}

    assert found({"year": 2025}) == {"e", "ne"}
    assert found({"year": 2025, "by": "Ann"}) == {"e"}
    assert found({"by": None}) == set()
    assert found({}) == found(None) == {"n", "e", "ne"}
    assert found(Filter(metadata=(("year", 2024),))) == {"n"}
    assert found(Filter(kinds=("image",))) == set()


@pytest.mark.parametrize(
    "where", ["year", ["year"], {"year": {"$gt": 2024}}, {7: 1}, {"x": 2**64}, {"x": float("nan")}]
)
def test_a_filter_that_is_not_understood_is_refused(filled, where):
    with pytest.raises(UsageError, match="filter"):
        filled.similarity_search("north", filter=where)


def test_diverse_hits_are_unlike_each_other(filled):
    filled.add_texts(["north again", "north once more"], ids=["n2", "n3"])
    assert [d.id for d in filled.similarity_search("north", k=2)] == ["n", "n2"]
    diverse = filled.max_marginal_relevance_search("north", k=2, fetch_k=5, lambda_mult=0.3)
    assert [d.id for d in diverse] == ["n", "e"]
    by_vector = filled.max_marginal_relevance_search_by_vector(
        [0.0, 1.0], k=2, fetch_k=5, lambda_mult=0.3
    )
    assert by_vector == diverse
    only = filled.max_marginal_relevance_search("north", k=5, filter={"year": 2025})
    assert {d.id for d in only} == {"e", "ne"}


async def test_asynchronous_searches_find_the_same(filled):
    vector = [0.0, 1.0]
    assert await filled.asimilarity_search("north", k=2) == filled.similarity_search("north", k=2)
    assert await filled.asimilarity_search_with_score(
        "north", k=2, filter={"year": 2025}
    ) == filled.similarity_search_with_score("north", k=2, filter={"year": 2025})
    assert await filled.asimilarity_search_by_vector(
        vector, k=2
    ) == filled.similarity_search_by_vector(vector, k=2)
    assert await filled.amax_marginal_relevance_search(
        "north", k=2
    ) == filled.max_marginal_relevance_search("north", k=2)
    assert await filled.amax_marginal_relevance_search_by_vector(
        vector, k=2
    ) == filled.max_marginal_relevance_search_by_vector(vector, k=2)
    assert await filled.asimilarity_search_with_relevance_scores(
        "north", k=2
    ) == filled.similarity_search_with_relevance_scores("north", k=2)


async def test_the_event_loop_stays_free_and_an_embedding_may_be_asynchronous(tmp_path):
    threads: list[threading.Thread] = []

    class Slow(Compass):
        async def aembed_documents(self, texts):
            return [await self.aembed_query(text) for text in texts]

        async def aembed_query(self, text):
            await asyncio.sleep(0)
            return DIRECTIONS[text]

        def embed_query(self, text):
            raise AssertionError("asked synchronously")

    store = MmqaVectorStore(Slow(), tmp_path / "index")
    store_add = store._add

    def add(*arguments):
        threads.append(threading.current_thread())
        time.sleep(0.05)
        return store_add(*arguments)

    store._add = add
    ticks = 0

    async def tick():
        nonlocal ticks
        while not adding.done():
            ticks += 1
            await asyncio.sleep(0.005)

    adding = asyncio.ensure_future(store.aadd_texts(["north", "east"], ids=["n", "e"]))
    await tick()
    assert await adding == ["n", "e"]
    assert ticks > 3
    assert threading.main_thread() not in threads
    assert [d.id for d in await store.asimilarity_search("east", k=1)] == ["e"]
    store.close()


async def test_many_additions_at_once_are_all_kept(store):
    await asyncio.gather(*(store.aadd_texts([f"north {n}"], ids=[str(n)]) for n in range(12)))
    assert len(await store.aget_by_ids([str(n) for n in range(12)])) == 12


def test_a_store_is_made_of_texts_or_documents_and_opened_again(tmp_path):
    documents = [Document(page_content="north", metadata={"n": 1}, id="n")]
    with_ids = MmqaVectorStore.from_documents(documents, Compass(), path=tmp_path / "index")
    with_ids.close()
    again = MmqaVectorStore(Compass(), tmp_path / "index")
    assert again.similarity_search("east") == documents
    again.close()
    with pytest.raises(UsageError, match="no folder was named"):
        MmqaVectorStore.from_texts(["north"], Compass())


async def test_a_store_is_made_asynchronously(tmp_path):
    store = await MmqaVectorStore.afrom_texts(
        ["north"], Compass(), [{"n": 1}], ids=["n"], path=tmp_path / "index"
    )
    assert store.get_by_ids(["n"])[0].metadata == {"n": 1}
    store.close()


def test_vectors_of_another_embedding_are_refused(filled, tmp_path):
    class Other(Compass):
        model = "compass-2"

    with pytest.raises(IndexMismatchError, match=r"Compass:compass-1.*Other:compass-2"):
        MmqaVectorStore(Other(), tmp_path / "index")


def test_before_the_first_addition_there_is_nothing_and_no_folder(store, tmp_path):
    assert store.similarity_search("north") == []
    assert store.max_marginal_relevance_search("north") == []
    assert store.get_by_ids(["n"]) == []
    assert store.delete(["n"]) is True
    assert store.add_texts([]) == []
    store.flush()
    assert not (tmp_path / "index").exists()
    other = MmqaVectorStore(Compass(), tmp_path / "index")
    other.add_texts(["north"], ids=["n"])
    assert [d.id for d in store.similarity_search("north")] == ["n"]
    other.close()


def test_everything_is_deleted_when_nothing_is_named(filled):
    assert filled.delete() is True
    assert filled.similarity_search("north") == []


def test_a_bad_addition_names_the_document_and_keeps_none(store):
    with pytest.raises(UsageError, match="metadata of document 'b'"):
        store.add_texts(["north", "east"], [{}, {"x": (1, 2)}], ids=["a", "b"])
    assert store.get_by_ids(["a", "b"]) == []


def test_what_was_embedded_before_an_interruption_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(vectorstore, "AT_ONCE", 2)

    class Tired(Compass):
        asked = 0

        def embed_documents(self, texts):
            self.asked += 1
            if self.asked == 2:
                raise KeyboardInterrupt
            return super().embed_documents(texts)

    store = MmqaVectorStore(Tired(), tmp_path / "index")
    with pytest.raises(KeyboardInterrupt):
        store.add_texts(["north"] * 5, ids=list("abcde"))
    assert [d.id for d in store.get_by_ids(list("abcde"))] == ["a", "b"]
    assert store.add_texts(["east"] * 5, ids=list("abcde")) == list("abcde")
    assert len(store.similarity_search("east", k=9)) == 5
    store.close()


def test_langchains_own_retriever_takes_filter_and_threshold(filled):
    retriever = filled.as_retriever(search_kwargs={"k": 3, "filter": {"year": 2025}})
    assert {d.id for d in retriever.invoke("north")} == {"e", "ne"}
    strict = filled.as_retriever(
        search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.9}
    )
    assert [d.id for d in strict.invoke("north")] == ["n"]
    diverse = filled.as_retriever(search_type="mmr", search_kwargs={"k": 2})
    assert len(diverse.invoke("north")) == 2


@pytest.mark.parametrize(
    "search",
    [
        "similarity_search",
        "similarity_search_with_score",
        "similarity_search_with_relevance_scores",
        "max_marginal_relevance_search",
    ],
)
def test_an_option_that_is_not_known_is_not_ignored(filled, search):
    with pytest.raises(UsageError, match="no option 'filters'"):
        getattr(filled, search)("north", filters={"year": 2024})


def test_langchains_indexing_keeps_a_store_equal_to_its_source(store):
    records = InMemoryRecordManager(namespace="notes")
    records.create_schema()

    def indexed(*texts: str) -> dict[str, int]:
        documents = [Document(page_content=text, metadata={"source": "s"}) for text in texts]
        return dict(
            index(
                documents,
                records,
                store,
                cleanup="full",
                source_id_key="source",
                key_encoder="sha256",
            )
        )

    assert indexed("north", "east")["num_added"] == 2
    assert indexed("north", "east")["num_skipped"] == 2
    assert indexed("north")["num_deleted"] == 1
    assert [d.page_content for d in store.similarity_search("north", k=5)] == ["north"]


def test_deterministic_embeddings_are_named_by_their_class(tmp_path):
    embedding = DeterministicFakeEmbedding(size=6)
    store = MmqaVectorStore.from_texts(["a"], embedding, path=tmp_path / "index")
    identity = (tmp_path / "index" / "index.toml").read_text()
    assert "DeterministicFakeEmbedding" in identity
    store.close()


# --------------------------------------------------------------------------- over a library


@pytest.mark.weights
class TestStandardOverALibrary(VectorStoreIntegrationTests):
    """LangChain's suite over ``Library.as_vectorstore``: real encoder, fusion and calibration."""

    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[MmqaVectorStore]:
        with Library.open(tmp_path / "index") as library:
            yield library.as_vectorstore()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    media = tmp_path / "media"
    media.mkdir()
    (media / "ferry.txt").write_text("The ferry to the island leaves from pier four at seven.\n")
    (media / "garden.md").write_text("# Garden\n\nThe tomatoes want water twice a week.\n")
    with Library.open(tmp_path / "library") as opened:
        opened.add(media)
        yield opened


@pytest.mark.weights
def test_documents_are_found_beside_files_and_answer_questions(library):
    store = library.as_vectorstore()
    added = store.add_texts(["The red bicycle stands in the cellar."], [{"n": 1}], ids=["note/1"])
    assert added == ["note/1"]
    assert library.search("bike", k=1)[0].segment.text.passage.startswith("The red bicycle")
    assert "cellar" in library.ask("Where is the bicycle?").text
    boat, bike = store.similarity_search("boats and bikes", k=2)
    assert {boat.id, bike.id} >= {"note/1"}
    assert store.similarity_search("bicycle", k=1)[0] == Document(
        id="note/1", page_content="The red bicycle stands in the cellar.", metadata={"n": 1}
    )
    assert [d.id for d in store.similarity_search("ferry", filter={"n": 1})] == ["note/1"]
    assert store.delete(["note/1"])
    assert all("bicycle" not in hit.segment.text.passage for hit in library.search("bicycle"))
    assert library.verify() == ()


@pytest.mark.weights
def test_pieces_of_files_say_where_they_stand_and_how_they_scored(library):
    store = library.as_vectorstore()
    ((document, score),) = store.similarity_search_with_score("when does the boat leave?", k=1)
    metadata = document.metadata
    assert Path(metadata["path"]).name == "ferry.txt"
    assert metadata["modality"] == metadata["kind"] == "text"
    assert {"start_s", "end_s", "page"} <= set(metadata)
    assert metadata["id"] == document.id
    assert metadata["score"] == score == sum(metadata["contributions"].values())
    (again,) = store.get_by_ids([document.id])
    assert again.page_content == document.page_content
    vector = store.embeddings.embed_query("when does the boat leave?")
    assert store.similarity_search_by_vector(vector, k=1)[0].id == document.id
    only = store.similarity_search("boat", filter=Filter(kinds=("image",)))
    assert only == []
    diverse = store.max_marginal_relevance_search("boat", k=2)
    assert len({d.id for d in diverse}) == 2
    relevant = store.similarity_search_with_relevance_scores("boat", k=2)
    assert all(0.0 <= relevance <= 1.0 for _, relevance in relevant)


@pytest.mark.weights
def test_a_piece_of_a_file_cannot_be_deleted_alone(library):
    store = library.as_vectorstore()
    piece = store.similarity_search("ferry", k=1)[0].id
    with pytest.raises(UsageError, match="piece of a file"):
        store.delete([piece])
    store.add_texts(["a note"], ids=["a"])
    store.delete()
    assert library.status().items == 2
    assert store.get_by_ids(["a", piece])[0].id == piece


@pytest.mark.weights
def test_files_and_documents_are_added_by_turns_and_at_the_same_time(library, tmp_path):
    store = library.as_vectorstore()
    store.add_texts(["one"], ids=["1"])
    (tmp_path / "late.txt").write_text("The late train leaves from platform nine.\n")
    assert library.add(tmp_path / "late.txt").added == 1
    with ThreadPoolExecutor(4) as pool:
        adding = [pool.submit(store.add_texts, [f"note {n}"], ids=[f"n{n}"]) for n in range(8)]
        assert [one.result() for one in adding] == [[f"n{n}"] for n in range(8)]
    library.remove(tmp_path / "late.txt")
    assert library.status().items == 2 + 9
    assert library.verify() == ()
