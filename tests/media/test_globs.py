"""Globs mean what they mean in a shell, and never more than they say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmqa.media.globs import fixed_part, is_glob, matcher, regex


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("**", "a/b", True),
        ("*", "a/b", False),
        ("*", "a\nb", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**", "a", False),
        ("a?b", "a/b", False),
        ("*.png", "apng", False),
        ("IMG_[0-9].jpg", "IMG_7.jpg", True),
        ("IMG_[0-9].jpg", "IMG_x.jpg", False),
        ("IMG_[!0-9].jpg", "IMG_x.jpg", True),
        ("a[!b]c", "a/c", False),
        ("[]]", "]", True),
        ("[[]1]", "[1]", True),
        ("[z-a]", "[z-a]", True),
        ("[z-a]", "z", False),
        ("[ab", "[ab", True),
        ("[^a]", "^", True),
        ("[^a]", "b", False),
        ("a.b", "axb", False),
    ],
)
def test_a_glob_fits_what_a_shell_would_expand_it_to(glob: str, path: str, fits: bool) -> None:
    assert matcher([glob])(path) is fits


def test_a_path_that_is_the_glob_to_the_letter_fits_it() -> None:
    assert matcher(["x[1]*"])("x[1]*")
    assert matcher(["a[1].png"])("a[1].png")
    assert matcher(["a[1].png"])("a1.png")


@given(st.text(st.sampled_from("a*?[]!^-\\/.\n&|~"), max_size=12))
def test_any_text_is_a_glob_that_can_be_compiled_and_fits_itself(glob: str) -> None:
    re.compile(regex(glob))
    assert matcher([glob])(glob)


@given(st.text(st.sampled_from("ab/.\n+()"), max_size=12), st.text("ab/.", max_size=12))
def test_text_without_magic_fits_only_itself(glob: str, path: str) -> None:
    assert not is_glob(glob)
    assert matcher([glob])(path) is (glob == path)


def test_the_fixed_part_ends_at_the_last_whole_folder() -> None:
    assert fixed_part("/a/b*/c") == ("/a", "b*/c")
    assert fixed_part("/a/b[1]") == ("/a", "b[1]")
    assert fixed_part("/*") == ("/", "*")
    assert fixed_part("a/b") == ("a", "b")
