"""Normalizations over the last axes of a tensor or per channel, as f32 operations.

The mean is subtracted first, then the squares of the rest are summed: two passes, both in ascending
order. onnxruntime sums in an order of its own; a result between two codes may be one code off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, normal_axis
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout, Shape
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import MICROSOFT, operator
from afe.importers.onnx.values import Constant, Floats, Stored, Value

MLA_RANK = 4
"""Rows of tensors of more axes are written as a matrix."""


@dataclass(frozen=True, slots=True)
class Normalized:
    """Rows with mean 0 and deviation 1, each row's mean, and the reciprocal of its deviation."""

    rows: Tensor
    mean: Tensor
    deviation: Tensor


@operator("LayerNormalization")
@operator("LayerNormalization", domain=MICROSOFT)
def layer_normalization(ctx: Context, node: Node) -> Sequence[Value]:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias over `axis` and all behind it."""
    shape = ctx.value(node, 0).shape
    axis = normal_axis(node, node.integer("axis", -1), len(shape))
    _check_affine(node, ctx, shape[axis:])
    result = normalized(ctx, rows_of(ctx, node, 0, axis), _epsilon(node))
    value = Floats(ctx.builder.reshape(result.rows, shape), Layout.plain(shape))
    outputs = [_scaled_and_shifted(ctx, node, value)]
    kept = (*shape[:axis], *(1,) * (len(shape) - axis))
    if any(node.outputs[1:]):
        inverse = ctx.builder.unary("reciprocal", result.deviation)
        for tensor in (result.mean, inverse):
            outputs.append(Floats(ctx.builder.reshape(tensor, kept), Layout.plain(kept)))
    return outputs


@operator("RMSNormalization", "SimplifiedLayerNormalization")
@operator("SimplifiedLayerNormalization", domain=MICROSOFT)
def rms_normalization(ctx: Context, node: Node) -> Value:
    """x / sqrt(mean of squares + epsilon) * scale over `axis` and all behind it."""
    shape = ctx.value(node, 0).shape
    axis = normal_axis(node, node.integer("axis", -1), len(shape))
    _check_affine(node, ctx, shape[axis:])
    rows = rows_of(ctx, node, 0, axis)
    deviation = _deviation(ctx, ctx.builder.mul(rows, rows), _epsilon(node))
    quotient = divided(ctx, rows, deviation)
    value = Floats(ctx.builder.reshape(quotient, shape), Layout.plain(shape))
    return _scaled_and_shifted(ctx, node, value)


@operator("InstanceNormalization")
def instance_normalization(ctx: Context, node: Node) -> Value:
    """Over the spatial axes of x [n, c, …]; scale and bias [c]."""
    shape = ctx.value(node, 0).shape
    if len(shape) < 3:
        raise invalid_node(node, f"its input has shape {list(shape)}, expected [n, c, …]")
    return _per_group(ctx, node, shape, shape[1], per_group=False)


@operator("GroupNormalization")
def group_normalization(ctx: Context, node: Node) -> Value:
    """Over groups of channels and the spatial axes of x [n, c, …]."""
    shape = ctx.value(node, 0).shape
    groups = node.integer("num_groups", 0)
    if len(shape) < 2 or groups < 1 or shape[1] % groups:
        raise invalid_node(node, f"{groups} groups of {list(shape)}")
    return _per_group(ctx, node, shape, groups, per_group=ctx.opset < 21)


def _per_group(ctx: Context, node: Node, shape: Shape, groups: int, *, per_group: bool) -> Value:
    """Rows are groups of channels; scale and bias are of channels, or (`per_group`) of groups."""
    rows = rows_of(ctx, node, 0, 1, split=groups)
    tensor = normalized(ctx, rows, _epsilon(node)).rows
    for index, apply in ((1, ctx.builder.mul), (2, ctx.builder.add)):
        array = ctx.known(node, index)
        wanted = groups if per_group else shape[1]
        if array is None or array.dtype != np.float32 or array.shape != (wanted,):
            raise invalid_node(node, f"input {index} is no list of {wanted} floats")
        # Groups of several channels have several factors, each for all pixels of its channel.
        factors = array.reshape(1, groups, -1)
        if factors.shape[2] > 1:
            factors = factors.repeat(rows.shape[-1] // factors.shape[2], axis=2)
        tensor = apply(tensor, ctx.builder.const(np.ascontiguousarray(factors)))
    # The tensor stays in rows: what lies in memory is the model's order already.
    return Floats(tensor, Layout.plain(shape))


@operator("BatchNormalization")
def batch_normalization(ctx: Context, node: Node) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias with known statistics per channel."""
    value = ctx.value(node, 0)
    if node.integer("training_mode", 0):
        raise unsupported(node, "training_mode is set", "export the model for inference")
    if len(value.shape) < 2:
        raise invalid_node(node, f"its input has shape {list(value.shape)}, expected [n, c, …]")
    arrays = []
    for index in range(1, 5):
        array = ctx.known(node, index)
        if array is None or array.dtype != np.float32 or array.shape != value.shape[1:2]:
            raise invalid_node(node, f"input {index} is no list of {value.shape[1]} floats")
        arrays.append(array.reshape(-1, *(1,) * (len(value.shape) - 2)))
    scale, bias, mean, variance = arrays
    with np.errstate(all="ignore"):
        factor = scale / np.sqrt(variance + _epsilon(node))
    return _affine(ctx, node, value, Constant(factor), Constant(bias - mean * factor))


@operator("MeanVarianceNormalization")
def mean_variance_normalization(ctx: Context, node: Node) -> Value:
    """(x - mean) / (deviation + 1e-9) over `axes`, by default batch and spatial axes."""
    shape = ctx.value(node, 0).shape
    axes = node.integers("axes") or (0, 2, 3)
    places = sorted({normal_axis(node, axis, len(shape)) for axis in axes})
    order = [axis for axis in range(len(shape)) if axis not in places] + places
    value = ctx.shaped(ctx.computed(node, 0))
    if isinstance(value, Stored):
        raise unsupported(node, "its input is an integer tensor, expected a float one")
    layout = Layout.permuted(shape, order)
    tensor = ctx.in_layout(ctx.floats_of(value), layout)
    inner = math.prod(shape[axis] for axis in places)
    rows = ctx.builder.reshape(tensor, (math.prod(shape) // inner, inner))
    centred = ctx.builder.sub(rows, _mean(ctx, rows))
    deviation = _deviation(ctx, ctx.builder.mul(centred, centred), np.float32(0))
    tiny = ctx.builder.const(np.full((1, 1), 1e-9, np.float32))
    quotient = divided(ctx, centred, ctx.builder.add(deviation, tiny))
    return Floats(ctx.builder.reshape(quotient, layout.physical), layout)


# --- shared ------------------------------------------------------------------------------------


def rows_of(ctx: Context, node: Node, index: int, axis: int, *, split: int = 0) -> Tensor:
    """Input `index` in f32, `axis` and all behind it as the last axis (in `split` parts)."""
    value = ctx.shaped(ctx.computed(node, index))
    if isinstance(value, Stored):
        raise unsupported(node, f"input {index} is an integer tensor, expected a float one")
    shape = value.shape
    outer = (*shape[:axis], split) if split else shape[:axis]
    if len(outer) >= MLA_RANK:
        outer = (math.prod(outer),)
    inner = math.prod(shape) // math.prod(outer)
    tensor = ctx.in_layout(value, Layout.plain(shape))
    tensor = ctx.builder.reshape(tensor, (*(outer or (1,)), inner))
    if isinstance(value, Floats):
        return ctx.floats_of(Floats(tensor, Layout.plain(tensor.shape), value.limits)).tensor
    return ctx.decoded(value, tensor)


def normalized(ctx: Context, rows: Tensor, epsilon: np.float32) -> Normalized:
    """Every row (last axis) of an f32 tensor, normalized."""
    mean = _mean(ctx, rows)
    centred = ctx.builder.sub(rows, mean)
    deviation = _deviation(ctx, ctx.builder.mul(centred, centred), epsilon)
    return Normalized(divided(ctx, centred, deviation), mean, deviation)


def divided(ctx: Context, x: Tensor, y: Tensor) -> Tensor:
    """x / y, rounded once; y broadcasts to x."""
    return ctx.builder.custom("div_f32", [x, y], x.shape, "f32")


def square_root(ctx: Context, x: Tensor) -> Tensor:
    """The square root, rounded once."""
    return ctx.builder.custom("sqrt_f32", [x], x.shape, "f32")


def _mean(ctx: Context, rows: Tensor) -> Tensor:
    builder, count = ctx.builder, rows.shape[-1]
    total = builder.reduce("sum", rows, len(rows.shape) - 1)
    ones = (1,) * len(rows.shape)
    if count & (count - 1) == 0:
        return builder.mul(total, builder.const(np.full(ones, 1 / count, np.float32)))
    return divided(ctx, total, builder.const(np.full(ones, count, np.float32)))


def _deviation(ctx: Context, squares: Tensor, epsilon: np.float32) -> Tensor:
    ones = (1,) * len(squares.shape)
    variance = _mean(ctx, squares)
    if epsilon:
        variance = ctx.builder.add(variance, ctx.builder.const(np.full(ones, epsilon, np.float32)))
    return square_root(ctx, variance)


def _epsilon(node: Node) -> np.float32:
    epsilon = np.float32(node.real("epsilon", 1e-5))
    if not np.isfinite(epsilon) or epsilon < 0:
        raise invalid_node(node, f"its epsilon is {epsilon}")
    return epsilon


def _check_affine(node: Node, ctx: Context, inner: Shape) -> None:
    for index in (1, 2):
        value = ctx.optional(node, index)
        if value is None:
            continue
        try:
            fits = np.broadcast_shapes(value.shape, inner) == inner
        except ValueError:
            fits = False
        if not fits:
            raise invalid_node(node, f"input {index}, {list(value.shape)}, is not {list(inner)}")


def _scaled_and_shifted(ctx: Context, node: Node, value: Floats) -> Value:
    return _affine(ctx, node, value, ctx.value(node, 1), ctx.optional(node, 2))


def _affine(ctx: Context, node: Node, value: Value, scale: Value, bias: Value | None) -> Floats:
    """value * scale + bias, broadcast."""
    (x, factor), layout = ctx.aligned(node, [value, scale])
    result = Floats(ctx.builder.mul(x, factor), layout)
    if bias is None:
        return result
    (x, offset), layout = ctx.aligned(node, [result, bias])
    return Floats(ctx.builder.add(x, offset), layout)
