"""The text model: streaming, cancelling, limits; on a tiny random model and on the real one."""

from __future__ import annotations

import gc
import os
import shutil
import weakref
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from mmqa.errors import GenerationError, ModelError, ModelMissingError
from mmqa.records import PICTURE_MARK, Message, Prompt
from mmqa.vlm.decoding.model import BlockModel
from mmqa.vlm.options import LoadOptions
from mmqa.vlm.text_model import TextModel, load

HELLO = [Message("user", "hello there world")]
TEMPLATE = (
    "{% for m in messages %}<s> {{ m['role'] }} {{ m['content'] }} </s> {% endfor %}"
    "{% if add_generation_prompt %}<s> assistant {% endif %}"
)


def made(path: Path, width: int, inner: int) -> Path:
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
            hidden_size=width,
            intermediate_size=inner,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=2,
        )
    )
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Too narrow for the fast decoder: ``generate`` of transformers runs it."""
    return made(tmp_path_factory.mktemp("tiny"), 32, 48)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As wide as bitsandbytes and the fast decoder need it."""
    return made(tmp_path_factory.mktemp("wide") / "model", 64, 128)


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


def examples(question: str) -> list[Message]:
    """A prompt as the templates make them: instructions and examples, then the question."""
    head = ("w1 w2 w3", "w4 w5 w6 w7", "w8 w9", "w10 w11 w12")
    roles = ("system", "user", "assistant", "user")
    turns = [Message(role, text) for role, text in zip(roles, head, strict=True)]  # type: ignore
    return [*turns, Message("assistant", "w13 w14"), Message("user", question)]


def test_the_answer_ends_before_a_stop_string(tiny: TextModel) -> None:
    words = "".join(tiny.stream(HELLO, max_tokens=8)).split(" ")
    stop = f" {words[3]}"
    assert "".join(tiny.stream(HELLO, max_tokens=8, stop=[stop])) == " ".join(words[:3])


def test_sampling_is_the_same_for_the_same_seed(tiny: TextModel) -> None:
    def drawn(seed: int) -> str:
        return "".join(tiny.stream(HELLO, max_tokens=12, temperature=2.0, seed=seed))

    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(4)}) > 1


def test_marks_of_pictures_are_not_read(tiny: TextModel) -> None:
    marked = [Message("user", f"{PICTURE_MARK}\nhello there world")]
    assert tiny.count_tokens(marked) == tiny.count_tokens(HELLO)
    assert list(tiny.stream(marked, max_tokens=4)) == list(tiny.stream(HELLO, max_tokens=4))


def test_many_prompts_are_answered_in_order_as_each_alone(tiny: TextModel) -> None:
    talks = [examples("w20 w21"), HELLO, examples("w22"), examples("w23 w24 w25"), HELLO[:1]]
    alone = ["".join(tiny.stream(messages, max_tokens=9)) for messages in talks]
    assert tiny.complete([Prompt(tuple(m)) for m in talks], max_tokens=9) == alone
    assert len(set(alone)) > 2
    assert tiny.complete([]) == []


def test_the_head_that_prompts_share_is_computed_once(folder: Path) -> None:
    from mmqa.vlm.chat_template import lay_out

    model = load(folder, threads=1)
    without = load(folder, threads=1, options=LoadOptions(prefix_bytes=0))
    head = lay_out(model.tokenizer, examples("w20")).head
    assert head == 29  # words: 3 + 4 + 2 + 3 + 2; three marks around each of five messages
    passes: list[int] = []
    model.model.register_forward_pre_hook(
        lambda module, args, kwargs: passes.append(kwargs["input_ids"].shape[1]), with_kwargs=True
    )
    for question in ("w20 w21", "w22"):
        messages = examples(question)
        passes.clear()
        answer = "".join(model.stream(messages, max_tokens=5))
        rest = model.count_tokens(messages) - head
        assert passes[:2] == ([head, rest] if question == "w20 w21" else [rest, 1])
        assert answer == "".join(without.stream(messages, max_tokens=5))


def test_a_released_model_frees_its_weights_and_refuses_to_answer(folder: Path) -> None:
    model = load(folder, threads=1)
    weights = weakref.ref(model.model)
    model.release()
    gc.collect()
    assert weights() is None
    with pytest.raises(GenerationError, match="released"):
        list(model.stream(HELLO, max_tokens=2))


def test_its_weights_take_the_memory_of_its_parameters(tiny: TextModel) -> None:
    sizes = sum(p.nbytes for p in tiny.model.parameters())
    assert sizes <= tiny.weight_bytes <= sizes + 1000  # buffers of the rotary embedding


@pytest.mark.parametrize("quantization", ["int8", "nf4", "auto"])
def test_a_quantized_model_answers_and_is_another(
    wide: Path, tmp_path: Path, quantization: str
) -> None:
    full = load(wide, threads=1, options=LoadOptions(quantization="none"))
    options = LoadOptions(quantization=quantization, stored=tmp_path / "kept")  # type: ignore
    first, again = (load(wide, threads=1, options=options) for _ in range(2))
    assert first.fingerprint == again.fingerprint != full.fingerprint
    assert first.weight_bytes < full.weight_bytes
    answer = "".join(first.stream(HELLO, max_tokens=4))
    assert answer == "".join(again.stream(HELLO, max_tokens=4))
    assert answer


def test_the_fast_decoder_serves_all_that_a_model_is_asked(wide: Path) -> None:
    model = load(wide, threads=1)
    assert isinstance(model.model, BlockModel)
    talks = [examples("w20 w21"), HELLO, examples("w22")]
    alone = ["".join(model.stream(messages, max_tokens=9)) for messages in talks]
    assert model.complete([Prompt(tuple(m)) for m in talks], max_tokens=9) == alone
    assert model.context_tokens == 64
    with pytest.raises(GenerationError, match="holds 64"):
        model.stream(HELLO, max_tokens=60)
    model.release()
    with pytest.raises(GenerationError, match="released"):
        list(model.stream(HELLO, max_tokens=2))


def test_a_missing_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="mmqa models pull"):
        load(tmp_path, threads=1)


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(tmp_path, threads=1)


def test_weights_that_were_cut_off_are_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(tmp_path / "model", threads=1)


def embedded() -> Path:
    root = os.environ.get("MMQA_CACHE")
    cache = Path(root) if root else user_cache_path("mmqa")
    return cache / "models" / "embedded" / "language_model"


@pytest.fixture(scope="module")
def real() -> TextModel:
    return load(embedded(), threads=1)


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


@pytest.mark.weights
@pytest.mark.parametrize("quantization", ["auto", "none"])
def test_the_embedded_model_answers_the_same_with_and_without_kept_heads(quantization: str) -> None:
    """As the template ``answer`` asks; from the second on, one continues from a kept head."""

    def loaded(prefix_bytes: int) -> TextModel:
        options = LoadOptions(quantization=quantization, prefix_bytes=prefix_bytes)  # type: ignore
        return load(embedded(), threads=1, options=options)

    def asked(text: str) -> list[Message]:
        system = "Answer the question from the text, briefly and exactly."
        example = "Text: The blue key opens the shed.\nQuestion: What does the blue key open?"
        said = "The blue key opens the shed."
        turns = [("system", system), ("user", example), ("assistant", said), ("user", text)]
        return [Message(role, words) for role, words in turns]  # type: ignore[arg-type]

    keeping, forgetful = loaded(10**7), loaded(0)
    for text in (
        "Text: The museum closes at 17:30.\nQuestion: When does the museum close?",
        "Text: Entry: 4.50 EUR, children free.\nQuestion: What does entry cost?",
        "Text: Ferry 8 leaves from pier 4.\nQuestion: Which pier does ferry 8 leave from?",
    ):
        answers = ["".join(m.stream(asked(text), max_tokens=16)) for m in (keeping, forgetful)]
        assert answers[0] == answers[1]
