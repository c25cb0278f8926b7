"""Where a served model is reached, and with which key.

Knows: what address is acceptable, where the key comes from, what leaves this machine with a request
and what must not. Refuses to know: what is asked there.

The key comes from ``MMQA_SERVED_KEY`` and nowhere else: not from a file, not from the address, and
not from ``OPENAI_API_KEY``, which belongs to another service. A key never travels in plain text to
another machine, and stands in no message, log or ``repr`` of ours.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from mmqa.errors import ConfigError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from mmqa.vlm.options import LoadOptions

KEY_VARIABLE = "MMQA_SERVED_KEY"
HIDDEN = "[key]"
_SENT = frozenset(
    {"host", "accept", "accept-encoding", "connection", "content-type", "content-length"}
)
"""Headers that leave this machine, beside the key: the ``openai`` client adds its version, the
operating system and processor, and what ``OPENAI_ORG_ID``, ``OPENAI_PROJECT_ID`` and
``OPENAI_CUSTOM_HEADERS`` hold for a service of that name."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint.

    Attributes:
        url: Without a slash at its end; mostly ends in ``/v1``.
        key: Empty where the server asks for none.
        timeout_s: Longest wait for a connection, and then for each piece of an answer.
    """

    url: str
    key: str = field(default="", repr=False)
    timeout_s: float = 60.0

    @property
    def local(self) -> bool:
        """Whether it lies on this machine."""
        return _is_local(urlsplit(self.url).hostname or "")

    @property
    def root(self) -> str:
        """The address without ``/v1``: where servers have what is not OpenAI's."""
        return self.url.removesuffix("/v1")

    def hide(self, text: str) -> str:
        """``text`` without the key, which a server may have echoed."""
        return text.replace(self.key, HIDDEN) if self.key else text

    def client(self) -> AsyncOpenAI:
        """A client that sends what was asked, the key, and nothing of its own.

        Proxies of the environment are used, but not for this machine: they could not reach it.
        """
        import openai

        async def bare(request: Any) -> None:
            for name in set(request.headers) - _SENT:
                del request.headers[name]
            if self.key:
                request.headers["authorization"] = f"Bearer {self.key}"

        http = openai.DefaultAsyncHttpxClient(
            event_hooks={"request": [bare]},
            follow_redirects=False,  # the key goes to nobody but the address that was configured
            trust_env=not self.local,
            timeout=self.timeout_s,
        )
        return openai.AsyncOpenAI(
            base_url=self.url,
            api_key=self.key or "none",
            admin_api_key="",
            max_retries=0,  # Server retries: it knows whether words were yielded already
            http_client=http,
        )


def endpoint(options: LoadOptions, environ: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint that the configuration names.

    Args:
        options: ``served_url`` and ``served_timeout_s`` are read.
        environ: Where the key is looked up; ``None`` means the process's own environment.

    Raises:
        ConfigError: There is no address, it is none, it holds a password or a query, the key cannot
            be sent in a header, or it would travel in plain text to another machine.

    >>> from types import SimpleNamespace as Options
    >>> endpoint(Options(served_url="http://localhost:8000/v1/", served_timeout_s=5), {}).root
    'http://localhost:8000'
    """
    url = options.served_url.strip().rstrip("/")
    if not url:
        raise ConfigError(
            "vlm = served, but no served_url is set",
            "Set it to the address of an OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1.",
        )
    key = (os.environ if environ is None else environ).get(KEY_VARIABLE, "").strip()
    parts = _split(url)
    if key and not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{KEY_VARIABLE} holds characters that no key has", "Copy it again.")
    if key and parts.scheme == "http" and not _is_local(parts.hostname or ""):
        raise ConfigError(
            f"served_url {url!r} is plain http to another machine, and {KEY_VARIABLE} is set:"
            " anybody on the way could read the key",
            f"Use https://, a tunnel to localhost, or unset {KEY_VARIABLE}.",
        )
    return Endpoint(url, key, options.served_timeout_s)


def _split(url: str) -> SplitResult:
    """Its parts; a password in it is not repeated in the message."""
    try:
        parts = urlsplit(url)
        bad = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
    except ValueError:
        bad = True
    if bad:
        shown = url.rpartition("@")[2]
        raise ConfigError(
            f"served_url {shown!r} is no address", "It looks like http://127.0.0.1:8000/v1."
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigError(
            f"served_url of {parts.hostname} holds a user, a password or a query",
            f"Leave the address bare; a key belongs into {KEY_VARIABLE}.",
        )
    return parts


def _is_local(host: str) -> bool:
    """Whether what is sent to ``host`` stays on this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
