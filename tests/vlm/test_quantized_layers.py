"""Layers of 4 and 8 bits compute what their formulas say; the library's traps are known."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from mmqa.vlm.quantized_layers import library, make, restore, suit, unfit

# NF4 as the paper's appendix E lists it (Dettmers et al. 2023)
CODE = torch.tensor(
    [
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
        *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
        *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
        *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ]
)


def linear(rows: int, columns: int, dtype: torch.dtype = torch.float32) -> nn.Linear:
    torch.manual_seed(1)
    return nn.Linear(columns, rows, dtype=dtype).eval()


def read_back(layer: nn.Linear) -> torch.Tensor:
    """Weights of an NF4 layer that has not been run, in full."""
    functional = library().functional
    full: torch.Tensor = functional.dequantize_4bit(layer.weight.data, layer.weight.quant_state)
    return full


def by_hand(weight: torch.Tensor) -> torch.Tensor:
    """Nearest of the 16 numbers, block of 64 by block of 64."""
    blocks = weight.float().reshape(-1, 64)
    largest = blocks.abs().amax(1, keepdim=True)
    nearest = CODE[(blocks[..., None] / largest[..., None] - CODE).abs().argmin(-1)]
    return (nearest * largest).reshape(weight.shape)


def test_weights_that_are_the_sixteen_numbers_come_back_exactly() -> None:
    layer = linear(32, 64)
    layer.weight.data = (3.0 * CODE).repeat(4).repeat(32, 1)  # every block's largest is 3
    assert torch.equal(read_back(make("nf4", layer, "cpu")), layer.weight)


def test_no_weight_is_further_off_than_half_the_widest_gap_of_its_block() -> None:
    # the widest gap of NF4 is from −1 to −0.6962: half of it is 0.1519 of the block's largest
    layer = linear(64, 128)
    wrong = (read_back(make("nf4", layer, "cpu")) - layer.weight).reshape(-1, 64).abs()
    largest = layer.weight.reshape(-1, 64).abs().amax(1)
    bound = 0.151904 * largest
    assert (wrong.amax(1) <= bound).all()
    halfway = linear(32, 64)
    halfway.weight.data = torch.full((32, 64), -0.8480)  # all but halfway between −1 and −0.6962
    halfway.weight.data[:, 0] = 1.0
    off = (read_back(make("nf4", halfway, "cpu")) - halfway.weight)[:, 1:].abs()
    assert off.min().item() == off.max().item() == pytest.approx(0.1518, abs=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("rows", "columns"), [(32, 64), (96, 128), (31, 64), (48, 192)])
def test_an_nf4_layer_multiplies_with_the_rounded_weights(
    rows: int, columns: int, dtype: torch.dtype
) -> None:
    layer = linear(rows, columns, dtype)
    wanted_weight, vectors = by_hand(layer.weight), torch.randn(1, 5, columns)
    with torch.inference_mode():
        wanted = nn.functional.linear(vectors, wanted_weight, layer.bias.float())
        quantized = make("nf4", layer, "cpu").eval()(vectors.to(dtype))
    assert quantized.dtype == dtype
    assert (quantized - wanted).abs().max() < 0.01 * wanted.abs().max()


def test_an_int8_layer_is_within_rounding_of_the_full_one() -> None:
    # each row's largest is 127 steps: a weight is off by half a step at most, so is an activation
    layer = linear(32, 64)
    vectors = torch.rand(1, 5, 64)
    with torch.inference_mode():
        wanted = layer(vectors)
        found = make("int8", layer, "cpu").eval()(vectors)
    step = layer.weight.abs().amax(1) / 127 * 64 * 0.5 + 64 * layer.weight.abs().amax(1) / 254
    assert ((found - wanted).abs() <= step).all()
    assert (found - wanted).abs().max() < 0.02 * wanted.abs().max()


@pytest.mark.parametrize("bits", ["nf4", "int8"])
def test_what_a_layer_was_is_put_back_to_the_bit(bits: str) -> None:
    layer = linear(96, 64, torch.bfloat16)
    made = make(bits, layer, "cpu").eval()
    state = {name: t.clone() for name, t in made.state_dict().items() if name != "bias"}
    state.pop("weight_format", None)
    again = restore(bits, layer, state, "cpu").eval()
    vectors = torch.randn(2, 3, 64, dtype=torch.bfloat16)
    with torch.inference_mode():
        assert torch.equal(made(vectors), again(vectors))
    assert again.bias is layer.bias


@pytest.mark.parametrize("bits", ["nf4", "int8"])
def test_a_layer_of_another_size_is_not_put_back(bits: str) -> None:
    state = make(bits, linear(64, 64), "cpu").state_dict()
    del state["bias"]
    with pytest.raises(ValueError, match=r"\(64, 64\), not \(32, 64\)"):
        restore(bits, linear(32, 64), state, "cpu")


def test_the_kernel_that_is_silently_wrong_is_known() -> None:
    """If this fails, bitsandbytes was mended: layers of any width can then be allowed."""
    layer = linear(32, 96, torch.float32)
    layer.weight.data *= torch.arange(1.0, 33.0)[:, None]  # rows of unlike size
    assert unfit("nf4", layer, "cpu")
    made = make("nf4", layer, "cpu").eval()
    made.support_avx512bf16_for_cpu = False
    blocks = layer.weight.reshape(-1, 64)
    largest = blocks.abs().amax(1, keepdim=True)
    nearest = CODE[(blocks[..., None] / largest[..., None] - CODE).abs().argmin(-1)]
    vectors = torch.randn(1, 5, 96)
    with torch.inference_mode():
        wanted = nn.functional.linear(vectors, (nearest * largest).reshape(32, 96), layer.bias)
        off = (made(vectors) - wanted).abs().max() / wanted.abs().max()
    assert off > 0.1


def test_only_nf4_on_a_processor_minds_the_width() -> None:
    odd = linear(32, 96)
    assert not unfit("int8", odd, "cpu")
    assert not unfit("nf4", odd, "cuda")
    assert not unfit("nf4", linear(32, 128), "cpu")


def test_layers_whose_rows_do_not_pack_go_the_plain_way() -> None:
    odd, even = (make("nf4", linear(rows, 64), "cpu") for rows in (48, 64))
    before = even.support_avx512bf16_for_cpu
    suit(even)
    assert not odd.support_avx512bf16_for_cpu
    assert even.support_avx512bf16_for_cpu == before


PROGRAM = """
import logging, sys
import torch
from mmqa.vlm.quantized_layers import library, make
library()
assert "kernels" not in sys.modules
layer = make("int8", torch.nn.Linear(64, 32, dtype=torch.bfloat16).eval(), "cpu").eval()
with torch.inference_mode():
    layer(torch.randn(1, 64, dtype=torch.bfloat16))
logging.getLogger("bitsandbytes.backends.cpu.ops").warning("a real warning")
logging.getLogger("bitsandbytes.autograd._functions").warning("another")
"""


def test_its_advice_is_kept_off_the_terminal_and_its_warnings_are_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert done.stderr.splitlines() == ["a real warning", "another"]
