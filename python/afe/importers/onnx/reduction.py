"""Reductions over axes, and ArgMax.

Sums are written as one reduction over one axis (several axes are merged first), so that there is
one order of summation: ascending, row by row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, normal_axis
from afe.importers.onnx.graph import Node
from afe.importers.onnx.integers import narrowed, wide
from afe.importers.onnx.layout import Layout, keeps_order
from afe.importers.onnx.problems import unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import Codes, Computed, Floats, Stored, Value

_PLAIN = ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd")


@operator(*_PLAIN)
def reduce(ctx: Context, node: Node) -> Value:
    """The mean, sum, product or extremum over `axes`, which stay with size 1 or disappear."""
    given = ctx.computed(node, 0)
    axes = _axes(ctx, node, len(given.shape))
    if isinstance(given, Stored):
        return _dropped(ctx, node, axes, _of_integers(ctx, node, given, axes))
    value = reducible(ctx, node, ordered=node.op in ("ReduceMax", "ReduceMin"))
    if not axes:
        return value
    if node.op == "ReduceMean":
        result: Codes | Floats = mean(ctx, value, axes)
    else:
        name = node.op.removeprefix("Reduce").lower()
        if name == "prod":
            name, value = "product", ctx.floats_of(value)
        result = reduced(ctx, value, name, axes)
    return _dropped(ctx, node, axes, result)


@operator("ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp")
def reduce_function(ctx: Context, node: Node) -> Value:
    """Sums of a function of the elements, or a function of the sum, in f32."""
    value = ctx.floats(node, 0)
    axes = _axes(ctx, node, len(value.shape))
    builder, x = ctx.builder, value.tensor
    if node.op == "ReduceLogSumExp" and axes:
        return _dropped(ctx, node, axes, _log_sum_exp(ctx, value, axes))
    if node.op in ("ReduceSumSquare", "ReduceL2"):
        x = builder.mul(x, x)
    elif node.op == "ReduceL1":
        x = builder.unary("abs", x)
    total = replace(value, tensor=x)
    if axes:
        summed = reduced(ctx, total, "sum", axes)
        assert isinstance(summed, Floats)
        total = summed
    x = total.tensor
    if node.op == "ReduceL2":
        x = builder.custom("sqrt_f32", [x], x.shape, "f32")
    elif node.op == "ReduceLogSum":
        x = builder.unary("log", x)
    return _dropped(ctx, node, axes, replace(total, tensor=x))


def _log_sum_exp(ctx: Context, value: Floats, axes: list[int]) -> Floats:
    """log(sum(exp(x - max))) + max."""
    builder = ctx.builder
    most = reduced(ctx, value, "max", axes)
    power = builder.unary("exp", builder.sub(value.tensor, most.tensor))
    total = reduced(ctx, replace(value, tensor=power), "sum", axes)
    result = builder.add(builder.unary("log", total.tensor), most.tensor)
    return Floats(result, total.layout)


def _of_integers(ctx: Context, node: Node, given: Stored, axes: list[int]) -> Stored:
    """Sums, products and extrema of integers, in 32 bits."""
    name = {"ReduceProd": "product"}.get(node.op, node.op.removeprefix("Reduce").lower())
    if name == "mean" or given.tensor.dtype == "i1":
        raise unsupported(node, f"its input is a tensor of {given.tensor.dtype}, expected floats")
    shaped = ctx.shaped(given)
    value = wide(ctx, node, shaped)
    assert isinstance(value, Stored) and isinstance(shaped, Stored)
    tensor = value.tensor
    for axis in axes:
        tensor = ctx.builder.reduce(name, tensor, value.layout.axis(axis))
    layout = value.layout.resized([1 if a in axes else n for a, n in enumerate(value.shape)])
    return narrowed(ctx, tensor, layout, given.tensor.dtype, unsigned=given.unsigned)


def _dropped(ctx: Context, node: Node, axes: list[int], value: Computed) -> Value:
    """Without the reduced axes, unless keepdims says so."""
    if node.integer("keepdims", 1):
        return value
    return ctx.reshaped(value, [n for axis, n in enumerate(value.shape) if axis not in axes])


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
    """The index (i64) of the first (or last) maximum or minimum along one axis."""
    value: Stored | Codes | Floats = ctx.shaped(ctx.computed(node, 0))
    if isinstance(value, Codes) and np.any(np.diff(value.table) <= 0):
        value = ctx.floats(node, 0)
    elif isinstance(value, Floats):
        value = ctx.floats_of(value)
    axis = normal_axis(node, node.integer("axis", 0), len(value.shape))
    place, builder = value.layout.axis(axis), ctx.builder
    tensor = _negated(ctx, node, value.tensor) if node.op == "ArgMin" else value.tensor
    last = bool(node.integer("select_last_index", 0))
    if last:
        tensor = builder.reverse(tensor, place)
    index = builder.argmax(tensor, place)
    if last:
        size = builder.const(np.full((1,) * len(index.shape), value.shape[axis] - 1, np.int32))
        index = builder.sub(size, index)
    wide_index = builder.cast(index, "i64")
    shape = [1 if place == axis else n for place, n in enumerate(value.shape)]
    layout = value.layout.resized(shape)
    result = Stored(builder.reshape(wide_index, layout.physical), layout)
    return _dropped(ctx, node, [axis], result)


def _negated(ctx: Context, node: Node, x: Tensor) -> Tensor:
    """In the opposite order: bytes mirrored (-128 is 127), f32 and i32 with the other sign."""
    builder, ones = ctx.builder, (1,) * len(x.shape)
    if x.dtype == "i8":
        return builder.table(x, np.arange(127, -129, -1).astype(np.int8))
    if x.dtype == "f32":
        return builder.sub(builder.const(np.zeros(ones, np.float32)), x)
    if x.dtype == "i32":
        return builder.unary("bitwise_not", x)
    raise unsupported(node, f"its input is a tensor of {x.dtype}")
