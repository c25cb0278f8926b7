"""Plain text and Markdown files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmqa.errors import MediaError
from mmqa.media.text import markdown_blocks, plain_inline, read_text

LIMIT = 1_000_000

PAGE = """---
title: "Trip to Helsinki"
tags: [ferry, sea]
draft: true
---
# Trip
We took the **ferry** at [nine](http://x.y/z).

## Packing
- passports
- camera

```sh
# no heading
ls  -l
```

| what | price |
|------|------:|
| soup | 4 €   |

Way back
--------
> It _rained_ all day \\*sigh\\*.

***
## Nothing here
"""


def write(tmp_path: Path, content: str | bytes, name: str = "a.md") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_markdown_is_divided_under_its_headings(tmp_path: Path) -> None:
    result = read_text(write(tmp_path, PAGE), LIMIT, markdown=True)
    assert result.caption == "Trip to Helsinki\nferry, sea"
    assert [(p.heading, p.text) for p in result.passages] == [
        ("Trip", "We took the ferry at nine."),
        ("Packing", "- passports\n- camera"),
        ("Packing", "# no heading\nls  -l"),
        ("Packing", "| what | price |\n| soup | 4 €   |"),
        ("Way back", "It rained all day *sigh*."),
        ("", "Nothing here"),
    ]


def test_front_matter_that_is_none_stays_text(tmp_path: Path) -> None:
    result = read_text(write(tmp_path, "---\n\nHello there.\n\n---\n"), LIMIT, markdown=True)
    assert [p.text for p in result.passages] == ["Hello there."]


def test_code_that_never_ends_is_kept(tmp_path: Path) -> None:
    result = read_text(write(tmp_path, "# A\n```\nx = 1\n"), LIMIT, markdown=True)
    assert [p.text for p in result.passages] == ["x = 1"]


def test_plain_text_is_divided_at_blank_lines(tmp_path: Path) -> None:
    first, second = "The ferry leaves at nine. " * 8, "The soup costs four euros. " * 8
    result = read_text(write(tmp_path, f"{first}\n \n{second}", "a.txt"), LIMIT)
    assert [p.text for p in result.passages] == [first.strip(), second.strip()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_notes_are_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "渡轮九点开，票价八元。".encode(encoding), "a.txt")
    assert read_text(path, LIMIT).passages[0].text == "渡轮九点开，票价八元。"


def test_a_text_beyond_the_limit_is_read_to_the_limit_and_flagged(tmp_path: Path) -> None:
    path = write(tmp_path, "渡轮" * 100, "a.txt")
    result = read_text(path, 100)
    assert result.flags == ("truncated-text",)
    assert result.passages[0].text == ("渡轮" * 100)[:33], "100 bytes hold 33 characters and a bit"
    assert read_text(path, 600).flags == ()


def test_a_text_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no words"):
        read_text(write(tmp_path, " \n\n\t"), LIMIT)


def test_control_characters_are_removed(tmp_path: Path) -> None:
    path = write(tmp_path, "a\x00b\x1b[0m \u202etext\r\nmore", "a.txt")
    assert read_text(path, LIMIT).passages[0].text == "ab[0m text\nmore"


def test_inline_markup_goes_and_snake_case_stays() -> None:
    assert plain_inline("![the pier](p.jpg) and my_file_name at 3 * 4 * 5") == (
        "the pier and my_file_name at 3 * 4 * 5"
    )


@settings(deadline=None)
@given(st.lists(st.text("ab #-\n`=|渡", max_size=30), max_size=12).map("\n".join))
def test_no_letter_of_any_markdown_is_lost(text: str) -> None:
    def letters(value: str) -> list[str]:
        return sorted(c for c in value if c.isalpha())

    blocks = list(markdown_blocks(text))
    said = "".join(b.text for b in blocks)
    for heading in dict.fromkeys(b.heading for b in blocks):
        said += heading
    info = "".join(  # words after a fence name a language; they are markup
        line.lstrip(" `~") for line in text.split("\n") if line.lstrip().startswith("```")
    )
    assert set(letters(text)) <= set(letters(said + info))


@pytest.mark.parametrize("unit", ["**a ", "[", "<!--", "# " + " " * 50, "`a ", "_a ", "![a]("])
def test_data_that_looks_like_markup_is_read_in_linear_time(tmp_path: Path, unit: str) -> None:
    path = write(tmp_path, unit * (200_000 // len(unit)) + "end")
    start = time.process_time()
    result = read_text(path, LIMIT, markdown=True)
    assert time.process_time() - start < 2.0
    assert "end" in "".join(p.text for p in result.passages)
