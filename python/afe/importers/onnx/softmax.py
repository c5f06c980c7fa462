"""Softmax and LogSoftmax over one axis.

The softmax of 8-bit codes is a `qdq.softmax`: its exponentials are a table of the distance to the
maximum, which is within rounding what f32 operations on the dequantized tensor give.
"""

from __future__ import annotations

import math

import numpy as np

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, normal_axis
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout
from afe.importers.onnx.problems import unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import F32, Codes, Floats, Stored, Value

MLA_RANK = 4
"""Rows of tensors of more axes are written as a matrix."""


@operator("Softmax", "LogSoftmax")
def softmax(ctx: Context, node: Node) -> Value:
    """exp(x - max) times the reciprocal of its sum, or its logarithm, over one axis, in f32."""
    value = ctx.shaped(ctx.computed(node, 0))
    if isinstance(value, Stored):
        raise unsupported(node, "its input is an integer tensor, expected a float one")
    shape = value.shape
    if ctx.opset < 13:  # the axis and all behind it are one
        axis = normal_axis(node, node.integer("axis", 1), len(shape))
        flat = ctx.shaped(ctx.reshaped(value, (math.prod(shape[:axis]), math.prod(shape[axis:]))))
        assert not isinstance(flat, Stored)
        return ctx.reshaped(_over(ctx, node, flat, 1), shape)
    axis = normal_axis(node, node.integer("axis", -1), len(shape))
    return _over(ctx, node, value, axis)


def _over(ctx: Context, node: Node, value: Codes | Floats, axis: int) -> Floats:
    table = exponentials(value.table) if isinstance(value, Codes) else None
    if table is None or node.op == "LogSoftmax":
        floats = ctx.floats_of(value)
        tensor = _of_floats(ctx, node, floats.tensor, floats.layout.axis(axis))
        return Floats(tensor, floats.layout)
    perm = [place for place in value.layout.perm if place != axis]
    layout = Layout.permuted(value.shape, (*perm, axis))
    codes = ctx.in_layout(value, layout)
    if len(value.shape) > MLA_RANK:
        codes = ctx.builder.reshape(codes, (math.prod(codes.shape[:-1]), codes.shape[-1]))
    entries = ctx.builder.const(table)
    result = ctx.builder.custom("qdq.softmax", [codes, entries], codes.shape, "f32")
    return Floats(ctx.builder.reshape(result, layout.physical), layout)


def exponentials(table: F32) -> F32 | None:
    """exp(-step * distance) for distances 0 to 255 where the codes mean evenly spaced numbers."""
    reals = table.astype(np.float64)
    if not np.all(np.isfinite(reals)):
        return None
    step = (reals[255] - reals[0]) / 255
    line = reals[0] + step * np.arange(256)
    if step <= 0 or np.abs(reals - line).max() > 4e-7 * np.abs(reals).max():
        return None
    result: F32 = np.exp(-step * np.arange(256)).astype(np.float32)
    return result


def _of_floats(ctx: Context, node: Node, x: Tensor, axis: int) -> Tensor:
    builder = ctx.builder
    shifted = builder.sub(x, builder.reduce("max", x, axis))
    power = builder.unary("exp", shifted)
    total = builder.reduce("sum", power, axis)
    if node.op == "LogSoftmax":
        return builder.sub(shifted, builder.unary("log", total))
    return builder.mul(power, builder.unary("reciprocal", total))
