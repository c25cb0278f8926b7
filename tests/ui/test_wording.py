"""Strangers' text made harmless."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.wording import escape, folder_of, name_of, visible


@given(st.text())
def test_escaping_loses_no_letter(text: str) -> None:
    unescaped = "".join(
        sign for n, sign in enumerate(escape(text)) if not _is_escape(escape(text), n)
    )
    assert unescaped.replace("\u2060", "") == visible(text).replace("\n", " ").replace("\u2060", "")


def _is_escape(text: str, position: int) -> bool:
    run = 0
    while position - run >= 0 and text[position - run] == "\\":
        run += 1
    return run % 2 == 1


@pytest.mark.parametrize("text", [":red[x]", ":smile:", ":material/home:", ":100:"])
def test_directives_and_shortcodes_cannot_form(text: str) -> None:
    assert text not in escape(text)
    assert ":smile:" not in escape(text).replace("\\", "")
    assert ":material/home:" not in escape(text).replace("\\", "")


def test_a_name_of_strange_bytes_can_be_shown() -> None:
    path = Path(os.fsdecode(b"/tmp/caf\xe9\n.jpg"))
    assert name_of(path) == "caf\ufffd\ufffd.jpg"
    name_of(path).encode()


def test_the_home_folder_is_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert folder_of(Path("/home/ada/Pictures/a.jpg")) == "~/Pictures"
    assert folder_of(Path("/home/adam/a.jpg")) == "/home/adam"
