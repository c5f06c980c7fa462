"""Operators that only rename positions: reshapes, transposes, Identity, Shape, Constant.

None of them writes more than a `tosa.reshape`; a transpose changes the layout only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.onnx.context import Context, normal_axis
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Shape
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import (
    Constant,
    QuantizedConstant,
    Value,
    with_layout,
)


@operator("Identity")
def identity(ctx: Context, node: Node) -> Value:
    """The same tensor."""
    return ctx.value(node, 0)


@operator("Dropout")
def dropout(ctx: Context, node: Node) -> Value:
    """The same tensor: nothing is dropped in inference."""
    if len(node.outputs) > 1 and node.outputs[1]:
        raise unsupported(node, "its second output, the mask, is used")
    training = ctx.known(node, 2)
    if training is not None and bool(training.any()):
        raise unsupported(node, "training_mode is set", "export the model for inference")
    return ctx.value(node, 0)


@operator("Constant")
def constant(ctx: Context, node: Node) -> Value:
    """A tensor of the node's attributes."""
    tensor = node.tensor("value")
    if tensor is not None:
        return Constant(tensor)
    if "value_float" in node.attributes:
        return Constant(np.array(node.real("value_float", 0.0), np.float32))
    if "value_int" in node.attributes:
        return Constant(np.array(node.integer("value_int", 0), np.int64))
    floats, ints = node.reals("value_floats"), node.integers("value_ints")
    if floats is not None:
        return Constant(np.array(floats, np.float32))
    if ints is not None:
        return Constant(np.array(ints, np.int64))
    raise unsupported(node, "it holds no dense tensor of numbers")


@operator("Shape")
def shape_of(ctx: Context, node: Node) -> Value:
    """The static shape, or a part of it."""
    shape = ctx.value(node, 0).shape
    end = node.integer("end", len(shape))
    return Constant(np.array(shape[node.integer("start", 0) : end], np.int64))


@operator("Size")
def size_of(ctx: Context, node: Node) -> Value:
    """The number of elements."""
    return Constant(np.array(math.prod(ctx.value(node, 0).shape), np.int64))


@operator("Transpose")
def transpose(ctx: Context, node: Node) -> Value:
    """Axes in another order, reversed where none is given."""
    value = ctx.value(node, 0)
    rank = len(value.shape)
    perm = node.integers("perm") or tuple(reversed(range(rank)))
    if sorted(perm) != list(range(rank)):
        raise invalid_node(node, f"perm {list(perm)[:8]} of a tensor of rank {rank}")
    return transposed(ctx, value, perm)


def transposed(ctx: Context, value: Value, perm: Sequence[int]) -> Value:
    """`value` with axis perm[i] of it as axis i: only the layout changes."""
    if isinstance(value, Constant):
        return Constant(value.array.transpose(perm))
    if isinstance(value, QuantizedConstant):
        axis = list(perm).index(value.axis) if len(perm) else 0
        return QuantizedConstant(value.array.transpose(perm), value.scale, value.zero_point, axis)
    settled = ctx.settled(value)
    return with_layout(settled, settled.layout.transposed(perm))


@operator("Reshape")
def reshape(ctx: Context, node: Node) -> Value:
    """Another shape; 0 keeps an axis (without allowzero), -1 takes what is left."""
    value = ctx.value(node, 0)
    wanted = ctx.known_ints(node, 1, "shape")
    if wanted is None:
        raise invalid_node(node, "its shape is missing")
    return reshaped(ctx, node, value, _resolved(node, value.shape, wanted))


def _resolved(node: Node, shape: Shape, wanted: list[int]) -> list[int]:
    keep_zero = bool(node.integer("allowzero", 0))
    target = []
    for axis, size in enumerate(wanted):
        if size == 0 and not keep_zero:
            if axis >= len(shape):
                raise invalid_node(
                    node, f"shape {wanted[:8]} keeps an axis {axis} of {list(shape)}"
                )
            size = shape[axis]
        target.append(size)
    rest = math.prod(size for size in target if size != -1)
    if target.count(-1) == 1 and rest:
        target[target.index(-1)] = math.prod(shape) // rest
    return target


def reshaped(ctx: Context, node: Node, value: Value, shape: list[int]) -> Value:
    """`value` in another shape of as many elements."""
    if any(size < 0 for size in shape) or math.prod(shape) != math.prod(value.shape):
        raise invalid_node(node, f"shape {shape[:8]} does not fit {list(value.shape)}")
    if isinstance(value, Constant):
        return Constant(value.array.reshape(shape))
    if isinstance(value, QuantizedConstant):
        if value.scale.ndim or value.zero_point.ndim:
            return Constant(value.floats().reshape(shape))
        return QuantizedConstant(value.array.reshape(shape), value.scale, value.zero_point, 0)
    return ctx.reshaped(value, shape)


@operator("Flatten")
def flatten(ctx: Context, node: Node) -> Value:
    """Two axes: all before `axis`, all from it on."""
    value = ctx.value(node, 0)
    axis = node.integer("axis", 1)
    axis = axis if axis == len(value.shape) else normal_axis(node, axis, len(value.shape))
    shape = [math.prod(value.shape[:axis]), math.prod(value.shape[axis:])]
    return reshaped(ctx, node, value, shape)


@operator("Squeeze")
def squeeze(ctx: Context, node: Node) -> Value:
    """Without the given axes of size 1, or without all of them."""
    value = ctx.value(node, 0)
    rank = len(value.shape)
    axes = ctx.known_ints(node, 1, "axes")
    if axes is None:
        axes = [axis for axis, size in enumerate(value.shape) if size == 1]
    gone = {normal_axis(node, axis, rank) for axis in axes}
    shape = [size for axis, size in enumerate(value.shape) if axis not in gone]
    return reshaped(ctx, node, value, shape)


@operator("Unsqueeze")
def unsqueeze(ctx: Context, node: Node) -> Value:
    """With axes of size 1 at the given places of the result."""
    value = ctx.value(node, 0)
    axes = ctx.known_ints(node, 1, "axes") or []
    rank = len(value.shape) + len(axes)
    new = {normal_axis(node, axis, rank) for axis in axes}
    if len(new) != len(axes) or rank > MAX_RANK:
        raise invalid_node(node, f"axes {axes[:8]}")
    old = iter(value.shape)
    shape = [1 if axis in new else next(old) for axis in range(rank)]
    return reshaped(ctx, node, value, shape)


MAX_RANK = 16
"""More axes than any model has; TOSA allows 6 where an operation is written."""


def known_array(value: Value) -> NDArray[Any] | None:
    """The elements of a constant; None of anything else."""
    return value.array if isinstance(value, Constant) else None
