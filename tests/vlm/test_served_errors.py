"""What is said of a failure, worked out by hand for servers that word theirs differently."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest

from mmqa.vlm.served_endpoint import Endpoint
from mmqa.vlm.served_errors import (
    asked_to_wait_s,
    expected,
    may_name_another,
    passes,
    refuses_pictures,
    told,
)

HERE = Endpoint("http://localhost/v1", "the-key", 7.5)
REQUEST = httpx2.Request("POST", HERE.url)


def refused(code: int, message: str = "", **headers: str) -> openai.APIStatusError:
    response = httpx2.Response(code, headers=headers, request=REQUEST)
    return openai.APIStatusError(message, response=response, body={"message": message})


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        "request (3031 tokens) exceeds the available context size (512 tokens), try increasing it",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        "Input tokens exceed the context window of this model",
        "prompt is too long: 210000 tokens > 200000 maximum",
    ],
)
def test_a_prompt_that_is_too_long_is_known_in_the_words_of_many_servers(said: str) -> None:
    assert "do not fit" in told(refused(400, said), HERE, "m").fact


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (400, "At most 0 image(s) may be provided in one request."),
        (400, "m is not a multimodal model"),
        (500, "image input is not supported - hint: you may need to provide the mmproj"),
    ],
)
def test_a_model_without_eyes_is_known(code: int, said: str) -> None:
    assert refuses_pictures(refused(code, said))
    failure = told(refused(code, said), HERE, "m")
    assert "takes no pictures" in failure.fact
    assert "vision-language" in failure.remedy


def test_pictures_are_not_blamed_for_anything_else() -> None:
    assert not refuses_pictures(refused(400, "temperature must be a number"))
    assert not refuses_pictures(refused(429, "too many images for today"))
    assert not refuses_pictures(TimeoutError())


def test_the_words_of_a_server_are_shortened_after_the_key_is_hidden() -> None:
    fact = told(refused(400, "x" * 297 + "the-key and more"), HERE, "m").fact
    assert "the-key" not in fact
    assert "the" not in fact.partition("xxx")[2]  # no half of it either
    assert fact.endswith("…)")


def test_models_are_named_only_when_the_one_asked_for_is_not_among_them() -> None:
    assert "m, n" in told(refused(404), HERE, "x", ["m", "n"]).remedy
    assert "m, n" not in told(refused(404), HERE, "m", ["m", "n"]).remedy
    many = [f"model-{n}" for n in range(40)]
    assert told(refused(404), HERE, "x", many).remedy.endswith("model-11, ….")


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (refused(429), True),
        (refused(500), True),
        (refused(503), True),
        (openai.APIConnectionError(request=REQUEST), True),
        (openai.APITimeoutError(request=REQUEST), False),
        (refused(400), False),
        (refused(404), False),
        (TimeoutError(), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: Exception, again: bool) -> None:
    assert passes(error) is again


def test_how_long_to_wait_is_read_from_the_answer() -> None:
    assert asked_to_wait_s(refused(429, retry_after="2.5")) == 0.0  # no such header
    assert asked_to_wait_s(refused(429, **{"retry-after": "2.5"})) == 2.5
    assert asked_to_wait_s(refused(429, **{"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})) == 0.0
    assert asked_to_wait_s(TimeoutError()) == 0.0


def test_what_forbids_everything_is_fatal_and_a_missing_list_is_not() -> None:
    assert told(refused(401), HERE, "").fatal
    assert told(openai.APIConnectionError(request=REQUEST), HERE, "").fatal
    assert not told(refused(404), HERE, "").fatal
    assert not told(refused(500), HERE, "").fatal


def test_a_time_out_names_its_length() -> None:
    assert "7.5 s" in told(TimeoutError(), HERE, "m").fact


def test_other_models_are_looked_up_only_where_that_may_help() -> None:
    assert may_name_another(refused(404))
    assert not may_name_another(refused(401))
    assert not may_name_another(TimeoutError())


def test_faults_of_our_own_are_not_taken_for_the_servers() -> None:
    own: list[Any] = [TypeError("x"), AttributeError("x"), KeyError("x")]
    assert not any(isinstance(error, expected()) for error in own)
