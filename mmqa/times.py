"""Times in a recording, as people write them.

Knows: ``12:41`` and ``1:02:03``. Refuses to know: what happens at that time, and who reads it;
JSON keeps seconds.
"""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, with hours where there are any; rounded down as players do.

    >>> clock(761.9), clock(3723.0), clock(0.9)
    ('12:41', '1:02:03', '0:00')
    """
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
