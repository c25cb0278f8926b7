"""WordNet: the sense of a name that can be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.corpora import fetch, wordnet
from mmqa.errors import CorpusError

DATA = """\
  1 This software and database is being provided to you
00001740 03 n 01 entity 0 000 | that which is perceived
02002556 05 n 02 heron 0 wader 1 001 @ 02000954 n 0000 | wading bird with a long neck; "it stood"
10000000 18 n 01 heron 1 000 | a person who stands about
03481172 06 n 02 mallet 0 Hammer 1 000 | used to drive; has a large head
03480973 06 n 01 hammer 0 000 | a hand tool with a heavy head
07739125 13 n 01 Granny_Smith 0 000 | apple with green skin
"""


def test_a_name_means_what_can_be_seen_and_examples_are_left_out() -> None:
    found = wordnet.parse(DATA)
    assert found["heron"].definition == "wading bird with a long neck"
    assert found["heron"].category == "animal"
    assert "entity" not in found


def test_of_several_senses_the_one_that_is_called_so_first_counts() -> None:
    assert wordnet.parse(DATA)["hammer"].definition == "a hand tool with a heavy head"


def test_names_are_lower_case_words() -> None:
    assert wordnet.parse(DATA)["granny smith"].definition == "apple with green skin"


def _package(root: Path, text: bytes) -> Path:
    sha256 = fetch.packages()["wordnet"].sha256
    file = root / f"wordnet-{sha256[:12]}" / wordnet.DATA
    file.parent.mkdir(parents=True)
    file.write_bytes(text)
    return root


def test_the_package_is_read(tmp_path: Path) -> None:
    assert set(wordnet.load(_package(tmp_path, DATA.encode()))) >= {"heron", "mallet"}


def test_another_format_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read"):
        wordnet.load(_package(tmp_path, b"0 05 n zz x | y\n"))
