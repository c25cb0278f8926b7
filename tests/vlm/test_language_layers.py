"""The language model of every family is told from what sees, by no list of names."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmqa.errors import ModelError
from mmqa.vlm.language_layers import Layers, check, find, kind

from .tiny_models import FAMILIES, tiny

SKIPPED = {
    "llama": ("lm_head",),
    "qwen3_vl": ("model.visual", "lm_head"),
    "llava": ("model.vision_tower", "model.multi_modal_projector", "lm_head"),
    "idefics3": ("model.vision_model", "model.connector", "lm_head"),
    "gemma3": ("model.vision_tower", "lm_head"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_skipped_are_full_paths_of_tower_connector_and_output(family: str) -> None:
    layers = find(tiny(family))
    assert layers.skip_list() == SKIPPED[family]
    assert len(layers.language) == 2 * 7  # two blocks: q, k, v, o, gate, up, down
    assert not [path for path in layers.language if "visi" in path or "visual" in path]


def test_no_layer_is_in_both_lists_and_none_in_neither() -> None:
    model = tiny("llava")
    layers = find(model)
    every = [path for path, module in model.named_modules() if isinstance(module, nn.Linear)]
    assert sorted((*layers.language, *layers.kept)) == sorted(every)


def test_a_module_that_names_no_language_model_is_one_as_a_whole() -> None:
    assert find(nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))) == Layers(
        ("0", "2"), ()
    )


def test_an_output_layer_inside_the_language_model_is_kept() -> None:
    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.language_model = nn.ModuleDict({"body": nn.Linear(2, 2), "head": nn.Linear(2, 9)})

        def get_decoder(self) -> nn.Module:
            return self.language_model

        def get_output_embeddings(self) -> nn.Module:
            return self.language_model["head"]

    assert find(Whole()) == Layers(("language_model.body",), ("language_model.head",))
    assert find(Whole()).skip_list() == ("language_model.head",)


def test_a_model_whose_language_part_sees_is_refused() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(2, 2)])
            self.vision_tower = nn.Linear(2, 2)

    with pytest.raises(ModelError, match=r"vision_tower.*quantization = none"):
        find(Mixed())


def test_a_model_without_linear_layers_is_refused() -> None:
    with pytest.raises(ModelError, match="no linear layers"):
        find(nn.ReLU())


def test_what_transformers_keeps_in_full_is_no_fault() -> None:
    class Careful(nn.Module):
        _keep_in_fp32_modules = ("wo",)

        def __init__(self) -> None:
            super().__init__()
            self.wi, self.wo = nn.Linear(2, 2), nn.Linear(2, 2)

    assert find(Careful()) == Layers(("wi",), ("wo",))


def test_full_weights_pass_as_full_weights_and_as_nothing_else() -> None:
    model = tiny("llava")
    check(model, "none")
    with pytest.raises(ModelError, match=r"q_proj.* and 10 more should be nf4, but are none"):
        check(model, "nf4")


def test_numbers_that_are_no_full_weights_are_found_where_they_do_not_belong() -> None:
    model = tiny("llava")
    model.lm_head.weight = nn.Parameter(model.lm_head.weight.to(torch.float64))
    with pytest.raises(ModelError, match="lm_head should have 16 or 32 bits, but are other"):
        check(model, "none")


def test_a_subclass_of_a_linear_layer_is_left_alone() -> None:
    inner = nn.MultiheadAttention(4, 1)
    assert kind(inner.out_proj) == "special"
    assert kind(nn.Linear(2, 2)) == "none"
