"""SVDF of int8 tensors with int16 time weights: a low-rank filter over the last inputs.

Every call computes one activation per filter, puts it behind the remembered ones, of which the
oldest is forgotten, and sums all of them by the time weights.
"""

from __future__ import annotations

import numpy as np
import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator

_WEIGHTS_FEATURE, _WEIGHTS_TIME, _BIAS, _STATE = 1, 2, 3, 4


@operator("SVDF")
def svdf(node: Node) -> Tensor:
    """[batch, features] to [batch, units]."""
    rank = node.options(tflite.SVDFOptions).Rank()
    x = node.int8_value(0, rank=2)
    _check_types(node)
    feature = node.constant(_WEIGHTS_FEATURE, rank=2)
    time = node.constant(_WEIGHTS_TIME, rank=2)
    filters = feature.shape[0]
    if rank < 1 or filters % rank or time.shape[0] != filters or feature.shape[1] != x.shape[1]:
        raise node.invalid(
            f"rank {rank}, weights {list(feature.shape)} and {list(time.shape)} do not fit input "
            f"{list(x.shape)}"
        )
    memory = _remembered(node, _activations(node, x, feature), time.shape)
    products = node.builder.mul(
        node.builder.cast(memory, "i32"), node.builder.const(time.astype(np.int32)[None])
    )
    return _output(node, products, rank)


def _remembered(node: Node, newest: Tensor, shape: tuple[int, ...]) -> Tensor:
    """[batch, filters, memory]: the last activations, the newest at the end; the new state."""
    b, old = node.builder, node.state(_STATE)
    batch, (filters, memory) = newest.shape[0], shape
    if old.shape != (batch, filters * memory):
        raise node.invalid(f"its state has shape {list(old.shape)}")
    memories = b.reshape(newest, (batch, filters, 1))
    if memory > 1:
        old = b.reshape(old, (batch, filters, memory))
        kept = b.slice(old, (0, 0, 1), (batch, filters, memory - 1))
        memories = b.concat([kept, memories], 2)
    node.set_state(_STATE, b.reshape(memories, (batch, filters * memory)))
    return memories


def _check_types(node: Node) -> None:
    wanted = {_WEIGHTS_FEATURE: "INT8", _WEIGHTS_TIME: "INT16", _STATE: "INT16"}
    if node.input(0).type_name != "INT8":
        raise node.unsupported_type(node.input(0), "int8")
    for position, name in wanted.items():
        tensor = node.input(position)
        if tensor.type_name != name:
            raise node.unsupported(
                f"tensor '{tensor.name}' of type {tensor.type_name}, {name} is needed",
                "quantize all of the layer: the hybrid form computes in float",
            )
        node.check_scales(tensor)


def _activations(
    node: Node, x: Tensor, weights: np.ndarray[tuple[int, ...], np.dtype[np.int8]]
) -> Tensor:
    """[batch, filters] int16: the products of this call."""
    b = node.builder
    filters, features = weights.shape
    state = np.float32(node.input(_STATE).scales[0])
    scale = np.float32(node.input(_WEIGHTS_FEATURE).scales[0])
    factor = np.float64(np.float32(node.in_affine(0).scale * scale)) / np.float64(state)
    scaling = node.scaling(float(factor))
    total = b.conv2d(
        b.reshape(x, (x.shape[0], 1, 1, features)),
        b.const(weights.reshape(filters, 1, 1, features)),
        b.const(np.zeros(filters, np.int32)),
        input_zp=node.in_affine(0).zero_point,
    )
    rescaled = b.rescale(total, "i16", scaling.multiplier, scaling.shift)
    return b.reshape(rescaled, (x.shape[0], filters))


def _output(node: Node, products: Tensor, rank: int) -> Tensor:
    """Sums over the ranks of every unit, bias, requantization."""
    b, output = node.builder, node.out_affine()
    batch, filters, memory = products.shape
    units = filters // rank
    total = b.reshape(products, (batch, units, rank * memory))
    total = b.reshape(b.reduce("sum", total, 2), (batch, units))
    if node.has(_BIAS):
        bias = node.constant(_BIAS, rank=1)
        if bias.dtype != np.int32 or bias.shape != (units,):
            raise node.invalid(f"bias is {bias.dtype} of shape {list(bias.shape)}")
        total = b.add(total, b.const(bias[None]))
    state = np.float32(node.input(_STATE).scales[0])
    scale = np.float32(node.input(_WEIGHTS_TIME).scales[0])
    factor = np.float64(np.float32(state * scale)) / np.float64(output.scale)
    scaling = node.scaling(float(factor))
    return b.rescale(total, "i8", scaling.multiplier, scaling.shift, output_zp=output.zero_point)
