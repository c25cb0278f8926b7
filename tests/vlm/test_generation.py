"""Answers in turn and within bounds, with real threads.

Where only the tokens matter, a decoder that recites stands in for the one that computes: it is what
``Generation`` is made to take.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from platformdirs import user_cache_path

from mmqa.errors import GenerationError
from mmqa.vlm.batching import padded
from mmqa.vlm.decoder import Inputs, Put
from mmqa.vlm.generation import THREAD, Batch, Generation, end_tokens
from mmqa.vlm.options import Decoding
from mmqa.vlm.prefix import Prefix
from mmqa.vlm.queue import Queue

END, PAD = 256, 257
PROMPT = {"input_ids": torch.tensor([list(b"Question: when?")])}


class Reciter:
    """Gives the bytes of a text as tokens; each waits until ``go`` is set."""

    def __init__(self, text: str, *, ends: bool = True) -> None:
        self.tokens = [*text.encode(), *([END] if ends else [])]
        self.go = threading.Event()
        self.go.set()
        self.given = 0
        self.began: list[int] = []
        self.forgot = 0

    def decode(
        self, inputs: Inputs, decoding: Decoding, put: Put, prefix: Prefix | None = None
    ) -> None:
        self.began.append(int(inputs["input_ids"][0, 0]))
        for token in self.tokens[: decoding.max_tokens]:
            assert self.go.wait(10)
            self.given += 1
            if all(put([token] * inputs["input_ids"].shape[0])):
                return

    def forget(self) -> None:
        self.forgot += 1


@pytest.fixture()
def make(llama: Any, byte_tokenizer: Any) -> Callable[..., Generation]:
    def made(decoder: Any = None, wait_s: float = 10.0, context_tokens: int = 512) -> Generation:
        queue = Queue(wait_s)
        return Generation(
            llama, byte_tokenizer, context_tokens=context_tokens, queue=queue, decoder=decoder
        )

    return made


def generating() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.001)


# ---------------------------------------------------------------- text


def test_chinese_comes_in_whole_characters(make: Callable[..., Generation]) -> None:
    pieces = list(make(Reciter("渡轮八点开。")).stream(PROMPT, Decoding()))
    assert pieces == list("渡轮八点开。")


def test_the_longest_answer_cuts_no_character_in_half(make: Callable[..., Generation]) -> None:
    assert "".join(make(Reciter("渡轮")).stream(PROMPT, Decoding(5))) == "渡"


def test_the_end_mark_ends_and_is_not_shown(make: Callable[..., Generation]) -> None:
    reciter = Reciter("At eight.")
    reciter.tokens += list(b" And more.")
    assert "".join(make(reciter).stream(PROMPT, Decoding())) == "At eight."
    assert reciter.given == len("At eight.") + 1


def test_a_stop_string_over_several_tokens_ends_the_answer(
    make: Callable[..., Generation],
) -> None:
    reciter = Reciter("Four.\nQuestion: next?", ends=False)
    pieces = list(make(reciter).stream(PROMPT, Decoding(stop=("\nQuestion",))))
    assert "".join(pieces) == "Four."
    assert reciter.given == len("Four.\nQuestion")


def test_what_only_begins_like_a_stop_string_is_given(make: Callable[..., Generation]) -> None:
    assert "".join(make(Reciter("a\nQ")).stream(PROMPT, Decoding(stop=("\nQuestion",)))) == "a\nQ"


def test_all_marks_that_a_model_and_its_tokenizer_name_end_an_answer(
    llama: Any, byte_tokenizer: Any
) -> None:
    from transformers import GenerationConfig

    assert end_tokens(GenerationConfig(eos_token_id=[3, 4]), byte_tokenizer) == {3, 4, END}
    assert end_tokens(llama.generation_config, byte_tokenizer) == {END}
    assert end_tokens(None, byte_tokenizer) == {END}


# ---------------------------------------------------------------- cancelling


def test_cancelling_frees_the_model_within_one_token(make: Callable[..., Generation]) -> None:
    reciter, cancelled = Reciter("x" * 50, ends=False), threading.Event()
    generation = make(reciter)
    stream = generation.stream(PROMPT, Decoding(50), cancelled.is_set)
    reciter.go.clear()
    reader = threading.Thread(target=lambda: list(stream))
    reader.start()
    until(lambda: bool(reciter.began))
    cancelled.set()
    reciter.go.set()
    reader.join(10)
    assert reciter.given == 1
    assert len(generation._queue) == 0


def test_closing_the_stream_frees_the_model_within_one_token(
    make: Callable[..., Generation],
) -> None:
    reciter = Reciter("x" * 10_000, ends=False)
    generation = make(reciter, context_tokens=100_000)
    stream = generation.stream(PROMPT, Decoding(10_000))
    assert next(stream) == "x"
    reciter.go.clear()
    time.sleep(0.05)  # the one that is being computed
    given = reciter.given
    threading.Timer(0.05, reciter.go.set).start()
    stream.close()  # type: ignore[attr-defined]
    assert reciter.given <= given + 1
    assert generating() == []
    assert len(generation._queue) == 0


def test_a_dropped_stream_is_closed(make: Callable[..., Generation]) -> None:
    reciter = Reciter("x" * 10_000, ends=False)
    generation = make(reciter, context_tokens=100_000)
    stream = generation.stream(PROMPT, Decoding(10_000))
    next(stream)
    del stream
    gc.collect()
    assert reciter.given < 10_000
    assert len(generation._queue) == 0


def test_a_stream_that_is_held_but_not_read_blocks_no_longer_than_its_answer(
    make: Callable[..., Generation],
) -> None:
    generation = make(Reciter("abc"), wait_s=5)
    held = generation.stream(PROMPT, Decoding())
    next(held)
    assert "".join(generation.stream(PROMPT, Decoding())) == "abc"
    assert "".join(held) == "bc"


def test_a_stream_that_was_never_begun_takes_no_turn(make: Callable[..., Generation]) -> None:
    generation = make(Reciter("abc"), wait_s=0)
    waiting = generation.stream(PROMPT, Decoding())
    assert "".join(generation.stream(PROMPT, Decoding())) == "abc"
    assert "".join(waiting) == "abc"


def test_a_stream_collected_in_the_thread_that_generates_does_not_wait_for_itself(
    make: Callable[..., Generation], monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", failures.append)
    held: list[Iterator[str]] = []
    reciter = Reciter("x" * 100, ends=False)

    def drop() -> bool:
        if reciter.given == 3:
            until(lambda: bool(read))
            held.clear()  # the last reference to the stream, in its own worker
        return False

    read: list[str] = []
    generation = make(reciter)
    held.append(generation.stream(PROMPT, Decoding(100), drop))
    next(held[0])
    read.append("the first piece is out")
    until(lambda: generating() == [])
    assert failures == []
    assert reciter.given <= 4
    assert len(generation._queue) == 0


# ---------------------------------------------------------------- turns


def test_streams_are_served_in_the_order_in_which_they_were_asked(
    make: Callable[..., Generation],
) -> None:
    reciter = Reciter("ab")
    reciter.go.clear()
    generation = make(reciter)
    threads = []
    for number in range(6):
        inputs = {"input_ids": torch.tensor([[number, 1, 2]])}
        thread = threading.Thread(target=lambda i=inputs: list(generation.stream(i, Decoding())))  # type: ignore[misc]
        thread.start()
        threads.append(thread)
        until(lambda n=number + 1: len(generation._queue) == n)  # type: ignore[misc]
    reciter.go.set()
    for thread in threads:
        thread.join(10)
    assert reciter.began == list(range(6))


def test_a_wait_in_vain_says_how_many_were_ahead(make: Callable[..., Generation]) -> None:
    reciter = Reciter("ab")
    reciter.go.clear()
    generation = make(reciter, wait_s=0.05)
    busy = threading.Thread(target=lambda: list(generation.stream(PROMPT, Decoding())))
    busy.start()
    until(lambda: bool(reciter.began))
    with pytest.raises(GenerationError, match="1 request was ahead"):
        next(generation.stream(PROMPT, Decoding()))
    with pytest.raises(GenerationError, match="1 request was ahead"):
        generation.complete([Batch(PROMPT)], Decoding())
    reciter.go.set()
    busy.join(10)


def test_who_cancels_while_waiting_gets_nothing_and_leaves(make: Callable[..., Generation]) -> None:
    reciter, cancelled = Reciter("ab"), threading.Event()
    reciter.go.clear()
    generation = make(reciter)
    busy = threading.Thread(target=lambda: list(generation.stream(PROMPT, Decoding())))
    busy.start()
    until(lambda: bool(reciter.began))
    threading.Timer(0.05, cancelled.set).start()
    assert list(generation.stream(PROMPT, Decoding(), cancelled.is_set)) == []
    assert len(generation._queue) == 1
    reciter.go.set()
    busy.join(10)
    assert len(reciter.began) == 1


def test_many_threads_get_each_their_own_answer(make: Callable[..., Generation]) -> None:
    generation = make()
    prompts = [{"input_ids": torch.tensor([list(text)])} for text in (b"one", b"two?", b"three.")]
    expected = ["".join(generation.stream(p, Decoding(6))) for p in prompts]
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        found[number] = "".join(generation.stream(prompts[number % 3], Decoding(6)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == {number: expected[number % 3] for number in range(9)}


# ---------------------------------------------------------------- bounds and failures


@pytest.mark.parametrize("way", ["stream", "complete"])
def test_what_does_not_fit_is_refused_before_the_model_is_called(
    make: Callable[..., Generation], way: str
) -> None:
    reciter = Reciter("ab")
    generation = make(reciter, context_tokens=20)
    with pytest.raises(GenerationError, match=r"has 15 tokens.*may have 6.*holds 20\. Give it"):
        if way == "stream":
            generation.stream(PROMPT, Decoding(6))
        else:
            generation.complete([Batch(PROMPT)], Decoding(6))
    assert reciter.began == []
    assert "".join(generation.stream(PROMPT, Decoding(5))) == "ab"


class Failing(Reciter):
    """Fails after its text."""

    def __init__(self, text: str, failure: Callable[[], None]) -> None:
        super().__init__(text, ends=False)
        self.failure = failure

    def decode(
        self, inputs: Inputs, decoding: Decoding, put: Put, prefix: Prefix | None = None
    ) -> None:
        super().decode(inputs, decoding, put, prefix)
        self.failure()


def too_much() -> None:
    torch.empty(2**55)


def broken() -> None:
    raise ValueError("wrong shape")


def test_running_out_of_memory_becomes_a_sentence_with_a_remedy(
    make: Callable[..., Generation],
) -> None:
    failing = Failing("ab", too_much)
    generation, read = make(failing), list[str]()
    stream = generation.stream(PROMPT, Decoding())
    with pytest.raises(GenerationError, match="out of memory on a prompt of 15 tokens") as failure:
        read.extend(iter(lambda: next(stream), None))
    assert read == ["a", "b"]
    assert "max_pictures" in failure.value.remedy
    assert failing.forgot == 1
    with pytest.raises(GenerationError, match="out of memory on 2 prompts of 15 tokens"):
        generation.complete([Batch(padded([PROMPT, PROMPT], PAD))], Decoding())
    assert len(generation._queue) == 0


def test_another_failure_is_told_with_its_cause(make: Callable[..., Generation]) -> None:
    generation = make(Failing("ab", broken))
    with pytest.raises(GenerationError, match="failed: wrong shape") as failure:
        list(generation.stream(PROMPT, Decoding()))
    assert isinstance(failure.value.__cause__, ValueError)
    assert len(generation._queue) == 0


def test_a_failure_leaves_the_model_free_for_the_next(make: Callable[..., Generation]) -> None:
    failing = Failing("ab", broken)
    generation = make(failing, wait_s=0)
    with pytest.raises(GenerationError):
        list(generation.stream(PROMPT, Decoding()))
    failing.failure = lambda: None
    assert "".join(generation.stream(PROMPT, Decoding())) == "ab"


# ---------------------------------------------------------------- batches


def test_answers_of_batches_are_those_of_streams(make: Callable[..., Generation]) -> None:
    generation = make()
    prompts = [{"input_ids": torch.tensor([list(t)])} for t in (b"one", b"and two", b"three", b"4")]
    decoding = Decoding(12, stop=("\n", "e"))
    batches = [Batch(padded(prompts[:3], PAD)), Batch(prompts[3])]
    alone = ["".join(generation.stream(p, decoding)) for p in prompts]
    assert generation.complete(batches, decoding) == alone


def test_a_row_that_is_over_does_not_end_the_others(make: Callable[..., Generation]) -> None:
    class TwoRows(Reciter):
        def decode(
            self, inputs: Inputs, decoding: Decoding, put: Put, prefix: Prefix | None = None
        ) -> None:
            pairs = zip([*b"a", END, END, *b"zz"], [*b"bcde", END], strict=True)
            over = [list(put(pair)) for pair in pairs]
            assert over[1] == [True, False]
            assert over[-1] == [True, True]

    generation = make(TwoRows(""))
    answers = generation.complete([Batch(padded([PROMPT, PROMPT], PAD))], Decoding())
    assert answers == ["a", "bcde"]


def test_nothing_to_complete_gives_nothing(make: Callable[..., Generation]) -> None:
    assert make().complete([], Decoding()) == []


# ---------------------------------------------------------------- the end


def test_releasing_ends_what_runs_and_refuses_what_waits_and_comes(
    make: Callable[..., Generation],
) -> None:
    reciter, failures, read = Reciter("x" * 100, ends=False), list[str](), list[str]()
    reciter.go.clear()
    generation = make(reciter)

    def ask() -> None:
        try:
            read.append("".join(generation.stream(PROMPT, Decoding(100))))
        except GenerationError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    threads[0].start()
    until(lambda: bool(reciter.began))
    threads[1].start()
    until(lambda: len(generation._queue) == 2)
    releasing = threading.Thread(target=generation.release)
    releasing.start()
    until(lambda: len(generation._queue) == 3)
    reciter.go.set()
    for thread in (*threads, releasing):
        thread.join(10)
    assert read == ["x"]
    assert len(failures) == 1
    assert "released" in failures[0]
    assert reciter.forgot == 1
    with pytest.raises(GenerationError, match="released"):
        list(generation.stream(PROMPT, Decoding()))


# ---------------------------------------------------------------- the embedded model


@pytest.fixture(scope="module")
def real() -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    root = os.environ.get("MMQA_CACHE")
    cache = Path(root) if root else user_cache_path("mmqa")
    folder = cache / "models" / "embedded" / "language_model"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def asked(tokenizer: Any, text: str) -> dict[str, torch.Tensor]:
    turns = [{"role": "user", "content": text}]
    rendered = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    found = tokenizer(rendered, add_special_tokens=False, return_tensors="pt")
    return {"input_ids": found["input_ids"], "attention_mask": found["attention_mask"]}


@pytest.mark.weights
def test_a_stream_of_the_embedded_model_is_what_generate_gives(real: tuple[Any, Any]) -> None:
    model, tokenizer = real
    inputs = asked(tokenizer, "Count from one to five, in digits.")
    generation = Generation(model, tokenizer, context_tokens=8192, queue=Queue(1))
    pieces = list(generation.stream(inputs, Decoding(24)))
    expected = model.generate(**inputs, max_new_tokens=24, do_sample=False)
    new = expected[0, inputs["input_ids"].shape[1] :]
    assert "".join(pieces) == tokenizer.decode(new, skip_special_tokens=True)
    assert len(pieces) > 5


@pytest.mark.weights
def test_cancelling_the_embedded_model_computes_at_most_one_token_more(
    real: tuple[Any, Any],
) -> None:
    model, tokenizer = real
    generation = Generation(model, tokenizer, context_tokens=8192, queue=Queue(1))
    flag, after = threading.Event(), list[int]()
    hook = model.register_forward_hook(lambda *_: after.append(1) if flag.is_set() else None)
    stream = generation.stream(asked(tokenizer, "Write a long story."), Decoding(200), flag.is_set)
    try:
        next(stream)
        flag.set()
        for _ in stream:
            pass
    finally:
        hook.remove()
    assert len(after) <= 1
    assert len(generation._queue) == 0
