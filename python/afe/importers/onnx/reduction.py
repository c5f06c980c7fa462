"""Reductions over axes, and ArgMax.

Sums are written as one reduction over one axis (several axes are merged first), so that there is
one order of summation: ascending, row by row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from afe.importers.onnx.context import Context, normal_axis
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout, keeps_order
from afe.importers.onnx.problems import unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import Codes, Floats, Stored, Value


@operator("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")
def reduce(ctx: Context, node: Node) -> Value:
    """The mean, sum, maximum or minimum over `axes`, which stay with size 1 or disappear."""
    value = reducible(ctx, node, ordered=node.op in ("ReduceMax", "ReduceMin"))
    axes = _axes(ctx, node, len(value.shape))
    if not axes:
        return value
    if node.op == "ReduceMean":
        result: Codes | Floats = mean(ctx, value, axes)
    else:
        result = reduced(ctx, value, node.op.removeprefix("Reduce").lower(), axes)
    if node.integer("keepdims", 1):
        return result
    shape = [n for axis, n in enumerate(value.shape) if axis not in axes]
    return ctx.reshaped(result, shape)


def reducible(ctx: Context, node: Node, *, ordered: bool) -> Codes | Floats:
    """The node's input as codes where they serve (`ordered`: only if in the order of the reals)."""
    value = ctx.shaped(ctx.computed(node, 0))
    if isinstance(value, Codes) and not (ordered and np.any(np.diff(value.table) < 0)):
        return value
    return ctx.floats(node, 0)


def _axes(ctx: Context, node: Node, rank: int) -> list[int]:
    """The reduced axes, ascending; from an input in newer opsets, else an attribute."""
    axes = ctx.known_ints(node, 1, "axes")
    if not axes:
        return [] if node.integer("noop_with_empty_axes", 0) else list(range(rank))
    return sorted({normal_axis(node, axis, rank) for axis in axes})


def reduced(ctx: Context, value: Codes | Floats, name: str, axes: Iterable[int]) -> Codes | Floats:
    """`tosa.reduce_<name>` over `axes` of the model's tensor, which stay with size 1.

    A sum is of real values: codes are decoded for it, behind any reshape.
    """
    axes = list(axes)
    value, places, layout = _prepared(ctx, value, axes)
    if name == "sum":
        value = ctx.floats_of(value)
    tensor = value.tensor
    for place in places:
        tensor = ctx.builder.reduce(name, tensor, place)
    return replace(value, tensor=tensor, layout=layout)


def _prepared(
    ctx: Context, value: Codes | Floats, axes: list[int]
) -> tuple[Codes | Floats, list[int], Layout]:
    """The tensor to reduce, its axes to reduce one after the other, the layout of the result.

    Adjacent axes of codes are merged, if what stays is in the model's order: one sum, ascending.
    """
    shape = value.layout.physical
    result = value.layout.resized([1 if a in axes else n for a, n in enumerate(value.shape)])
    places = sorted(value.layout.axis(axis) for axis in axes)
    real = [place for place in places if shape[place] != 1] or places[:1]
    adjacent = real == list(range(real[0], real[-1] + 1)) and len(real) > 1
    in_order = keeps_order(result.physical, [result.perm.index(a) for a in range(len(shape))])
    if not (isinstance(value, Codes) and adjacent and in_order):
        return value, real[::-1], result
    area = math.prod(shape[real[0] : real[-1] + 1])
    merged = (*shape[: real[0]], area, *shape[real[-1] + 1 :])
    # Of what is reduced only the tensor is read; the result has its own layout.
    tensor = ctx.builder.reshape(value.tensor, merged)
    value = replace(value, tensor=tensor, layout=Layout.plain(merged))
    kept = (*shape[: real[0]], 1, *shape[real[-1] + 1 :])
    return value, [real[0]], Layout.plain(kept).deferred(result.shape)


def mean(ctx: Context, value: Codes | Floats, axes: Iterable[int]) -> Floats:
    """The sum over `axes` divided by their size (multiplied where the reciprocal is exact)."""
    axes = list(axes)
    count = math.prod(value.shape[axis] for axis in axes)
    total = reduced(ctx, value, "sum", axes)
    assert isinstance(total, Floats)
    ones = (1,) * len(total.tensor.shape)
    if count & (count - 1) == 0:
        factor = ctx.builder.const(np.full(ones, 1 / count, np.float32))
        return replace(total, tensor=ctx.builder.mul(total.tensor, factor))
    divisor = ctx.builder.const(np.full(ones, count, np.float32))
    operands = [total.tensor, divisor]
    quotient = ctx.builder.custom("div_f32", operands, total.tensor.shape, "f32")
    return replace(total, tensor=quotient)


@operator("ArgMax", "ArgMin")
def arg_max(ctx: Context, node: Node) -> Value:
    """The index (i64) of the first maximum or minimum along one axis."""
    if node.integer("select_last_index", 0):
        raise unsupported(node, "select_last_index", "leave it 0")
    value: Stored | Codes | Floats = ctx.shaped(ctx.computed(node, 0))
    if node.op == "ArgMin" or not isinstance(value, Codes) or np.any(np.diff(value.table) <= 0):
        value = ctx.floats(node, 0)
    tensor = value.tensor
    if node.op == "ArgMin":
        zero = ctx.builder.const(np.zeros((1,) * len(tensor.shape), np.float32))
        tensor = ctx.builder.sub(zero, tensor)
    axis = normal_axis(node, node.integer("axis", 0), len(value.shape))
    index = ctx.builder.argmax(tensor, value.layout.axis(axis))
    wide = ctx.builder.cast(index, "i64")
    shape = [1 if place == axis else n for place, n in enumerate(value.shape)]
    layout = value.layout.resized(shape)
    result = Stored(ctx.builder.reshape(wide, layout.physical), layout)
    if node.integer("keepdims", 1):
        return result
    return ctx.reshaped(result, [n for place, n in enumerate(value.shape) if place != axis])
