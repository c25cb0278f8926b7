"""Globs: patterns of paths, as shells have them.

Knows: what ``*``, ``?``, ``[..]`` and ``**`` stand for. Refuses to know: which files there are.

A path that is a glob to the letter fits it, so that a file really named ``a[1].png`` can be named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^]/]*\]|[^*?\[]+|\[")
_STANDS_FOR = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_MAGIC = re.compile(r"[*?\[]")


def is_glob(text: str) -> bool:
    """Whether ``text`` holds anything that a glob gives a meaning.

    >>> is_glob("a/*.png"), is_glob("a/b.png")
    (True, False)
    """
    return _MAGIC.search(text) is not None


def regex(glob: str) -> str:
    r"""A glob as a regular expression: ``*``, ``?``, ``[..]`` stay in a folder, ``**`` does not.

    >>> bool(re.fullmatch(regex("a/**/*.png"), "a/b/c/d.png"))
    True
    >>> bool(re.fullmatch(regex("a/*.png"), "a/b/d.png"))
    False
    >>> bool(re.fullmatch(regex("IMG_[!0-3]*"), "IMG_4711.jpg"))
    True
    """
    return "".join(_translated(token) for token in _TOKEN.findall(glob))


def _translated(token: str) -> str:
    if token in _STANDS_FOR:
        return _STANDS_FOR[token]
    if len(token) > 2 and token[0] == "[":
        return _any_character_of(token[1:-1]) or re.escape(token)
    return re.escape(token)


def _any_character_of(inside: str) -> str:
    """The inside of brackets as a class; empty where it is none (a range that runs backwards)."""
    denied = inside.startswith("!")
    members = inside[denied:]
    escaped = re.sub(r"([\\\]\[^&~|])", r"\\\1", members)
    found = f"(?!/)[{'^' if denied else ''}{escaped}]"
    try:
        re.compile(found)
    except re.error:
        return ""
    return found if members else ""


def matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path fits any of ``globs``.

    >>> fits = matcher(["*.png", "a[1].txt"])
    >>> fits("b.png"), fits("a1.txt"), fits("a[1].txt"), fits("x/b.png")
    (True, True, True, False)
    """
    kept = tuple(globs)
    patterns = [re.compile(regex(glob), re.DOTALL) for glob in kept]
    return lambda path: path in kept or any(pattern.fullmatch(path) for pattern in patterns)


def fixed_part(glob: str) -> tuple[str, str]:
    """The folders before the first part with a pattern, and the rest.

    >>> fixed_part("/media/trip/*.jpg")
    ('/media/trip', '*.jpg')
    >>> fixed_part("*.jpg")
    ('', '*.jpg')
    """
    found = _MAGIC.search(glob)
    at = glob.rfind("/", 0, found.start() if found else len(glob))
    return (glob[:at] or "/" if at >= 0 else ""), glob[at + 1 :]
