"""``sentiment``: how files, words, or what an index holds feel.

Knows: the JSON of a sentiment, and how one looks on a terminal. Refuses to know: how it is told.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from mmqa.applications.sentiment.opinions import Sentiment, Sentiments, judged_json, valence_of
from mmqa.commands.output import printable, settings, talk, write_json, write_line
from mmqa.errors import UsageError
from mmqa.library import Library
from mmqa.records import Modality
from mmqa.times import clock

REFUSED = 3

_NAMES: dict[Modality, str] = {
    "visual": "seen",
    "text": "read",
    "speech": "said",
    "acoustic": "sounds",
}
_EXCERPT = 60


def sentiment(options: Namespace) -> int:
    """Judge files, words, or an index; one line, or one JSON object, a segment, then the whole.

    Raises:
        UsageError: There is nothing to judge, or nothing was found in what was named.
    """
    found = _found(options)
    if not found and not found.notes:
        raise UsageError("there is nothing to judge", "Add files to the index first.")
    if options.plot and found:
        path = Path(options.plot).expanduser()
        found.plot(path, _title(options))
        talk.print(f"Wrote {printable(path)}.", markup=False)
    if options.json:
        for one in found:
            write_json({"event": "sentiment", **one.to_json()})
        whole = {"event": "overall", **judged_json(found.overall()), "notes": list(found.notes)}
        write_json(whole)
    else:
        for line in lines(found):
            write_line(line)
        for note in found.notes:
            talk.print(printable(note), markup=False)
    return REFUSED if found.notes else 0


def _found(options: Namespace) -> Sentiments:
    words, asks, config = options.text.strip(), options.language_model, settings(options)
    if options.index is None:
        return Library.feel(options.targets, words=words, language_model=asks, config=config)
    with Library.open(config=config, create=False) as library:
        return library.sentiment(options.targets or None, words=words, language_model=asks)


def _title(options: Namespace) -> str:
    names = [Path(target).name for target in options.targets] or [options.index or "words"]
    return printable(f"Sentiment of {', '.join(names[:3])}{' …' if len(names) > 3 else ''}")


def lines(found: Sentiments) -> list[str]:
    """What is printed for people.

    >>> from mmqa.applications.sentiment.judging import Thing, judge
    >>> print(lines(Sentiments((judge(Thing({"text": "A wonderful day"})),)))[0])
    positive  +0.62  read +0.62 (lexicon: wonderful)
    """
    shown: list[str] = []
    path: Path | None = None
    for one in found:
        if one.path is not None and one.path != path:
            path = one.path
            shown.append(printable(path))
        shown.extend(_told(one, "  " if one.path is not None else ""))
    if len(found) > 1:
        whole = found.overall()
        shown.append(f"overall {valence_of(whole):+.2f}, by length of time")
    return shown


def _told(one: Sentiment, indent: str) -> list[str]:
    when = f"{clock(one.start_s)}  " if one.start_s is not None else ""
    page = f"page {one.page}  " if one.page is not None else ""
    if one.by == "nothing":
        return [f"{indent}{when}{page}unknown: nothing in it that can be judged{_quoted(one)}"]
    parts = [
        f"{_NAMES[name]} {valence_of(chances):+.2f}{_why(one, name)}"
        for name, chances in one.modalities.items()
    ]
    head = f"{indent}{when}{page}{one.label}  {one.valence:+.2f}  {', '.join(parts)}{_quoted(one)}"
    apart = one.contradiction
    if apart is None:
        return [head]
    glad, sad = (_NAMES[name] for name in apart)
    return [
        head,
        f"{indent}  {glad} is positive and {sad} negative: irony, or two things at once?",
    ]


def _why(one: Sentiment, name: Modality) -> str:
    said = [o for o in one.opinions if o.modality == name and o.by != "trained"]
    told = "; ".join(f"{o.by}: {', '.join(o.why[:4])}" for o in said if o.why)
    share = one.weights.get(name)
    weight = f"weight {share:.2f}" if share is not None and len(one.weights) > 1 else ""
    inside: Sequence[str] = [text for text in (weight, told) if text]
    return f" ({'; '.join(inside)})" if inside else ""


def _quoted(one: Sentiment) -> str:
    if not one.words or one.path is None:
        return ""
    text = " ".join(one.words.split())
    return f"  “{printable(text[:_EXCERPT])}{'…' if len(text) > _EXCERPT else ''}”"
