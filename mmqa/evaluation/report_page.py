"""A report as one page: Markdown, or HTML that asks nothing of anybody else.

Knows: sections, tables, charts and examples, and how they are drawn and escaped. Refuses to know:
where any number comes from, and how it was measured.

The HTML is one file: styles and charts are in it, pictures are ``data:`` addresses, and a policy
in its head forbids any request. Everything that is shown is escaped, file names above all. Charts
have their numbers in a table beside them, so that nobody needs to see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from mmqa.evaluation.report_charts import Bar, Cell, Chart, drawn, number, plain

TEMPLATE = "report.html"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; where ``shaded``, numbers of 0–1 are shaded by size."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    shaded: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report.

    Attributes:
        id: Its anchor; letters and hyphens.
        title: Its heading.
        lead: What it answers, in a sentence or two.
        source: Whether it was measured now, or read from a file.
        charts: Drawn first.
        tables: All numbers.
        notes: How it was measured: name and words.
        passed: Whether its targets are met; ``None`` where it has none.
    """

    id: str
    title: str
    lead: str
    source: str
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    passed: bool | None = None


@dataclass(frozen=True, slots=True)
class ExampleHit:
    """One thing that was found.

    Attributes:
        rank: From 1.
        name: File name.
        kind: image, audio, video or text.
        right: Whether it is among what should be found.
        score: As in the product.
        contributions: Modality → its share of the score.
        text: Its most telling words.
        picture: ``data:`` address of a small JPEG; empty where there is none.
    """

    rank: int
    name: str
    kind: str
    right: bool
    score: float
    contributions: Mapping[str, float]
    text: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A question and the first things it found.

    Attributes:
        question: As asked.
        found: Whether something right was among the first 10.
        wanted: Names of what it should find.
        weights: Modality → how much it was looked at.
        weighed_by: Who decided that.
        hits: The first few.
    """

    question: str
    found: bool
    wanted: tuple[str, ...]
    weights: Mapping[str, float]
    weighed_by: str
    hits: tuple[ExampleHit, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report.

    Attributes:
        title: Its heading.
        about: What was measured, with which models; name and words.
        sections: In order.
        examples: Questions with what they found.
        left_out: What was not measured, and why.
    """

    title: str
    about: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    examples: tuple[Example, ...] = ()
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values; pictures of examples are left out."""
        values = asdict(self)
        for example in values["examples"]:
            for hit in example["hits"]:
                del hit["picture"]
        return values


# ------------------------------------------------------------------------------------ Markdown


def markdown(page: Page) -> str:
    """The report as GitHub's Markdown: tables and lists, no charts or pictures."""
    lines = [f"# {_escaped(page.title)}", ""]
    lines += [f"- {_escaped(name)}: {_escaped(words)}" for name, words in page.about]
    lines += [f"- Not measured: {_escaped(reason)}" for reason in page.left_out]
    for section in page.sections:
        lines += ["", f"## {_escaped(section.title)}", "", _escaped(section.lead), ""]
        lines += [f"*{_escaped(section.source)}{_verdict(section.passed)}*"]
        for table in section.tables:
            lines += ["", f"**{_escaped(table.caption)}**", "", *_table(table)]
        lines += ["", *(f"- {_escaped(n)}: {_escaped(w)}" for n, w in section.notes)]
    lines += ["", "## Examples", ""] if page.examples else []
    for example in page.examples:
        lines += _example(example)
    return "\n".join(lines).rstrip() + "\n"


def _verdict(passed: bool | None) -> str:
    if passed is None:
        return ""
    return "; all targets met" if passed else "; a target is missed"


def _table(table: Table) -> list[str]:
    return [
        f"| {' | '.join(_escaped(column) for column in table.columns)} |",
        f"|{' --- |' * len(table.columns)}",
        *(f"| {' | '.join(_escaped(number(cell)) for cell in row)} |" for row in table.rows),
    ]


def _example(example: Example) -> list[str]:
    verdict = "found" if example.found else "missed"
    lines = [f"- {verdict}: {_escaped(example.question)}"]
    lines.append(f"  - wanted: {_escaped(', '.join(example.wanted))}")
    for hit in example.hits:
        shares = ", ".join(f"{name} {value:+.2f}" for name, value in hit.contributions.items())
        mark = " (right)" if hit.right else ""
        lines.append(f"  - {hit.rank}. {_escaped(hit.name)}{mark}: {hit.score:.2f} = {shares}")
    return lines


def _escaped(text: object) -> str:
    r"""Words that Markdown leaves alone.

    >>> _escaped("a|b <script> *c*")
    'a\\|b &lt;script&gt; \\*c\\*'
    """
    safe = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\`*_[]|#" else c for c in safe)


# ---------------------------------------------------------------------------------------- HTML


def html(page: Page) -> str:
    """The report as one HTML file, in UTF-8."""
    return str(
        _template().render(
            page=page,
            charts={chart: drawn(chart) for s in page.sections for chart in s.charts},
            verdicts=_verdicts(page.sections),
            missed=_missed_elsewhere(page.sections),
        )
    )


@lru_cache(maxsize=1)
def _template() -> Any:
    import jinja2

    source = resources.files("mmqa.evaluation").joinpath("data", TEMPLATE)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(plain=plain, number=number, shade=_shade, share=_share)
    return environment.from_string(source.read_text(encoding="utf-8"))


def _verdicts(sections: Sequence[Section]) -> list[tuple[Section, Bar]]:
    """Every number with a target, for the top of the page; missed ones first."""
    found = [
        (section, bar)
        for section in sections
        for chart in section.charts
        for bar in chart.bars
        if bar.reached is not None
    ]
    return sorted(found, key=lambda verdict: bool(verdict[1].reached))


def _missed_elsewhere(sections: Sequence[Section]) -> list[Section]:
    """Sections that miss a target which none of their bars has."""
    told = {section.id for section, bar in _verdicts(sections) if bar.reached is False}
    return [one for one in sections if one.passed is False and one.id not in told]


def _shade(value: Cell) -> int:
    """How dark a cell of 0–1 is, in percent."""
    return round(70 * min(1.0, max(0.0, value))) if isinstance(value, float) else 0


def _share(value: float, contributions: Mapping[str, float]) -> int:
    """A contribution's part of the largest one of its hit, in percent of a bar."""
    largest = max((abs(v) for v in contributions.values()), default=0.0)
    return round(100 * abs(value) / largest) if largest else 0
