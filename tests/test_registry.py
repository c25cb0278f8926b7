"""Names of parts, and the door for other packages."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from mmqa import registry
from mmqa.errors import ConfigError


def test_every_built_in_name_leads_to_something_callable() -> None:
    for role, entries in registry.BUILT_IN.items():
        for name in entries:
            assert callable(registry.load(role, name)), (role, name)


def test_an_unknown_name_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="concat"):
        registry.load("fuser", "magic")


def test_another_package_comes_in_by_an_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(name="mine", value="json:loads", group="mmqa.fuser")
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [point] if group == "mmqa.fuser" else []
    )
    assert registry.names("fuser") == ("attention", "concat", "folder", "mine", "weighted")
    assert registry.load("fuser", "mine")("[1]") == [1]
