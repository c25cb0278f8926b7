"""openclipart: names without their authors, one side for all variants of a drawing."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mmqa.corpora import concepts, fetch, openclipart
from mmqa.errors import CorpusError

ENGLISH = frozenset(["apple", "black", "purple", "hat", "simple"])


def _corpus(root: Path, *files: str) -> Path:
    known = fetch.packages()
    drawings = root / f"openclipart-{known['openclipart'].sha256[:12]}" / openclipart.DRAWINGS
    drawings.mkdir(parents=True)
    for name in files:
        (drawings / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (4, 4)).save(drawings / name)
    words = root / f"english-words-{known['english-words'].sha256[:12]}" / openclipart.WORDS
    words.parent.mkdir(parents=True)
    words.write_text("Apple\napple\nof\nhat\nhat's\npurple\n", encoding="utf-8")
    return drawings


def _parse(name: str) -> openclipart.Drawing:
    return openclipart.parse(Path("png") / name, Path("png"), ENGLISH)


@pytest.mark.parametrize(
    ("stem", "words"),
    [
        ("purple_hat_nicu_bucu_01", "purple hat"),
        ("pizza_slice_fco._andrade_01", "pizza slice"),
        ("apple_wedge_ganson", "apple wedge"),
        ("dodge_neon_pink_ganson1", "dodge neon pink"),
        ("saint_bernard_01", "saint bernard"),
        ("rook_anonymous_", "rook"),
        ("beachball_v0.1", "beachball"),
        ("tiger", "tiger"),
    ],
)
def test_a_title_loses_its_author_and_its_number(stem: str, words: str) -> None:
    assert openclipart.title(stem) == words


def test_half_a_word_at_the_cut_is_no_word_of_the_title() -> None:
    assert openclipart.title("golf_flag_in_hole_on_gr_01") == "golf flag in hole on"


def test_numbered_coloured_and_simplified_variants_are_one_concept_on_one_side() -> None:
    names = ("food/apple_01", "food/black_apple_benji_park_02", "unsorted/apple_simple")
    drawings = [_parse(f"{name}.png") for name in names]
    assert {d.concept for d in drawings} == {"apple"}
    assert len({d.side for d in drawings}) == 1


def test_variants_without_an_english_name_are_one_concept_too_and_are_not_asked_for() -> None:
    first, second = (_parse(f"animals/rana_architetto_fr_0{n}.png") for n in (1, 2))
    assert first.concept == second.concept == "rana"
    assert first.name == second.name == ""


def test_what_openmoji_tests_or_develops_on_is_never_fitted_on_here() -> None:
    held_out = [w for n in range(500) if concepts.side(w := f"thing{n}x") != "train"]
    assert len(held_out) > 100
    assert {openclipart.side(w) for w in held_out} == {"test"}


def test_most_concepts_are_on_the_test_side() -> None:
    sides = [openclipart.side(f"word{n}") for n in range(2000)]
    assert 0.6 < sides.count("test") / 2000 < 0.7
    assert 0.2 < sides.count("train") / 2000 < 0.3


def test_stars_flags_and_icons_do_not_show_what_they_are_called() -> None:
    assert not _parse("shapes/stars/star_25pt07step.png").depicted
    assert not _parse("signs_and_symbols/flags/europe/albania.png").depicted
    assert _parse("signs_and_symbols/weather/cloud_01.png").depicted


def test_a_link_is_another_name_and_not_another_drawing(tmp_path: Path) -> None:
    drawings = _corpus(tmp_path, "food/apple_01.png", "people/purple_hat.png")
    (drawings / "people" / "apple_01.png").symlink_to("../food/apple_01.png")
    loaded = openclipart.load(tmp_path)
    assert [d.path.relative_to(drawings).as_posix() for d in loaded] == [
        "food/apple_01.png",
        "people/purple_hat.png",
    ]
    assert [(d.name, d.category) for d in loaded] == [("apple", "food"), ("purple hat", "people")]


def test_a_package_without_drawings_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    _corpus(tmp_path)
    with pytest.raises(CorpusError, match="fetch it again"):
        openclipart.load(tmp_path)
