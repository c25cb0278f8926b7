"""Starting the chat: the command, the port, the index."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mmqa.errors import UsageError
from ui import launch


def test_the_command_keeps_to_this_machine() -> None:
    flags = launch.command()
    assert "--server.address=127.0.0.1" in flags
    assert "--browser.gatherUsageStats=false" in flags
    assert "--runner.magicEnabled=false" in flags
    assert Path(flags[4]).is_file()


def test_a_busy_port_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as busy:
        busy.bind((launch.ADDRESS, 0))
        busy.listen()
        port = busy.getsockname()[1]
        monkeypatch.setattr(launch, "DEFAULT_PORT", port)
        assert launch.free_port() != port
        with pytest.raises(UsageError, match=f"port {port} is in use"):
            launch.free_port(port)


def test_a_number_that_is_no_port_is_refused() -> None:
    with pytest.raises(UsageError, match="0 is no port"):
        launch.free_port(0)


def test_the_index_is_handed_on_as_an_absolute_path(tmp_path: Path) -> None:
    assert launch.environment(str(tmp_path), {})["MMQA_INDEX"] == str(tmp_path)
    assert Path(launch.environment("indexes/x", {})["MMQA_INDEX"]).is_absolute()


def test_importing_it_loads_no_streamlit() -> None:
    code = "import sys, ui.launch; raise SystemExit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
