"""The chat model: LangChain's standard suites, and what mmqa's own pipeline needs of it."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests
from PIL import Image
from platformdirs import user_cache_path

from mmqa.errors import GenerationError, UsageError
from mmqa.interfaces import Cancelled
from mmqa.records import PICTURE_MARK, Message, Picture, Prompt
from mmqa.vlm.chat_messages import from_prompt, picture_block
from mmqa.vlm.chat_model import MmqaChat, stream_privately

from .hub.tiny_models import build

CHART = "https://raw.githubusercontent.com/langchain-ai/docs/"


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tiny random LLaVA."""
    from mmqa.vlm.hub.loading import load
    from mmqa.vlm.options import LoadOptions

    options = LoadOptions(picture_pixels=100 * 100, quantization="none", device="cpu")
    folder = build("llava", tmp_path_factory.mktemp("llava") / "llava")
    return load(folder, threads=1, options=options)


@pytest.fixture(scope="module")
def reading() -> Any:
    """The embedded language model, which sees nothing."""
    from mmqa.vlm.text_model import load

    root = os.environ.get("MMQA_CACHE")
    cache = Path(root) if root else user_cache_path("mmqa")
    return load(cache / "models" / "embedded" / "language_model", threads=1)


def png(colour: int = 200) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (colour, 30, 60)).save(file, "PNG")
    return file.getvalue()


class _File:
    content = png()


@pytest.fixture
def no_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite fetches a chart from the web; here a local picture stands in for it."""

    def get(url: str, **options: Any) -> _File:
        assert url.startswith(CHART)
        return _File()

    monkeypatch.setattr("langchain_tests.integration_tests.chat_models.httpx.get", get)


class _Mmqa:
    """What the suites need to know."""

    loaded: Any = None

    @property
    def chat_model_class(self) -> type[MmqaChat]:
        return MmqaChat

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.loaded, "max_tokens": 12}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        return {"temperature": 0, "stop": [], "timeout": 60, "max_retries": 2, "api_key": "x"}

    @property
    def supports_model_override(self) -> bool:
        return False  # the weights that are loaded are those that answer


class TestUnit(_Mmqa, ChatModelUnitTests):
    """LangChain's unit tests."""

    @pytest.fixture(autouse=True)
    def load(self, seeing: Any) -> None:
        type(self).loaded = seeing

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.loaded}  # one of its tests gives max_tokens itself


class TestSeeing(_Mmqa, ChatModelIntegrationTests):
    """LangChain's integration tests, with a model that takes pictures."""

    @pytest.fixture(autouse=True)
    def load(self, seeing: Any, no_web: None) -> None:
        type(self).loaded = seeing

    @property
    def supports_image_inputs(self) -> bool:
        return True


@pytest.mark.weights
class TestReading(_Mmqa, ChatModelIntegrationTests):
    """The same with the embedded language model."""

    @pytest.fixture(autouse=True)
    def load(self, reading: Any) -> None:
        type(self).loaded = reading


class Typist:
    """A model that types a word every few milliseconds, and knows when it was freed.

    It stands for a model that is slow, which a tiny one never is.
    """

    sees = True
    context_tokens = 1000

    def __init__(self, *, pause_s: float = 0.0, fails_at: int = -1, weights: str = "a") -> None:
        self.pause_s = pause_s
        self.fails_at = fails_at
        self.fingerprint = weights
        self.freed = threading.Event()
        self.typed = 0
        self.asked: list[Prompt] = []

    def count_tokens(self, messages: Any, pictures: Any = ()) -> int:
        return sum(len(message.text.split()) for message in messages)

    def stream(
        self, messages: Any, pictures: Any = (), *, max_tokens: int, cancelled: Cancelled, **_: Any
    ) -> Iterator[str]:
        self.asked.append(Prompt(tuple(messages), tuple(pictures)))
        try:
            for n in range(max_tokens):
                time.sleep(self.pause_s)
                if n == self.fails_at:
                    raise GenerationError("memory ran out", "Ask something shorter.")
                self.typed += 1
                yield f"w{n} "
                if cancelled():
                    return
        finally:
            self.freed.set()


def test_the_stream_is_the_models_own_piece_by_piece(seeing: Any) -> None:
    pieces = list(seeing.stream([Message("user", "Hello")], max_tokens=8))
    chunks = list(MmqaChat(model=seeing).stream("Hello", max_tokens=8))
    assert [chunk.content for chunk in chunks] == [*pieces, ""]
    assert MmqaChat(model=seeing).invoke("Hello", max_tokens=8).content == "".join(pieces)


def test_pictures_reach_the_model_as_they_are() -> None:
    model = Typist()
    picture = Picture(np.zeros((5, 5, 3), np.uint8))
    prompt = Prompt((Message("user", f"{PICTURE_MARK}\nWhat?"),), (picture,))
    MmqaChat(model=model).invoke(from_prompt(prompt), max_tokens=1)
    assert model.asked[0].messages == prompt.messages
    assert model.asked[0].pictures[0] is picture


def test_pictures_are_read_by_what_is_given() -> None:
    model, picture = Typist(), Picture(np.zeros((5, 5, 3), np.uint8))
    chat = MmqaChat(model=model, read_picture=lambda data: picture)
    block = {"type": "image", "base64": base64.b64encode(b"x").decode(), "mime_type": "image/png"}
    chat.invoke([HumanMessage(content=[block])], max_tokens=1)
    assert model.asked[0].pictures == (picture,)


def test_options_of_a_call_come_before_those_of_the_model(seeing: Any) -> None:
    chat = MmqaChat(model=seeing, max_tokens=6, temperature=1.0, seed=1)
    assert chat.invoke("Hi").content == chat.invoke("Hi").content
    assert chat.invoke("Hi", seed=2).content != chat.invoke("Hi", seed=1).content
    greedy = "".join(seeing.stream([Message("user", "Hi")], max_tokens=3))
    assert chat.invoke("Hi", temperature=0.0, max_tokens=3).content == greedy


def test_bound_stop_strings_end_the_answer(seeing: Any) -> None:
    whole = "".join(seeing.stream([Message("user", "Hello")], max_tokens=20))
    stop = whole[4:6]
    shown = MmqaChat(model=seeing, max_tokens=20).bind(stop=[stop]).invoke("Hello").content
    assert shown == whole[: whole.index(stop)]


def test_cancelling_ends_the_answer_within_a_token() -> None:
    model = Typist()
    chunks = MmqaChat(model=model).stream("Hi", cancelled=lambda: model.typed >= 3)
    assert [chunk.content for chunk in chunks] == ["w0 ", "w1 ", "w2 ", ""]
    assert model.typed == 3


def test_leaving_the_stream_frees_the_model() -> None:
    model = Typist()
    stream = MmqaChat(model=model).stream("Hi")
    assert next(stream).content == "w0 "
    stream.close()  # type: ignore[attr-defined]
    assert model.freed.is_set()
    assert model.typed == 1


def test_leaving_the_stream_frees_a_real_model(seeing: Any) -> None:
    stream = MmqaChat(model=seeing, max_tokens=500).stream("Hi")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert len(MmqaChat(model=seeing).invoke("Hi", max_tokens=2).content) > 0


async def test_cancelling_the_task_frees_the_model() -> None:
    for ask in ("ainvoke", "astream"):
        model = Typist(pause_s=0.01)
        chat = MmqaChat(model=model, max_tokens=900)

        async def read(chat: MmqaChat = chat, ask: str = ask) -> None:
            if ask == "ainvoke":
                await chat.ainvoke("Hi")
            else:
                async for _ in chat.astream("Hi"):
                    pass

        task = asyncio.create_task(read())
        while model.typed < 3:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        typed = model.typed
        assert await asyncio.to_thread(model.freed.wait, 20)
        assert model.typed < typed + 100


async def test_several_tasks_share_the_loop() -> None:
    together = threading.Barrier(4)

    class Meeting(Typist):
        def stream(self, *args: Any, **options: Any) -> Iterator[str]:
            together.wait(20)  # breaks unless all four run at once
            return super().stream(*args, **options)

    chats = [MmqaChat(model=Meeting(), max_tokens=2) for _ in range(4)]
    answers = await asyncio.gather(*(chat.ainvoke("Hi") for chat in chats))
    assert [answer.content for answer in answers] == ["w0 w1 "] * 4


async def test_async_words_come_as_they_are_typed() -> None:
    model = Typist(pause_s=0.15)
    typed = [model.typed async for _ in MmqaChat(model=model, max_tokens=4).astream("Hi")]
    assert typed[0] < 4
    assert typed[-1] == 4


@pytest.mark.parametrize("ask", ["invoke", "stream", "ainvoke", "astream"])
async def test_what_the_model_raises_reaches_the_caller(ask: str) -> None:
    chat = MmqaChat(model=Typist(fails_at=2))
    with pytest.raises(GenerationError, match="memory ran out"):
        if ask == "invoke":
            chat.invoke("Hi")
        elif ask == "stream":
            list(chat.stream("Hi"))
        elif ask == "ainvoke":
            await chat.ainvoke("Hi")
        else:
            async for _ in chat.astream("Hi"):
                pass


def test_tokens_are_counted_once_and_at_the_end() -> None:
    chunks = list(MmqaChat(model=Typist(), max_tokens=3).stream("How many words"))
    counted = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert counted == [{"input_tokens": 3, "output_tokens": 3, "total_tokens": 6}]
    assert chunks[-1].usage_metadata
    assert chunks[-1].chunk_position == "last"


def test_tokens_need_not_be_counted() -> None:
    chat = MmqaChat(model=Typist(), max_tokens=3, count_usage=False)
    assert chat.invoke("Hi").usage_metadata is None
    assert not any(chunk.usage_metadata for chunk in chat.stream("Hi"))


def test_what_is_unknown_or_out_of_range_is_refused() -> None:
    chat = MmqaChat(model=Typist())
    with pytest.raises(UsageError, match="no option 'tools'"):
        chat.invoke("Hi", tools=[])
    with pytest.raises(UsageError, match="max_tokens is 0"):
        chat.invoke("Hi", max_tokens=0)
    with pytest.raises(NotImplementedError):
        chat.bind_tools([])
    with pytest.raises(NotImplementedError):
        chat.with_structured_output({"title": "a", "type": "object", "properties": {}})


def test_pictures_for_a_model_without_eyes_are_refused() -> None:
    model = Typist()
    model.sees = False
    with pytest.raises(UsageError, match="reads text only"):
        MmqaChat(model=model).invoke(
            [HumanMessage(content=[picture_block(Picture(np.zeros((2, 2, 3), np.uint8)))])]
        )


def test_it_says_what_it_is() -> None:
    chat = MmqaChat(model=Typist(), label="mini", stop=["."])
    params = chat._get_ls_params()
    assert (params["ls_provider"], params["ls_model_name"]) == ("mmqa", "mini")
    assert params["ls_stop"] == ["."]
    assert chat.profile is not None
    assert chat.profile["max_input_tokens"] == 1000
    assert "Typist" not in repr(chat)


def test_a_cache_tells_pictures_and_weights_apart() -> None:
    cache = InMemoryCache()
    models = [Typist(weights="a"), Typist(weights="b")]
    pictures = [Picture(np.full((50, 50, 3), n, np.uint8)) for n in range(2)]
    for _ in range(2):  # the second time, everything is known
        for model in models:
            chat = MmqaChat(model=model, cache=cache, max_tokens=2)
            for picture in pictures:
                chat.invoke(
                    [HumanMessage(content=["What?", picture_block(picture)])],
                    cancelled=lambda: False,
                )
    assert [len(model.asked) for model in models] == [2, 2]


PRIVATE = """
import sys
from langchain_core.messages import HumanMessage
from mmqa.vlm.chat_model import MmqaChat, stream_privately

class Model:
    sees, context_tokens, fingerprint = False, 100, "x"
    def count_tokens(self, messages, pictures=()): return 1
    def stream(self, messages, pictures=(), **_): yield "secret answer"

chat = MmqaChat(model=Model())
ask = stream_privately if sys.argv[1] == "privately" else MmqaChat.stream
print("".join(chunk.text for chunk in ask(chat, [HumanMessage("secret question")])))
from langchain_core.tracers.langchain import wait_for_all_tracers
wait_for_all_tracers()
"""


@pytest.fixture
def langsmith() -> Iterator[ThreadingHTTPServer]:
    """What would be told of every question, if tracing were on."""

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            self.server.heard.append(self.rfile.read(length))  # type: ignore[attr-defined]
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.heard = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("how", "told"), [("openly", True), ("privately", False)])
def test_what_the_pipeline_asks_is_told_to_nobody(
    how: str, told: bool, langsmith: ThreadingHTTPServer
) -> None:
    environ = {
        **os.environ,
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_API_KEY": "lsv2_x",
        "LANGSMITH_ENDPOINT": f"http://127.0.0.1:{langsmith.server_port}",
    }
    done = subprocess.run(
        [sys.executable, "-c", PRIVATE, how],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "secret answer"
    assert bool(langsmith.heard) is told  # type: ignore[attr-defined]


def test_a_private_stream_can_be_left() -> None:
    model = Typist()
    stream = stream_privately(MmqaChat(model=model), [HumanMessage("Hi")], max_tokens=50)
    assert isinstance(next(stream), AIMessageChunk)
    stream.close()  # type: ignore[attr-defined]
    assert model.freed.is_set()
    assert model.typed == 1


def test_callbacks_around_it_do_not_hear_a_private_stream() -> None:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.runnables import RunnableLambda

    class Ear(BaseCallbackHandler):
        heard = 0

        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            Ear.heard += 1

    chat = MmqaChat(model=Typist(), max_tokens=2)

    def chain(ask: Callable[..., Any]) -> None:
        step = RunnableLambda(lambda _: [c.text for c in ask(chat, [HumanMessage("Hi")])])
        step.invoke("", config={"callbacks": [Ear()]})

    chain(stream_privately)
    assert Ear.heard == 0
    chain(MmqaChat.stream)
    assert Ear.heard == 1
