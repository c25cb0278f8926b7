"""``mmqa train router`` trains in the languages that the preset's encoder knows."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from mmqa.commands import train_router
from mmqa.training import router


@pytest.mark.parametrize(
    ("known", "phrased"), [(("en",), ("en",)), ((), ("en", "zh")), (("de", "zh"), ("zh",))]
)
def test_phrasings_of_known_languages_are_used(
    known: tuple[str, ...],
    phrased: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    class Parts:
        languages = known
        text_encoder = "encoder"

        def __init__(self, config: Any) -> None:
            del config

    told: dict[str, Any] = {}

    def train(encoder: Any, languages: tuple[str, ...], **rest: Any) -> None:
        told.update(rest, encoder=encoder, languages=languages)

    monkeypatch.setattr(train_router, "Parts", Parts)
    monkeypatch.setattr(router, "train", train)
    options = Namespace(out=str(tmp_path), seed=3, set=[], config=None, index=None)
    train_router.run(options, lambda _chunk: None)
    assert told["languages"] == phrased
    assert told["out"] == tmp_path
    assert told["settings"].seed == 3
