"""Served models against real servers: `transformers serve` and llama.cpp's, started here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from platformdirs import user_cache_path

from mmqa.errors import ConfigError, GenerationError, ModelError
from mmqa.records import PICTURE_MARK, Message, Picture, Prompt
from mmqa.vlm.options import LoadOptions
from mmqa.vlm.served import ServedModel, load

HELLO = [Message("user", "Hello")]
LOOK = [Message("user", f"What is {PICTURE_MARK}?")]
TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}: {% if m['content'] is string %}{{ m['content'] }}"
    "{% else %}{% for part in m['content'] %}{% if part['type'] == 'image' %}<image>{% else %}"
    "{{ part['text'] }}{% endif %}{% endfor %}{% endif %}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)
LLAMA_CPP = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel = sys.argv[1], 512, 2
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
time.sleep(600)
"""


def reach(url: str, name: str = "", **more: object) -> ServedModel:
    options = LoadOptions(served_url=url, served_model=name, **more)  # type: ignore[arg-type]
    return load(Path(), threads=1, options=options)


@contextmanager
def running(*command: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A process of our own; ended by its own handle."""
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def random_sizes(vocabulary: int) -> dict[str, int]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random LLaVA of two layers that spells in bytes, saved like a real one."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    words = ["<unk>", "<s>", "</s>", "<image>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    raw = Tokenizer(models.BPE({w: n for n, w in enumerate(words)}, [], unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        additional_special_tokens=["<image>"],
        chat_template=TEMPLATE,
    )
    processor = LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}),
        tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    sizes = random_sizes(len(words))
    vision = {**sizes, "image_size": 32, "patch_size": 16, "projection_dim": 16}
    del vision["vocab_size"]
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=CLIPVisionConfig(**vision),
            text_config=LlamaConfig(**sizes, max_position_embeddings=512),
            image_token_index=3,
        )
    )
    path = tmp_path_factory.mktemp("llava")
    model.save_pretrained(path)
    processor.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of two layers that spells in bytes, as llama.cpp reads it."""
    gguf = pytest.importorskip("gguf")
    from tokenizers import pre_tokenizers

    words = ["<unk>", "<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab"]
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    width, inner, layers, heads = 32, 64, 2, 4
    writer.add_context_length(256)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words)
    writer.add_token_types([2, 3, 3, *[1] * (len(words) - 3)])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(
        "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
        "<s>assistant: "
    )
    rng = np.random.default_rng(0)
    shapes = {"token_embd": (len(words), width), "output": (len(words), width)}
    for n in range(layers):
        shapes |= {f"blk.{n}.attn_{name}": (width, width) for name in ("q", "k", "v", "output")}
        shapes |= {f"blk.{n}.ffn_{name}": (inner, width) for name in ("gate", "up")}
        shapes |= {f"blk.{n}.ffn_down": (width, inner)}
    for name, shape in shapes.items():
        values = rng.standard_normal(shape).astype(np.float32)
        writer.add_tensor(f"{name}.weight", 0.3 * values)
    for name in ["output", *(f"blk.{n}.{part}" for n in range(layers) for part in ("attn", "ffn"))]:
        writer.add_tensor(f"{name}_norm.weight", np.ones(width, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def llama_cpp(gguf_file: Path) -> Iterator[str]:
    """Address of a llama.cpp server."""
    pytest.importorskip("xllamacpp")
    with running("-c", LLAMA_CPP, str(gguf_file)) as process:
        assert process.stdout is not None
        yield f"{process.stdout.readline().strip()}/v1"


@pytest.fixture(scope="module")
def transformers_serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a `transformers serve` that loads what it is asked for, from disk."""
    port = free_port()
    home = tmp_path_factory.mktemp("hub")
    (home / "hub").mkdir()
    place = ("--host", "127.0.0.1", "--port", str(port), "--device", "cpu")
    command = ("-m", "transformers.cli.transformers", "serve", *place)
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HOME": str(home)}
    with running(*command, **offline) as process:
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"


@pytest.fixture(scope="module")
def plain(llama_cpp: str) -> Iterator[ServedModel]:
    model = reach(llama_cpp)
    yield model
    model.release()


@pytest.fixture(scope="module")
def seeing(transformers_serve: str, tiny: Path) -> Iterator[ServedModel]:
    model = reach(transformers_serve, str(tiny))
    yield model
    model.release()


def picture(colour: int) -> Picture:
    return Picture(np.full((40, 60, 3), colour, np.uint8))


def test_llama_cpp_says_what_it_serves(plain: ServedModel) -> None:
    assert plain.context_tokens == 256  # of one request: two share 512
    assert not plain.sees
    assert "tiny.gguf" in repr(plain)


def test_llama_cpp_streams_the_same_words_every_time(plain: ServedModel) -> None:
    pieces = list(plain.stream(HELLO, max_tokens=12))
    assert len(pieces) > 4
    assert "".join(pieces) == "".join(plain.stream(HELLO, max_tokens=12))
    assert plain.complete([Prompt(tuple(HELLO))] * 3, max_tokens=12) == ["".join(pieces)] * 3


def test_llama_cpp_samples_by_the_seed(plain: ServedModel) -> None:
    def sampled(seed: int) -> str:
        return "".join(plain.stream(HELLO, max_tokens=12, temperature=1.0, seed=seed))

    assert sampled(1) == sampled(1) != sampled(2)


def test_llama_cpp_ends_at_a_stop_string(plain: ServedModel) -> None:
    whole = "".join(plain.stream(HELLO, max_tokens=20))
    stop = whole[7:9]
    assert "".join(plain.stream(HELLO, max_tokens=20, stop=[stop])) == whole[: whole.find(stop)]


def test_llama_cpp_counts_the_words_and_we_guess_the_rest(plain: ServedModel) -> None:
    # 'Hello ab' is 5 letters, a space and one word of the vocabulary
    words = plain.count_tokens([Message("user", "Hello ab")]) - plain.count_tokens(
        [Message("user", "")]
    )
    assert words == 7


def test_llama_cpp_refuses_what_does_not_fit(plain: ServedModel) -> None:
    with pytest.raises(GenerationError, match="do not fit") as caught:
        list(plain.stream([Message("user", "x" * 400)]))
    assert "256" in caught.value.fact


def test_llama_cpp_goes_on_after_it_was_left(plain: ServedModel) -> None:
    for _ in range(8):  # more than it can hold at once
        stream = plain.stream(HELLO, max_tokens=200)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    assert "".join(plain.stream(HELLO, max_tokens=3))


def test_a_served_model_is_told_apart_by_where_and_what_it_is(
    plain: ServedModel, seeing: ServedModel, llama_cpp: str
) -> None:
    again = reach(llama_cpp)
    assert again.fingerprint == plain.fingerprint != seeing.fingerprint
    again.release()


def test_transformers_serve_streams_the_same_words_every_time(seeing: ServedModel) -> None:
    first = list(seeing.stream(HELLO, max_tokens=16))
    assert len(first) > 1
    assert "".join(first) == "".join(seeing.stream(HELLO, max_tokens=16))


def test_transformers_serve_sees_pictures(seeing: ServedModel) -> None:
    assert seeing.sees
    dark, light = (seeing.stream(LOOK, [picture(c)], max_tokens=16) for c in (0, 255))
    assert "".join(dark) != "".join(light)


def test_transformers_serve_takes_several_requests(seeing: ServedModel) -> None:
    def ask(colour: int) -> str:
        return "".join(seeing.stream(LOOK, [picture(colour)], max_tokens=12))

    colours = [0, 255, 0, 255]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(ask, colours))
    assert together == [ask(colour) for colour in colours]
    prompts = [Prompt(tuple(LOOK), (picture(colour),)) for colour in colours]
    assert seeing.complete(prompts, max_tokens=12) == together


def test_transformers_serve_ends_at_a_stop_string(seeing: ServedModel) -> None:
    whole = "".join(seeing.stream(HELLO, max_tokens=24))
    stop = next(letter for letter in whole[2:] if letter.isascii() and letter.isprintable())
    shown = "".join(seeing.stream(HELLO, max_tokens=24, stop=[stop]))
    assert shown == whole[: whole.index(stop)]


def test_transformers_serve_says_that_a_model_is_not_there(
    transformers_serve: str, seeing: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmqa.vlm.served_server.FIRST_WAIT_S", 0.01)
    wrong = reach(transformers_serve, "no/such-model")
    with pytest.raises(GenerationError, match="failed"):
        list(wrong.stream(HELLO))
    wrong.release()
    assert "".join(seeing.stream(HELLO, max_tokens=4))  # it goes on


def test_transformers_serve_lists_none_until_one_is_named(transformers_serve: str) -> None:
    with pytest.raises(ModelError, match="lists 0 models"):
        reach(transformers_serve)


def test_without_an_address_nothing_is_loaded() -> None:
    with pytest.raises(ConfigError, match="served_url"):
        load(Path(), threads=1, options=LoadOptions())


@pytest.fixture(scope="module")
def real(transformers_serve: str) -> Iterator[ServedModel]:
    root = os.environ.get("MMQA_CACHE")
    cache = Path(root) if root else user_cache_path("mmqa")
    model = reach(transformers_serve, str(cache / "models" / "embedded" / "language_model"))
    yield model
    model.release()


@pytest.mark.weights
def test_the_embedded_model_answers_when_it_is_served(real: ServedModel) -> None:
    prompt = "Text: The museum closes at 17:30.\nQuestion: When does the museum close?"
    assert "17:30" in "".join(real.stream([Message("user", prompt)], max_tokens=32))


@pytest.mark.weights
def test_a_server_that_leaves_pictures_out_without_a_word_is_found_out(real: ServedModel) -> None:
    assert not real.sees


@pytest.mark.weights
def test_cancelling_frees_a_server_that_would_write_for_minutes(real: ServedModel) -> None:
    story = [Message("user", "Tell a very long story about a ferry.")]
    begun = time.monotonic()
    pieces = real.stream(story, max_tokens=4000, cancelled=lambda: time.monotonic() - begun > 0.5)
    written = "".join(pieces)
    assert len(written.split()) < 1000
    # it writes one answer at a time: this one would wait for the story, which takes minutes
    asked = time.monotonic()
    assert "".join(real.stream(HELLO, max_tokens=3))
    assert time.monotonic() - asked < 30
