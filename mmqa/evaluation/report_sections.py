"""Reports of runs, as JSON → sections of a page: what is drawn, and that all of it is told.

Knows: which keys the reports have (``figures``, ``how``, and lists of rows), and what each report
is best drawn as. Refuses to know: how anything was measured, and how a page looks. A key that it
does not know becomes a table: no number of a report is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmqa.evaluation.report_charts import Bar, Cell, Chart, number
from mmqa.evaluation.report_page import Section, Table
from mmqa.evaluation.retrieval_openmoji import REQUIRED

Report = Mapping[str, Any]
_KNOWN = frozenset({"suite", "passed", "figures", "how", "misses"})

TITLES: Mapping[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "How often the right thing is found, and how far up."),
    "ablation": (
        "Ablation",
        "What each part brings: single modalities, late fusion, each fuser, the router, each "
        "prompt technique, calibration; compared question by question.",
    ),
    "stability": (
        "Stability",
        "How much of what is found stays when the question or the media change a little.",
    ),
    "generalisation": (
        "Generalisation",
        "Fitted on one collection, tested on others and on concepts that no fit saw.",
    ),
    "missing": (
        "Missing modalities",
        "What is still found when the files that answer lose a modality, and no others do.",
    ),
    "photographs": (
        "Photographs",
        "Objects, animals, food and places, labelled by hand; nothing was fitted to them.",
    ),
    "openmoji": ("Drawings of unseen concepts", "Emoji of concepts that no fit saw."),
    "openclipart": ("Drawings by many hands", "openclipart's test side, by file name."),
    "router": ("Router", "Whether questions look, read or listen where they should."),
    "words": ("Prompt words", "Words that lie near an unseen picture: is a right one among them?"),
    "prompts": ("Prompts for queries", "What each way to ask again brings."),
}
"""Name of a run → heading and what it answers."""


def section(name: str, report: Report, source: str) -> Section:
    """One run as a section.

    Args:
        name: Of the run: a key of :data:`TITLES`, or any other.
        report: Its JSON.
        source: Where it comes from, in words.
    """
    title, lead = TITLES.get(name, (str(report.get("suite", name)).capitalize(), ""))
    charts, tables = _DRAWN.get(name, _plain)(report)
    return Section(
        id=_anchor(name),
        title=title,
        lead=lead,
        source=source,
        charts=tuple(charts),
        tables=(*tables, *_rest(report, told={"cells"} if name == "generalisation" else set())),
        notes=tuple(_notes(report)),
        passed=_verdict(report),
    )


def _notes(report: Report) -> list[tuple[str, str]]:
    """How it was measured, and every single value that the report has beside its figures."""
    single = [
        (_words(key), number(_cell(value)))
        for key, value in report.items()
        if key not in _KNOWN and not isinstance(value, Mapping | list | tuple)
    ]
    return [*single, *((str(key), number(_cell(told))) for key, told in _how(report).items())]


def _how(report: Report) -> Mapping[str, Any]:
    told: Mapping[str, Any] = report.get("how") or {}
    return told


def _anchor(name: str) -> str:
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in name) or "section"


def _verdict(report: Report) -> bool | None:
    """As the report says; nothing where it promised nothing and so missed nothing."""
    passed: bool | None = report.get("passed")
    promised = any(figure.get("target") is not None for figure in report.get("figures", ()))
    return passed if promised or passed is False else None


# ------------------------------------------------------------------------------ what is drawn

_Parts = tuple[list[Chart], list[Table]]


def _plain(report: Report) -> _Parts:
    """Every figure of 0–1 as a bar; what has a target on another scale in a chart of its own."""
    figures = report.get("figures", ())
    shares = [figure for figure in figures if _is_share(figure)]
    charts = [Chart("Figures", tuple(map(bar, shares)))] if shares else []
    others = [f for f in figures if f.get("target") is not None and not _is_share(f)]
    return [*charts, *(Chart(str(f["name"]), (bar(f),)) for f in others)], []


def _stability(report: Report) -> _Parts:
    """Overlaps with their targets; then each change, mild beside strong."""
    named = [f for f in report.get("figures", ()) if "overlap of the first" in f["name"]]
    bars = [replace(bar(f), label=f["name"].partition(":")[0]) for f in named]
    charts = [Chart("Overlap of the first 10 files", tuple(bars))] if bars else []
    rows = report.get("changes", ())
    for what in dict.fromkeys(row["what"] for row in rows):
        bars = [
            Bar(
                f"{row['change']}, {row['strength']}".removesuffix(", "),
                row["overlap"],
                faint=row["strength"] == "strong",
            )
            for row in sorted(rows, key=lambda row: row["change"])
            if row["what"] == what
        ]
        if len(bars) > 2:
            charts.append(Chart(f"{what}: overlap of the first 10, by change", tuple(bars)))
    return charts, []


def _generalisation(report: Report) -> _Parts:
    """The matrix, shaded; a star marks a fit tested at home."""
    cells = report.get("cells", ())
    tests = list(dict.fromkeys(cell["test"] for cell in cells))
    fits = list(dict.fromkeys(cell["fit"] for cell in cells))
    found = {(cell["fit"], cell["test"]): cell for cell in cells}
    rows = tuple((fit, *(_value(found.get((fit, test))) for test in tests)) for fit in fits)
    matrix = Table("Text → picture, R@10: fits by tests", ("fitted to", *tests), rows, shaded=True)
    told = tuple(
        (c["fit"], c["test"], _cell(c["home"]), c["value"], c["low"], c["high"], c["n"])
        for c in cells
    )
    columns = ("fitted to", "tested on", "of a kind seen", "R@10", "low", "high", "n")
    return [], [matrix, Table("Every cell with its interval", columns, told)]


def _value(cell: Report | None) -> Cell:
    return None if cell is None else float(cell["value"])


def _ablation(report: Report) -> _Parts:
    """Every system by nDCG@10; what is compared with what, in a table of its own."""
    rows = report.get("rows", ())
    bars = tuple(_mean_bar(row["name"], row["measures"].get("nDCG@10")) for row in rows)
    charts = [Chart("nDCG@10, by system", bars)] if bars else []
    promised = [f for f in report.get("figures", ()) if f.get("target") is not None]
    charts += [Chart(str(figure["name"]), (bar(figure),)) for figure in promised]
    return charts, []


def _mean_bar(name: str, interval: Report | None) -> Bar:
    found = interval or {"mean": 0.0}
    return Bar(str(name), float(found["mean"]), found.get("low"), found.get("high"))


def missing(ablation: Report) -> Report:
    """What an ablation says of withheld modalities, as a report of its own; empty where nothing."""
    rows = [row for row in ablation.get("rows", ()) if row.get("withheld")]
    if not rows:
        return {}
    told = [
        {"system": row["name"], "withheld": name, "nDCG@10": value, "n": ablation.get("n")}
        for row in rows
        for name, value in [
            ("nothing", row["measures"]["nDCG@10"]["mean"]),
            *row["withheld"].items(),
        ]
    ]
    return {
        "suite": "missing modalities",
        "withheld": told,
        "how": {
            "measured": "in the ablation: each modality taken from what answers; nDCG@10",
        },
    }


def _missing(report: Report) -> _Parts:
    """One chart a system."""
    charts = []
    for system in dict.fromkeys(row["system"] for row in report["withheld"]):
        rows = [row for row in report["withheld"] if row["system"] == system]
        bars = tuple(Bar(f"{row['withheld']} withheld", float(row["nDCG@10"])) for row in rows)
        charts.append(Chart(f"{system}: nDCG@10", bars))
    return charts, []


def _tasks(report: Report) -> _Parts:
    """Recall of each task, with what was asked for; where the report has figures, these."""
    bars = tuple(
        _recall(str(task["name"]), int(k), interval)
        for task in report.get("tasks", ())
        for k, interval in task["recall"].items()
    )
    return ([Chart("Recall", bars)], []) if bars else _plain(report)


def _recall(task: str, k: int, interval: Report) -> Bar:
    target = REQUIRED.get(task, {}).get(k)
    value = float(interval["mean"])
    reached = None if target is None else value >= target
    label = f"{task}, R@{k}"
    return Bar(label, value, interval["low"], interval["high"], target, reached=reached)


_DRAWN: Mapping[str, Callable[[Report], _Parts]] = {
    "stability": _stability,
    "generalisation": _generalisation,
    "ablation": _ablation,
    "missing": _missing,
    "openmoji": _tasks,
}


def bar(figure: Report) -> Bar:
    """A figure as a bar."""
    return Bar(
        str(figure["name"]),
        float(figure["value"]),
        figure.get("low"),
        figure.get("high"),
        figure.get("target"),
        figure.get("chance"),
        figure.get("reached"),
    )


def _is_share(figure: Report) -> bool:
    return -1 <= float(figure["value"]) <= 1


# ------------------------------------------------------------------------------- all the rest


def _rest(report: Report, told: set[str]) -> list[Table]:
    """Figures, and every other key, as tables."""
    tables = [figures_table(report["figures"])] if report.get("figures") else []
    for key, value in report.items():
        if key not in _KNOWN | told:
            tables += _tables(key, value)
    misses = report.get("misses") or ()
    if misses:
        tables.append(Table("What went wrong", ("case",), tuple((str(m),) for m in misses)))
    return tables


def figures_table(figures: Sequence[Report]) -> Table:
    """Every figure with n, interval, chance and target."""
    names = ("name", "value", "low", "high", "n", "chance", "target", "reached")
    rows = tuple(tuple(_cell(figure.get(name)) for name in names) for figure in figures)
    return Table("All figures", ("figure", *names[1:]), rows)


def _tables(key: str, value: Any) -> list[Table]:
    if isinstance(value, Mapping):
        return [Table(_words(key), ("name", "value"), tuple(_flat(value).items()))]
    if isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value):
        rows = [_flat(row) for row in value]
        columns = tuple(dict.fromkeys(name for row in rows for name in row))
        cells = tuple(tuple(row.get(column) for column in columns) for row in rows)
        return [Table(_words(key), columns, cells)] if columns else []
    if isinstance(value, list | tuple):
        return [Table(_words(key), ("value",), tuple((_cell(v),) for v in value))] if value else []
    return []  # single values stand among the notes


def _flat(row: Mapping[str, Any], before: str = "") -> dict[str, Cell]:
    """Nested objects as ``outer inner``; lists in words."""
    flat: dict[str, Cell] = {}
    for key, value in row.items():
        name = f"{before} {key}".strip()
        if isinstance(value, Mapping):
            flat |= _flat(value, name)
        elif isinstance(value, list | tuple):
            flat[name] = ", ".join(str(one) for one in value)
        else:
            flat[name] = _cell(value)
    return flat


def _cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _words(key: str) -> str:
    return key.replace("_", " ").capitalize()
