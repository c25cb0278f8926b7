"""What went wrong at a served model, as a fact and a remedy; and what may pass by itself.

Knows: how servers and the ``openai`` client say it. Refuses to know: who asked, and what for. The
words of a server are repeated, shortened and without the key: they often name the cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from json import JSONDecodeError
from typing import TYPE_CHECKING

from mmqa.vlm.served_endpoint import KEY_VARIABLE, Endpoint

if TYPE_CHECKING:
    import openai

_LONGEST_WORDS = 300
_LISTED = 12
_LOOK = "Look into its log, and ask again."
_TOO_LONG = (
    *("context length", "context size", "context_length", "context window", "context_size"),
    *("maximum model length", "max_model_len", "too many tokens", "prompt is too long"),
)
"""vLLM, llama.cpp, OpenAI and others, in this order."""
_NO_PICTURES = ("image", "multimodal", "multi-modal", "vision", "mmproj")


class NoCompletionError(Exception):
    """The server answered with what is no chat completion."""


class BrokenOffError(Exception):
    """The connection was lost in the middle of an answer."""


class ThoughtOnlyError(Exception):
    """The model used up its whole answer thinking, and said nothing."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, to be raised where it is waited for.

    Attributes:
        fact: As in :class:`mmqa.errors.MmqaError`.
        remedy: The same.
        fatal: Whether nothing else can be asked of the server either.
    """

    fact: str
    remedy: str = ""
    fatal: bool = True


def expected() -> tuple[type[Exception], ...]:
    """The errors that a conversation with a server may end in; any other is a fault of ours."""
    import openai

    of_ours = NoCompletionError, BrokenOffError, ThoughtOnlyError
    return openai.OpenAIError, TimeoutError, JSONDecodeError, *of_ours


def passes(error: Exception) -> bool:
    """Whether the same request may well succeed a little later.

    A time-out is not tried again: whoever waited ``served_timeout_s`` has waited long enough.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code == 429 or error.status_code >= 500
    return isinstance(error, openai.APIConnectionError) and not isinstance(
        error, openai.APITimeoutError
    )


def broken(error: Exception) -> bool:
    """Whether the server itself failed (500), rather than being busy or starting."""
    import openai

    return isinstance(error, openai.APIStatusError) and error.status_code == 500


def asked_to_wait_s(error: Exception) -> float:
    """Seconds that the server asks to wait (``Retry-After``); 0 where it says nothing."""
    import openai

    if not isinstance(error, openai.APIStatusError):
        return 0.0
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "0")))
    except ValueError:  # a date: servers of models do not send one
        return 0.0


def may_name_another(error: Exception) -> bool:
    """Whether it may be due to the name of the model, so that the others are worth naming."""
    import openai

    return isinstance(error, openai.APIStatusError) and error.status_code not in {401, 403, 429}


def refuses_pictures(error: Exception) -> bool:
    """Whether a request failed because pictures stood in it."""
    import openai

    if not isinstance(error, openai.APIStatusError):
        return False
    said = error.message.lower()
    return error.status_code in {400, 415, 422, 500, 501} and any(w in said for w in _NO_PICTURES)


def told(error: Exception, endpoint: Endpoint, model: str, listed: Sequence[str] = ()) -> Failure:
    """What went wrong, as a fact and a remedy.

    Args:
        error: One of :func:`expected`.
        endpoint: Who was asked.
        model: The name that was asked for; may be empty.
        listed: The models that the server says it has, as far as known.
    """
    import openai

    server = f"the server at {endpoint.url}"
    if isinstance(error, openai.APIStatusError):
        fact, remedy = _status(error, server, endpoint, model, listed)
        return Failure(fact, remedy, fatal=error.status_code not in {404, 405, 500, 501})
    return Failure(*_without_status(error, server, endpoint, model))


def _without_status(
    error: Exception, server: str, endpoint: Endpoint, model: str
) -> tuple[str, str]:
    """No answer at all, or one that went wrong after it had begun well."""
    import openai

    if isinstance(error, TimeoutError | openai.APITimeoutError):
        remedy = "It may still be loading the model: ask again, or raise served_timeout_s."
        return f"{server} sent nothing for {endpoint.timeout_s:g} s", remedy
    if isinstance(error, openai.APIConnectionError):
        fact = f"{server} cannot be reached ({_cause(error, endpoint)})"
        return fact, "Start it, or correct served_url."
    if isinstance(error, openai.APIError):
        return f"{server} gave up: {_words(error, endpoint)}", _LOOK
    if isinstance(error, BrokenOffError):
        return f"{server} broke off in the middle of the answer ({_cause(error, endpoint)})", _LOOK
    if isinstance(error, ThoughtOnlyError):
        fact = f"{model!r} thought until its answer was used up, and said nothing"
        return fact, "Turn thinking off at the server, or raise answer_tokens."
    return (
        f"{server} answers with what is no chat completion",
        "served_url must be that of an OpenAI-compatible API; it mostly ends in /v1.",
    )


def _status(
    error: openai.APIStatusError,
    server: str,
    endpoint: Endpoint,
    model: str,
    listed: Sequence[str],
) -> tuple[str, str]:
    code, said = error.status_code, _words(error, endpoint)
    if code in {401, 403}:
        refused = "refuses the key" if endpoint.key else "asks for a key"
        return f"{server} {refused} ({code}: {said})", f"Set {KEY_VARIABLE} to a key that it takes."
    if code == 429:
        return f"{server} is busy (429: {said})", "Ask again later."
    if code >= 500 and not refuses_pictures(error):
        remedy = _other_model(model, listed) or _LOOK
        return f"{server} failed ({code}: {said})", remedy
    if 300 <= code < 400:
        where = error.response.headers.get("location", "elsewhere")
        return f"{server} points to {endpoint.hide(where)!r}", "Set served_url to where it points."
    return _refused(error, server, said, model, listed)


def _refused(
    error: openai.APIStatusError, server: str, said: str, model: str, listed: Sequence[str]
) -> tuple[str, str]:
    """A request that this server will never take."""
    if any(sign in f"{error.code} {error.type} {said}".lower() for sign in _TOO_LONG):
        return (
            f"the prompt and its answer do not fit into the served model ({said})",
            "Give it less evidence, a lower picture_pixels, or a server with a longer context.",
        )
    if error.status_code == 404:
        missing = f"has no model {model!r}" if model else "has no such address"
        remedy = _other_model(model, listed) or (
            "Check served_model; and served_url, which mostly ends in /v1."
        )
        return f"{server} {missing} (404: {said})", remedy
    if refuses_pictures(error):
        return (
            f"{server} takes no pictures for {model!r} ({error.status_code}: {said})",
            "Serve a vision-language model, or set vlm = text.",
        )
    remedy = _other_model(model, listed) or "Check served_model and the options of the server."
    return f"{server} refuses the request ({error.status_code}: {said})", remedy


def _other_model(model: str, listed: Sequence[str]) -> str:
    """Names the models that the server has; empty where the one asked for is among them."""
    if not listed or model in listed:
        return ""
    more = ", …" if len(listed) > _LISTED else ""
    return f"Set served_model to one that it lists: {', '.join(listed[:_LISTED])}{more}."


def _words(error: openai.APIError, endpoint: Endpoint) -> str:
    """What the server said, on one line, shortened and without the key."""
    body = error.body
    found = body.get("message") or body.get("detail") if isinstance(body, dict) else body
    # hidden before it is shortened, so that no half of a key stays
    text = " ".join(endpoint.hide(str(found or error.message)).split())
    return text if len(text) <= _LONGEST_WORDS else f"{text[:_LONGEST_WORDS]}…"


def _cause(error: Exception, endpoint: Endpoint) -> str:
    """The innermost reason of a failed connection."""
    reason: BaseException = error
    while reason.__cause__ is not None or reason.__context__ is not None:
        reason = reason.__cause__ or reason.__context__ or reason
    return endpoint.hide(str(reason)) or type(reason).__name__
