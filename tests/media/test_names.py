"""Words of file names: what people wrote, nothing that machines wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmqa.media.names import name_words

MACHINE_MADE = [
    "IMG_0231.jpg",
    "DSC0001.JPG",
    "DSCN1234.jpg",
    "_MG_1234.jpg".replace("_MG", "IMG"),
    "IMG_20240131_120001.jpg",
    "IMG-20240131-WA0003.jpg",
    "PXL_20230401_101010123.MP.jpg",
    "WhatsApp Image 2024-01-01 at 12.00.01.jpeg",
    "550e8400-e29b-41d4-a716-446655440000.jpg",
    "d41d8cd98f00b204e9800998ecf8427e.png",
    "dQw4w9WgXcQ.mp3",
    "1706700000000.jpg",
    "2024-01-31 12.00.01.jpg",
    "微信图片_20240101120000.jpg",
    "未命名.txt",
    "New Document (3).txt",
    "photo1.jpg",
    "x.png",
]


@pytest.mark.parametrize("name", MACHINE_MADE)
def test_names_that_machines_make_give_nothing(name: str) -> None:
    assert name_words(Path(name)) == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ferry_to_helsinki.jpg", "ferry to helsinki"),
        ("FerryToHelsinki.jpg", "Ferry To Helsinki"),
        ("ferry-to-helsinki.final.jpg", "ferry to helsinki"),
        ("HTTPServerDiagram.png", "HTTP Server Diagram"),
        ("my dog's birthday.jpg", "my dog's birthday"),
        ("20240131_beach_001.jpg", "beach"),
        ("invoice_4711.pdf", "invoice 4711"),
        ("trip_2019.jpg", "trip 2019"),
        ("ferry (2).jpg", "ferry"),
        ("海边_日落.png", "海边 日落"),
        ("caffè in München.txt", "caffè in München"),
        ("Screenshot_2024-02-03-12-11-10.png", "Screenshot"),
    ],
)
def test_words_that_people_wrote_are_kept(name: str, words: str) -> None:
    assert name_words(Path(name)) == words


def test_a_name_in_an_old_chinese_encoding_is_read() -> None:
    assert name_words(Path(os.fsdecode("渡轮时刻表.txt".encode("gb18030")))) == "渡轮时刻表"


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1))
def test_any_name_gives_words_on_one_line(name: str) -> None:
    words = name_words(Path(name))
    assert "\n" not in words
    assert words == " ".join(words.split())


@given(
    st.binary(min_size=1, max_size=60).filter(lambda name: b"/" not in name and b"\0" not in name)
)
def test_undecodable_names_give_printable_words(name: bytes) -> None:
    name_words(Path(os.fsdecode(name))).encode("utf-8")


@given(
    st.lists(st.sampled_from(["ferry", "harbour", "Anna", "birthday", "渡轮", "soup"]), min_size=1),
    st.sampled_from("_- ."),
)
def test_no_word_of_a_plain_name_is_lost(words: list[str], separator: str) -> None:
    assert name_words(Path(separator.join(words) + ".jpg")) == " ".join(words)
