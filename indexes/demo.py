"""Asks five questions about the samples in the terminal and prints the answers with citations.

Knows: the questions and how an answer looks in a terminal. Refuses to know: how it is found.

    python indexes/build.py --recipe indexes/recipes/samples.toml
    python indexes/demo.py [--index DIR]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mmqa import Answer, Citation, Library, MmqaError

INDEX = Path(__file__).resolve().parent / "demo"
QUESTIONS = (
    "How much was the bill at the hardware store?",
    "When will the new map be shipped?",
    "Which picture shows a hot-air balloon?",
    "谁负责地图印刷？",
    "Why can penguins not fly?",
)
"""A receipt, a conversation, a picture without a word, a Chinese note, and nothing at all."""


def panel(answer: Answer) -> RenderableType:
    """An answer with its citations, framed."""
    said = Text(answer.text, style="yellow" if answer.abstained else "bold")
    seconds = sum(answer.timings.values())
    table = Table.grid(padding=(0, 2))
    for citation in answer.citations:
        table.add_row(f"[{citation.n}]", Text(place(citation), style="cyan"), quote(citation))
    content: list[RenderableType] = [said, table] if answer.citations else [said]
    return Panel(
        Group(*content),
        title=Text(answer.question),
        title_align="left",
        subtitle=f"{seconds:.1f} s",
        subtitle_align="right",
    )


def place(citation: Citation) -> str:
    """The file, and the second or page within it.

    >>> place(Citation(1, "a.0", Path("/x/memo.flac"), start_s=64.4))
    'memo.flac at 1:04'
    """
    if citation.start_s is not None:
        minutes, seconds = divmod(int(citation.start_s), 60)
        return f"{citation.path.name} at {minutes}:{seconds:02}"
    return f"{citation.path.name} page {citation.page}" if citation.page else citation.path.name


def quote(citation: Citation, longest: int = 90) -> Text:
    """The words that were cited, on one line."""
    words = " ".join(citation.quote.split())
    shown = words if len(words) <= longest else f"{words[: longest - 1]}…"
    return Text(shown, style="dim")


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask and print; 1 when there is no index or no model."""
    parser = argparse.ArgumentParser(description="Ask five questions about the samples.")
    parser.add_argument("--index", type=Path, default=INDEX, metavar="DIR", help="another index")
    options = parser.parse_args(arguments)
    console = Console()
    try:
        with Library.open(options.index, create=False) as library:
            for question in QUESTIONS:
                console.print(panel(library.ask(question)))
    except MmqaError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
