"""``prompts list | show | render``: the templates there are, and what they make of values.

Knows: how a template and its messages are shown, and how pictures are told on the command line.
Refuses to know: models, and what a template is used for.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from itertools import count, zip_longest

from mmqa.commands.output import settings, write_json, write_line
from mmqa.errors import UsageError
from mmqa.prompts.looking import PictureWords
from mmqa.prompts.looking import variables as looking
from mmqa.prompts.tables import Table
from mmqa.prompts.template import Templates
from mmqa.records import PICTURE_MARK, Message

PICTURE = ("words", "read")
"""What is known of a picture; given twice, there are two pictures."""

Values = Mapping[str, Sequence[str]]


def prompts(options: Namespace) -> int:
    """Dispatch on the action."""
    templates = Templates(options.language, own=settings(options).prompts)
    if options.action == "list":
        return _list(templates, options)
    if not options.name:
        raise UsageError(
            f"prompts {options.action} was given no template", "See them: mmqa prompts list."
        )
    table = templates.table(options.name)
    if options.action == "show":
        return _show(table, options)
    return _render(templates, table, options)


def _list(templates: Templates, options: Namespace) -> int:
    for name in templates.names():
        table, variables = templates.table(name), templates.variables(name)
        if options.json:
            write_json(
                {
                    "name": name,
                    "purpose": table.purpose,
                    "prompt": "user" in table.fields,
                    "needed": variables.needed,
                    "may_be_empty": variables.may_be_empty,
                    "path": table.path,
                    "own": table.own,
                }
            )
            continue
        given = [*variables.needed, *(f"[{one}]" for one in variables.may_be_empty)]
        write_line(f"{name}: {table.purpose}" if table.purpose else name)
        write_line(f"  given {', '.join(given) or 'nothing'}; {_origin(table)}")
    return 0


def _origin(table: Table) -> str:
    return f"yours: {table.path}" if table.own else "the package's"


def _show(table: Table, options: Namespace) -> int:
    if options.json:
        write_json({"name": table.name, "path": table.path, "own": table.own, **table.fields})
    else:
        write_line(f"# {_origin(table)}")
        write_line(table.toml())
    return 0


def _render(templates: Templates, table: Table, options: Namespace) -> int:
    values = _values(options.value)
    filled = _filled(templates, table, values)
    shown = _numbered(filled)
    if options.json:
        write_json({"messages": [{"role": m.role, "text": m.text} for m in shown]})
    elif "user" not in table.fields:
        write_line(shown[0].text)
    else:
        for message in shown:
            write_line(f"--- {message.role}")
            write_line(message.text)
    return 0


def _values(assignments: Sequence[str]) -> dict[str, list[str]]:
    """Name → values in order; the words and the text of several pictures are given several times.

    Raises:
        UsageError: Something is no ``NAME=TEXT``, or another variable is given twice.
    """
    values: dict[str, list[str]] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(
                f"--value {assignment!r} has no '='", 'Write: --value question="What is this?".'
            )
        values.setdefault(name, []).append(text)
    for name, given in values.items():
        if len(given) > 1 and name not in PICTURE:
            raise UsageError(
                f"--value {name}=… is given {len(given)} times",
                f"Only {' and '.join(PICTURE)} may be: once for each picture.",
            )
    return values


def _filled(templates: Templates, table: Table, values: Values) -> tuple[Message, ...]:
    """The messages of a prompt; a sentence is one message.

    Raises:
        UsageError: A variable is missing, or unknown.
        TemplateError: The template is broken.
    """
    variables = templates.variables(table.name)
    seen = "pictures" in variables.needed
    needed = [name for name in variables.needed if name != "pictures"]
    _check(table.name, values, needed, [*variables.may_be_empty, *(PICTURE if seen else ())])
    given: dict[str, object] = dict.fromkeys(variables.may_be_empty, "")
    given |= {name: held[0] for name, held in values.items()}
    if seen:
        given |= looking(_pictures(values), str(given.get("question", "")))
    if "user" in table.fields:
        return templates.messages(table.name, **given)
    return (Message("user", templates.text(table.name, **given)),)


def _check(name: str, values: Values, needed: Sequence[str], optional: Sequence[str]) -> None:
    missing = [one for one in needed if one not in values]
    if missing:
        raise UsageError(
            f"the prompt template {name!r} needs {' and '.join(missing)}",
            f"Add: {' '.join(f'--value {one}=…' for one in missing)}.",
        )
    unknown = [one for one in values if one not in (*needed, *optional)]
    if unknown:
        raise UsageError(
            f"the prompt template {name!r} has no variable {unknown[0]!r}",
            f"It has: {', '.join((*needed, *optional)) or 'none'}.",
        )


def _pictures(values: Values) -> list[PictureWords]:
    """At least one picture; what the n-th has is the n-th value of each."""
    both = zip_longest(values.get("words", [""]), values.get("read", [""]), fillvalue="")
    return [PictureWords((words,) if words else (), read) for words, read in both]


def _numbered(messages: Sequence[Message]) -> list[Message]:
    """With ``[picture n]`` where the n-th picture stands."""
    numbers = count(1)
    shown = []
    for message in messages:
        first, *others = message.text.split(PICTURE_MARK)
        text = first + "".join(f"[picture {next(numbers)}]{other}" for other in others)
        shown.append(Message(message.role, text))
    return shown
