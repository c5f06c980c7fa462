"""Operands of convolutions and products: int8 activations, weights, int32 biases, windows.

Weights of any form become int8 with one zero point; biases become int32 in units of the product of
the input's and the weights' scales, as onnxruntime's quantized kernels take them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from afe.importers.onnx.context import Context, signed
from afe.importers.onnx.graph import Node
from afe.importers.onnx.problems import (
    float_node,
    invalid_node,
    unsupported,
    unsupported_type,
)
from afe.importers.onnx.values import F32, Affine, Codes, Constant, QuantizedConstant, Value

BIAS_SCALE_TOLERANCE = 1e-5
"""Relative difference up to which a bias's scale counts as input scale times weight scale."""


@dataclass(frozen=True, slots=True)
class Activation:
    """A quantized activation: int8 codes and what they mean."""

    codes: Codes
    affine: Affine


@dataclass(frozen=True, slots=True)
class Weights:
    """int8 weights in the model's order, one zero point, `scale` [] or [n] along an axis."""

    array: NDArray[np.int8]
    scale: F32
    zero_point: int


def activation(ctx: Context, node: Node, index: int) -> Activation:
    """Input `index`, which must be a dequantized 8-bit tensor (constants are written)."""
    found = activation_of(ctx, node, ctx.value(node, index))
    if found is None:
        raise float_node(node, node.input(index), "input")
    return found


def activation_of(ctx: Context, node: Node, value: Value) -> Activation | None:
    """A dequantized 8-bit tensor (constants are written); None of anything else."""
    if isinstance(value, QuantizedConstant) and value.array.dtype in (np.int8, np.uint8):
        return _constant_activation(ctx, node, value)
    if not isinstance(value, Codes) or value.affine is None:
        return None
    return Activation(value, value.affine)


def _constant_activation(ctx: Context, node: Node, value: QuantizedConstant) -> Activation | None:
    weights = weights_of(node, value)
    if weights.scale.ndim:
        return None
    stored = ctx.written(node, Constant(weights.array))
    assert not isinstance(stored, Codes)
    affine = Affine(np.float32(weights.scale), weights.zero_point)
    codes = Codes(stored.tensor, stored.layout, affine.table(), affine)  # type: ignore[union-attr]
    return Activation(codes, affine)


def constant_weights(ctx: Context, node: Node, index: int, axis: int) -> Weights:
    """Input `index` as constant weights, quantized per tensor or along `axis`."""
    return constant_weights_of(ctx, node, index, ctx.value(node, index), axis)


def constant_weights_of(ctx: Context, node: Node, index: int, value: Value, axis: int) -> Weights:
    """`value`, which stands at input `index`, as constant weights."""
    if isinstance(value, Constant):
        raise float_node(node, node.input(index), "weight")
    if not isinstance(value, QuantizedConstant):
        raise unsupported(
            node, "its weights are computed by the model", "only constant weights are supported"
        )
    if (value.scale.ndim or value.zero_point.ndim) and value.axis != axis:
        raise unsupported(
            node,
            f"its weights are quantized along axis {value.axis}",
            f"quantize them per tensor or along axis {axis}, the output channels",
        )
    return weights_of(node, value)


def weights_of(node: Node, value: QuantizedConstant) -> Weights:
    """8-bit constants as int8 (uint8 minus 128), with one zero point."""
    if value.array.dtype not in (np.int8, np.uint8):
        raise unsupported_type(f"the weight of {node.label}", value.array.dtype.name, ["8 bits"])
    if not np.all(value.scale > 0):
        raise invalid_node(node, "its weights have a scale that is not positive")
    points = np.unique(value.zero_point)
    if points.size != 1:
        return _with_one_zero_point(node, value)
    zero_point = int(points[0])
    if value.array.dtype == np.uint8:
        return Weights(signed(value.array), value.scale, zero_point - 128)
    return Weights(value.array, value.scale, zero_point)


def _with_one_zero_point(node: Node, value: QuantizedConstant) -> Weights:
    """Weights of several zero points, shifted channel by channel so that they share one."""
    spread = [1] * value.array.ndim
    spread[value.axis] = -1
    centred = value.array.astype(np.int32) - value.zero_point.astype(np.int32).reshape(spread)
    low, high = int(centred.min(initial=0)), int(centred.max(initial=0))
    if high - low > 255:
        raise unsupported(
            node,
            "its weights have a zero point per channel, and together more than 8 bits",
            "quantize them symmetrically",
        )
    # The nearest to 0 that brings [low, high] into the range of int8.
    zero_point = int(np.clip(0, -128 - low, 127 - high))
    return Weights((centred + zero_point).astype(np.int8), value.scale, zero_point)


def bias(ctx: Context, node: Node, index: int, channels: int, scale: F32) -> NDArray[np.int32]:
    """Input `index` as int32 [channels] in units of `scale`, zeros where it is left out.

    An int32 bias of that very scale (or of a quantized operator, which names none) is taken as it
    is; other biases are rounded to it.
    """
    value = ctx.optional(node, index)
    if value is None:
        return np.zeros(channels, np.int32)
    if isinstance(value, Constant) and value.array.dtype == np.int32:
        return _per_channel(node, value.array, channels)
    if isinstance(value, QuantizedConstant) and value.array.dtype == np.int32:
        ratio = value.scale.astype(np.float64) / scale - 1
        if np.all(np.abs(ratio) < BIAS_SCALE_TOLERANCE) and not value.zero_point.any():
            return _per_channel(node, value.array, channels)
    reals = ctx.known(node, index)
    if reals is None or reals.dtype != np.float32 or not np.all(np.isfinite(reals)):
        raise invalid_node(node, "its bias is no float or dequantized constant")
    units = np.rint(reals.astype(np.float64) / scale)
    return _per_channel(node, np.clip(units, -(2**31), 2**31 - 1).astype(np.int32), channels)


def is_constant_bias(ctx: Context, node: Node, index: int) -> bool:
    """Whether the bias at input `index` is left out or known."""
    value = ctx.optional(node, index)
    return value is None or isinstance(value, Constant | QuantizedConstant)


def known_reals(ctx: Context, node: Node, index: int) -> F32:
    """The f32 elements of input `index` of an operator that is left in float."""
    value = ctx.value(node, index)
    if not isinstance(value, Constant | QuantizedConstant):
        raise float_node(node, node.input(index), "computed operand")
    reals = value.floats() if isinstance(value, QuantizedConstant) else value.array
    if reals.dtype != np.float32:
        raise unsupported_type(f"input {index} of {node.label}", reals.dtype.name, ["float32"])
    return reals


def _per_channel(node: Node, values: NDArray[np.int32], channels: int) -> NDArray[np.int32]:
    flat = values.reshape(-1)
    if flat.size == 1:
        return np.repeat(flat, channels)
    if flat.size != channels or max(values.shape) != channels:
        raise invalid_node(node, f"a bias of shape {list(values.shape)} for {channels} channels")
    return flat
