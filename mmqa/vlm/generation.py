"""Answers of one loaded model: streamed or in batches, in turn, within bounds.

Knows: turns, end marks, stop strings, cancelling, limits, and what a failure means for people.
Refuses to know: messages, templates and pictures; how tokens are computed (see ``decoder``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Thread, current_thread
from typing import Any

import torch

from mmqa.errors import GenerationError
from mmqa.interfaces import Cancelled
from mmqa.vlm.decoder import Decoder, Inputs, TransformersDecoder
from mmqa.vlm.memory import give_back, ran_out
from mmqa.vlm.options import Decoding
from mmqa.vlm.prefix import Prefix
from mmqa.vlm.queue import Queue, Turn
from mmqa.vlm.wording import Wording

THREAD = "mmqa-generate"
"""Name of the threads that generate."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Prompts that run together.

    Attributes:
        inputs: n rows, padded on the left; see :func:`mmqa.vlm.batching.padded`.
        prefix: Of all rows, where they share a head: they are padded after its last cut.
    """

    inputs: Inputs
    prefix: Prefix | None = None


class Generation:
    """Generates with one model, for any number of threads.

    Args:
        model: A transformers model in evaluation mode; may be ``None`` where a decoder is given.
        tokenizer: Its tokenizer.
        context_tokens: Longest prompt plus answer, in tokens.
        queue: The turns; models that share memory or weights share one.
        decoder: Computes the tokens; ``None`` is ``generate`` of transformers.
        settings: The model's ``GenerationConfig``, which names end marks; ``None`` takes it from
            the model.
        prefix_bytes: Memory of the decoder of transformers for heads of prompts, in bytes.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        context_tokens: int,
        queue: Queue,
        decoder: Decoder | None = None,
        settings: Any = None,
        prefix_bytes: int = 64_000_000,
    ) -> None:
        self._tokenizer = tokenizer
        self._context_tokens = context_tokens
        self._queue = queue
        self._decoder: Decoder = decoder or TransformersDecoder(model, prefix_bytes=prefix_bytes)
        self._ends = end_tokens(settings or getattr(model, "generation_config", None), tokenizer)
        self._closed = Event()

    def stream(
        self,
        inputs: Inputs,
        decoding: Decoding,
        cancelled: Cancelled | None = None,
        *,
        prefix: Prefix | None = None,
    ) -> Iterator[str]:
        """Yield one answer piece by piece: whole characters, nothing of a stop string.

        The turn is waited for when the first piece is asked for. It ends with the last token, or
        within one token of closing the stream; a stream that is dropped unread is closed by Python.

        Args:
            inputs: One row.
            decoding: Length, stop strings, sampling.
            cancelled: Asked while waiting and after each token; true ends the answer there.
            prefix: Where the prompt may be continued from what earlier ones left.

        Raises:
            GenerationError: The prompt and the answer do not fit (raised at once), no turn came
                free in time, memory ran out, or the model failed.
        """
        self._check(inputs, decoding)
        return self._stream(inputs, decoding, cancelled, prefix)

    def complete(self, batches: Sequence[Batch], decoding: Decoding) -> list[str]:
        """The answers to all rows of all batches, in order; a turn for each batch.

        Raises:
            GenerationError: As :meth:`stream`.
        """
        for batch in batches:
            self._check(batch.inputs, decoding)
        return [text for batch in batches for text in self._answers(batch, decoding)]

    def release(self) -> None:
        """End what runs within one token, refuse what waits and comes, and let go of the model."""
        self._closed.set()
        turn = self._queue.enter(patient=True)
        assert turn is not None  # only a cancelled wait gives none
        with turn:
            self._decoder.forget()
            self._decoder = _Released()

    def _check(self, inputs: Inputs, decoding: Decoding) -> None:
        tokens = length(inputs)
        if tokens + decoding.max_tokens > self._context_tokens:
            raise GenerationError(
                f"the prompt has {tokens} tokens and the answer may have {decoding.max_tokens}, but"
                f" the language model holds {self._context_tokens}",
                "Give it less evidence, fewer pictures or a shorter question.",
            )

    def _enter(self, cancelled: Cancelled | None) -> Turn | None:
        turn = self._queue.enter(cancelled)
        if turn is not None and self._closed.is_set():
            turn.leave()
            raise _released()
        return turn

    def _stream(
        self,
        inputs: Inputs,
        decoding: Decoding,
        cancelled: Cancelled | None,
        prefix: Prefix | None,
    ) -> Iterator[str]:
        """Generate in a thread; its failure is raised here, and leaving early stops it."""
        turn = self._enter(cancelled)
        if turn is None:
            return
        answer = _Answer(self._wording(decoding), self._ends)
        left = Event()

        def over() -> bool:
            asked = cancelled is not None and cancelled()
            return asked or left.is_set() or self._closed.is_set()

        def work() -> None:
            with turn:
                answer.write(lambda: self._decode(inputs, decoding, answer.put(over), prefix))

        thread = Thread(target=work, name=THREAD, daemon=True)
        try:
            thread.start()
        except BaseException:
            turn.leave()
            raise
        try:
            yield from answer.pieces()
        finally:
            left.set()
            if thread is not current_thread():  # a dropped stream may be collected in any thread
                thread.join()

    def _answers(self, batch: Batch, decoding: Decoding) -> list[str]:
        turn = self._enter(None)
        assert turn is not None  # only a cancelled wait gives none
        rows = [self._wording(decoding) for _ in range(rows_of(batch.inputs))]
        texts = ["" for _ in rows]
        over = [False for _ in rows]

        def put(tokens: Sequence[int]) -> Sequence[bool]:
            for n, token in enumerate(tokens):
                over[n] = over[n] or token in self._ends or self._closed.is_set()
                if not over[n]:
                    texts[n] += rows[n].add(token)
                    over[n] = rows[n].ended
            return over

        with turn:
            self._decode(batch.inputs, decoding, put, batch.prefix)
        return [text + wording.finish() for text, wording in zip(texts, rows, strict=True)]

    def _decode(
        self,
        inputs: Inputs,
        decoding: Decoding,
        put: Callable[[Sequence[int]], Sequence[bool]],
        prefix: Prefix | None,
    ) -> None:
        """Decode; what goes wrong comes out as a sentence."""
        try:
            with torch.inference_mode():
                self._decoder.decode(inputs, decoding, put, prefix)
        except GenerationError:
            raise
        except Exception as error:
            if ran_out(error):
                raise self._too_little_memory(error, inputs) from error
            raise GenerationError(
                f"the language model failed: {error}", "Ask again, or ask something shorter."
            ) from error

    def _too_little_memory(self, error: Exception, inputs: Inputs) -> GenerationError:
        self._decoder.forget()
        give_back(error)
        rows = rows_of(inputs)
        prompts = "a prompt" if rows == 1 else f"{rows} prompts"
        return GenerationError(
            f"the language model ran out of memory on {prompts} of {length(inputs)} tokens",
            "Close other programs, show it fewer or smaller pictures (max_pictures,"
            " picture_pixels), or set quantization = nf4.",
        )

    def _wording(self, decoding: Decoding) -> Wording:
        return Wording(
            lambda tokens: str(self._tokenizer.decode(tokens, skip_special_tokens=True)),
            decoding.stop,
        )


class _Answer:
    """One streamed answer on its way from the thread that writes to the one that reads."""

    def __init__(self, wording: Wording, ends: frozenset[int]) -> None:
        self._wording = wording
        self._ends = ends
        self._pieces: SimpleQueue[str | BaseException | None] = SimpleQueue()

    def put(self, over: Callable[[], bool]) -> Callable[[Sequence[int]], Sequence[bool]]:
        """Takes one token; ``over`` is asked after each."""

        def one(tokens: Sequence[int]) -> Sequence[bool]:
            if tokens[0] in self._ends:
                return [True]
            self._pieces.put(self._wording.add(tokens[0]))
            return [self._wording.ended or over()]

        return one

    def write(self, work: Callable[[], None]) -> None:
        """Do the work; however it ends, the reader learns of it."""
        end: BaseException | None = None
        try:
            work()
            self._pieces.put(self._wording.finish())
        except BaseException as error:  # noqa: BLE001  # raised again by the reader
            end = error
        finally:
            self._pieces.put(end)

    def pieces(self) -> Iterator[str]:
        """The pieces, as they come.

        Raises:
            BaseException: What ended the work.
        """
        while isinstance(piece := self._pieces.get(), str):
            if piece:
                yield piece
        if piece is not None:
            raise piece


class _Released:
    """Stands where a decoder was."""

    def decode(self, *prompt: Any) -> None:
        raise _released()

    def forget(self) -> None:
        """There is nothing."""


def _released() -> GenerationError:
    return GenerationError("the language model was released", "Open the library again.")


def end_tokens(settings: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end an answer, as a ``GenerationConfig`` (or ``None``) and a tokenizer say."""
    named = [getattr(settings, "eos_token_id", None), getattr(tokenizer, "eos_token_id", None)]
    lists = [one if isinstance(one, list) else [one] for one in named]
    return frozenset(int(token) for one in lists for token in one if token is not None)


def length(inputs: Inputs) -> int:
    """Length of the prompt, in tokens, padding included."""
    return int(_main(inputs).shape[1])


def rows_of(inputs: Inputs) -> int:
    """Number of prompts."""
    return int(_main(inputs).shape[0])


def _main(inputs: Inputs) -> torch.Tensor:
    return inputs["inputs_embeds"] if "inputs_embeds" in inputs else inputs["input_ids"]
