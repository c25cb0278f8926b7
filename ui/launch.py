"""Starting the chat: the command, a free port, the address, and a clean end.

Knows: how Streamlit is started so that nothing leaves this machine. Refuses to know: what is on the
page; and it imports no Streamlit, so ``mmqa --help`` stays quick.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from types import FrameType

from mmqa.errors import MmqaError, UsageError

ADDRESS = "127.0.0.1"
DEFAULT_PORT = 8501
INDEX_VARIABLE = "MMQA_INDEX"
_PORTS_TRIED = 50
_START_LIMIT_S = 60.0
_FLAGS = {
    "server.address": ADDRESS,
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.serverAddress": ADDRESS,
    "browser.gatherUsageStats": "false",
    "runner.magicEnabled": "false",
    "client.toolbarMode": "viewer",
    "global.developmentMode": "false",
}


def app_file() -> Path:
    """The page that Streamlit runs, in a checkout as in an installed wheel."""
    return Path(str(files("ui").joinpath("app.py")))


def command(port: int | None = None) -> list[str]:
    """The command that serves the chat on ``port``, or on the first free one from 8501.

    Flags beat a user's own Streamlit settings and variables: the address stays 127.0.0.1 and no
    usage statistics are sent.

    Raises:
        UsageError: The port was asked for and is taken, or none is free.
    """
    chosen = free_port(port)
    flags = [f"--{name}={value}" for name, value in {**_FLAGS, "server.port": str(chosen)}.items()]
    return [sys.executable, "-m", "streamlit", "run", str(app_file()), *flags]


def environment(index: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables the page is started with; ``index`` is the folder it opens first."""
    values = dict(os.environ if environ is None else environ)
    return {**values, INDEX_VARIABLE: str(Path(index).expanduser().absolute())}


def free_port(port: int | None = None) -> int:
    """``port`` if it is free; without one, the first free port from 8501 on.

    Raises:
        UsageError: The port is no port or is taken, or all that were tried are.
    """
    if port is not None:
        if not 0 < port < 65_536:
            raise UsageError(f"{port} is no port", "Ports go from 1 to 65535.")
        if not _is_free(port):
            raise UsageError(f"port {port} is in use", "Choose another with --port, or leave it.")
        return port
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED):
        if _is_free(candidate):
            return candidate
    last = DEFAULT_PORT + _PORTS_TRIED - 1
    raise UsageError(f"no port from {DEFAULT_PORT} to {last} is free", "Choose one with --port.")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def run(port: int | None = None, index: str = "indexes/default") -> int:
    """Serve the chat until it is ended by Ctrl-C or a signal; prints its address on stdout.

    Returns:
        The exit status: 0 after Ctrl-C or SIGTERM.

    Raises:
        MmqaError: The server did not start.
    """
    arguments = command(port)
    address = f"http://{ADDRESS}:{arguments[-1].rpartition('=')[2]}"
    server = subprocess.Popen(arguments, env=environment(index), stdout=subprocess.DEVNULL)  # noqa: S603
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        wait_until_ready(server, address)
        print(f"mmqa chat: {address}  (Ctrl-C ends it)", flush=True)
        status = server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, previous)
        _end(server)
    return status


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def wait_until_ready(server: subprocess.Popen[bytes], address: str) -> None:
    """Return once the server answers at ``address``.

    Raises:
        MmqaError: It ended, or did not answer in a minute.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise MmqaError(
                f"the chat server ended with status {server.returncode}", "See its words above."
            )
        with (
            suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            opener.open(f"{address}/_stcore/health", timeout=2),
        ):
            return
        time.sleep(0.1)
    raise MmqaError(f"the chat server did not answer within {_START_LIMIT_S:.0f} seconds")


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
