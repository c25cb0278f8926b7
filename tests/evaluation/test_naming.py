"""What is this? Names, and the encoder's own label as the yardstick."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmqa.evaluation import naming
from mmqa.evaluation.naming import Named, chosen, listed, names, report
from mmqa.evaluation.photographs import Photograph
from mmqa.evaluation.vqa import Case
from mmqa.records import ImageFeatures, Picture
from mmqa.training.visual_examples import Asked, Example


class Seeing:
    sees = True

    def complete(self, prompts: object, **_: object) -> list[str]:
        raise AssertionError("is not asked here")


def named(label: str, *accepted: str) -> Named:
    return Named(Photograph("stamps", f"{label}.png", label), accepted or (label,))


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ("A cat.", ["cat"]),
        ("It is a Bactrian CAMEL, I think", ["camel"]),
        ("two owls", ["owl"]),
        ("scissors", ["scissors"]),
        ("an electric guitar", ["bass guitar", "guitar"]),
        ("a grass snake", ["grass"]),
    ],
)
def test_a_name_is_said_as_whole_words_in_singular_or_plural(
    said: str, accepted: list[str]
) -> None:
    assert names(said, accepted)


@pytest.mark.parametrize(
    ("said", "accepted"),
    [("a catamaran", ["cat"]), ("a bass", ["bass guitar"]), ("", ["owl"]), ("an ox", ["fox"])],
)
def test_a_part_of_a_word_or_of_a_name_does_not_name_it(said: str, accepted: list[str]) -> None:
    assert not names(said, accepted)


def test_the_photographs_are_those_that_the_rule_chooses_one_of_a_label() -> None:
    by_rule = chosen()
    assert {n.photograph for n in listed()} == set(by_rule)
    assert len({p.label for p in by_rule}) == len(by_rule) == 120
    assert len({p.package for p in by_rule}) >= 4


def test_a_label_s_own_words_or_a_plainer_word_for_it_are_among_its_names() -> None:
    for one in listed():
        assert one.names
        assert all(name == name.lower().strip() for name in one.names)


def test_model_and_label_are_compared_photograph_by_photograph() -> None:
    photographs = [named("owl"), named("pig", "pig", "hog"), named("key"), named("dam")]
    said = ["an owl", "a hog", "a knife", "a dam"]
    labels = ["great grey owl", "hog", "key", "fence"]
    found = report(Seeing(), photographs, said, labels)
    model, label, difference = found.figures
    assert (model.value, label.value) == (0.75, 0.75)
    assert (difference.value, difference.n, difference.reached) == (0.0, 4, True)
    assert (found.how["only the model names it"], found.how["only the label names it"]) == (1, 1)
    assert found.misses == ("key (stamps): 'a knife'; the label is 'key'",)


def test_naming_less_than_the_label_misses_the_target() -> None:
    found = report(Seeing(), [named("owl"), named("pig")], ["an owl", "a dog"], ["owl", "pig"])
    assert found.figures[2].value == -0.5
    assert not found.passed


def test_the_label_is_the_likeliest_class() -> None:
    class Encoder:
        fingerprint = "x"

        def encode(self, pictures: list[Picture], *, grid: bool = False) -> ImageFeatures:
            value = float(pictures[0].pixels[0, 0, 0]) / 255
            return ImageFeatures(np.zeros((1, 2), np.float32), np.array([[1 - value, value]]))

    def case(value: int) -> Case:
        picture = Picture(np.full((1, 1, 3), value, np.uint8))
        example = Example("k", "x", (lambda: picture,), (Asked("?", "", "name"),))
        return Case(example, example.asked[0], example)

    assert naming.labels(Encoder(), ["owl", "pig"], [case(0), case(255)]) == ["owl", "pig"]


@pytest.mark.corpus
def test_every_photograph_is_in_its_package() -> None:
    from mmqa.evaluation.photographs import paths

    assert all(isinstance(p, Path) for p in paths([n.photograph for n in listed()]))
