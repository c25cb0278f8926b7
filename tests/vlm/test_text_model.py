"""The text model: streaming, cancelling, limits; on a tiny random model and on the real one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from mmqa.errors import GenerationError, ModelError, ModelMissingError
from mmqa.records import Message
from mmqa.vlm.text_model import TextModel, load

HELLO = [Message("user", "hello there world")]
TEMPLATE = (
    "{% for m in messages %}<s> {{ m['role'] }} {{ m['content'] }} </s> {% endfor %}"
    "{% if add_generation_prompt %}<s> assistant {% endif %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer Llama with a word tokenizer, saved like a real one."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<unk>", "<s>", "</s>", "user", "assistant", "hello", "there", "world"]
    words += [f"w{n}" for n in range(56)]
    raw = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=2,
        )
    )
    path = tmp_path_factory.mktemp("tiny")
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def tiny(folder: Path) -> TextModel:
    return load(folder, threads=1)


def test_pieces_join_to_the_same_text_every_time(tiny: TextModel) -> None:
    first = list(tiny.stream(HELLO, max_tokens=8))
    assert len(first) > 1
    assert "".join(first) == "".join(tiny.stream(HELLO, max_tokens=8))


def test_the_prompt_is_counted_with_its_template(tiny: TextModel) -> None:
    # <s> user hello there world </s> <s> assistant
    assert tiny.count_tokens(HELLO) == 8


def test_a_longer_answer_starts_with_the_shorter_one(tiny: TextModel) -> None:
    short = "".join(tiny.stream(HELLO, max_tokens=3))
    assert "".join(tiny.stream(HELLO, max_tokens=6)).startswith(short)


def test_cancelling_stops_within_one_token(tiny: TextModel) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked >= 2

    text = "".join(tiny.stream(HELLO, max_tokens=30, cancelled=cancelled))
    assert asked == 2
    assert len(text.split()) <= 2


def test_leaving_the_stream_ends_the_thread(tiny: TextModel) -> None:
    import threading

    stream = tiny.stream(HELLO, max_tokens=40)
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name == "mmqa-generate"]


def test_a_prompt_that_does_not_fit_is_refused_before_generating(tiny: TextModel) -> None:
    with pytest.raises(GenerationError, match="holds 64"):
        tiny.stream([Message("user", "hello " * 60)], max_tokens=8)


def test_a_failure_in_the_thread_reaches_the_caller(
    tiny: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(tiny._model, "generate", fail)
    with pytest.raises(GenerationError, match="out of memory"):
        list(tiny.stream(HELLO, max_tokens=4))


def test_the_fingerprint_is_stable_and_follows_the_files(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert load(copy, threads=1).fingerprint == load(folder, threads=1).fingerprint
    settings = copy / "generation_config.json"
    settings.write_text(settings.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load(copy, threads=1).fingerprint != load(folder, threads=1).fingerprint


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="mmqa models pull"):
        load(tmp_path, threads=1)


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(tmp_path, threads=1)


@pytest.fixture(scope="module")
def real() -> TextModel:
    root = os.environ.get("MMQA_CACHE")
    cache = Path(root) if root else user_cache_path("mmqa")
    return load(cache / "models" / "embedded" / "language_model", threads=1)


@pytest.mark.weights
def test_the_embedded_model_answers_from_a_text(real: TextModel) -> None:
    prompt = "Text: The museum closes at 17:30.\nQuestion: When does the museum close?"
    text = "".join(real.stream([Message("user", prompt)], max_tokens=32))
    assert "17:30" in text


@pytest.mark.weights
def test_the_embedded_model_stops_at_its_end_mark(real: TextModel) -> None:
    pieces = list(real.stream([Message("user", "Say hello.")], max_tokens=60))
    assert "<|im_end|>" not in "".join(pieces)
    assert real.context_tokens == 8192
