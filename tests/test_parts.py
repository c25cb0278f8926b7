"""The models of one configuration: loaded when asked for, once, and by the preset's names."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from mmqa import registry
from mmqa.config import Config
from mmqa.errors import ConfigError, ModelError, ModelMissingError
from mmqa.mapping import shipped
from mmqa.parts import Parts


def test_an_unknown_preset_is_named_at_once() -> None:
    with pytest.raises(ConfigError, match="giant"):
        Parts(Config(preset="giant"))


def test_models_that_were_not_pulled_are_an_error_that_says_how(tmp_path: Path) -> None:
    parts = Parts(Config(cache=str(tmp_path)))
    with pytest.raises(ModelMissingError, match="mmqa models pull embedded"):
        _ = parts.text_encoder


def test_what_ships_in_the_package_needs_no_pull(tmp_path: Path) -> None:
    parts = Parts(Config(cache=str(tmp_path)))
    assert parts.mapping.bank.shape[1] == 384
    assert parts.fuser.width == 1161
    assert parts.prompt_words.words(parts.mapping.bank[:1], k=3)[0]


def test_a_part_is_built_once_even_when_several_threads_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def factory(*_: Any, **__: Any) -> object:
        built.append("fuser")
        return object()

    monkeypatch.setattr(registry, "load", lambda role, name: factory)
    parts = Parts(Config(cache=str(tmp_path)))
    threads = [threading.Thread(target=lambda: parts.fuser) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == ["fuser"]


@pytest.mark.weights
def test_extractors_are_known_by_their_files_without_loading_any() -> None:
    parts = Parts(Config(language="en"))
    prints = parts.extractor_fingerprints()
    assert set(prints) == {"image_encoder", "text_recognizer", "transcriber"}
    assert prints["transcriber"].endswith(":en")
    assert parts._loaded == {}
    assert "text_recognizer" not in Parts(Config(ocr=False)).extractor_fingerprints()


@pytest.mark.weights
def test_the_language_model_is_known_by_its_files_and_settings_without_loading_it() -> None:
    parts = Parts(Config())
    told = parts.language_model_fingerprint()
    assert parts._loaded == {}
    assert parts._language_model_in_use is None
    assert told == Parts(Config()).language_model_fingerprint()
    assert told != Parts(Config(quantization="int8")).language_model_fingerprint()
    assert told != Parts(Config(vlm="text")).language_model_fingerprint()


def test_a_served_model_is_known_without_asking_its_server(tmp_path: Path) -> None:
    nobody = Config(vlm="served", served_url="http://127.0.0.1:9/v1", cache=str(tmp_path))
    assert len(Parts(nobody).language_model_fingerprint()) == 16


def test_a_router_of_another_text_encoder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Words:
        fingerprint = "another"

    parts = Parts(Config(router="trained"))
    monkeypatch.setitem(parts._loaded, "text_encoder", Words())
    with pytest.raises(ConfigError, match="router 'trained' was fitted to another text encoder"):
        _ = parts.router


def test_what_is_neither_a_name_nor_a_folder_is_no_fuser(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="or: attention, concat, weighted"):
        _ = Parts(Config(fusion=str(tmp_path / "nowhere"))).fuser


@pytest.mark.weights
def test_a_mapping_in_a_folder_is_opened_for_the_encoders_that_it_was_fitted_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(shipped.FOLDER / shipped.FILE_NAME, tmp_path)
    parts = Parts(Config(mapping=str(tmp_path)))
    assert parts.mapping.fingerprint == Parts(Config()).mapping.fingerprint

    class Words:
        fingerprint = "another"

    others = Parts(Config(mapping=str(tmp_path)))
    monkeypatch.setitem(others._loaded, "text_encoder", Words())
    with pytest.raises(ModelError, match="another"):
        _ = others.mapping
