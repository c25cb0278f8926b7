"""Many threads on one store, and readers beside a writer that merges files under their feet."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

QUESTION = np.random.default_rng(0).standard_normal(20).astype(np.float32)


def test_threads_search_while_another_adds_removes_and_flushes(opened, fill):
    store = opened()
    fill(store, [f"/a/{n}.png" for n in range(20)], words="ferry")

    def search(_: int) -> None:
        for _ in range(30):
            with store.snapshot() as view:
                numbers, _scores = view.search(QUESTION, 1000)
                words = [n for n, _ in view.lexical('"ferry"', 1000)]
                assert sorted(numbers) == sorted(words)
                assert len(view.segments(numbers)) == view.count
                view.fused(numbers)

    def write() -> None:
        for n in range(20, 50):
            fill(store, [f"/a/{n}.png"], words="ferry")
            with store.transaction() as change:
                change.remove(Path(f"/a/{n - 20}.png"))
            if n % 4 == 0:
                store.flush()
        store.compact()

    with ThreadPoolExecutor(4) as pool:
        for done in [*[pool.submit(search, n) for n in range(3)], pool.submit(write)]:
            done.result(timeout=60)
    assert store.verify() == []
    assert store.count == 20


def test_readers_never_report_damage_while_a_writer_merges(opened, fill):
    writer = opened()
    fill(writer, ["/a/0.png"])

    def read() -> int:
        seen = 0
        for _ in range(15):
            with opened(writable=False) as reader, reader.snapshot() as view:
                count = len(view.search(QUESTION, 1000)[0])
                assert count >= seen
                seen = count
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for n in range(1, 40):
            fill(writer, [f"/a/{n}.png"])
            writer.flush()
        for reader in readers:
            reader.result(timeout=60)
    assert opened.notices == []
