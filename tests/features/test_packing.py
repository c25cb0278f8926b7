from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmqa.features.packing import WINDOW_S, Window, Word, in_order, pack, separate
from mmqa.features.voice import RATE_HZ, Piece


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.2, 26)), max_size=30))
def test_windows_hold_every_piece_once_and_are_never_too_long(
    given_pieces: list[tuple[int, float]],
) -> None:
    pieces = [Piece(owner, 0, int(length_s * RATE_HZ)) for owner, length_s in sorted(given_pieces)]
    windows = list(pack(pieces))
    assert [piece for window in windows for piece in window.pieces] == pieces
    assert all(w.starts[-1] + len(w.pieces[-1]) <= WINDOW_S * RATE_HZ for w in windows)


def test_a_window_sounds_like_its_pieces_with_silence_between() -> None:
    sounds = [np.full(4 * RATE_HZ, 0.1, np.float32), np.full(2 * RATE_HZ, 0.2, np.float32)]
    (window,) = pack([Piece(0, RATE_HZ, 3 * RATE_HZ), Piece(1, 0, 2 * RATE_HZ)])
    sound = window.sound(sounds)
    seconds = [float(sound[int(t * RATE_HZ)]) for t in (1.0, 2.5, 3.5)]
    np.testing.assert_allclose(seconds, [0.1, 0.0, 0.2], atol=1e-6)


def test_words_go_back_to_their_recording_and_time() -> None:
    (window,) = pack([Piece(0, 10 * RATE_HZ, 12 * RATE_HZ), Piece(1, 0, 2 * RATE_HZ)])
    assert window.place(Word(0.5, 1.0, " a")) == (0, Word(10.5, 11.0, " a"))
    assert window.place(Word(3.5, 4.0, " b")) == (1, Word(0.5, 1.0, " b"))


def test_a_word_that_starts_in_the_gap_is_held_within_its_piece() -> None:
    (window,) = pack([Piece(0, 0, 2 * RATE_HZ), Piece(1, 0, 2 * RATE_HZ)])
    owner, word = window.place(Word(2.6, 3.4, " b"))
    assert (owner, word.start_s, word.end_s) == (1, 0.0, pytest.approx(0.4))


def test_a_pause_within_a_recording_is_shortened() -> None:
    (window,) = pack([Piece(0, 0, RATE_HZ), Piece(0, 9 * RATE_HZ, 10 * RATE_HZ)])
    assert window.starts == (0, int(1.5 * RATE_HZ))


def test_separated_windows_hold_one_piece_each() -> None:
    window = Window((Piece(0, 0, 5), Piece(1, 0, 5)), (0, 16_005))
    assert [w.starts for w in separate(window)] == [(0,), (0,)]


def test_words_in_order_never_overlap() -> None:
    words = in_order([Word(1, 3, " b"), Word(0, 2, " a"), Word(2.5, 2.8, " c")])
    assert all(a.end_s <= b.start_s for a, b in pairwise(words))
