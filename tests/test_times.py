"""Times as people write them."""

from __future__ import annotations

import pytest

from mmqa.times import clock


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0:00"),
        (59.9, "0:59"),
        (75.9, "1:15"),
        (761.4, "12:41"),
        (3_599.999, "59:59"),
        (3_600.0, "1:00:00"),
        (3_723.0, "1:02:03"),
        (360_000.0, "100:00:00"),
        (-1.0, "0:00"),
    ],
)
def test_seconds_read_as_a_clock_rounded_down(seconds: float, text: str) -> None:
    assert clock(seconds) == text
