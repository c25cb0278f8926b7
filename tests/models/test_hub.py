"""A pull from a hub, against one on this machine: whole, resumed, repaired, and each refusal."""

from __future__ import annotations

import json
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from safetensors.numpy import save

from mmqa.errors import ModelError
from mmqa.models.cache import role_folder
from mmqa.models.hub import _failure, fetch_commit
from mmqa.models.preset import Preset, Role
from mmqa.models.pull import is_pulled, pull
from mmqa.models.verify import verify
from mmqa.models.watched import Stopped
from mmqa.records import Chunk

from .hub_server import COMMIT, Hub, serve

Usage = namedtuple("Usage", "total used free")
WEIGHTS = save({"w": np.arange(300_000, dtype=np.float32)})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A repository with two files of weights, one of them large, and much that nobody needs."""
    files = {
        "config.json": b'{"model_type": "seer"}',
        "model.safetensors.index.json": b'{"weight_map": {}}',
        "model-00001-of-00002.safetensors": WEIGHTS,
        "model-00002-of-00002.safetensors": save({"v": np.zeros(3, np.float32)}),
        "tokenizer.json": b"{}",
        "chat_template.jinja": b"{{ messages }}",
        "LICENSE": b"free",
        "pytorch_model.bin": b"\x80\x04 a pickle",
        "consolidated.safetensors": WEIGHTS,
        "modeling_seer.py": b"import os",
        "onnx/model.onnx": b"another form",
    }
    hub = Hub(files, large={"model-00001-of-00002.safetensors"})
    server = serve(hub)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    yield hub
    if hub.stalls is not None:
        hub.stalls.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def role() -> Role:
    return Role(
        role="language_model",
        kind="language_model",
        loader="transformers",
        description="sees",
        licence="MIT",
        source="hub",
        conversion="hub-files/1",
        memory_bytes=10,
        installed_bytes=len(WEIGHTS),
        repo="tiny/seer",
        revision=COMMIT,
    )


@pytest.fixture
def seer(role: Role) -> Preset:
    return Preset("seer", "A model of a hub.", 1000, (role,))


def never() -> bool:
    return False


def nothing(chunk: Chunk) -> None:
    pass


def test_a_pull_fetches_safetensors_and_what_is_read_beside_them_and_no_pickle(
    hub: Hub, seer: Preset, tmp_path: Path
) -> None:
    last: dict[str, Chunk] = {}
    report = pull(seer, tmp_path, lambda chunk: last.__setitem__(chunk.label, chunk))
    assert report.pulled == ("language_model",) and report.complete
    folder = role_folder("seer", "language_model", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        "LICENSE",
        "chat_template.jinja",
        "config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
        "role.json",
        "tokenizer.json",
    ]
    assert (folder / "model-00001-of-00002.safetensors").read_bytes() == WEIGHTS
    assert json.loads((folder / "role.json").read_text())["preset"] == "seer"
    assert last["language_model: tiny/seer"].done == last["language_model: tiny/seer"].total
    assert verify(seer, tmp_path) == [] and is_pulled(seer, tmp_path)
    assert pull(seer, tmp_path).kept == ("language_model",)


def test_whole_files_of_a_pull_that_failed_are_not_fetched_again(
    hub: Hub, seer: Preset, tmp_path: Path
) -> None:
    hub.lies["tokenizer.json"] = b"[]"
    with pytest.raises(ModelError, match=r"tiny/seer is not what the hub lists: tokenizer\.json"):
        pull(seer, tmp_path)
    hub.lies.clear()
    hub.asked.clear()
    assert pull(seer, tmp_path).complete
    assert hub.asked == ["tokenizer.json"]


def test_a_connection_that_ends_within_a_file_goes_on_where_it_ended(
    hub: Hub, seer: Preset, tmp_path: Path
) -> None:
    name = "model-00001-of-00002.safetensors"
    hub.files[name] = save({"w": np.zeros(3_000_000, np.float32)})
    hub.breaks[name] = 11_000_000
    assert pull(seer, tmp_path).complete
    chunk = 10 * 1024 * 1024  # huggingface_hub writes whole chunks of that size
    assert hub.ranges == [f"bytes={chunk}-"]
    assert verify(seer, tmp_path) == []


def test_a_large_file_that_was_changed_on_the_way_is_not_kept(
    hub: Hub, seer: Preset, tmp_path: Path
) -> None:
    hub.lies["model-00001-of-00002.safetensors"] = WEIGHTS[:-1] + b"X"
    with pytest.raises(ModelError, match="is not what the hub lists: model-00001") as caught:
        pull(seer, tmp_path)
    assert "HF_ENDPOINT" in str(caught.value)
    assert not (tmp_path / "seer" / "language_model").exists()


def test_damage_is_repaired_from_the_hub(hub: Hub, seer: Preset, tmp_path: Path) -> None:
    pull(seer, tmp_path)
    (tmp_path / "seer" / "language_model" / "tokenizer.json").write_bytes(b"damaged")
    assert [problem.role for problem in verify(seer, tmp_path)] == ["language_model"]
    assert pull(seer, tmp_path).pulled == ("language_model",)
    assert verify(seer, tmp_path) == []


def test_another_commit_is_another_recipe_and_is_pulled(
    hub: Hub, seer: Preset, tmp_path: Path
) -> None:
    pull(seer, tmp_path)
    later = replace(seer, roles=(replace(seer.roles[0], revision="f" * 40),))
    assert not is_pulled(later, tmp_path)
    with pytest.raises(ModelError, match=f"tiny/seer has no commit {'f' * 40}") as caught:
        pull(later, tmp_path)
    assert "Correct the revision in the preset" in str(caught.value)
    assert is_pulled(seer, tmp_path), "the model that is there stays until another takes its place"


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ((403, "GatedRepo"), "is gated.*HF_TOKEN"),
        ((401, "RepoNotFound"), "knows no repository tiny/seer"),
        ((404, "RepoNotFound"), "knows no repository tiny/seer"),
        ((503, ""), "refused to give tiny/seer"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence(
    hub: Hub, role: Role, tmp_path: Path, fails: tuple[int, str], said: str
) -> None:
    hub.fails = fails
    with pytest.raises(ModelError, match=said):
        fetch_commit(role, tmp_path / "scratch", "seer", nothing, never)


def test_a_repository_with_pickles_only_is_refused_and_nothing_is_fetched(
    hub: Hub, role: Role, tmp_path: Path
) -> None:
    hub.files = {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04"}
    with pytest.raises(ModelError, match=r"no safetensors.*only pytorch_model\.bin") as caught:
        fetch_commit(role, tmp_path / "scratch", "seer", nothing, never)
    assert "never loaded" in str(caught.value)
    assert hub.asked == []


def test_a_mirror_that_gives_another_commit_is_not_trusted(
    hub: Hub, role: Role, tmp_path: Path
) -> None:
    hub.sha = "e" * 40
    with pytest.raises(ModelError, match=f"not what the hub lists: it gives the commit {'e' * 40}"):
        fetch_commit(role, tmp_path / "scratch", "seer", nothing, never)
    assert hub.asked == []


def test_no_network_is_said_plainly_and_the_way_without_a_hub(
    hub: Hub, role: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="hub cannot be reached to fetch tiny/seer") as caught:
        fetch_commit(role, tmp_path / "scratch", "seer", nothing, never)
    assert "--preset embedded" in str(caught.value)


def test_being_told_to_stay_offline_is_no_network_failure(
    hub: Hub, role: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"told to stay offline.*Unset HF_HUB_OFFLINE"):
        fetch_commit(role, tmp_path / "scratch", "seer", nothing, never)


def test_too_little_space_is_refused_with_figures_before_anything_is_fetched(
    hub: Hub, seer: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmqa.models.pull.shutil.disk_usage", lambda path: Usage(1, 1, 1_000_000))
    with pytest.raises(ModelError, match=r"need 0\.2 GB in .*seer', where 0\.0 GB are free"):
        pull(seer, tmp_path)
    assert hub.asked == []


def test_a_hub_that_does_not_answer_is_given_up(
    hub: Hub, role: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_ETAG_TIMEOUT", "1")
    hub.stalls = threading.Event()
    started = time.monotonic()
    with pytest.raises(ModelError, match="cannot be reached"):
        fetch_commit(role, tmp_path / "scratch", "seer", nothing, never)
    assert time.monotonic() - started < 25


def test_cancelling_stops_at_once_and_leaves_no_process(
    hub: Hub, role: Role, tmp_path: Path
) -> None:
    hub.stalls = threading.Event()
    started = time.monotonic()
    with pytest.raises(Stopped):
        fetch_commit(role, tmp_path / "scratch", "seer", nothing, lambda: True)
    assert time.monotonic() - started < 6
    assert not [p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE]


def test_a_process_that_died_without_a_word_is_told_by_what_it_last_said(
    role: Role, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("Traceback\nModuleNotFoundError: No module named 'x'\n")
    with pytest.raises(ModelError, match=r"could not be fetched \(ModuleNotFoundError"):
        raise _failure(role, tmp_path, tmp_path / "log")
