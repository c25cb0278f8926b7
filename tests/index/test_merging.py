"""The two rules, played through: how many files there are, and how often a row is written."""

import random

from mmqa.index import merging


def written(sizes, pending, rule, cost):
    """Apply a rule; counts what was written into ``cost``."""
    merged = rule(sizes, pending)
    if merged is None:
        return sizes, pending
    kept = sizes[: len(sizes) - merged]
    new = sum(sizes[len(sizes) - merged :]) + pending
    cost.append(new)
    return [*kept, new], 0


def test_adding_writes_each_row_twice_at_most_whatever_the_size():
    sizes, pending, cost = [], 0, []
    for _ in range(1_000):
        sizes, pending = written(sizes, pending + 1_000, merging.while_adding, cost)
    assert sum(cost) <= 2 * 1_000_000
    assert max(cost) < 2 * merging.MERGED_ROWS
    assert len(sizes) < 1_000_000 / merging.MERGED_ROWS + 8
    assert pending < merging.LEVEL_ROWS


def test_at_the_end_few_files_are_left_each_larger_than_all_after_it():
    random.seed(5)
    sizes, cost, total = [], [], 0
    for _ in range(2_000):
        added = random.choice([1, 1, 3, 50, 4_000])
        total += added
        sizes, _ = written(sizes, added, merging.at_the_end, cost)
        assert all(size > 2 * sum(sizes[i + 1 :]) for i, size in enumerate(sizes))
    assert sum(sizes) == total
    assert len(sizes) <= 14  # log₃ of 1.6 million
    assert sum(cost) <= 20 * total


def test_a_million_rows_are_not_moved_for_a_handful():
    assert merging.at_the_end([1_000_000], 400_000) == 0
    assert merging.at_the_end([1_000_000], 500_000) == 1


def test_what_adding_left_in_pieces_is_joined_at_the_end():
    assert merging.at_the_end([65_536] * 15 + [8_192] * 3, 0) == 18
    assert merging.at_the_end([65_536], 0) is None
    assert merging.at_the_end([], 0) is None
