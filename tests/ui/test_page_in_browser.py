"""The page in a real Chromium over the stand-in library: stopping, reading, the keyboard."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ui import launch

HERE = Path(__file__).parent
UNLABELLED = (HERE / "unlabelled.js").read_text(encoding="utf-8")
FAINT = (HERE / "faint.js").read_text(encoding="utf-8")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the page over the stand-in; asks for ``browser`` first, which may skip."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.toml").write_text("")
    command = launch.command()
    port = command[-1].rpartition("=")[2]
    script = [str(HERE / "slow_app.py"), *command[5:], "--", str(folder)]
    shutil.copytree(launch.app_file().parent / ".streamlit", folder / ".streamlit")
    server = subprocess.Popen([*command[:4], *script], cwd=folder, stdout=subprocess.DEVNULL)
    base = f"http://{launch.ADDRESS}:{port}"
    launch.wait_until_ready(server, base)
    yield base
    server.terminate()
    server.wait(timeout=20)


def opened(browser: Any, address: str, **window: Any) -> Any:
    page = browser.new_page(**({"viewport": {"width": 1280, "height": 900}} | window))
    page.set_default_timeout(60_000)
    page.goto(address)
    page.get_by_test_id("stChatInputTextArea").wait_for()
    return page


def ask(page: Any, question: str) -> None:
    page.get_by_test_id("stChatInputTextArea").fill(question)
    page.keyboard.press("Enter")


def test_stop_ends_the_answer_and_the_next_question_can_be_asked(
    browser: Any, address: str
) -> None:
    page = opened(browser, address)
    page.get_by_test_id("stChatInputTextArea").focus()
    ask(page, "Tell me slowly")
    page.get_by_text("▌").wait_for()
    page.get_by_role("button", name="Stop answering").click()
    page.get_by_text("Stopped before the end.").wait_for()
    ask(page, "And now?")
    page.get_by_text("The ferry leaves at nine.", exact=True).wait_for()
    assert page.get_by_text("Stopped before the end.").count() == 1
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_and_can_be_read(browser: Any, address: str, scheme: str) -> None:
    page = opened(browser, address, color_scheme=scheme)
    ask(page, "When does the ferry leave?")
    page.get_by_role("button", name="Clear this conversation").wait_for()
    for folded in ("Add files", "Open or create another", "Where to look", "Also found (1)"):
        page.get_by_text(folded).click()
    page.get_by_text("no longer in its folder").wait_for()
    page.get_by_role("textbox", name="Or a file or folder").wait_for()
    page.wait_for_timeout(500)
    assert page.evaluate(UNLABELLED) == []
    assert page.evaluate(FAINT) == []
    page.close()


def test_a_narrow_window_needs_no_sideways_scrolling(browser: Any, address: str) -> None:
    page = opened(browser, address, viewport={"width": 400, "height": 850})
    ask(page, "a" * 200)
    page.get_by_role("button", name="Clear this conversation").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.get_by_text("announcement.wav").first.is_visible()
    page.close()


def test_the_keyboard_is_enough(browser: Any, address: str) -> None:
    page = opened(browser, address)
    ask(page, "When does the ferry leave?")
    page.get_by_role("button", name="Clear this conversation").wait_for()
    summary = page.locator(".mmqa-why summary").first
    summary.focus()
    page.keyboard.press("Enter")
    page.locator(".mmqa-why table").first.wait_for()
    page.get_by_role("button", name="Clear this conversation").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Some questions to begin with:").wait_for()
    page.close()
