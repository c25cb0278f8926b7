"""A stream of a container, decoded packet by packet; damaged packets are stepped over.

Knows: how many cannot be decoded before a stream is given up. Refuses to know: what frames are of,
and how much time they may take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

MOST_ERRORS = 200


class Packets:
    """Decodes one stream, and counts what it could not decode.

    Args:
        container: As PyAV opened it.
        stream: One of its streams.
        beat: Called before each packet; may raise, to end the work.

    Attributes:
        errors: How many packets could not be decoded.
        last_error: The last reason; empty where there was none.
    """

    def __init__(self, container: Any, stream: Any, beat: Callable[[], None]) -> None:
        self._container = container
        self._stream = stream
        self._beat = beat
        self.errors = 0
        self.last_error = ""

    def frames(self) -> Iterator[Any]:
        """The frames from where the container stands; ends early where it cannot go on."""
        import av

        packets = self._container.demux(self._stream)
        while self.errors < MOST_ERRORS:
            self._beat()
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
            except av.FFmpegError as error:
                self.failed(error)
                if not isinstance(error, av.InvalidDataError):
                    return

    def failed(self, error: Any) -> None:
        """Count an error of FFmpeg's."""
        self.errors += 1
        self.last_error = error.strerror or str(error)
