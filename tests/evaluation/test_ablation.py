"""The ablation: settings chosen elsewhere, every row paired with the reference."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mmqa.config import Config
from mmqa.evaluation import ablation
from mmqa.evaluation.ablation import Chosen, Entry, figures
from mmqa.evaluation.metrics import measure
from mmqa.evaluation.systems import RankFusion, Single, rank

SINGLES = [Entry(Single(m), "single") for m in ("visual", "text", "speech")]
LATE = RankFusion("RRF (k = 10, depth 5)", k=10, depth=5)


def _values(**means: list[float]) -> dict[str, dict[str, np.ndarray]]:
    return {name.replace("_", " "): {"nDCG@10": np.array(v)} for name, v in means.items()}


def _listed(*fusers: str) -> list[Entry]:
    named = [Entry(SimpleNamespace(name=name), "fuser") for name in fusers]
    return [*SINGLES, Entry(LATE, "late fusion"), *named]


HALVES = [0.5] * 40
VALUES = _values(visual=HALVES, text=[0.2] * 40, speech=[0.1] * 40) | {
    LATE.name: {"nDCG@10": np.array([0.8] * 40)},
    "concat": {"nDCG@10": np.array([0.6, 1.0] * 20)},
    "attention": {"nDCG@10": np.array([0.9] * 40)},
    "concat + router": {"nDCG@10": np.array([0.7, 1.0] * 20)},
    "concat + router + explicit words": {"nDCG@10": np.array([0.5, 1.0] * 20)},
}


def test_the_fuser_that_was_chosen_elsewhere_is_measured_even_if_another_is_better_here() -> None:
    chosen = Chosen(LATE, "concat", "development")
    single, late, router, both = figures(VALUES, _listed("concat", "attention"), chosen, LATE.name)
    assert single.name == "nDCG@10 of concat / visual"
    assert single.value == pytest.approx(1.6)
    assert single.reached
    assert late.value == pytest.approx(1.0)
    assert late.reached is False
    assert router.value < 0.001
    assert router.reached
    assert both.value == 1.0, "worse is never significantly better"
    assert both.target is None


def test_without_settings_nothing_is_promised_and_the_best_here_is_taken() -> None:
    found = figures(VALUES, _listed("concat", "attention"), None, LATE.name)
    assert found[0].name == "nDCG@10 of attention / visual"
    assert all(figure.target is None for figure in found)


def test_a_ratio_has_a_paired_interval() -> None:
    twice = _values(one=[0.2, 0.4, 0.6], other=[0.1, 0.2, 0.3])
    found = ablation._ratio(twice, "one", "other", None)
    assert (found.low, found.value, found.high) == pytest.approx((2.0, 2.0, 2.0))


@pytest.mark.weights
def test_all_systems_are_compared_on_a_small_index_of_real_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmqa.evaluation import collection, grounds
    from mmqa.library import Library
    from mmqa.parts import Parts

    config = Config(threads=1, ocr=False)
    media = tmp_path / "media"
    media.mkdir()
    facts = {"bread": "The bread bakes at 240 degrees.", "gate": "The code of the gate is 4490."}
    for name, words in facts.items():
        (media / f"{name}.txt").write_text(words, encoding="utf-8")
    samples = Path(__file__).parents[2] / "indexes/samples/pictures"
    for name in ("IMG_2034.jpg", "IMG_2044.jpg"):
        (media / name).write_bytes((samples / name).read_bytes())
    with Library.open(tmp_path / "index", config=config) as library:
        library.add([media])
    lines = [
        {"question": "how hot is the oven?", "relevant": ["bread.txt"], "needs": ["text"]},
        {"question": "the number that opens the gate", "relevant": ["gate.txt"], "kind": "mine"},
        {"question": "a picture", "relevant": ["*.jpg"], "needs": ["visual"]},
    ]
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    found = collection.load(file, tmp_path / "index")
    monkeypatch.setattr(ablation, "PROMPTS", ())  # theirs are tests of their own
    parts = Parts(config)
    told = []
    report = ablation.run(found, parts, None, told.append)
    names = [row.name for row in report.rows]
    assert len(set(names)) == len(names) == told[-1].total
    assert {"visual", "text", "speech", "lexical", "RRF", "concat", "concat + router"} <= set(names)
    assert report.sorts == {"text": 1, "mine": 1, "visual": 1}
    assert report.row("text").by_sort["text"] == 1.0
    assert report.row("visual").by_sort["text"] == 0.0
    assert report.row("concat").p is None
    assert all(row.p is not None for row in report.rows if row.name != "concat")
    ground = grounds.ground(found, parts)
    direct = measure(rank(RankFusion(), ground), ground.relevant, ("nDCG@10",))["nDCG@10"]
    assert report.row("RRF").measures["nDCG@10"].mean == pytest.approx(direct.mean())
    chosen = ablation.choose(ground, parts)
    assert chosen.fuser in names
    again = ablation.run(found, parts, chosen)
    assert chosen.late.name in {row.name for row in again.rows}
    assert again.figures[0].target == ablation.SINGLE_TARGET
