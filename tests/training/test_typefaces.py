"""Typefaces that need no system fonts."""

from __future__ import annotations

import pytest

from mmqa.errors import CorpusError
from mmqa.training.typefaces import TYPEFACES, Typeface, font


@pytest.mark.parametrize("typeface", TYPEFACES, ids=lambda t: t.name)
def test_every_typeface_is_there_and_has_letters_and_digits(typeface: Typeface) -> None:
    found = font(typeface, 32)
    missing = found.getmask("\U0010ffff").getbbox()
    for character in "AaZz09":
        assert found.getmask(character).getbbox() not in (None, missing)


def test_no_two_typefaces_write_alike() -> None:
    written = {bytes(font(t, 40).getmask("Hamburgefonstiv 0123")) for t in TYPEFACES}
    assert len(written) == len(TYPEFACES)


def test_a_typeface_that_the_wheel_does_not_carry_is_an_error() -> None:
    with pytest.raises(CorpusError, match="Wingdings"):
        font(Typeface("pictures", "Wingdings"), 20)
