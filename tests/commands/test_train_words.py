"""``mmqa train words`` makes the words for the mapping of the configuration."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from mmqa.commands import train_words
from mmqa.training import prompt_vocabulary


@pytest.mark.parametrize("out", [None, "words"])
def test_words_are_made_for_the_configured_mapping(
    out: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Parts:
        text_encoder = "encoder"
        mapping = "mapping"

        def __init__(self, config: Any) -> None:
            del config

    told: list[Any] = []
    monkeypatch.setattr(train_words, "Parts", Parts)
    monkeypatch.setattr(
        prompt_vocabulary, "make", lambda *args, out, progress: told.extend((*args, out))
    )
    train_words.run(Namespace(out=out, set=[], config=None, index=None), lambda _chunk: None)
    assert told == ["encoder", "mapping", Path("words") if out else None]
