"""A fresh process of the audio bench: mmqa that adds recordings, or the bare recogniser.

Knows: how each of them is asked and timed, and the most memory this process ever held. Refuses to
know: what is compared.

One JSON object a line, each way. ``{"take": PATH}`` adds a recording to an index of its own, or
recognises it; ``{"memory": true}`` tells the peak.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from mmqa.config import Config
from mmqa.errors import MmqaError
from mmqa.evaluation import line_process
from mmqa.evaluation.line_process import Answering


class Contestant(Protocol):
    """Something that is timed."""

    def take(self, path: Path) -> dict[str, Any]:
        """Hear a recording; how many ``seconds`` that took, and how many ``words`` there were."""
        ...


def started(name: str, config: Config) -> AbstractContextManager[Answering]:
    """A process with a contestant, as long as the block runs.

    Args:
        name: ``mmqa``, ``bare`` (with its own voice activity detection) or ``bare-all`` (without).
        config: Settings.

    Raises:
        ModelError: The model cannot be loaded or failed, or the process ended.
    """
    return line_process.contestant(__name__, name, config)


class Own:
    """``Library.add``: read, hashed, decoded, heard, cut, embedded, stored, folded into FAISS.

    Args:
        config: Settings.
    """

    def __init__(self, config: Config) -> None:
        from mmqa.library import Library

        self._folder = tempfile.TemporaryDirectory(prefix="mmqa-bench-audio-")
        self._library = Library.open(Path(self._folder.name) / "index", config=config)

    def take(self, path: Path) -> dict[str, Any]:
        """See :class:`Contestant`."""
        began_s = time.perf_counter()
        report = self._library.add(path)
        seconds = time.perf_counter() - began_s
        if report.added != 1:
            raise MmqaError(f"{str(path)!r} was not added: {report.failed}")
        item = next(one for one in self._library.items() if one.path == path.resolve())
        segments = self._library._store.item_segments(item.path)
        return {
            "seconds": seconds,
            "words": sum(len(s.text.transcript.split()) for s in segments),
        }


class Bare:
    """faster-whisper as it comes, with the weights, numbers, beam and threads that mmqa uses.

    Args:
        config: Settings.
        voice_activity: Whether its own filter skips what is no speech.
    """

    def __init__(self, config: Config, *, voice_activity: bool) -> None:
        from faster_whisper import WhisperModel

        from mmqa.models.cache import cache_folder, role_folder

        folder = role_folder(config.preset, "transcriber", cache_folder(config.cache))
        self._voice_activity = voice_activity
        self._model = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=config.thread_count
        )

    def take(self, path: Path) -> dict[str, Any]:
        """See :class:`Contestant`; the language is told it, and words get times, as in mmqa."""
        from mmqa.features.speech import BEAM

        began_s = time.perf_counter()
        segments, _ = self._model.transcribe(
            str(path),
            language="en",
            beam_size=BEAM,
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=self._voice_activity,
        )
        words = sum(len(segment.text.split()) for segment in segments)
        return {"seconds": time.perf_counter() - began_s, "words": words}


CONTESTANTS: dict[str, Callable[[Config], Contestant]] = {
    "mmqa": Own,
    "bare": lambda config: Bare(config, voice_activity=True),
    "bare-all": lambda config: Bare(config, voice_activity=False),
}


def peak_bytes() -> int:
    """The most memory this process held at once; of the program alone, not of who started it."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    raise MmqaError("this system does not tell how much memory a process held", "Measure on Linux.")


def main(name: str, config: Config) -> None:
    """Answer until there is no more to answer."""

    def answering() -> Answering:
        contestant = CONTESTANTS[name](config)

        def answer(asked: dict[str, Any]) -> dict[str, Any]:
            if "memory" in asked:
                return {"peak": peak_bytes()}
            return contestant.take(Path(asked["take"]))

        return answer

    line_process.serve_alone(answering)


if __name__ == "__main__":
    main(sys.argv[1], Config(**json.loads(sys.argv[2])))
