"""Write docs/command-line.md from the program's own help; ``--check`` compares instead.

Knows: the parser. Refuses to know: what any command does.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from mmqa.cli import build_parser

TARGET = Path(__file__).with_name("command-line.md")
HEAD = """# The command line

Made from the program's own help by `make docs`; `make check` compares.
"""


def render() -> str:
    """The whole page: the program's help, then every command's."""
    os.environ["COLUMNS"] = "96"
    parser = build_parser()
    pages = [("mmqa", parser)]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            pages.extend((f"mmqa {name}", child) for name, child in action.choices.items())
    body = "\n".join(f"## {name}\n\n```\n{page.format_help()}```\n" for name, page in pages)
    return f"{HEAD}\n{body}"


def main() -> int:
    """Write the page, or say that it is out of step."""
    page = render()
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == page:
            return 0
        print(f"{TARGET} is out of step with the program. Run: make docs", file=sys.stderr)
        return 1
    TARGET.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
