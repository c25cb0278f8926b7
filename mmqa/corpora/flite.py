"""Flite: says any words, for memos that nobody recorded.

Knows: how the unpacked Debian packages are run without being installed. Refuses to know: what is
said and why. What it says is synthetic speech, and has to be called that wherever it is counted.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from mmqa.corpora.fetch import fetch
from mmqa.errors import CorpusError
from mmqa.interfaces import Progress

VOICES = ("slt", "rms", "awb")
_PROGRAM = "usr/bin/flite"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"


class Flite:
    """The synthesiser; fetched first where needed.

    Args:
        folder: Where corpora are kept; ``None`` means the default.
        progress: Told of fetching.

    Raises:
        CorpusError: The packages cannot be fetched.
    """

    def __init__(self, folder: Path | None = None, *, progress: Progress | None = None) -> None:
        self._program = fetch("flite", folder=folder, progress=progress) / _PROGRAM
        voices = fetch("flite-voices", folder=folder, progress=progress)
        self._libraries = voices / _LIBRARIES

    def say(self, text: str, path: Path, voice: str = "slt") -> None:
        """Write ``text`` as spoken by ``voice`` to a WAV file, 16 kHz; same words, same bytes.

        Raises:
            CorpusError: It cannot run here.
        """
        command = [str(self._program), "-voice", voice, "-t", text, "-o", str(path)]
        environment = {**os.environ, "LD_LIBRARY_PATH": str(self._libraries)}
        try:
            done = subprocess.run(  # noqa: S603
                command, env=environment, capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise CorpusError(f"flite cannot run here: {error}", _REMEDY) from error
        if done.returncode != 0 or not path.is_file():
            reason = done.stderr.strip() or f"exit code {done.returncode}"
            raise CorpusError(f"flite said nothing: {reason}", _REMEDY)


_REMEDY = "It needs Linux on x86-64 with libasound2 (Debian: apt-get install libasound2)."
