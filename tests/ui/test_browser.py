"""The chat as a visitor meets it: real command, real index, real models, real Chromium."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).parents[2] / "indexes" / "samples"
MEDIA = ("pictures/IMG_2034.jpg", "recordings/memo-0614.ogg", "notes/packing.md")
ANSWER_LIMIT_MS = 300_000
pytestmark = [pytest.mark.browser, pytest.mark.weights]


@pytest.fixture(scope="module")
def address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real ``mmqa chat`` over a small index; ended by SIGTERM, which must be clean."""
    folder = tmp_path_factory.mktemp("chat")
    index = folder / "trip"
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    mmqa = [sys.executable, "-m", "mmqa"]
    files = [str(SAMPLES / name) for name in MEDIA]
    subprocess.run([*mmqa, "add", *files, "--index", str(index)], check=True, env=environment)
    chat = subprocess.Popen(
        [*mmqa, "chat", "--index", str(index)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    guard = threading.Timer(120, chat.kill)
    guard.start()
    assert chat.stdout is not None
    line = chat.stdout.readline()
    guard.cancel()
    assert "http://127.0.0.1:" in line, f"mmqa chat did not print its address but {line!r}"
    yield next(word for word in line.split() if word.startswith("http"))
    chat.send_signal(signal.SIGTERM)
    assert chat.wait(timeout=20) == 0


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The chat, opened; whatever it asks of another machine is a failure."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    outside: list[str] = []
    opened.on("request", lambda request: _note_outside(request.url, address, outside))
    opened.goto(address)
    opened.get_by_test_id("stChatInputTextArea").wait_for(timeout=60_000)
    yield opened
    opened.close()
    assert outside == [], "the page asked other machines"


def _note_outside(url: str, address: str, outside: list[str]) -> None:
    if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:")):
        outside.append(url)


def ask(page: Any, question: str) -> None:
    """Type a question and wait until its answer is whole."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    page.get_by_role("button", name="Clear this conversation").wait_for(timeout=ANSWER_LIMIT_MS)


def test_a_question_is_answered_with_the_recording_at_its_second(page: Any) -> None:
    ask(page, "How late will the ferry be because of the wind?")
    answer = page.get_by_test_id("stChatMessage").nth(1)
    assert any(words in answer.inner_text().lower() for words in ("forty minutes", "40 minutes"))
    assert "memo-0614.ogg" in answer.inner_text()
    player = answer.locator("audio").first
    assert player.get_attribute("src")
    assert answer.get_by_text("Why it was found").first.is_visible()


def test_a_picture_is_attached_and_asked_about(page: Any) -> None:
    with page.expect_response(lambda response: "upload_file" in response.url):
        page.locator("[data-testid=stChatInput] input[type=file]").set_input_files(
            str(SAMPLES / "pictures/IMG_2034.jpg")
        )
    page.wait_for_timeout(500)
    ask(page, "What does the sign say?")
    question, answer = page.get_by_test_id("stChatMessage").all()[:2]
    assert question.get_by_role("img", name="Your picture: IMG_2034.jpg").is_visible()
    assert "SKARHOLM" in answer.inner_text().upper()


def test_a_question_is_spoken_into_the_browser(page: Any) -> None:
    """The browser's microphone is a file in which somebody asks; see ``conftest.FLAGS``."""
    page.get_by_test_id("stChatInputMicButton").click()
    page.get_by_test_id("stChatInputWaveform").wait_for()
    page.wait_for_timeout(6_000)
    page.get_by_test_id("stChatInputApproveButton").click()
    page.get_by_role("button", name="Clear this conversation").wait_for(timeout=ANSWER_LIMIT_MS)
    question, answer = page.get_by_test_id("stChatMessage").all()[:2]
    assert question.locator("audio").get_attribute("src")
    assert "because of the strong wind" in question.inner_text()
    assert "memo-0614.ogg" in answer.inner_text()


def test_a_file_is_added_and_a_bad_one_refused_with_a_reason(page: Any, tmp_path: Path) -> None:
    bad = tmp_path / "not a picture.png"
    bad.write_bytes(b"")
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_text("Add files").click()
    box = sidebar.get_by_role("textbox", name="Or a file or folder")
    box.fill(str(tmp_path))
    sidebar.get_by_role("button", name="Add", exact=True).click()
    sidebar.get_by_text("Refused 1 file.").wait_for(timeout=ANSWER_LIMIT_MS)
    assert "not a picture.png" in sidebar.inner_text()
