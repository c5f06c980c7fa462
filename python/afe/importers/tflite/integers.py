"""Operators on int32 tensors (indices, counts) and on booleans, as they stand behind ARG_MAX."""

from __future__ import annotations

import numpy as np
import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


def _integers(node: Node, position: int) -> Tensor:
    tensor = node.input(position)
    if tensor.dtype != "i32":
        raise node.unsupported_type(tensor, "int32")
    return node.value(position)


def _divisor(node: Node, position: int) -> Tensor:
    """Without zeros: LiteRT refuses them at run time, here they count as 1."""
    b, y = node.builder, _integers(node, position)
    if node.input(position).is_constant:
        if not node.constant(position).all():
            raise node.invalid("it divides by the constant 0")
        return y
    zero, one = b.scalar(0, "i32"), b.scalar(1, "i32")
    _, zero = b.same_rank(y, zero)
    _, one = b.same_rank(y, one)
    return b.select(b.binary("equal", y, zero, "i1"), one, y)


@operator("FLOOR_DIV")
def floor_div(node: Node) -> Tensor:
    """x / y, rounded down."""
    quotient, is_above = _floored(node)
    return node.builder.sub(quotient, node.builder.cast(is_above, "i32"))


@operator("FLOOR_MOD")
def floor_mod(node: Node) -> Tensor:
    """x - y floor(x / y): of the sign of y."""
    b = node.builder
    quotient, is_above = _floored(node)
    x, y = _integers(node, 0), _divisor(node, 1)
    floored = b.sub(quotient, b.cast(is_above, "i32"))
    return b.sub(x, b.mul(floored, y))


def _floored(node: Node) -> tuple[Tensor, Tensor]:
    """x / y cut off, and whether that is one too much."""
    b, x, y = node.builder, _integers(node, 0), _divisor(node, 1)
    zero = b.scalar(0, "i32")
    quotient = b.binary("intdiv", x, y)
    rest = b.sub(x, b.mul(quotient, y))
    differs = b.binary("greater", zero, b.binary("bitwise_xor", rest, y), "i1")
    is_rest = b.unary("logical_not", b.binary("equal", rest, zero, "i1"))
    return quotient, b.binary("logical_and", differs, is_rest, "i1")


@operator("DIV")
def divide(node: Node) -> Tensor:
    """x / y, cut off; of int32 alone."""
    if node.input(0).dtype == "i8":
        raise node.unsupported(
            "a quotient of quantized tensors",
            "multiply by the reciprocal, or keep the division in float",
        )
    if node.options(tflite.DivOptions).FusedActivationFunction():
        raise node.unsupported("int32 arithmetic with a fused activation")
    return node.builder.binary("intdiv", _integers(node, 0), _divisor(node, 1))


@operator("REDUCE_ANY", "REDUCE_ALL")
def reduce_any(node: Node) -> Tensor:
    """Of booleans over constant axes."""
    x = node.value(0)
    if x.dtype != "i1":
        raise node.unsupported_type(node.input(0), "bool")
    rank, kept = len(x.shape), x.shape
    axes = sorted({node.axis(axis, rank) for axis in node.int_list(1)})
    for axis in axes:
        x = node.builder.reduce(node.info.code.removeprefix("REDUCE_").lower(), x, axis)
    if node.options(tflite.ReducerOptions).KeepDims():
        return x
    return node.builder.reshape(x, [n for axis, n in enumerate(kept) if axis not in axes])


@operator("FILL")
def fill(node: Node) -> Tensor:
    """A constant shape filled with one value."""
    shape, value = node.int_list(0), node.value(1)
    if min(shape, default=1) < 1 or np.prod(value.shape, dtype=np.int64) != 1:
        raise node.invalid(f"a fill of shape {shape} with a value of shape {list(value.shape)}")
    b = node.builder
    if not shape:
        return b.reshape(value, ())
    return b.tile(b.reshape(value, [1] * len(shape)), shape)


@operator("ZEROS_LIKE")
def zeros_like(node: Node) -> Tensor:
    """Stored zeros in the operand's shape."""
    tensor = node.input(0)
    if tensor.dtype not in ("i32", "i64", "f32"):
        raise node.unsupported_type(tensor, "int32, int64 or float32")
    return node.builder.const(np.zeros(node.value(0).shape, tensor.numpy_type))
