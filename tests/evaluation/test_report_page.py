"""A made-up report: valid, whole, harmless, and asking nothing of anybody."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mmqa.evaluation import report_page
from mmqa.evaluation.report_charts import Bar, Chart
from mmqa.evaluation.report_page import Example, ExampleHit, Page, Section, Table

HOSTILE = '"><script>alert(1)</script>&\udcff\x07.png'
PIXEL = "data:image/jpeg;base64,/9j/4AAQ"
VOID = {"meta", "img", "line", "rect", "path", "br", "link"}


def page() -> Page:
    chart = Chart("Overlap", (Bar("words, mild", 0.8126, 0.78, 0.84, target=0.8, reached=True),))
    table = Table("All figures", ("figure", "value", "n"), (("R@10 of photographs", 0.684, 358),))
    section = Section(
        "stability", "Stability", "What stays.", "measured now", (chart,), (table,),
        (("seeds", "2"),), passed=True,
    )  # fmt: skip
    hit = ExampleHit(
        1, HOSTILE, "image", right=True, score=2.5,
        contributions={"visual": 2.0, "text": 0.5, "lexical": -0.25}, picture=PIXEL,
    )  # fmt: skip
    heard = ExampleHit(2, "b.wav", "audio", False, 1.5, {"speech": 1.5}, text="<b>hello</b>")
    example = Example(
        f"where is {HOSTILE}?", True, (HOSTILE,), {"visual": 0.6, "text": 0.4}, "learned",
        (hit, heard),
    )  # fmt: skip
    return Page(
        "Report <1>", (("preset", "embedded"),), (section,), (example,), ("ablation: gone",)
    )


class Checker(HTMLParser):
    """Every element is closed in its turn; ids, links and images are noted."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.labelled: list[str] = []
        self.sources: list[str] = []
        self.alts: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.tags.append(tag)
        self.ids += [known["id"] or ""] if "id" in known else []
        self.links += [known["href"] or ""] if "href" in known else []
        self.labelled += [known["aria-labelledby"] or ""] if "aria-labelledby" in known else []
        if tag == "img":
            self.sources.append(known.get("src") or "")
            self.alts.append(known.get("alt") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def checked() -> Checker:
    checker = Checker()
    checker.feed(report_page.html(page()))
    assert not checker.open
    return checker


def test_the_page_is_whole_and_every_link_leads_somewhere(checked: Checker) -> None:
    assert checked.tags[0] == "html"
    assert len(set(checked.ids)) == len(checked.ids)
    assert {link.removeprefix("#") for link in checked.links} <= set(checked.ids)
    assert set(checked.labelled) <= set(checked.ids)
    assert {"main", "nav", "h1", "svg", "table"} <= set(checked.tags)


def test_nothing_is_asked_of_anybody_and_nothing_runs(checked: Checker) -> None:
    text = report_page.html(page())
    assert checked.sources == [PIXEL]
    assert "script" not in checked.tags
    assert not re.search(r"(?:src|href|action|url\()\s*=?\s*[\"']?\s*(?:https?:)?//", text)
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text


def test_what_comes_from_files_is_escaped_and_can_be_written_as_utf_8(checked: Checker) -> None:
    text = report_page.html(page())
    text.encode("utf-8")
    assert "<script>" not in text
    assert "\x07" not in text
    assert "&lt;b&gt;hello&lt;/b&gt;" in text
    assert checked.alts == ['"><script>alert(1)</script>&\\udcff\\x07.png, hit 1, right']


def test_every_number_stands_in_the_page_and_in_the_markdown() -> None:
    text, words = report_page.html(page()), report_page.markdown(page())
    for shown in ("0.813", "[0.780, 0.840]", "0.684", "358", "+2.00", "-0.25", "2.50"):
        assert shown in text, shown
    for shown in ("0.684", "358", "+2.00", "-0.25", "2.50"):
        assert shown in words, shown


def test_the_targets_stand_at_the_top_with_a_word_and_not_by_colour_alone() -> None:
    text = report_page.html(page())
    top = text[: text.index('id="stability"')]
    assert "1 of 1 met" in top
    assert "target 0.800" in top
    assert ">met</strong>" in top


def test_a_target_that_no_bar_has_is_not_kept_quiet_about() -> None:
    suite = Section("openmoji", "Unseen concepts", "", "now", passed=False)
    text = report_page.html(Page("t", (), (*page().sections, suite)))
    top = text[: text.index('id="stability"')]
    assert "1 of 1 met; beside them, 1 missed." in top
    assert '<a href="#openmoji">Unseen concepts</a>' in top


def test_what_was_left_out_is_said() -> None:
    assert "ablation: gone" in report_page.html(page())
    assert "Not measured: ablation: gone" in report_page.markdown(page())


def test_markdown_is_not_broken_by_what_stands_in_it() -> None:
    words = report_page.markdown(page())
    assert "<script>" not in words
    assert "&lt;script&gt;" in words
    rows = [line for line in words.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1


def test_the_json_has_everything_but_the_pictures() -> None:
    values = page().to_json()
    assert values["sections"][0]["charts"][0]["bars"][0]["value"] == 0.8126
    assert "picture" not in values["examples"][0]["hits"][0]
    assert values["examples"][0]["hits"][0]["contributions"]["visual"] == 2.0


def test_both_colour_schemes_have_good_contrast() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text, on paper and on cards."""
    style = report_page.html(page())
    schemes = re.findall(r"--paper: (#\w+); --card: (#\w+); --ink: (#\w+); --soft: (#\w+);", style)
    words = re.findall(r"--plain: (#\w+); --met: (#\w+); --missed: (#\w+);", style)
    assert len(schemes) == len(words) == 2
    for (paper, card, ink, soft), colours in zip(schemes, words, strict=True):
        for behind in (paper, card):
            for text in (ink, soft, *colours):
                assert contrast(text, behind) >= 4.5, (text, behind)


def contrast(first: str, second: str) -> float:
    lights = sorted((luminance(first), luminance(second)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: str) -> float:
    levels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# ------------------------------------------------------------------------------ in a browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser; where there is none, its tests are skipped with a plain sentence."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine, so the report was not looked at in a browser")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_shows_it_without_a_request_or_a_complaint(
    chromium: Any, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_page.html(page()), encoding="utf-8")
    opened = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme="dark")
    asked: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.goto(file.as_uri())
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    assert said == []
    root = "document.documentElement"
    assert opened.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), "nothing sticks out"
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 28)"
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "To the results"
    opened.close()
