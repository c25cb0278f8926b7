"""Takes the picture of the chat that README shows: a real answer over the sample index.

Knows: how a browser is driven to one good view. Refuses to know: the page's insides; it types,
presses Enter and waits, as a visitor would.

    python docs/screenshot.py [--index indexes/demo] [--question "…"] [--out docs/chat.png]
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HERE = Path(__file__).resolve().parent
QUESTION = "When will the new map be shipped?"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LIMIT_MS = 180_000


@dataclass(frozen=True)
class View:
    """What to photograph: a question (empty: the page as it opens), a window, where to."""

    question: str
    out: Path
    width: int
    height: int
    scheme: Literal["light", "dark"]


@contextmanager
def chat(index: Path) -> Iterator[str]:
    """A running ``mmqa chat`` over ``index``; gives its address and ends it afterwards."""
    command = [sys.executable, "-m", "mmqa", "chat", "--index", str(index)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        address = next((word for word in line.split() if word.startswith("http://")), None)
        if address is None:
            raise SystemExit(f"mmqa chat did not start; it said {line!r}.")
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def take(address: str, view: View) -> None:
    """Ask at ``address`` and write what is seen once the answer is whole."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        page = browser.new_page(
            viewport={"width": view.width, "height": view.height},
            color_scheme=view.scheme,
            device_scale_factor=1.5,
        )
        page.goto(address)
        box = page.get_by_test_id("stChatInputTextArea")
        box.wait_for(timeout=LIMIT_MS)
        if view.question:
            box.fill(view.question)
            box.press("Enter")
            done = page.get_by_role("button", name="Clear this conversation")
            done.wait_for(timeout=LIMIT_MS)
        page.wait_for_timeout(2_000)
        page.screenshot(path=str(view.out))
        browser.close()


def main() -> None:
    """Read the options, start the chat, take the picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--index", type=Path, default=HERE.parent / "indexes" / "demo")
    parser.add_argument("--address", help="use a chat that runs already")
    parser.add_argument("--question", default=QUESTION, help="empty: the page as it opens")
    parser.add_argument("--out", type=Path, default=HERE / "chat.png")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1020)
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    given = parser.parse_args()
    view = View(given.question, given.out, given.width, given.height, given.scheme)
    if given.address:
        take(given.address, view)
        return
    with chat(given.index) as address:
        take(address, view)


if __name__ == "__main__":
    main()
