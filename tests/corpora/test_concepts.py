"""The split: nothing of a held-out concept is fitted on."""

from __future__ import annotations

import pytest

from mmqa.corpora import concepts


@pytest.mark.parametrize(
    "variants",
    [
        ("red apple", "green apple", "apples"),
        ("man judge", "woman judge: dark skin tone", "judge"),
        ("person: blond hair", "woman: blond hair", "man: blond hair: medium skin tone"),
        ("one o’clock", "twelve-thirty", "ten o'clock"),
        ("person walking facing right", "woman walking: light skin tone", "man walking"),
        ("cat", "cat face", "black cat"),
        ("full moon", "full moon face"),
    ],
)
def test_variants_of_one_thing_are_one_concept_on_one_side(variants: tuple[str, ...]) -> None:
    assert len({concepts.concept(v) for v in variants}) == 1
    assert len({concepts.side(v) for v in variants}) == 1


def test_different_things_are_different_concepts() -> None:
    names = ("dog", "cat", "apple", "red hair", "beach with umbrella", "umbrella", "hot dog")
    assert len({concepts.concept(n) for n in names}) == len(names)


def test_an_annotation_of_modifiers_only_keeps_its_words() -> None:
    assert concepts.concept("woman") == "woman"
    assert concepts.concept("old man") == "man old"


def test_the_sides_have_about_the_shares_they_should() -> None:
    sides = [concepts.side(f"thing{i}zz") for i in range(4000)]
    assert sides.count("test") / 4000 == pytest.approx(0.2, abs=0.02)
    assert sides.count("development") / 4000 == pytest.approx(0.15, abs=0.02)


def test_the_split_never_moves() -> None:
    """Shipped weights were fitted under it: another split would let tested concepts leak in."""
    known = {n: concepts.side(n) for n in ("dog", "apple", "car", "piano", "octopus", "umbrella")}
    assert known == KNOWN


KNOWN = {
    "dog": "train",
    "apple": "development",
    "car": "train",
    "piano": "train",
    "octopus": "development",
    "umbrella": "train",
}


@pytest.mark.parametrize(
    ("caption", "told"),
    [
        ("sperm whale", True),  # its head noun
        ("whales", True),
        ("ferris wheel", True),  # all words of a concept
        ("ferriswheel", True),  # written as one
        ("steering wheel", False),  # "wheel" is no head noun that is asked for
        ("fish", False),
    ],
)
def test_a_weak_caption_tells_of_what_is_withheld(caption: str, told: bool) -> None:
    withheld = concepts.Withheld.of(["spouting whale", "ferris wheel"], heads=["spouting whale"])
    assert withheld.told_by(caption) is told
