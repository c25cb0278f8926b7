"""The conversation with an OpenAI-compatible server: what it has, and its answers word by word.

Knows: the calls, time-outs, and when a call is made again. Refuses to know: threads, what a prompt
is for, and how an error is worded.

A call is made again after a failed connection, 429 and 5xx, at most three times, with exponential
backoff and jitter; never once a word was given out, because words cannot be taken back.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from mmqa.vlm.served_endpoint import Endpoint
from mmqa.vlm.served_errors import (
    BrokenOffError,
    Failure,
    NoCompletionError,
    ThoughtOnlyError,
    asked_to_wait_s,
    broken,
    expected,
    may_name_another,
    passes,
    refuses_pictures,
    told,
)
from mmqa.vlm.served_listing import Listed, read_listed

if TYPE_CHECKING:
    from openai import AsyncOpenAI, AsyncStream
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

T = TypeVar("T")

RETRIES = 3
FIRST_WAIT_S = 0.5
"""Before the first retry; doubled each time, then shortened at random by up to a half, so that
many who were refused together do not come back together."""
LONGEST_WAIT_S = 20.0
"""A server that asks for more (``Retry-After``) is not asked again."""
_NAMES_WAIT_S = 5.0


class Server:
    """One endpoint. All its methods run in one event loop, from first to last.

    Args:
        endpoint: Where it is, and how long it may take.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @cached_property
    def _client(self) -> AsyncOpenAI:
        return self.endpoint.client()

    async def models(self) -> list[Listed]:
        """What the server lists, in its order. Raises what the client raises."""
        # a listing that fails as such (500) will fail again: `transformers serve` without a cache
        page = await self.patiently(
            lambda: self._in_time(self._client.models.list()), lambda e: passes(e) and not broken(e)
        )
        listed = getattr(page, "data", None)  # a page for people comes as plain text
        if not isinstance(listed, list):
            raise NoCompletionError
        return [read_listed(model.to_dict()) for model in listed]

    async def tokens(self, model: str, text: str) -> int:
        """Number of tokens of ``text``, as vLLM and llama.cpp tell it. Raises as ``models``."""
        body = {"model": model, "prompt": text, "content": text, "add_special_tokens": False}
        url = f"{self.endpoint.root}/tokenize"
        found: Any = await self._in_time(self._client.post(url, body=body, cast_to=object))
        if not isinstance(found, dict) or not isinstance(found.get("tokens"), list):
            raise NoCompletionError
        return len(found["tokens"])

    async def takes_pictures(self, plain: Mapping[str, Any], shown: Mapping[str, Any]) -> bool:
        """Whether a picture reaches the model: it is refused, or makes the prompt longer, or not.

        Args:
            plain: A request without a picture.
            shown: The same with one. `transformers serve` leaves pictures out without a word.
        """
        without = await self._prompt_tokens(plain)
        try:
            with_it = await self._prompt_tokens(shown)
        except Exception as error:
            if refuses_pictures(error):
                return False
            raise
        return without is None or with_it is None or with_it > without

    async def _prompt_tokens(self, request: Mapping[str, Any]) -> int | None:
        """Length of a prompt as the server counts it; ``None`` where it does not tell."""
        done: ChatCompletion = await self.patiently(
            lambda: self._in_time(self._client.chat.completions.create(**request)),
            lambda e: passes(e) and not refuses_pictures(e),
        )
        usage = getattr(done, "usage", None)
        return usage.prompt_tokens if usage else None

    async def words(self, request: Mapping[str, Any]) -> AsyncGenerator[str, None]:
        """The answer piece by piece; leaving early closes the connection.

        Args:
            request: The body of a chat completion, without ``stream``.

        Raises:
            openai.APIError: As the client raises it.
            TimeoutError: Nothing came for ``timeout_s``.
            ThoughtOnlyError: There were thoughts, but no answer.
            NoCompletionError: What came is no chat completion.
            BrokenOffError: The connection was lost after the first piece.
        """
        stream, word = await self.patiently(lambda: self._start(request))
        async with stream:
            while word is not None:
                yield word
                try:
                    word, _ = await self._next(stream)
                except Exception as error:
                    if passes(error):  # it might, but words were given out
                        raise BrokenOffError from error
                    raise

    async def outcome(self, work: Awaitable[T], model: str) -> T | Failure:
        """What ``work`` gives, or what went wrong with it.

        Failures are returned, not raised, so that no traceback leads to the server's own words, in
        which the key may stand.
        """
        try:
            return await work
        except Exception as raised:
            # a group where several requests ran together: the first to fail says why
            error = raised.exceptions[0] if isinstance(raised, ExceptionGroup) else raised
            if not isinstance(error, expected()):
                raise
        names = await self._names() if may_name_another(error) else []
        return told(error, self.endpoint, model, names)

    async def _names(self) -> list[str]:
        """What the server lists, for an error's remedy; nothing where it does not tell soon."""
        try:
            async with asyncio.timeout(_NAMES_WAIT_S):
                return [model.name for model in await self.models()]
        except expected():
            return []

    async def patiently(
        self, call: Callable[[], Awaitable[T]], again: Callable[[Exception], bool] = passes
    ) -> T:
        """What ``call`` gives; made again while its failure may pass, as ``again`` says."""
        for retry in range(RETRIES):
            try:
                return await call()
            except Exception as error:
                wait_s = wait_before(retry, asked_to_wait_s(error))
                if not again(error) or wait_s > LONGEST_WAIT_S:
                    raise
            await asyncio.sleep(wait_s)
        return await call()

    async def _in_time(self, work: Awaitable[T]) -> T:
        """What ``work`` gives; the client's own time-out begins anew with every byte."""
        async with asyncio.timeout(self.endpoint.timeout_s):
            return await work

    async def _start(
        self, request: Mapping[str, Any]
    ) -> tuple[AsyncStream[ChatCompletionChunk], str | None]:
        """The stream and its first word; ``None`` where the answer is empty."""
        stream: AsyncStream[ChatCompletionChunk] = await self._in_time(
            self._client.chat.completions.create(**request, stream=True)
        )
        try:
            word, before = await self._next(stream)
            if word is None and not before:
                raise NoCompletionError
            if word is None and any(_thinks(chunk) for chunk in before):
                raise ThoughtOnlyError
        except BaseException:
            await stream.close()
            raise
        return stream, word

    async def _next(
        self, stream: AsyncStream[ChatCompletionChunk]
    ) -> tuple[str | None, list[ChatCompletionChunk]]:
        """The next piece of text, ``None`` at the end; and the chunks without text before it."""
        before: list[ChatCompletionChunk] = []
        while True:
            chunk = await self._in_time(anext(stream, None))
            if chunk is None:
                return None, before
            text = "".join(choice.delta.content or "" for choice in chunk.choices or ())
            if text:
                return text, before
            before.append(chunk)


def wait_before(retry: int, asked_s: float) -> float:
    """Seconds before the retry of this number, from 0; no less than the server asked for.

    >>> 0.25 <= wait_before(0, 0.0) <= 0.5
    True
    >>> wait_before(0, 7.0)
    7.0
    """
    return max(asked_s, FIRST_WAIT_S * float(2**retry) * random.uniform(0.5, 1.0))


def _thinks(chunk: ChatCompletionChunk) -> bool:
    """``reasoning_content`` (vLLM, llama.cpp, transformers) or ``reasoning`` (Ollama)."""
    extras = [choice.delta.model_extra or {} for choice in chunk.choices or ()]
    return any(extra.get("reasoning_content") or extra.get("reasoning") for extra in extras)
