"""A vision-language model behind any OpenAI-compatible endpoint.

Knows: what mmqa asks of a language model, and how to get it from a server (vLLM, ``transformers
serve``, llama.cpp's, Ollama): words one by one, given up at once when nobody wants them any more.
Refuses to know: how the server computes, and where evidence comes from. Nothing is sent anywhere
unless ``served_url`` is configured.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import aclosing
from functools import cached_property
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import numpy as np

from mmqa.errors import GenerationError, ModelError
from mmqa.interfaces import Cancelled
from mmqa.records import Message, Picture, Prompt
from mmqa.vlm.options import Decoding, LoadOptions
from mmqa.vlm.served_endpoint import Endpoint, endpoint
from mmqa.vlm.served_errors import Failure
from mmqa.vlm.served_listing import Listed, chosen
from mmqa.vlm.served_messages import wire_messages
from mmqa.vlm.served_pictures import data_url
from mmqa.vlm.served_server import Server
from mmqa.vlm.served_tokens import bare, picture_tokens, template_tokens, text_tokens
from mmqa.vlm.served_worker import Worker
from mmqa.vlm.stop_strings import StopCut

T = TypeVar("T")

DEFAULT_CONTEXT_TOKENS = 4096
"""Where the server does not say; Ollama's own default."""
AT_ONCE = 4
"""Requests of one batch that are under way together; servers run them side by side."""
_POLL_S = 0.05
_KEPT_LENGTHS = 512
_SHOWN_SIDE = 64
"""Of the grey square that it is tried out with whether a model sees."""


def load(folder: Path, *, threads: int, options: LoadOptions) -> ServedModel:
    """Connect to the model that the configuration names.

    Args:
        folder: Not looked at: the weights lie elsewhere.
        threads: Not heeded: the server has its own.
        options: ``served_url``, ``served_model``, ``served_timeout_s`` and ``picture_pixels``.

    Raises:
        ConfigError: No address is configured, or it cannot be used.
        ModelError: The server cannot be reached or refuses the key; or no model is named and it
            does not list exactly one.
    """
    del folder, threads
    return connect(endpoint(options), options.served_model, options.picture_pixels)


def connect(reached: Endpoint, name: str, picture_pixels: int = 1_000_000) -> ServedModel:
    """As :func:`load`, where the endpoint is known."""
    worker, server = Worker(), Server(reached)
    listed = worker.start(server.outcome(server.models(), name)).result()
    try:
        about = chosen(name, listed, reached.url)
    except ModelError:
        worker.close()
        raise
    return ServedModel(server, worker, about, picture_pixels)


class ServedModel:
    """A model behind an endpoint, as a VisionLanguageModel.

    Args:
        server: Where it is asked.
        worker: In whose thread.
        about: Its name, and what the server says of it.
        picture_pixels: A picture is sent with at most so many.
    """

    def __init__(self, server: Server, worker: Worker, about: Listed, picture_pixels: int) -> None:
        self._server = server
        self._worker = worker
        self._about = about
        self._pixels = picture_pixels
        self._lengths: dict[str, int] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    def __repr__(self) -> str:
        return f"ServedModel({self._about.name!r} at {self._server.endpoint.url!r})"

    @property
    def fingerprint(self) -> str:
        """Digest of address, name and context; weights that change behind them are not seen."""
        parts = (self._server.endpoint.url, self._about.name, str(self._about.context_tokens))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    @cached_property
    def sees(self) -> bool:
        """Whether pixels reach the model: as the server says; else it is tried out, once.

        Two prompts with one token of answer each: it sees if a picture makes the prompt longer. A
        server that does not count is believed.

        Raises:
            GenerationError: The server cannot be asked.
        """
        if self._about.sees is not None:
            return self._about.sees
        grey = Picture(np.full((_SHOWN_SIDE, _SHOWN_SIDE, 3), 127, np.uint8))
        asked, once = (Message("user", "What is this?"),), Decoding(max_tokens=1)
        plain, shown = (self._request(Prompt(asked, p), once) for p in ((), (grey,)))
        return self._wait(self._server.takes_pictures(plain, shown))

    @property
    def context_tokens(self) -> int:
        """Longest prompt plus answer as the server says; else 4,096."""
        return self._about.context_tokens or DEFAULT_CONTEXT_TOKENS

    def count_tokens(self, messages: Sequence[Message], pictures: Sequence[Picture] = ()) -> int:
        """Length of a prompt, in tokens; rather too high than too low.

        The texts are counted by the server where it does that (vLLM, llama.cpp), else guessed; what
        template and pictures add is always guessed. See :mod:`mmqa.vlm.served_tokens`.
        """
        texts = sum(self._length(bare(message.text)) for message in messages)
        shown = sum(picture_tokens(picture, self._pixels) for picture in pictures)
        return texts + template_tokens(messages) + shown

    def stream(
        self,
        messages: Sequence[Message],
        pictures: Sequence[Picture] = (),
        *,
        max_tokens: int = 96,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Cancelled | None = None,
    ) -> Iterator[str]:
        """Yield the answer as it comes; leaving, or ``cancelled``, closes the connection at once.

        See :meth:`mmqa.interfaces.VisionLanguageModel.stream`. ``cancelled`` is asked while waiting
        for words, too.

        Raises:
            GenerationError: The server cannot be reached, refuses, fails or falls silent.
        """
        decoding = Decoding(max_tokens, tuple(stop), temperature, seed)
        request = self._request(Prompt(tuple(messages), tuple(pictures)), decoding)
        return self._pieces(request, decoding.stop, cancelled)

    def complete(
        self, prompts: Sequence[Prompt], *, max_tokens: int = 96, stop: Sequence[str] = ()
    ) -> list[str]:
        """The answers to n prompts, greedily, four of them under way at once.

        Raises:
            GenerationError: One of them failed, as in ``stream``; the others are given up.
        """
        decoding = Decoding(max_tokens, tuple(stop))
        requests = [self._request(prompt, decoding) for prompt in prompts]
        return self._wait(self._all(requests, decoding.stop))

    def release(self) -> None:
        """Close the connections; what is under way fails."""
        self._worker.close()

    def _request(self, prompt: Prompt, decoding: Decoding) -> dict[str, Any]:
        urls = [data_url(picture, self._pixels) for picture in prompt.pictures]
        request: dict[str, Any] = {
            "model": self._about.name,
            "messages": wire_messages(prompt.messages, urls),
            "max_tokens": decoding.max_tokens,
            "temperature": decoding.temperature,
        }
        # stop strings stay here: leaving at one ends the work as well, and in transformers 5.23
        # `serve` fails at any of them where pictures are taken, and OpenAI takes four
        if decoding.temperature > 0:
            request["seed"] = decoding.seed
        return request

    def _length(self, text: str) -> int:
        """Tokens of one text; asked for once, as prompts are laid out by trying."""
        if not self._about.tokenizes or not text:
            return text_tokens(text)
        if text not in self._lengths:
            if len(self._lengths) >= _KEPT_LENGTHS:
                self._lengths.clear()
            self._lengths[text] = self._asked_length(text)
        return self._lengths[text]

    def _asked_length(self, text: str) -> int:
        try:
            return self._wait(self._server.tokens(self._about.name, text))
        except GenerationError:
            return text_tokens(text)  # if the server is gone, the question itself will say so

    def _pieces(
        self, request: dict[str, Any], stop: Sequence[str], cancelled: Cancelled | None
    ) -> Iterator[str]:
        """What arrives in the box, until its end, a stop string or ``cancelled``."""
        box: SimpleQueue[str | None] = SimpleQueue()
        task = self._start(self._fill(request, box.put))
        task.add_done_callback(lambda _: box.put(None))
        cut = StopCut(stop)
        try:
            while not cut.found and not (cancelled is not None and cancelled()):
                try:
                    word = box.get(timeout=_POLL_S)
                except Empty:
                    continue
                if word is None:
                    _value(task)
                    yield from filter(None, [cut.rest()])
                    return
                yield from filter(None, [cut.feed(word)])
        finally:
            task.cancel()

    async def _fill(self, request: dict[str, Any], put: Callable[[str], None]) -> None:
        async with aclosing(self._server.words(request)) as words:
            async for word in words:
                put(word)

    async def _all(self, requests: Sequence[dict[str, Any]], stop: Sequence[str]) -> list[str]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._whole(request, stop)) for request in requests]
        return [task.result() for task in tasks]

    async def _whole(self, request: dict[str, Any], stop: Sequence[str]) -> str:
        cut, text = StopCut(stop), ""
        async with self._turns, aclosing(self._server.words(request)) as words:
            async for word in words:
                text += cut.feed(word)
                if cut.found:
                    return text
        return text + cut.rest()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return _value(self._start(work))

    def _start(self, work: Coroutine[Any, Any, T]) -> Future[T | Failure]:
        if self._worker.closed:
            work.close()
            raise _released()
        return self._worker.start(self._server.outcome(work, self._about.name))


def _value(task: Future[T | Failure]) -> T:
    """What the work gave."""
    try:
        outcome = task.result()
    except CancelledError:
        raise _released() from None
    if isinstance(outcome, Failure):
        raise GenerationError(outcome.fact, outcome.remedy)
    return outcome


def _released() -> GenerationError:
    return GenerationError("the served model was released", "Open the library again.")
