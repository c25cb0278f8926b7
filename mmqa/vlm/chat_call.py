"""One question to a model, as a chat asks it: its pieces, and what it used up.

Knows: who may end it, and how tokens are counted afterwards. Refuses to know: LangChain's messages,
and who shows the pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

from langchain_core.messages.ai import UsageMetadata

from mmqa.interfaces import Cancelled, VisionLanguageModel
from mmqa.records import Message, Prompt
from mmqa.vlm.options import Decoding


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a model.

    Attributes:
        model: Who is asked.
        prompt: What.
        decoding: How the answer is decoded.
        cancelled: Asked after each token.
    """

    model: VisionLanguageModel
    prompt: Prompt
    decoding: Decoding
    cancelled: Cancelled | None = None

    def pieces(self, left: Cancelled | None = None) -> Iterator[str]:
        """The answer, until ``cancelled`` or ``left`` turns true; leaving frees the model."""
        gone = Event()

        def over() -> bool:
            asked = (self.cancelled, left)
            return gone.is_set() or any(one is not None and one() for one in asked)

        stream = self.model.stream(
            self.prompt.messages,
            self.prompt.pictures,
            max_tokens=self.decoding.max_tokens,
            stop=self.decoding.stop,
            temperature=self.decoding.temperature,
            seed=self.decoding.seed,
            cancelled=over,
        )
        try:
            yield from stream
        finally:
            gone.set()

    def usage(self, text: str) -> UsageMetadata:
        """Tokens of the prompt and of the answer, as the model counts them."""
        asked = self.model.count_tokens(self.prompt.messages, self.prompt.pictures)
        empty, full = (self.model.count_tokens([Message("user", one)]) for one in ("", text))
        said = max(0, full - empty)  # what the template adds is in both
        return UsageMetadata(input_tokens=asked, output_tokens=said, total_tokens=asked + said)
