"""Looking for alike pictures among many: the same answers as comparing two by two."""

from __future__ import annotations

import random
from pathlib import Path

from mmqa.media.near_duplicates import NearDuplicates
from mmqa.media.quality import is_near_duplicate


def test_the_answers_are_those_of_comparing_two_by_two() -> None:
    chance = random.Random(1)
    hashes = [f"{chance.getrandbits(64):016x}" for _ in range(3_000)]
    seen = NearDuplicates((Path(str(n)), h) for n, h in enumerate(hashes))
    for bits in range(12):
        changed = int(hashes[bits], 16)
        for bit in chance.sample(range(64), bits):
            changed ^= 1 << bit
        probe = f"{changed:016x}"
        expected = any(is_near_duplicate(probe, h) for h in hashes)
        assert seen.like(probe, but=Path("new")) is expected


def test_a_picture_is_no_duplicate_of_itself() -> None:
    seen = NearDuplicates([(Path("a"), "f" * 16)])
    assert not seen.like("f" * 16, but=Path("a"))


def test_a_changed_picture_is_remembered_as_it_is_now() -> None:
    seen = NearDuplicates([(Path("a"), "0" * 16)])
    seen.add(Path("a"), "f" * 16)
    assert not seen.like("0" * 16, but=Path("b"))
    assert seen.like("f" * 16, but=Path("b"))


def test_without_a_hash_nothing_is_alike() -> None:
    seen = NearDuplicates([(Path("a"), "")])
    assert not seen.like("", but=Path("b"))
