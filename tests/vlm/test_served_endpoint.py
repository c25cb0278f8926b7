"""What address is taken, and what leaves this machine with a request."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mmqa.errors import ConfigError
from mmqa.vlm.options import LoadOptions
from mmqa.vlm.served import connect
from mmqa.vlm.served_endpoint import Endpoint, endpoint

KEY = "sk-very-secret-0123456789"
SAID: dict[str, str] = {"MMQA_SERVED_KEY": KEY}


def reached(url: str, environ: dict[str, str] | None = None) -> Endpoint:
    return endpoint(LoadOptions(served_url=url), environ or {})


class Listener(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.heard.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        body = b'{"object": "list", "data": [{"id": "m"}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def listener() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.heard = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_nothing_is_reached_unless_an_address_is_configured() -> None:
    with pytest.raises(ConfigError, match="no served_url is set"):
        reached("  ")


def test_a_slash_at_the_end_changes_nothing() -> None:
    assert reached("http://localhost:8000/v1/") == reached("http://localhost:8000/v1")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a/v1", "http://", "http://[::1/v1", "x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is no address"):
        reached(url)


@pytest.mark.parametrize(
    "url", ["https://me:pass-word@a.example/v1", "https://a.example/v1?key=pass-word"]
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="MMQA_SERVED_KEY") as caught:
        reached(url)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://a.example/v1", "http://192.168.1.5:8000/v1"])
def test_a_key_does_not_travel_in_plain_text(url: str) -> None:
    assert reached(url).key == ""  # without a key, plain http is what many servers speak
    with pytest.raises(ConfigError, match="plain http") as caught:
        reached(url, SAID)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["https://a.example/v1", "http://127.0.0.1:1/v1", "http://[::1]:1/v1", "http://localhost"],
)
def test_a_key_travels_encrypted_or_not_at_all(url: str) -> None:
    assert reached(url, SAID).key == KEY


def test_a_key_that_fits_in_no_header_is_refused() -> None:
    with pytest.raises(ConfigError, match="MMQA_SERVED_KEY holds") as caught:
        reached("https://a.example", {"MMQA_SERVED_KEY": "schlüssel"})
    assert "schlüssel" not in str(caught.value)


def test_the_key_does_not_stand_in_the_repr() -> None:
    assert KEY not in repr(reached("https://a.example/v1", SAID))


def test_only_what_was_asked_and_the_key_are_sent(
    listener: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "theirs")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: theirs\nAuthorization: Bearer theirs")
    for key in ("", KEY):
        connect(Endpoint(f"http://127.0.0.1:{listener.server_port}/v1", key), "").release()
    (_, without), (_, with_key) = listener.heard  # type: ignore[attr-defined]
    plain = {"host", "accept", "accept-encoding", "connection"}
    assert {name.lower() for name in without} == plain
    assert {name.lower() for name in with_key} == plain | {"authorization"}
    assert f"Bearer {KEY}" in with_key.values()


def test_proxies_of_the_environment_are_used_but_not_for_this_machine(
    listener: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = f"http://127.0.0.1:{listener.server_port}"
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    connect(Endpoint("http://model.example/v1"), "m").release()
    connect(Endpoint(f"{proxy}/v1"), "m").release()
    paths = [path for path, _ in listener.heard]  # type: ignore[attr-defined]
    assert paths == ["http://model.example/v1/models", "/v1/models"]


def test_nothing_is_loaded_before_it_is_used() -> None:
    program = (
        "import sys, mmqa.vlm.served, mmqa.vlm.served_endpoint\n"
        "print(sorted({'openai', 'httpx', 'httpx2', 'torch', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
