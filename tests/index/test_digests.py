import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmqa.index import digests


def test_the_checksum_is_crc_32_of_the_columns_as_json():
    # zlib.crc32(b'[1, "a", null, "00ff"]')
    assert digests.of_values(1, "a", None, b"\x00\xff") == 2186621546


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_flipped_bit_in_vectors_is_always_noticed(vectors, data):
    place = data.draw(st.integers(0, 8 * len(vectors) - 1))
    flipped = bytearray(vectors)
    flipped[place // 8] ^= 1 << place % 8
    assert digests.of_vectors(1, "text", vectors, b"") != digests.of_vectors(
        1, "text", bytes(flipped), b""
    )


def test_text_that_is_no_unicode_has_a_checksum_too():
    assert digests.of_text("\udcff") != digests.of_text("\udcfe")


@given(st.lists(st.integers(0, 4), min_size=1, max_size=50))
def test_a_set_of_rows_is_the_sum_of_its_rows(codes):
    by_hand = sum(digests.of_row(n, code) for n, code in enumerate(codes) if code)
    assert digests.of_rows(np.array(codes, np.uint8)) == by_hand % 2**64


def test_a_row_that_is_missing_or_moved_or_of_another_kind_changes_the_set():
    rows = np.array([0, 1, 2, 0, 1], np.uint8)
    others = ([0, 1, 2, 0, 0], [0, 1, 2, 1, 0], [0, 2, 1, 0, 1], [0, 1, 2, 0, 2], [0, 1, 2, 4, 1])
    found = {digests.of_rows(np.array(codes, np.uint8)) for codes in others}
    assert digests.of_rows(rows) not in found
    assert len(found) == len(others)
