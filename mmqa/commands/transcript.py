"""``transcript``: what is said in a recording or video, as a file that other programs read.

Knows: where it is written, and what is said about it. Refuses to know: how anything is heard, and
how the formats look.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from mmqa.commands.output import printable, settings, talk, write_json
from mmqa.errors import IndexMissingError
from mmqa.exporting import FORMATS, format_transcript, occupied, save_text
from mmqa.library import Library
from mmqa.records import FileTranscript

SOURCES = {
    "index": "from the index",
    "file": "from the transcript beside it",
    "recognition": "listened to now",
}
"""Where a transcript is from → how people say it."""


def transcript(options: Namespace) -> int:
    """Write a transcript to a file or to stdout; nothing is written where anything fails."""
    out = Path(options.out).expanduser() if options.out else None
    if out is not None and not options.overwrite and os.path.lexists(out):
        raise occupied(out)  # before anything is listened to
    found = _found(options)
    text = format_transcript(found.transcript, _format(options.format, out))
    if out is not None:
        save_text(text, out, overwrite=options.overwrite)
    if options.json:
        write_json(transcript_json(found, out))
    elif out is None:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.flush()
    _tell(found, out)
    return 0


def _format(asked: str | None, out: Path | None) -> str:
    ending = out.suffix.lower().lstrip(".") if out is not None else ""
    return asked or (ending if ending in FORMATS else "srt")


def _found(options: Namespace) -> FileTranscript:
    config = settings(options)
    try:
        library = Library.open(config=config, create=False)
    except IndexMissingError:
        path = Path(options.target).expanduser()
        if options.index or not path.is_file():
            raise
        return Library.transcribe(path, config=config)
    with library:
        return library.transcript(options.target)


def transcript_json(found: FileTranscript, out: Path | None) -> dict[str, Any]:
    """A transcript as JSON: seconds, and where it was written, ``null`` where it was not."""
    return {
        "path": found.path,
        "source": found.source,
        "language": found.transcript.language,
        "flags": list(found.flags),
        "out": out,
        "spans": [
            {"start_s": span.start_s, "end_s": span.end_s, "text": span.text}
            for span in found.transcript.spans
        ],
    }


def _tell(found: FileTranscript, out: Path | None) -> None:
    where = f"written to {printable(out)}; " if out is not None else ""
    talk.print(f"{where}{SOURCES[found.source]}", markup=False)
    if "unreadable-transcript" in found.flags:
        talk.print(
            "the transcript beside it cannot be read, or is of another recording, and was not used",
            style="yellow",
            markup=False,
        )
    if not found.transcript.spans:
        talk.print("no words were found in it", style="yellow", markup=False)
