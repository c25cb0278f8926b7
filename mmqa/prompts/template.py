"""Prompt templates: TOML files with Jinja2, which fail loudly.

Knows: where templates lie, in which languages, and how a missing variable is reported.
Refuses to know: evidence, models and questions.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    StrictUndefined,
    TemplateSyntaxError,
    UndefinedError,
    pass_context,
)
from jinja2.runtime import Context

from mmqa.errors import TemplateError
from mmqa.records import Message

FOLDER = Path(__file__).with_name("templates")


class Templates:
    """The templates of one language, a TOML table each.

    A sentence has ``text``; a prompt has ``user`` and perhaps ``system`` and ``examples``. In any
    of them ``{{ sentence("name") }}`` stands for that sentence, filled with the same variables.

    Args:
        language: ISO 639-1 code; names the file.
        folder: Holds ``<language>.toml``.
    """

    def __init__(self, language: str, folder: Path = FOLDER) -> None:
        self.language = language
        self.path = folder / f"{language}.toml"
        # Prompts are plain text for a model and a terminal; pages escape on their own.
        self._jinja = Environment(
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals["sentence"] = self._sentence

    @cached_property
    def _tables(self) -> Mapping[str, Mapping[str, Any]]:
        try:
            read: Mapping[str, Mapping[str, Any]] = tomllib.loads(
                self.path.read_text(encoding="utf-8")
            )
        except FileNotFoundError as error:
            raise TemplateError(
                f"there are no prompt templates for the language {self.language!r}:"
                f" {str(self.path)!r} does not exist",
                f"Known languages: {', '.join(languages(self.path.parent)) or 'none'}.",
            ) from error
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise TemplateError(
                f"the prompt templates in {str(self.path)!r} cannot be read: {error}",
                "Correct the file.",
            ) from error
        return read

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
        user = Message("user", self._fill(name, "user", variables))
        system = (
            [Message("system", self._fill(name, "system", variables))]
            if "system" in self._tables[name]
            else []
        )
        return (*system, *self._examples(name), user)

    @pass_context
    def _sentence(self, context: Context, name: str) -> str:
        return self._fill(name, "text", context.get_all())

    def _examples(self, name: str) -> list[Message]:
        turns: list[Message] = []
        for example in self._tables[name].get("examples", []):
            if not isinstance(example, dict) or not {"user", "assistant"} <= example.keys():
                raise TemplateError(
                    f"an example of the prompt template {name!r} in {str(self.path)!r} lacks 'user'"
                    " or 'assistant'",
                    "Give each example both.",
                )
            turns.append(Message("user", str(example["user"])))
            turns.append(Message("assistant", str(example["assistant"])))
        return turns

    def _fill(self, name: str, key: str, variables: Mapping[str, Any]) -> str:
        table = self._tables.get(name)
        source = table.get(key) if isinstance(table, dict) else None
        if not isinstance(source, str):
            raise TemplateError(
                f"{str(self.path)!r} has no {key!r} for the prompt template {name!r}",
                f"Known templates: {', '.join(self._tables)}.",
            )
        try:
            return self._jinja.from_string(source).render(variables).strip()
        except UndefinedError as error:
            raise TemplateError(
                f"the prompt template {name!r} in {str(self.path)!r} was not given all it needs:"
                f" {error.message}",
                f"Given: {', '.join(sorted(variables)) or 'nothing'}.",
            ) from error
        except TemplateSyntaxError as error:
            raise TemplateError(
                f"the prompt template {name!r} in {str(self.path)!r} is broken: {error.message}",
                "Correct the file.",
            ) from error


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """Languages that have templates in ``folder``, sorted.

    >>> languages()
    ('en', 'zh')
    """
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def language_of(text: str) -> str:
    """The template language for a question: ``zh`` when it is mostly Chinese script, else ``en``.

    >>> language_of("杭州的酒店叫什么名字?"), language_of("Who wrote 红楼梦?")
    ('zh', 'en')
    """
    chinese = sum("\u3400" <= c <= "\u9fff" for c in text)
    latin = sum(c.isascii() and c.isalpha() for c in text)
    return "zh" if 2 * chinese > latin else "en"
