from __future__ import annotations

from pathlib import Path

import pytest

from mmqa.errors import CorpusError
from mmqa.training import word_sources
from mmqa.training.word_sources import nouns, read_dictionary, read_levels

DATA = """  1 licence
00000001 03 n 01 physical_entity 0 000 | an entity that has physical existence
00000002 05 n 02 dog 0 hound 0 001 @ 00000001 n 0000 | a domestic animal; "the dog barked"
00000003 09 n 01 dog 1 001 @ 00000009 n 0000 | a plan nobody can see
00000004 06 n 01 sofa 0 001 @ 00000001 n 0000 | an upholstered seat
00000005 05 n 01 rex 0 001 @i 00000002 n 0000 | a dog with a name
00000006 18 n 01 worker 0 001 @ 00000001 n 0000 | a person who works
00000007 18 n 01 baker 0 001 @ 00000006 n 0000 | someone who bakes
00000008 18 n 01 oaf 0 001 @ 00000001 n 0000 | an awkward person
00000009 09 n 01 idea 0 000 | the content of cognition
00000010 06 n 01 swear 0 001 @ 00000001 n 0000 | (obscene) a thing not to be said
00000011 06 n 01 run 0 001 @ 00000001 n 0000 | a thing that is mostly a verb
00000012 06 n 01 tea_table 0 001 @ 00000001 n 0000 | a small table
00000013 06 n 01 sofa_table 0 001 @ 00000001 n 0000 | a table that nobody mentions
"""
INDEX = """  1 licence
baker n 1 1 @ 1 0 00000007
dog n 2 1 @ 2 1 00000002 00000003
hound n 1 1 @ 1 0 00000002
idea n 1 0 1 0 00000009
oaf n 1 1 @ 1 0 00000008
physical_entity n 1 0 1 0 00000001
rex n 1 1 @i 1 0 00000005
run n 1 1 @ 1 0 00000011
sofa n 1 1 @ 1 0 00000004
sofa_table n 1 1 @ 1 0 00000013
swear n 1 1 @ 1 0 00000010
tea_table n 1 1 @ 1 0 00000012
worker n 1 1 @ 1 0 00000006
"""
COUNTS = "dog%1:05:00:: 1 40\nrun%2:38:00:: 1 90\ntea_table%1:06:00:: 1 3\n"
LEVELS = {
    "english-words.10": "dog sofa idea run swear tea table worker",
    "english-words.35": "baker hound oaf rex",
}


def corpora(folder: Path) -> Path:
    data, lists = folder / word_sources.DICTIONARY, folder / word_sources.LISTS
    data.mkdir(parents=True)
    lists.mkdir(parents=True)
    for name, text in (("data.noun", DATA), ("index.noun", INDEX), ("cntlist.rev", COUNTS)):
        (data / name).write_text(text, encoding="utf-8")
    for name, text in LEVELS.items():
        (lists / name).write_text(text.replace(" ", "\n"), encoding="latin-1")
    return folder


def test_common_visible_nouns_are_taken_one_a_meaning(tmp_path: Path) -> None:
    folder = corpora(tmp_path)
    found = nouns(read_dictionary(folder), read_levels(folder))
    # not: hound (a dog), idea (invisible), rex (a name), oaf (no trade), swear (obscene),
    # run (a verb), sofa table (nobody says it), worker (below nothing but itself)
    assert found == {"dog": 0, "sofa": 0, "baker": 1, "tea table": 0}


def test_the_smallest_list_says_how_common_a_word_is(tmp_path: Path) -> None:
    assert read_levels(corpora(tmp_path))["dog"] == 10


def test_missing_lists_are_an_error_that_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=str(tmp_path)):
        read_dictionary(tmp_path)
    with pytest.raises(CorpusError, match=str(tmp_path)):
        read_levels(tmp_path)


def test_the_projects_own_words_have_no_repeats_and_no_comments() -> None:
    words = word_sources.own_words()
    assert len(words) == len(set(words)) > 400
    assert not [w for w in words if w.startswith("#") or w != w.strip().lower()]
