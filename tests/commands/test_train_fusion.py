"""``mmqa train fusion`` as a person types it, over an index of real notes and the real encoder."""

from __future__ import annotations

import json
from argparse import Namespace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from mmqa.cli import main
from mmqa.commands import train_fusion
from mmqa.errors import UsageError
from mmqa.fusion import opening

THINGS = ["kettle", "ladder", "violin", "harbour", "lantern", "orchard", "compass", "blanket"]
PLACES = ["attic", "market", "station", "valley", "island", "bakery", "museum", "garage"]
AGES = ["last summer", "the war"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A note on each thing in each place, twice."""
    folder = tmp_path_factory.mktemp("notes")
    for thing, place, age in product(THINGS, PLACES, AGES):
        text = f"The {thing} stands in the {place}. Nobody has used it since {age}."
        (folder / f"{thing}_{place}_{AGES.index(age)}.txt").write_text(text)
    target = tmp_path_factory.mktemp("indexes") / "notes"
    assert main(["add", str(folder), "--index", str(target)]) == 0
    return target


def options(**given: Any) -> Namespace:
    names = ("pairs", "index", "method", "out", "epochs", "config")
    plain = {**dict.fromkeys(names), "seed": 0, "device": "cpu", "resume": False, "set": []}
    return Namespace(**{**plain, **given})


@pytest.mark.weights
def test_an_index_becomes_a_fuser_with_figures_and_the_next_command(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    asked = tmp_path / "asked.jsonl"
    rows = [{"question": f"where is the {t}?", "relevant": [f"{t}_*.txt"]} for t in THINGS]
    rows.append({"question": "who knows?", "relevant": ["gone.txt"]})
    asked.write_text("\n".join(map(json.dumps, rows)))
    capsys.readouterr()
    words = ["train", "fusion", "--index", str(index), "--pairs", str(asked), "--out", str(out)]
    assert main([*words, "--epochs", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (fit,) = report["fits"]
    assert (fit["method"], fit["segments"]) == ("weighted", 128)
    assert fit["after"]["whole"] >= fit["before"]["whole"], "the best epoch is kept"
    assert set(fit["concat"]) >= {"whole", "without text"}
    assert "gone.txt" in report["refused"][0]
    assert report["next"] == f"mmqa rebuild --index {index} --set fusion={out}"
    fuser = opening.load(out)
    assert fuser.name == "weighted"
    assert fuser.modalities == ("text",)

    assert main(["rebuild", "--index", str(index), "--set", f"fusion={out}"]) == 0
    capsys.readouterr()
    search = ["search", "a violin in a museum", "--index", str(index), "--json"]
    assert main([*search, "-k", "1", "--set", f"fusion={out}"]) == 0
    (hit,) = json.loads(capsys.readouterr().out)["hits"]
    assert hit["path"].endswith(("violin_museum_0.txt", "violin_museum_1.txt"))
    assert sum(hit["contributions"].values()) == pytest.approx(hit["score"], abs=1e-3)


@pytest.mark.weights
def test_an_index_of_another_mapping_is_not_learned_from(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmqa.parts import Parts

    known = Parts.fingerprints

    def other(self: Parts) -> dict[str, str]:
        return {**known(self), "mapping": "another"}

    monkeypatch.setattr(Parts, "fingerprints", other)
    with pytest.raises(UsageError, match=r"made with the mapping .* not 'another'"):
        train_fusion.run(options(index=str(index)), lambda _chunk: None)


def test_what_cannot_be_meant_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(UsageError, match="no fusion is trained by the method 'concat'"):
        train_fusion.run(options(method="concat", index="x"), lambda _chunk: None)
    with pytest.raises(UsageError, match="questions name files of an index"):
        train_fusion.run(options(pairs=["asked.jsonl"]), lambda _chunk: None)
