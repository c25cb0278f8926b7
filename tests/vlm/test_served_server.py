"""Served models against a server that does as it is told: failing, falling silent, hanging up."""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from mmqa.errors import GenerationError, ModelError
from mmqa.records import PICTURE_MARK, Message, Picture, Prompt
from mmqa.vlm import served_server
from mmqa.vlm.served import ServedModel, connect
from mmqa.vlm.served_endpoint import Endpoint

KEY = "sk-very-secret-0123456789"
HELLO = [Message("user", "Hello")]
Step = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers one request as the next step says."""

    protocol_version = "HTTP/1.1"
    server: Puppet

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.heard(), {}))
        self.server.listing(self)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append((self.path, self.heard(), body))
        try:
            self.server.next_step()(self)
        except (BrokenPipeError, ConnectionResetError):
            self.server.left.set()
        self.close_connection = True

    def heard(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def begin(self, status: int = 200, kind: str = "text/event-stream", **more: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("connection", "close")
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def say(self, **delta: str) -> None:
        self.raw(f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n")

    def raw(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: it would stand between the results of the tests."""


class Puppet(ThreadingHTTPServer):
    """A server and what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.steps: list[Step] = []
        self.seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.left = threading.Event()
        self.listing: Step = models({"id": "a-model"})

    def next_step(self) -> Step:
        return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [body for path, _, body in self.seen if path.endswith("/chat/completions")]

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.left.set()


def models(*entries: dict[str, Any]) -> Step:
    return status(200, {"object": "list", "data": list(entries)})


def status(code: int, body: Any, **headers: str) -> Step:
    def step(handler: Handler) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "text/html" if isinstance(body, str) else "application/json"
        handler.begin(code, kind, content_length=str(len(text.encode())), **headers)
        handler.raw(text)

    return step


def words(*pieces: str) -> Step:
    def step(handler: Handler) -> None:
        handler.begin()
        for piece in pieces:
            handler.say(content=piece)
        handler.raw("data: [DONE]\n\n")

    return step


def hang_up(handler: Handler) -> None:
    handler.connection.close()


def silence(*before: str, seconds: float = 60.0, ping_s: float = 0.05) -> Step:
    """Some words, then only comments, which keep a connection alive and say nothing."""

    def step(handler: Handler) -> None:
        handler.begin()
        for piece in before:
            handler.say(content=piece)
        for _ in range(int(seconds / ping_s)):
            handler.raw(": ping\n\n")
            time.sleep(ping_s)

    return step


def cut_off(*pieces: str) -> Step:
    """Promises more than it sends."""

    def step(handler: Handler) -> None:
        handler.begin(content_length="100000")
        for piece in pieces:
            handler.say(content=piece)

    return step


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    server = Puppet()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def model(puppet: Puppet) -> Iterator[ServedModel]:
    served = reach(puppet)
    yield served
    served.release()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries follow at once."""
    monkeypatch.setattr(served_server, "FIRST_WAIT_S", 0.001)


def reach(puppet: Puppet, *, key: str = "", timeout_s: float = 5.0, name: str = "") -> ServedModel:
    return connect(Endpoint(f"http://127.0.0.1:{puppet.server_port}/v1", key, timeout_s), name)


def answer(model: ServedModel, **options: Any) -> str:
    return "".join(model.stream(HELLO, **options))


def failure(model: ServedModel, **options: Any) -> GenerationError:
    with pytest.raises(GenerationError) as caught:
        answer(model, **options)
    return caught.value


def grey(height: int = 8, width: int = 8) -> Picture:
    return Picture(np.full((height, width, 3), 128, np.uint8))


def test_words_come_one_by_one(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [words("The ", "cat", " sat.")]
    assert list(model.stream(HELLO)) == ["The ", "cat", " sat."]


def test_what_is_asked_is_sent(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [words("yes")]
    answer(model, max_tokens=7, temperature=0.5, seed=3)
    assert puppet.asked == [
        {
            "model": "a-model",
            "messages": [{"role": "user", "content": "Hello"}],
            "max_tokens": 7,
            "temperature": 0.5,
            "seed": 3,
            "stream": True,
        }
    ]


def test_stop_strings_are_not_left_to_the_server(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [words("a b c d e f")]
    assert answer(model, stop=["f", "e", "d", "c ", "x"]) == "a b "
    assert "stop" not in puppet.asked[0]
    assert "seed" not in puppet.asked[0]  # nothing is sampled


def test_pictures_are_sent_where_their_marks_stand(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [words("yes")]
    messages = [Message("user", f"Is {PICTURE_MARK} like {PICTURE_MARK}?")]
    assert "".join(model.stream(messages, [grey(), grey()])) == "yes"
    parts = puppet.asked[0]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url", "text", "image_url", "text"]
    assert parts[1]["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_server_that_fails_twice_is_asked_three_times(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [status(503, {"error": {"message": "loading"}}), hang_up, words("there")]
    begun = time.perf_counter()
    assert answer(model) == "there"
    assert len(puppet.asked) == 3
    assert time.perf_counter() - begun >= 0.75  # half of 0.5 s and half of 1 s


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_server_that_goes_on_failing_is_given_up(
    code: int, puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [status(code, {"error": {"message": "no room\nnow"}})]
    error = failure(model)
    assert len(puppet.asked) == 4
    assert f"{code}: no room now" in error.fact
    assert error.remedy


@pytest.mark.usefixtures("hurried")
def test_a_server_may_ask_to_wait(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [status(429, {}, retry_after="0.4"), words("now")]
    begun = time.perf_counter()
    assert answer(model) == "now"
    assert time.perf_counter() - begun >= 0.4


def test_a_server_that_asks_to_wait_for_an_hour_is_not_waited_for(
    puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [status(429, {"error": {"message": "quota"}}, retry_after="3600")]
    assert "busy (429: quota)" in failure(model).fact
    assert len(puppet.asked) == 1


def test_nothing_is_asked_again_once_words_were_given_out(
    puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [cut_off("The ", "cat")]
    pieces: list[str] = []
    with pytest.raises(GenerationError, match="broke off in the middle"):
        pieces.extend(model.stream(HELLO))  # extend keeps what came before the error
    assert pieces == ["The ", "cat"]
    assert len(puppet.asked) == 1


@pytest.mark.parametrize("before", [(), ("The ",)])
def test_a_server_that_falls_silent_is_not_waited_for_even_if_it_pings(
    before: tuple[str, ...], puppet: Puppet
) -> None:
    puppet.steps = [silence(*before)]
    model = reach(puppet, timeout_s=0.4)
    begun = time.perf_counter()
    error = failure(model)
    assert time.perf_counter() - begun < 20
    assert "sent nothing for 0.4 s" in error.fact
    assert "served_timeout_s" in error.remedy
    assert len(puppet.asked) == 1
    model.release()


def test_a_stop_string_spread_over_pieces_ends_the_answer_and_the_connection(
    puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [silence("one E", "ND two EN", "D", " three")]
    assert answer(model, stop=["END", "three"]) == "one "
    assert puppet.left.wait(20)


def test_what_only_looked_like_a_stop_string_is_given_at_the_end(
    puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [words("one E", "N")]
    assert answer(model, stop=["END"]) == "one EN"


def test_cancelling_ends_the_answer_within_a_word(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [silence("one ", "two ", "three ")]
    enough = threading.Event()
    got: list[str] = []
    for piece in model.stream(HELLO, cancelled=enough.is_set):
        enough.set()
        got += [piece]
    assert got == ["one "]
    assert puppet.left.wait(20)


def test_cancelling_frees_the_server_while_it_says_nothing(
    puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [silence()]
    begun = time.perf_counter()
    assert answer(model, cancelled=lambda: time.perf_counter() - begun > 0.2) == ""
    assert time.perf_counter() - begun < 20
    assert puppet.left.wait(20)


def test_cancelling_does_not_wait_for_a_retry(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [status(503, {}, retry_after="19")]
    begun = time.perf_counter()
    assert answer(model, cancelled=lambda: len(puppet.asked) > 0) == ""
    assert time.perf_counter() - begun < 15


def test_a_server_that_drips_its_list_is_not_waited_for(puppet: Puppet) -> None:
    puppet.listing = silence()
    begun = time.perf_counter()
    with pytest.raises(ModelError, match="sent nothing"):
        reach(puppet, timeout_s=0.3)
    assert time.perf_counter() - begun < 20


def test_leaving_the_stream_frees_the_server(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [silence("one ")]
    with closing(model.stream(HELLO)) as stream:  # type: ignore[type-var]
        assert next(stream) == "one "
    assert puppet.left.wait(20)


def test_releasing_ends_what_is_under_way(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [silence("one ")]
    stream = model.stream(HELLO)
    assert next(stream) == "one "
    model.release()
    with pytest.raises(GenerationError, match="released"):
        next(stream)
    assert puppet.left.wait(20)
    with pytest.raises(GenerationError, match="released"):
        answer(model)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500])
@pytest.mark.usefixtures("hurried")
def test_the_key_stands_in_no_error_and_no_log(
    code: int, puppet: Puppet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    puppet.steps = [status(code, {"error": {"message": f"Incorrect API key provided: {KEY}."}})]
    model = reach(puppet, key=KEY)
    error = failure(model)
    assert puppet.seen[-1][1]["authorization"] == f"Bearer {KEY}"  # it was sent
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(model.__dict__)
    assert KEY not in told + caplog.text
    assert "[key]" in error.fact  # the server's own words are kept
    model.release()


@pytest.mark.usefixtures("hurried")
def test_the_key_stands_in_no_error_at_loading(puppet: Puppet) -> None:
    puppet.listing = status(401, {"error": {"message": f"{KEY} is unknown"}})
    with pytest.raises(ModelError, match="MMQA_SERVED_KEY") as caught:
        reach(puppet, key=KEY)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_an_error_within_the_stream_is_told_without_the_key(puppet: Puppet) -> None:
    def step(handler: Handler) -> None:
        handler.begin()
        handler.raw(f'data: {{"error": {{"message": "out of memory {KEY}"}}}}\n\n')

    puppet.steps = [step]
    model = reach(puppet, key=KEY)
    error = failure(model)
    assert "gave up: out of memory [key]" in error.fact
    assert len(puppet.asked) == 1
    model.release()


def test_a_server_without_a_key_is_told_apart_from_a_wrong_key(
    puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [status(401, {"error": "no key"})]
    assert "asks for a key" in failure(model).fact


def test_a_model_that_is_not_there_is_told_with_those_that_are(puppet: Puppet) -> None:
    puppet.listing = models({"id": "small"}, {"id": "large"})
    puppet.steps = [status(404, {"error": {"message": "model not found"}})]
    model = reach(puppet, name="medium")
    error = failure(model)
    assert "has no model 'medium'" in error.fact
    assert "small, large" in error.remedy
    model.release()


def test_a_prompt_that_is_too_long_is_told_as_such(puppet: Puppet, model: ServedModel) -> None:
    said = "This model's maximum context length is 4096 tokens."  # vLLM's words
    puppet.steps = [status(400, {"object": "error", "message": said})]
    error = failure(model)
    assert "do not fit" in error.fact
    assert said in error.fact
    assert "less evidence" in error.remedy


def test_a_page_for_people_is_no_answer(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [status(200, "<html>It works!</html>")]
    assert "no chat completion" in failure(model).fact


def test_an_event_that_is_no_json_is_told(puppet: Puppet, model: ServedModel) -> None:
    def step(handler: Handler) -> None:
        handler.begin()
        handler.raw('data: {"error": "it said "no""}\n\n')  # as `transformers serve` may write it

    puppet.steps = [step]
    assert "no chat completion" in failure(model).fact


def test_a_redirection_is_told_and_not_followed(puppet: Puppet, model: ServedModel) -> None:
    puppet.steps = [status(307, {}, location="https://elsewhere.example/v1")]
    error = failure(model)
    assert "points to 'https://elsewhere.example/v1'" in error.fact


def test_an_answer_of_thoughts_alone_is_told(puppet: Puppet, model: ServedModel) -> None:
    def step(handler: Handler) -> None:
        handler.begin()
        handler.say(reasoning_content="Hm, a cat …")
        handler.raw("data: [DONE]\n\n")

    puppet.steps = [step]
    assert "said nothing" in failure(model).fact


def test_thoughts_before_an_answer_are_left_out(puppet: Puppet, model: ServedModel) -> None:
    def step(handler: Handler) -> None:
        handler.begin()
        handler.say(reasoning_content="Hm, a cat …")
        handler.say(content="A cat.")
        handler.raw("data: [DONE]\n\n")

    puppet.steps = [step]
    assert answer(model) == "A cat."


def test_an_empty_answer_is_an_answer(puppet: Puppet, model: ServedModel) -> None:
    def step(handler: Handler) -> None:
        handler.begin()
        handler.say(role="assistant")
        handler.raw("data: [DONE]\n\n")

    puppet.steps = [step]
    assert answer(model) == ""


@pytest.mark.usefixtures("hurried")
def test_a_server_that_is_not_there_is_told(puppet: Puppet, model: ServedModel) -> None:
    puppet.shutdown()
    puppet.server_close()
    error = failure(model)
    assert "cannot be reached" in error.fact
    assert "served_url" in error.remedy
    with pytest.raises(ModelError, match="cannot be reached"):
        reach(puppet)


def test_a_batch_comes_back_in_order(puppet: Puppet, model: ServedModel) -> None:
    def echo(handler: Handler) -> None:
        asked = handler.server.seen[-1][2]["messages"][0]["content"]
        words(f"to {asked}", " END")(handler)

    puppet.steps = [echo]
    prompts = [Prompt((Message("user", str(n)),)) for n in range(1)]
    assert model.complete(prompts, stop=[" END"]) == ["to 0"]
    puppet.steps = [words("same")]
    assert model.complete(prompts * 9) == ["same"] * 9


def test_one_failure_of_a_batch_is_told_and_the_others_are_given_up(
    puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [silence("one"), status(400, {"error": {"message": "bad"}}), silence("one")]
    begun = time.perf_counter()
    with pytest.raises(GenerationError, match="refuses the request"):
        model.complete([Prompt((Message("user", "Hello"),))] * 3)
    assert time.perf_counter() - begun < 20
    assert puppet.left.wait(20)


def counted(handler: Handler, tokens: int | None) -> None:
    usage = {} if tokens is None else {"usage": {"prompt_tokens": tokens}}
    message = {"index": 0, "message": {"role": "assistant", "content": "A"}}
    status(200, {"choices": [message], **usage})(handler)


@pytest.mark.parametrize(
    ("without", "with_one", "sees"), [(5, 70, True), (5, 5, False), (None, None, True)]
)
def test_whether_it_sees_is_tried_out_once(
    without: int | None, with_one: int | None, sees: bool, puppet: Puppet, model: ServedModel
) -> None:
    puppet.steps = [lambda h: counted(h, without), lambda h: counted(h, with_one)]
    assert model.sees is sees
    assert model.sees is sees
    assert len(puppet.asked) == 2


def test_a_server_that_refuses_pictures_does_not_see(puppet: Puppet, model: ServedModel) -> None:
    said = "image input is not supported - hint: you may need to provide the mmproj"  # llama.cpp
    puppet.steps = [lambda h: counted(h, 5), status(500, {"error": {"message": said}})]
    assert not model.sees
    assert len(puppet.asked) == 2


def test_what_the_server_lists_of_its_model_is_believed(puppet: Puppet) -> None:
    entry = {"id": "m", "owned_by": "vllm", "max_model_len": 32768}
    puppet.listing = models({**entry, "architecture": {"input_modalities": ["text", "image"]}})
    model = reach(puppet)
    assert model.context_tokens == 32768
    assert model.sees
    assert puppet.asked == []
    model.release()


def test_tokens_are_counted_by_the_server_where_it_does_that_and_once(puppet: Puppet) -> None:
    puppet.listing = models({"id": "m", "owned_by": "vllm"})
    puppet.steps = [status(200, {"count": 3, "max_model_len": 9, "tokens": [1, 2, 3]})]
    model = reach(puppet)
    assert model.count_tokens(HELLO) == model.count_tokens(HELLO) == 3 + 40 + 8
    path, _, body = puppet.seen[-1]
    assert path == "/tokenize"
    assert body["prompt"] == body["content"] == "Hello"
    assert len(puppet.seen) == 2  # the listing, and this
    model.release()


def test_tokens_are_guessed_where_counting_fails(puppet: Puppet) -> None:
    puppet.listing = models({"id": "m", "owned_by": "vllm"})
    puppet.steps = [status(404, {})]
    model = reach(puppet)
    assert model.count_tokens(HELLO) == 3 + 40 + 8  # five letters, three to a token, and a margin
    model.release()
