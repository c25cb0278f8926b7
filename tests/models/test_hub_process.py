"""What went wrong, in one word; the process itself is tested against a hub in ``test_hub``."""

from __future__ import annotations

import errno

import httpx2
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled

from mmqa.models.hub_process import kind_of


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk"),
        (caused(LocalEntryNotFoundError("?"), OSError(errno.ENOSPC, "full")), "disk"),
        (caused(LocalEntryNotFoundError("?"), httpx2.ConnectError("no route")), "network"),
        (caused(LocalEntryNotFoundError("?"), httpx2.ReadTimeout("slow")), "network"),
        (httpx2.ProxyError("proxy"), "network"),
        (OfflineModeIsEnabled("told so"), "offline"),
        (ValueError("something new"), "other"),
    ],
)
def test_the_first_known_cause_says_what_went_wrong(error: Exception, word: str) -> None:
    assert kind_of(error) == word
