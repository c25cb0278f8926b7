"""The graph that ONNX Runtime computes: a LLaMA without its two ends, and the output layer.

Knows: operators, their names and how they are wired. Refuses to know: where weights come from, and
who runs the graph.

The body takes ``embeddings`` float32 (b, t, w) and, for each layer, ``keys_i`` and ``values_i``
float32 (b, key heads, capacity, head width), which it continues in place; ``last`` int32 (b,) is
the position of each row's newest token, ``total`` int32 (1,) the longest row's length. It gives
``hidden`` float32 (b, t, w). The head takes ``hidden`` (n, w) and gives ``logits`` (n, v).

Two operators do what makes it fast: MatMulNBits multiplies activations rounded to 8 bits with
weights of 8 bits, and GroupQueryAttention rotates, appends and attends in one go. Gate and up, half
of all weights, have blocks of 64: prompts are read 9 % faster so, and SmolLM2-135M's predictions
are 0.0031 (KL) from those of full numbers instead of 0.0028; with blocks of 64 everywhere 16 %, and
0.0045.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from mmqa.vlm.decoding.blocks import LARGE, SIZE, Blocks
from mmqa.vlm.decoding.shape import Shape
from mmqa.vlm.decoding.smoothing import LAST, Scales

Tensors = Mapping[str, Tensor]
"""Weights by the names that LlamaForCausalLM gives them."""

OPSET = 18
IR_VERSION = 10
MICROSOFT = "com.microsoft"
_ROUND_ACTIVATIONS = 4
"""``accuracy_level``: activations may be rounded to 8 bits."""
EMBEDDINGS = "model.embed_tokens.weight"


class _Graph:
    """Nodes and weights, as they come."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def weight(self, name: str, values: Any) -> str:
        array = values.float().numpy() if isinstance(values, Tensor) else np.asarray(values)
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, inputs: list[str], outputs: list[str], **settings: Any) -> str:
        """Add a node; gives the name of its first output."""
        self._nodes.append(helper.make_node(kind, inputs, outputs, **settings))
        return outputs[0]

    def multiply(self, x: str, matrix: Tensor, name: str, size: int = SIZE) -> str:
        """x (…, k) times a matrix (n, k), transposed; ``size`` weights share a scale."""
        blocks = Blocks.of(matrix, size)
        inputs = [
            x,
            self.weight(f"{name}.numbers", blocks.numbers),
            self.weight(f"{name}.scales", blocks.scales),
        ]
        settings = {"N": matrix.shape[0], "K": matrix.shape[1], "bits": 8, "block_size": size}
        return self.node(
            "MatMulNBits",
            inputs,
            [name],
            domain=MICROSOFT,
            accuracy_level=_ROUND_ACTIVATIONS,
            **settings,
        )

    def model(self, inputs: list[Any], outputs: list[Any]) -> bytes:
        graph = helper.make_graph(self._nodes, "mmqa", inputs, outputs, self._weights)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return bytes(made.SerializeToString())


def head(tensors: Tensors, scales: Scales) -> bytes:
    """The output layer, as an ONNX file; where it is tied, that is the embeddings."""
    graph = _Graph()
    matrix = tensors.get("lm_head.weight", tensors[EMBEDDINGS]).float()
    divided = graph.node("Div", ["hidden", graph.weight("scales", scales[LAST])], ["divided"])
    graph.multiply(divided, matrix * scales[LAST], "logits")
    tokens, width = matrix.shape
    return graph.model([_floats("hidden", "n", width)], [_floats("logits", "n", tokens)])


def body(shape: Shape, tensors: Tensors, scales: Scales) -> bytes:
    """All between embeddings and output layer, as an ONNX file."""
    graph = _Graph()
    inputs = [_floats("embeddings", "b", "t", shape.width), _ints("last", "b"), _ints("total", 1)]
    outputs = [_floats("hidden", "b", "t", shape.width)]
    for name, angles in zip(("cosines", "sines"), _rotary(shape), strict=True):
        graph.weight(name, angles)
    weights = _Weights(tensors, scales)
    first = graph.weight("norm", weights.norm("model.layers.0.input_layernorm"))
    settings = {"epsilon": shape.epsilon, "axis": -1, "stash_type": 1}
    x = graph.node("SimplifiedLayerNormalization", ["embeddings", first], ["x"], **settings)
    flow = (x, "embeddings")
    for number in range(shape.layers):
        flow = _layer(graph, shape, weights, number, flow)
        for kind in ("keys", "values"):
            sizes = ("b", shape.key_heads, "capacity", shape.head_width)
            inputs.append(_floats(f"{kind}_{number}", *sizes))
            outputs.append(_floats(f"new_{kind}_{number}", *sizes))
    return graph.model(inputs, outputs)


class _Weights:
    """Weights, scaled where activations are divided."""

    def __init__(self, tensors: Tensors, scales: Scales) -> None:
        self._tensors, self._scales = tensors, scales

    def norm(self, name: str) -> Tensor:
        """Of a norm; what the last one gives, the head divides."""
        weights = self._tensors[f"{name}.weight"].float()
        return weights if name == LAST else weights / self._scales[name]

    def matrices(self, at: str, *names: str, after: str = "") -> Tensor:
        """Matrices that take the same input, that of the norm ``after`` perhaps, as one."""
        found = torch.cat([self._tensors[f"{at}.{name}_proj.weight"].float() for name in names])
        return found * self._scales[f"{at}.{after}"] if after else found


def _layer(
    graph: _Graph, shape: Shape, weights: _Weights, number: int, flow: tuple[str, str]
) -> tuple[str, str]:
    """One block: normalised input and residual stream in, those of the next block out."""
    at, tag, (x, stream) = f"model.layers.{number}", f"_{number}", flow
    middle = "post_attention_layernorm"
    names = ("self_attn.q", "self_attn.k", "self_attn.v")
    matrix = weights.matrices(at, *names, after="input_layernorm")
    projected = graph.multiply(x, matrix, f"queries_keys_values{tag}")
    attended = _attention(graph, shape, number, projected)
    change = graph.multiply(attended, weights.matrices(at, "self_attn.o"), f"attention{tag}")
    norm = weights.norm(f"{at}.{middle}")
    x, stream = _add_and_norm(graph, shape, (stream, change), norm, f"middle{tag}")
    matrix = weights.matrices(at, "mlp.gate", "mlp.up", after=middle)
    both = graph.multiply(x, matrix, f"gate_and_up{tag}", LARGE)
    gate, up = f"gate{tag}", f"up{tag}"
    graph.node("Split", [both], [gate, up], axis=-1, num_outputs=2)
    opened = graph.node("QuickGelu", [gate], [f"silu{tag}"], domain=MICROSOFT, alpha=1.0)
    gated = graph.node("Mul", [opened, up], [f"gated{tag}"])
    change = graph.multiply(gated, weights.matrices(at, "mlp.down"), f"down{tag}")
    last = number + 1 == shape.layers
    norm = weights.norm(LAST if last else f"model.layers.{number + 1}.input_layernorm")
    end = "hidden" if last else f"end{tag}"
    return _add_and_norm(graph, shape, (stream, change), norm, end)


def _attention(graph: _Graph, shape: Shape, number: int, projected: str) -> str:
    keys, values = f"keys_{number}", f"values_{number}"
    return graph.node(
        "GroupQueryAttention",
        [projected, "", "", keys, values, "last", "total", "cosines", "sines"],
        [f"attended_{number}", f"new_{keys}", f"new_{values}"],
        domain=MICROSOFT,
        num_heads=shape.heads,
        kv_num_heads=shape.key_heads,
        do_rotary=1,
    )


def _add_and_norm(
    graph: _Graph, shape: Shape, added: tuple[str, str], norm: Tensor, name: str
) -> tuple[str, str]:
    """The sum of two, normalised; and the sum itself."""
    inputs = [*added, graph.weight(f"{name}.norm", norm)]
    outputs = [name, "", "", f"{name}.sum"]
    kind = "SkipSimplifiedLayerNormalization"
    graph.node(kind, inputs, outputs, domain=MICROSOFT, epsilon=shape.epsilon)
    return name, outputs[-1]


def _rotary(shape: Shape) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Cosines and sines (context, head width / 2) of rotary positions (Su et al. 2021, eq. 15)."""
    exponents = torch.arange(0, shape.head_width, 2, dtype=torch.int64).float() / shape.head_width
    angles = torch.outer(torch.arange(shape.context).float(), 1.0 / shape.theta**exponents)
    return angles.cos().numpy(), angles.sin().numpy()


def _floats(name: str, *sizes: str | int) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)


def _ints(name: str, *sizes: str | int) -> Any:
    return helper.make_tensor_value_info(name, TensorProto.INT32, sizes)
