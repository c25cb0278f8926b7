from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmqa.errors import UsageError
from mmqa.fusion.head import load
from mmqa.records import Features
from mmqa.training.head import HeadSettings, HeadTraining, train_head
from mmqa.training.head_report import measured
from mmqa.training.labelled import Example, Labelled, side_of
from mmqa.training.loop import Settings

WIDTH = 10
QUICK = Settings(epochs=15, batch=64, learning_rate=2e-2, patience=15, device="cpu")


def labelled(n: int = 400, classes: tuple[str, ...] = ("animal", "food", "tool")) -> Labelled:
    """Pictures tell animals from the rest, words tell food from the rest; both tell all."""
    rng = np.random.default_rng(0)
    examples, features = [], []
    for row in range(n):
        label = classes[row % len(classes)]
        seen = 0.3 * rng.standard_normal(WIDTH)
        read = 0.3 * rng.standard_normal(WIDTH)
        seen[0] += 1 if label == "animal" else -1
        read[1] += 1 if label == "food" else -1
        vectors = {"visual": seen, "text": read}
        unit = {m: (v / np.linalg.norm(v)).astype(np.float32) for m, v in vectors.items()}
        if row % 5 == 0:
            del unit["text"]
        examples.append(Example(label, text=str(row)))
        features.append(Features(unit))
    return Labelled(tuple(examples), tuple(features), tuple(side_of(str(r)) for r in range(n)))


def fit(tmp_path: Path, data: Labelled | None = None, **settings: object):
    return train_head(
        data or labelled(),
        folder=tmp_path,
        encoders={"text_encoder": "abc"},
        settings=HeadSettings(**{"loop": QUICK, **settings}),
    )


def figures(report) -> dict[str, float]:
    return {figure.name: figure.value for figure in report.figures}


def test_both_modalities_tell_what_neither_does_alone(tmp_path):
    report = fit(tmp_path)
    found = figures(report)
    assert found["accuracy"] > 0.85
    assert found["visual alone"] < 0.8 > found["text alone"]
    assert found["accuracy"] > report.figures[0].chance + 0.4
    assert report.figures[0].low < found["accuracy"] < report.figures[0].high


def test_the_stored_head_gives_the_figures_that_were_reported(tmp_path):
    data = labelled()
    report = fit(tmp_path, data)
    head = load(tmp_path)
    assert measured(head.weights, data) == report.figures
    assert head.classes == ("animal", "food", "tool")
    assert head.weights.encoders == {"text_encoder": "abc"}


def test_a_sum_shares_its_rows_among_modalities(tmp_path):
    fit(tmp_path, joining="sum")
    rows = load(tmp_path).weights.rows
    np.testing.assert_array_equal(rows[0], rows[1])


def test_what_is_stored_computes_what_was_trained():
    data = labelled()
    labels = np.arange(400) % 3
    for joining in ("sum", "concatenation"):
        training = HeadTraining(
            data.features, labels, ["a", "b", "c"], data.sides, HeadSettings(joining=joining)
        )
        import torch

        from mmqa.fusion.head import Head

        with torch.no_grad():
            for parameter in training.module.parameters():
                parameter.add_(torch.randn(parameter.shape))
            numbers = torch.arange(400)
            expected = training.module(numbers, training.module.present).numpy()
        found = Head(training.weights()).logits(data.features)
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_rare_classes_count_as_much_as_common_ones_unless_told_otherwise(tmp_path):
    data = labelled(600, ("animal", *["tool"] * 9))
    noise = np.random.default_rng(1).standard_normal((600, WIDTH)).astype(np.float32)
    vague = [
        Features({"text": f.vectors["visual"] + row})
        for f, row in zip(data.features, noise, strict=True)
    ]
    hard = replace(data, features=tuple(vague))

    def animals(**settings: object) -> int:
        fit(tmp_path, hard, **settings)
        return sum(label == "animal" for label, _ in load(tmp_path).best(hard.features))

    assert animals(balanced=True) > 2 * animals(balanced=False)


def test_a_label_that_is_never_fitted_to_is_left_out_and_told(tmp_path):
    data = labelled()
    place = next(row for row, side in enumerate(data.sides) if side == "test")
    examples = list(data.examples)
    examples[place] = replace(examples[place], label="rare", where="rows.jsonl, line 7")
    report = fit(tmp_path, replace(data, examples=tuple(examples)))
    assert report.classes == ("animal", "food", "tool")
    assert report.sizes["test"] == data.sides.count("test") - 1
    assert any("line 7" in line and "rare" in line for line in report.refused)


def test_too_few_examples_or_classes_are_refused(tmp_path):
    with pytest.raises(UsageError, match="examples are too few"):
        fit(tmp_path, labelled(20))
    with pytest.raises(UsageError, match="have the label 'animal'"):
        fit(tmp_path, labelled(200, ("animal",)))
