"""The files that hold prompt templates: the package's, and a user's own that come before them.

Knows: where the files lie, what a table may hold, and how a mistake in one is reported. Refuses to
know: how a template is filled, and what for.

A file is TOML, named after its language, with a table a template: ``text`` makes it a sentence,
``user`` (perhaps with ``system`` and ``examples``) a prompt, and ``purpose`` says what it is for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmqa.errors import TemplateError

FOLDER = Path(__file__).with_name("templates")

WORDED = ("purpose", "text", "system", "user")
"""Keys whose value is text; beside them there is ``examples``."""

_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffc]")


@dataclass(frozen=True, slots=True)
class Table:
    """One template as it stands in its file.

    Attributes:
        name: Of the template.
        path: The file.
        own: Whether it is the user's.
        fields: Keys and what they hold.
    """

    name: str
    path: Path
    own: bool
    fields: Mapping[str, Any]

    @property
    def purpose(self) -> str:
        """What it is for, in a line; empty where the file does not say."""
        return str(self.fields.get("purpose", ""))

    @property
    def examples(self) -> tuple[tuple[str, str], ...]:
        """What a user says and what the assistant answers, by way of example."""
        return tuple((e["user"], e["assistant"]) for e in self.fields.get("examples", ()))

    def source(self, key: str) -> str:
        """The template under a key.

        Raises:
            TemplateError: The table has no such key.
        """
        if key not in self.fields:
            raise TemplateError(
                f"{str(self.path)!r} has no {key!r} for the prompt template {self.name!r}",
                f"Give it one; it has: {', '.join(self.fields) or 'nothing'}.",
            )
        return str(self.fields[key])

    def toml(self) -> str:
        """The table as TOML: to be read, or put into a file of one's own and changed.

        >>> print(Table("tea", Path("en.toml"), True, {"text": "Tea for {{ n }}"}).toml())
        [tea]
        text = "Tea for {{ n }}"
        """
        bare = re.fullmatch(r"[A-Za-z0-9_-]+", self.name)
        lines = [f"[{self.name if bare else _quoted(self.name)}]"]
        lines += [f"{key} = {_quoted(self.fields[key])}" for key in WORDED if key in self.fields]
        if self.examples:
            turns = (
                f"  {{ user = {_line(user)}, assistant = {_line(assistant)} }},"
                for user, assistant in self.examples
            )
            lines += ["examples = [", *turns, "]"]
        return "\n".join(lines)


def _quoted(text: str) -> str:
    r"""A TOML string, over several lines where it has several.

    >>> print(_quoted('say "hi"'))
    "say \"hi\""
    """
    if "\n" not in text:
        return _line(text)
    escaped = _shown(text.replace("\\", "\\\\").replace('"""', '""\\"'))
    if escaped.endswith('"'):
        escaped = f'{escaped[:-1]}\\"'
    return f'"""\n{escaped}"""'


def _line(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{_shown(escaped)}"'


def _shown(text: str) -> str:
    return _UNSHOWN.sub(lambda found: f"\\u{ord(found[0]):04X}", text)


def read(language: str, folder: Path = FOLDER, own: Path | None = None) -> dict[str, Table]:
    """The templates of a language by name; of those that a user has too, the user's.

    Args:
        language: ISO 639-1 code; names the file.
        folder: Holds the package's ``<language>.toml``.
        own: Holds the user's, for one language at least.

    Raises:
        TemplateError: There are none, or a file cannot be read or holds what no template has.
    """
    shipped, mine = folder / f"{language}.toml", _own_file(language, folder, own)
    if mine is None and not shipped.exists():
        raise TemplateError(
            f"there are no prompt templates for the language {language!r}:"
            f" {str(shipped)!r} does not exist",
            f"Known languages: {', '.join(languages(folder)) or 'none'}.",
        )
    tables = _tables(shipped, own=False) if shipped.exists() else {}
    return tables | (_tables(mine, own=True) if mine else {})


def _own_file(language: str, folder: Path, own: Path | None) -> Path | None:
    """The user's file of a language; they need not have one of each."""
    if own is None:
        return None
    if not own.is_dir():
        raise TemplateError(
            f"the folder of prompt templates {str(own)!r} does not exist or is no folder",
            "Correct the setting 'prompts', or leave it out.",
        )
    if not languages(own):
        raise TemplateError(
            f"the folder of prompt templates {str(own)!r} holds no file that is named after a"
            " language",
            f"Call it e.g. {language}.toml; the package has"
            f" {', '.join(languages(folder)) or 'none'}.",
        )
    path = own / f"{language}.toml"
    return path if path.exists() else None


def _tables(path: Path, *, own: bool) -> dict[str, Table]:
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TemplateError(
            f"the prompt templates in {str(path)!r} cannot be read: {error}", "Correct the file."
        ) from error
    return {name: Table(name, path, own, _checked(name, path, held[name])) for name in held}


def _checked(name: str, path: Path, fields: Any) -> Mapping[str, Any]:
    """What a table holds, if a template may hold it."""
    where = f"the prompt template {name!r} in {str(path)!r}"
    if not isinstance(fields, dict):
        raise TemplateError(
            f"{name!r} in {str(path)!r} stands in no table", f"Put it below a line like [{name}]."
        )
    for key, value in fields.items():
        if key not in (*WORDED, "examples"):
            raise TemplateError(
                f"{where} has a key {key!r}, which means nothing",
                f"Keys: {', '.join(WORDED)}, examples.",
            )
        if key in WORDED and not isinstance(value, str):
            raise TemplateError(f"{key!r} of {where} is no text", "Put it in quotation marks.")
    examples = fields.get("examples", [])
    if not isinstance(examples, list) or not all(map(_is_example, examples)):
        raise TemplateError(
            f"an example of {where} lacks 'user' or 'assistant'",
            'Write each as { user = "…", assistant = "…" }.',
        )
    return fields


def _is_example(example: Any) -> bool:
    return (
        isinstance(example, dict)
        and example.keys() == {"user", "assistant"}
        and all(isinstance(words, str) for words in example.values())
    )


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """Languages that have templates in ``folder``, sorted.

    >>> languages()
    ('en', 'zh')
    """
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))
