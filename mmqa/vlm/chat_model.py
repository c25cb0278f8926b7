"""Any vision-language model of ours as a chat model of LangChain's.

Knows: what LangChain passes and wants back: messages, streams, usage, cancelling by task. Refuses
to know: which model it is, and what it is asked for. It calls no tools and promises no structure:
``bind_tools`` and ``with_structured_output`` say so, as LangChain's base class words it.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from contextvars import Context
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langsmith import tracing_context
from pydantic import ConfigDict, Field

from mmqa.errors import UsageError
from mmqa.records import Picture
from mmqa.vlm.async_pieces import awaited
from mmqa.vlm.chat_call import Call
from mmqa.vlm.chat_messages import to_prompt
from mmqa.vlm.chat_pictures import decoded
from mmqa.vlm.options import Decoding

_LANGCHAINS_OWN = frozenset({"stream"})
"""Options that LangChain's base class acts upon and passes on."""


class MmqaChat(BaseChatModel):
    """A chat model.

    ``max_tokens``, ``temperature``, ``seed`` and ``stop`` may be given with each call or by
    ``bind`` as well, and ``cancelled``: a function that is asked after each token, and true ends
    the answer there.

    Attributes:
        model: A :class:`mmqa.interfaces.VisionLanguageModel`.
        max_tokens: Longest answer.
        temperature: 0 is greedy.
        seed: Of the sampling.
        stop: The answer ends before the first of these strings.
        label: What the model is called in metadata; empty: the name of its class.
        count_usage: Count tokens after each answer, for ``usage_metadata``.
        read_picture: What decodes pictures that come as bytes.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any = Field(exclude=True, repr=False)
    max_tokens: int = Field(default=96, ge=1)
    temperature: float = Field(default=0.0, ge=0.0)
    seed: int = 0
    stop: list[str] = Field(default_factory=list)
    label: str = ""
    count_usage: bool = True
    read_picture: Callable[[bytes], Picture] = Field(default=decoded, exclude=True, repr=False)

    @property
    def _llm_type(self) -> str:
        return "mmqa"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        names = ("max_tokens", "temperature", "seed", "stop")
        return {"model_name": self._label, **{name: getattr(self, name) for name in names}}

    @property
    def _label(self) -> str:
        return self.label or type(self.model).__name__

    def _resolve_model_profile(self) -> ModelProfile:
        # whether it sees is not asked here: a served model would have to try it out
        return ModelProfile(
            max_input_tokens=self.model.context_tokens,
            text_inputs=True,
            image_url_inputs=False,
            tool_calling=False,
        )

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop or None, **kwargs)
        params["ls_provider"] = "mmqa"
        params.setdefault("ls_model_name", self._label)
        return params

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        kwargs.pop("cancelled", None)  # says nothing of the answer that should be written down
        return super()._get_invocation_params(stop=stop, **kwargs)

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        """The key of LangChain's cache: other weights must not find these answers."""
        kwargs.pop("cancelled", None)
        return f"{self.model.fingerprint} {super()._get_llm_string(stop=stop, **kwargs)}"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = self._call(messages, stop, kwargs)
        text = "".join(call.pieces())
        return ChatResult(generations=[ChatGeneration(message=self._message(call, text))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        call = await to_thread(self._call, messages, stop, kwargs)
        async with aclosing(awaited(call.pieces)) as pieces:
            text = "".join([piece async for piece in pieces])
        message = await to_thread(self._message, call, text)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        call = self._call(messages, stop, kwargs)
        text = ""
        for piece in call.pieces():
            text += piece
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        yield ChatGenerationChunk(message=self._last(call, text))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        call = await to_thread(self._call, messages, stop, kwargs)
        text = ""
        async with aclosing(awaited(call.pieces)) as pieces:
            async for piece in pieces:
                text += piece
                yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        yield ChatGenerationChunk(message=await to_thread(self._last, call, text))

    def _call(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]
    ) -> Call:
        """What is asked, checked before anything is computed.

        Raises:
            UsageError: A message or an option is not understood, or there are pictures for a model
                that reads text only.
        """
        known = {"max_tokens", "temperature", "seed", "cancelled"}
        strange = sorted(set(options) - known - _LANGCHAINS_OWN)
        if strange:
            raise UsageError(
                f"MmqaChat has no option {', '.join(map(repr, strange))}",
                f"Known: stop, {', '.join(sorted(known))}.",
            )
        prompt = to_prompt(messages, self.read_picture)
        if prompt.pictures and not self.model.sees:
            raise UsageError(
                "the messages show pictures, but this language model reads text only",
                "Use a model that sees, or describe the pictures in words.",
            )
        return Call(self.model, prompt, self._decoding(stop, options), options.get("cancelled"))

    def _decoding(self, stop: list[str] | None, options: Mapping[str, Any]) -> Decoding:
        def given(name: str) -> Any:
            value = options.get(name)
            return getattr(self, name) if value is None else value

        try:
            return Decoding(
                max_tokens=given("max_tokens"),
                stop=tuple(self.stop if stop is None else stop),
                temperature=given("temperature"),
                seed=given("seed"),
            )
        except ValueError as error:
            raise UsageError(str(error), "Correct the value.") from error

    def _message(self, call: Call, text: str) -> AIMessage:
        return AIMessage(
            content=text,
            usage_metadata=call.usage(text) if self.count_usage else None,
            response_metadata={"model_name": self._label},
        )

    def _last(self, call: Call, text: str) -> AIMessageChunk:
        """The end of a stream: no words, but what is known only now."""
        return AIMessageChunk(
            content="",
            usage_metadata=call.usage(text) if self.count_usage else None,
            response_metadata={"model_name": self._label},
            chunk_position="last",
        )


def stream_privately(
    chat: MmqaChat, messages: Sequence[BaseMessage], **options: Any
) -> Iterator[AIMessageChunk]:
    """``chat.stream(messages, …)`` of which no tracer or callback of LangChain's hears anything.

    The environment may turn on LangSmith for chains of the user's own; what mmqa's own pipeline
    asks a model is sent nowhere.

    Args:
        chat: Who is asked.
        messages: What.
        options: As ``chat.stream`` takes them.
    """
    context = Context()  # empty: no parent run, no callbacks that are passed down
    off = tracing_context(enabled=False)
    context.run(off.__enter__)
    stream = chat.stream(list(messages), **options)
    try:
        while (chunk := context.run(next, stream, None)) is not None:
            yield chunk
    finally:
        context.run(stream.close)  # type: ignore[attr-defined]
        context.run(off.__exit__, None, None, None)
