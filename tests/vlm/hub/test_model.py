"""Models of a hub see their pictures, answer as plain transformers does, and stay within bounds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmqa.errors import GenerationError
from mmqa.records import PICTURE_MARK, Message, Picture, Prompt
from mmqa.vlm.hub.loading import load
from mmqa.vlm.hub.model import HubModel

from .conftest import OPTIONS, flat, noise

COMPARE = [
    Message("system", "Be brief."),
    Message("user", f"Picture 1: {PICTURE_MARK}\nPicture 2: {PICTURE_MARK}\nWhat is different?"),
]


def answer(model: HubModel, messages: list[Message], *pictures: Picture, tokens: int = 8) -> str:
    return "".join(model.stream(messages, pictures, max_tokens=tokens))


def logits(model: HubModel, messages: list[Message], *pictures: Picture) -> torch.Tensor:
    laid = model._layout.lay_out(Prompt(tuple(messages), pictures))
    with torch.inference_mode():
        return model._model(**model._inputs([laid])).logits[0, -1].float()


def test_an_answer_about_two_pictures_is_that_of_plain_transformers(model: HubModel) -> None:
    processor = model._layout._processor
    pictures = (noise(60, 80), noise(90, 50, seed=1))
    text = model._layout.lay_out(Prompt(tuple(COMPARE), pictures)).text
    made = processor(
        text=[text],
        images=[[_image(picture) for picture in pictures]],
        images_kwargs=model._layout._images_kwargs,
        add_special_tokens=False,
        return_tensors="pt",
    )
    made["pixel_values"] = made["pixel_values"].to(model._model.dtype)
    with torch.inference_mode():
        out = model._model.generate(**made, max_new_tokens=8, do_sample=False)
    new = out[0, made["input_ids"].shape[1] :]
    expected = processor.tokenizer.decode(new, skip_special_tokens=True)
    assert answer(model, COMPARE, *pictures) == expected.rstrip("\ufffd")


def _image(picture: Picture) -> Any:
    from PIL import Image

    return Image.fromarray(picture.pixels)


def test_what_a_picture_shows_changes_what_is_likely_next(model: HubModel) -> None:
    question = [Message("user", f"{PICTURE_MARK}\nWhat colour is it?")]
    red = logits(model, question, flat(60, 60, (220, 20, 20)))
    again = logits(model, question, flat(60, 60, (220, 20, 20)))
    blue = logits(model, question, flat(60, 60, (20, 20, 220)))
    assert torch.equal(red, again)
    assert (red - blue).abs().max() > 1e-4


def test_which_picture_comes_first_matters(model: HubModel) -> None:
    first, second = noise(60, 60), noise(60, 60, seed=1)
    one = logits(model, COMPARE, first, second)
    other = logits(model, COMPARE, second, first)
    assert (one - other).abs().max() > 1e-5


def test_prompts_that_run_together_get_the_answers_they_get_alone(model: HubModel) -> None:
    prompts = [
        Prompt(tuple(COMPARE), (noise(60, 80), noise(90, 50, seed=1))),
        Prompt((Message("user", "What is it?"),), (noise(40, 40, seed=2),)),
        Prompt((Message("user", "No picture here."),)),
        Prompt((Message("user", "Nor here, but more words."),)),
    ]
    alone = [answer(model, list(p.messages), *p.pictures, tokens=4) for p in prompts]
    assert model.complete(prompts, max_tokens=4) == alone
    assert model.complete([]) == []


def test_pictures_that_do_not_fit_are_refused_before_the_model_runs(
    model: HubModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**inputs: object) -> None:
        raise AssertionError("the model ran")

    monkeypatch.setattr(model._model, "generate", fail)
    monkeypatch.setattr(model._generation, "_context_tokens", 60)
    pictures = [noise(100, 100, seed=n) for n in range(6)]
    with pytest.raises(GenerationError, match=r"holds 60\. Give it less evidence, fewer pictures"):
        model.stream([Message("user", "Which?")], pictures, max_tokens=8)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (10, 30_000), (30_000, 10), (3, 50)])
def test_pictures_of_any_shape_are_answered_about(model: HubModel, height: int, width: int) -> None:
    assert isinstance(answer(model, COMPARE, flat(height, width), tokens=2), str)


def test_it_says_that_it_sees_and_how_much_it_holds(model: HubModel) -> None:
    assert model.sees
    assert model.context_tokens == 2048
    assert model.weight_bytes > 50_000


def test_stop_strings_seeds_and_cancelling_are_heeded(model_of: Any) -> None:
    model = model_of("llava")
    whole = answer(model, COMPARE, noise(40, 40), tokens=12)
    stop = whole[len(whole) // 2]
    pieces = model.stream(COMPARE, [noise(40, 40)], max_tokens=12, stop=[stop])
    assert "".join(pieces) == whole[: whole.index(stop)]
    drawn = {
        "".join(model.stream(COMPARE, [noise(40, 40)], max_tokens=8, temperature=2.0, seed=seed))
        for seed in (1, 1, 2, 3)
    }
    assert 1 < len(drawn) <= 3
    assert "".join(model.stream(COMPARE, cancelled=lambda: True)) == ""


def test_the_fingerprint_tells_weights_and_size_of_pictures_apart(
    folder_of: Any, model_of: Any
) -> None:
    first = model_of("llava").fingerprint
    assert load(folder_of("llava"), threads=1, options=OPTIONS).fingerprint == first
    larger = replace(OPTIONS, picture_pixels=200 * 200)
    assert load(folder_of("llava"), threads=1, options=larger).fingerprint != first
    assert model_of("gemma3").fingerprint != first


def test_a_released_model_refuses(folder_of: Any) -> None:
    model = load(folder_of("llava"), threads=1, options=OPTIONS)
    model.release()
    with pytest.raises(GenerationError, match="was released"):
        list(model.stream([Message("user", "Hi")]))


@pytest.mark.parametrize("mode", ["nf4", "int8"])
def test_only_the_language_model_is_quantized(
    model: HubModel, folder_of: Any, family: str, mode: Any, tmp_path: Path
) -> None:
    kind = {"nf4": "Linear4bit", "int8": "Linear8bitLt"}[mode]
    options = replace(OPTIONS, quantization=mode, stored=tmp_path / "stored")
    quantized = load(folder_of(family), threads=1, options=options)
    kinds = {name: type(module).__name__ for name, module in quantized._model.named_modules()}
    changed = {name for name, found in kinds.items() if found == kind}
    assert len(changed) >= 14
    assert not {n for n in changed if "vis" in n or "connector" in n or "projector" in n}
    assert quantized.weight_bytes < model.weight_bytes
    assert quantized.fingerprint != model.fingerprint
    question = [Message("user", "What is it?")]
    full, fewer = logits(model, question, flat(40, 40)), logits(quantized, question, flat(40, 40))
    assert torch.nn.functional.cosine_similarity(full, fewer, dim=0) > 0.95
    again = load(folder_of(family), threads=1, options=options)
    np.testing.assert_allclose(logits(again, question, flat(40, 40)), fewer, atol=1e-5)
