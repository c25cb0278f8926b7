"""A fresh process with one language model of the bench: mmqa's, a bare one, or llama.cpp's.

Knows: how each of them is asked and timed, and how much memory this process takes. Refuses to
know: what is compared.

One JSON object a line, each way. ``{"time": TURN}`` reads a prompt that no turn before had, and
writes on; ``{"picture": TURN}`` does so with a picture; ``{"batch": TURN}`` answers many short
prompts; ``{"memory": true}`` tells what the process holds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from mmqa.config import Config
from mmqa.errors import ModelError
from mmqa.evaluation import line_process
from mmqa.evaluation.bench_index_process import memory
from mmqa.evaluation.evidence_questions import drawn
from mmqa.evaluation.line_process import Answering
from mmqa.records import Message, Picture, Prompt

TOKENS = 33
"""Written in one turn: the first, and 32 that are timed."""
BATCH = 16
BATCH_TOKENS = 8
SIDE = 128
"""Of the pictures, in pixels."""
_WAITING = "OMP_WAIT_POLICY"
_FACTS = 20

Timing: TypeAlias = dict[str, Any]
"""``first_s``: until the first token is there. ``token_s``: each token after it."""


class Contestant(Protocol):
    """A language model that is timed."""

    def time(self, turn: int) -> Timing:
        """Read the prompt of a turn, and write on."""
        ...


def waiting() -> dict[str, str]:
    """How threads of OpenMP wait in every process of the bench, as a variable that is set there.

    mmqa lets them sleep (see :class:`mmqa.parts.Parts`). Where the others' spun, the ratios would
    tell of that, and not of how a model is run.
    """
    return {_WAITING: os.environ.get(_WAITING, "PASSIVE")}


def started(name: str, config: Config) -> AbstractContextManager[Answering]:
    """A process with a contestant, as long as the block runs.

    Args:
        name: ``mmqa``, ``mmqa-full`` (nothing quantized), ``bare`` or ``llama.cpp``.
        config: Settings.

    Raises:
        ModelError: The model cannot be loaded or failed, or the process ended.
    """
    return line_process.contestant(__name__, name, config, environment=waiting())


def story(turn: int) -> tuple[Message, ...]:
    """A prompt of some 300 tokens, for a long answer; no two turns' begin alike."""
    facts = [q.passages[0] for q in drawn(_FACTS, seed=1000 + turn)]
    text = f"{turn}. {' '.join(facts)} Tell a long story in which all of this happens."
    return (Message("user", text),)


def short(turn: int) -> list[tuple[Message, ...]]:
    """:data:`BATCH` prompts, each with a few facts."""
    facts = [q.passages[0] for q in drawn(2 * BATCH, seed=5000 + turn)]
    pairs = zip(facts[::2], facts[1::2], strict=True)
    return [(Message("user", f"{one} {other} Say it in other words."),) for one, other in pairs]


def noise(turn: int) -> Picture:
    """A picture that no other turn has."""
    pixels = np.random.default_rng(turn).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return Picture(pixels)


class Own:
    """mmqa's language model, as the library asks it.

    Args:
        config: Settings.
    """

    def __init__(self, config: Config) -> None:
        from mmqa.parts import Parts

        self._model = Parts(config).language_model

    def time(self, turn: int) -> Timing:
        """See :class:`Contestant`; what reaches the reader of the stream counts."""
        began_s, *times = self._times(story(turn), (), TOKENS)
        return _timing(began_s, times)

    def picture(self, turn: int) -> Timing:
        """The same about a picture; and how many tokens the prompt has. Empty if it cannot see."""
        if not self._model.sees:
            return {}
        messages, pictures = (Message("user", "Describe the picture."),), (noise(turn),)
        tokens = self._model.count_tokens(messages, pictures)
        times = self._times(messages, pictures, 1)
        return {"tokens": tokens, "first_s": times[1] - times[0]}

    def batch(self, turn: int) -> Timing:
        """Seconds for all of :func:`short`."""
        prompts = [Prompt(messages) for messages in short(turn)]
        began_s = time.perf_counter()
        self._model.complete(prompts, max_tokens=BATCH_TOKENS)
        return {"all_s": time.perf_counter() - began_s}

    def _times(
        self, messages: Sequence[Message], pictures: Sequence[Picture], most: int
    ) -> list[float]:
        """The moments at which a stream was asked for, and gave its pieces."""
        began_s = time.perf_counter()
        stream = self._model.stream(messages, pictures, max_tokens=most)
        return [began_s, *(time.perf_counter() for _ in stream)]


class Bare:
    """``generate`` of transformers, and nothing else, in the numbers that mmqa computes in.

    Args:
        config: Names the preset and the threads.
    """

    def __init__(self, config: Config) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from mmqa.vlm.device import number_type

        torch.set_num_threads(config.thread_count)
        folder = _folder(config)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._tokenizer.padding_side = "left"
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=number_type("cpu"), local_files_only=True
        )
        self._model.generation_config.eos_token_id = None
        self._generate(torch.tensor([[1, 2, 3]]), 2)

    def time(self, turn: int) -> Timing:
        """See :class:`Contestant`."""
        import torch

        return self._generate(torch.tensor([tokens(self._tokenizer, story(turn))]), TOKENS)

    def reading(self, length: int) -> Timing:
        """As :meth:`time`, of any ``length`` tokens."""
        import torch

        return self._generate(torch.arange(1000, 1000 + length)[None], 2)

    def batch(self, turn: int) -> Timing:
        """Seconds for all of :func:`short`, padded into one batch."""
        rows = [tokens(self._tokenizer, messages) for messages in short(turn)]
        padded = self._tokenizer.pad({"input_ids": rows}, return_tensors="pt")
        return self._generate(padded["input_ids"], BATCH_TOKENS, padded["attention_mask"])

    def _generate(self, prompt: Any, most: int, mask: Any = None) -> Timing:
        import torch
        from transformers.generation.streamers import BaseStreamer

        class Clock(BaseStreamer):
            """Looks at the clock with each step; the first is the prompt's."""

            def put(self, value: Any) -> None:
                times.append(time.perf_counter())

            def end(self) -> None:
                pass

        times: list[float] = []
        rows = len(prompt)
        with torch.inference_mode():
            began_s = time.perf_counter()
            self._model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt) if mask is None else mask,
                max_new_tokens=most,
                do_sample=False,
                pad_token_id=0,
                streamer=Clock() if rows == 1 else None,
            )
            all_s = time.perf_counter() - began_s
        return {"all_s": all_s, **(_timing(began_s, times[1:]) if rows == 1 else {})}


class Llama:
    """llama.cpp with the GGUF that mmqa's weights were made from.

    Args:
        config: Names the preset and the threads.
    """

    def __init__(self, config: Config) -> None:
        from transformers import AutoTokenizer

        from mmqa.evaluation import llama_cpp
        from mmqa.models.preset import load_preset

        role = load_preset(config.preset).role("language_model")
        self._tokenizer = AutoTokenizer.from_pretrained(_folder(config), local_files_only=True)
        gguf = llama_cpp.weights(role, config.cache)
        self._model = llama_cpp.LlamaCpp(gguf, threads=config.thread_count)
        self._model.seconds([1, 2, 3], 2)

    def time(self, turn: int) -> Timing:
        """See :class:`Contestant`."""
        first_s, token_s = self._model.seconds(tokens(self._tokenizer, story(turn)), TOKENS)
        return {"first_s": first_s, "token_s": token_s}


def tokens(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """The prompt that ``messages`` make."""
    from mmqa.vlm.chat_template import lay_out

    return lay_out(tokenizer, messages).tokens


def _folder(config: Config) -> Any:
    from mmqa.models.cache import cache_folder, role_folder

    return role_folder(config.preset, "language_model", cache_folder(config.cache))


def _timing(began_s: float, times: Sequence[float]) -> Timing:
    """Of the moments at which tokens were there."""
    if len(times) < 2:
        raise ModelError("language_model", f"an answer of {len(times)} tokens cannot be timed")
    return {"first_s": times[0] - began_s, "token_s": (times[-1] - times[0]) / (len(times) - 1)}


CONTESTANTS: dict[str, Callable[[Config], Contestant]] = {
    "mmqa": Own,
    "mmqa-full": lambda config: Own(replace(config, quantization="none")),
    "bare": Bare,
    "llama.cpp": Llama,
}


def main(name: str, config: Config) -> None:
    """Answer until there is no more to answer."""

    def answering() -> Answering:
        contestant = CONTESTANTS[name](config)

        def answer(asked: dict[str, Any]) -> dict[str, Any]:
            ((what, value),) = asked.items()
            return dict(memory() if what == "memory" else getattr(contestant, what)(value))

        return answer

    line_process.serve_alone(answering)


if __name__ == "__main__":
    main(sys.argv[1], Config(**json.loads(sys.argv[2])))
