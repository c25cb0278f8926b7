"""Prompt templates, filled with Jinja2; they fail loudly.

Knows: how a sentence or a prompt is filled, which variables it needs, and how a missing one is
reported. Refuses to know: evidence, models and questions; where templates lie is in ``tables``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    nodes,
    pass_context,
)
from jinja2 import TemplateError as JinjaError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from mmqa.errors import TemplateError
from mmqa.prompts.tables import FOLDER, Table, read
from mmqa.records import Message


@dataclass(frozen=True, slots=True)
class Variables:
    """What a template must be given, sorted.

    Attributes:
        needed: Must hold something.
        may_be_empty: The template does without where they are empty: it asks ``{% if name %}``.
    """

    needed: tuple[str, ...]
    may_be_empty: tuple[str, ...]


class Templates:
    """The templates of one language, a TOML table each.

    A sentence has ``text``; a prompt has ``user`` and perhaps ``system`` and ``examples``. In any
    of them ``{{ sentence("name") }}`` stands for that sentence, filled with the same variables.

    Args:
        language: ISO 639-1 code; names the file.
        folder: Holds the package's ``<language>.toml``.
        own: Folder with templates of the user's (the setting ``prompts``), which stand in place of
            the package's of the same name; empty for none.
    """

    def __init__(self, language: str, folder: Path = FOLDER, own: Path | str = "") -> None:
        self.language = language
        self.folder = folder
        self.own = Path(own).expanduser() if str(own) else None
        # Prompts are plain text for a model and a terminal; pages escape on their own. Templates
        # are passed on between people, so one that reaches for Python's insides is refused.
        self._jinja = SandboxedEnvironment(
            undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
        )
        self._jinja.globals = {"sentence": self._sentence}
        self._compiled: dict[tuple[str, str], Template] = {}

    @cached_property
    def _tables(self) -> Mapping[str, Table]:
        return read(self.language, self.folder, self.own)

    def names(self) -> tuple[str, ...]:
        """The templates there are, in the order of their files.

        Raises:
            TemplateError: A file cannot be read or holds what no template has.
        """
        return tuple(self._tables)

    def table(self, name: str) -> Table:
        """A template as it stands in its file.

        Raises:
            TemplateError: There is none of that name.
        """
        if name not in self._tables:
            raise TemplateError(
                f"there is no prompt template {name!r} for the language {self.language!r}",
                f"Known templates: {', '.join(self._tables)}.",
            )
        return self._tables[name]

    def text(self, name: str, /, **variables: Any) -> str:
        """Fill the sentence ``name``.

        Raises:
            TemplateError: The template or a variable is missing, or the template is broken.

        >>> Templates("en").text("looks_like", words="a castle")
        'It looks like: a castle'
        """
        return self._fill(name, "text", variables)

    def messages(self, name: str, /, **variables: Any) -> tuple[Message, ...]:
        """Fill the prompt ``name``: the system message, examples as turns, then the user's message.

        A prompt without ``system`` has no system message: what was trained without one is asked
        without one.

        Raises:
            TemplateError: The template or a variable is missing, or the template is broken.
        """
        table = self.table(name)
        user = Message("user", self._fill(name, "user", variables))
        turns = []
        if "system" in table.fields:
            turns.append(Message("system", self._fill(name, "system", variables)))
        for asked, answered in table.examples:
            turns += [Message("user", asked), Message("assistant", answered)]
        return (*turns, user)

    def variables(self, name: str) -> Variables:
        """What ``name`` must be given, with what the sentences in it must be given.

        Raises:
            TemplateError: A template is missing or broken.

        >>> Templates("en").variables("passage")
        Variables(needed=('text',), may_be_empty=('source',))
        """
        used: set[str] = set()
        asked: set[str] = set()
        for tree in self._trees(name, set()):
            used |= meta.find_undeclared_variables(tree) - {"sentence"}
            tests = (branch.test for branch in tree.find_all(nodes.If))
            asked |= {test.name for test in tests if isinstance(test, nodes.Name)}
        return Variables(tuple(sorted(used - asked)), tuple(sorted(used & asked)))

    def _trees(self, name: str, seen: set[str]) -> Iterator[nodes.Template]:
        """The parsed templates of a table and of the sentences that stand in it."""
        seen.add(name)
        table = self.table(name)
        for key in ("text", "system", "user"):
            if key in table.fields:
                try:
                    tree = self._jinja.parse(table.source(key))
                except TemplateSyntaxError as error:
                    raise _broken(table, error) from error
                yield tree
                for called in _sentences(tree):
                    if called not in seen:
                        yield from self._trees(called, seen)

    @pass_context
    def _sentence(self, context: Context, name: str) -> str:
        return self._fill(name, "text", context.get_all())

    def _fill(self, name: str, key: str, variables: Mapping[str, Any]) -> str:
        table = self.table(name)
        try:
            return self._template(table, key).render(variables).strip()
        except UndefinedError as error:
            raise TemplateError(
                f"the prompt template {name!r} in {str(table.path)!r} was not given all it needs:"
                f" {error.message}",
                f"Given: {', '.join(sorted(variables.keys() - {'sentence'})) or 'nothing'}.",
            ) from error
        except _FAILURES as error:
            raise _broken(table, error) from error

    def _template(self, table: Table, key: str) -> Template:
        """Compiled once: training fills the same few templates a million times."""
        where = table.name, key
        if where not in self._compiled:
            self._compiled[where] = self._jinja.from_string(table.source(key))
        return self._compiled[where]


_FAILURES = (JinjaError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError)
"""What a template can raise when it is compiled and filled, beside :class:`TemplateError`."""


def _broken(table: Table, error: Exception) -> TemplateError:
    line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
    return TemplateError(
        f"the prompt template {table.name!r} in {str(table.path)!r} is broken{line}:"
        f" {getattr(error, 'message', None) or error}",
        "Correct the file.",
    )


def _sentences(tree: nodes.Template) -> Iterator[str]:
    """Names in calls of ``sentence("name")``."""
    for call in tree.find_all(nodes.Call):
        named = isinstance(call.node, nodes.Name) and call.node.name == "sentence"
        if named and call.args and isinstance(call.args[0], nodes.Const):
            yield str(call.args[0].value)


def language_of(text: str) -> str:
    """The template language for a question: ``zh`` when it is mostly Chinese script, else ``en``.

    >>> language_of("杭州的酒店叫什么名字?"), language_of("Who wrote 红楼梦?")
    ('zh', 'en')
    """
    chinese = sum("\u3400" <= c <= "\u9fff" for c in text)
    latin = sum(c.isascii() and c.isalpha() for c in text)
    return "zh" if 2 * chinese > latin else "en"
