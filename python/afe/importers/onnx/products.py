"""Gemm and MatMul of quantized tensors: integer products, accumulators kept.

Constant weights make a 1x1 convolution, two activations a `tosa.matmul`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, is_known
from afe.importers.onnx.elementwise import combined
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout, Shape
from afe.importers.onnx.node import INTERNAL
from afe.importers.onnx.operands import (
    Activation,
    Weights,
    activation_of,
    bias,
    constant_weights,
    constant_weights_of,
)
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.shapes import reshaped, transposed
from afe.importers.onnx.values import (
    UNLIMITED,
    Accumulator,
    Codes,
    Constant,
    Floats,
    Part,
    QuantizedConstant,
    Stored,
    Value,
    with_layout,
)


@operator("Gemm")
def gemm(ctx: Context, node: Node) -> Value:
    """alpha * A' B' + beta * C: a [m, k] (k, m with transA), b [k, n] (n, k with transB)."""
    left, right = ctx.value(node, 0), ctx.value(node, 1)
    for value in (left, right):
        if len(value.shape) != 2:
            raise invalid_node(node, f"an input has shape {list(value.shape)}, expected two axes")
    x = activation_of(ctx, node, left)
    bias_is_known = not node.input(2) or is_known(ctx.value(node, 2))
    alpha, beta = np.float32(node.real("alpha", 1.0)), node.real("beta", 1.0)
    plain = alpha > 0 and (beta == 1.0 or not node.input(2)) and bias_is_known
    if x is None or not isinstance(right, QuantizedConstant) or not plain:
        return _general_gemm(ctx, node, left, right)
    codes = x.codes
    if node.integer("transA", 0):
        codes = ctx.settled_codes(codes)
        codes = with_layout(codes, codes.layout.transposed((1, 0)))
    transposed = bool(node.integer("transB", 0))
    weights = constant_weights(ctx, node, 1, axis=0 if transposed else 1)
    rows = _rows(node, weights, codes.shape[1], transposed=transposed)
    scale = alpha * x.affine.scale * weights.scale
    biases = bias(ctx, node, 2, len(rows), scale)
    source, order = _flat_source(ctx, codes)
    if order is not None:
        rows = rows[:, order]
    accumulator = _product(ctx, source, rows, biases, x.affine.zero_point, weights.zero_point)
    layout = Layout.plain(accumulator.shape).deferred((codes.shape[0], len(rows)))
    return Accumulator((Part(accumulator, scale),), layout)


def _general_gemm(ctx: Context, node: Node, left: Value, right: Value) -> Value:
    """The product as MatMul has it, then scaled and shifted in f32."""
    if node.integer("transA", 0):
        left = transposed(ctx, left, (1, 0))
    if node.integer("transB", 0):
        right = transposed(ctx, right, (1, 0))
    result = product(ctx, node, left, right)
    alpha, beta = (Constant(np.array(node.real(n, 1.0), np.float32)) for n in ("alpha", "beta"))
    if alpha.array != 1:
        result = combined(ctx, node, "Mul", result, alpha)
    addend = ctx.optional(node, 2)
    if addend is None:
        return result
    if beta.array != 1:
        addend = combined(ctx, node, "Mul", addend, beta)
    return combined(ctx, node, "Add", result, addend)


def _rows(node: Node, weights: Weights, inner: int, *, transposed: bool) -> NDArray[np.int8]:
    """Weights [n, k]."""
    array = weights.array
    if array.ndim != 2 or array.shape[1 if transposed else 0] != inner or 0 in array.shape:
        raise invalid_node(node, f"weights {list(array.shape)[:8]} do not fit {inner} inputs")
    return array if transposed else array.T


def _flat_source(ctx: Context, codes: Codes) -> tuple[Tensor, NDArray[np.int64] | None]:
    """[m, 1, 1, k] of [m, k], and in which order the k are if not in the model's.

    A flattened channels-last tensor is taken as it lies in memory; the weights follow.
    """
    layout, (rows, inner) = codes.layout, codes.shape
    flattened = layout.pending and layout.base[0] == rows and layout.perm[0] == 0
    if flattened and layout.regrouped() is None:
        places = np.arange(inner).reshape(layout.base[1:])
        order = places.transpose([axis - 1 for axis in layout.perm[1:]]).reshape(-1)
        return ctx.builder.reshape(codes.tensor, (rows, 1, 1, inner)), order
    tensor = ctx.in_layout(codes, Layout.plain(codes.shape))
    return ctx.builder.reshape(tensor, (rows, 1, 1, inner)), None


def _product(
    ctx: Context,
    source: Tensor,
    rows: NDArray[np.int8],
    biases: NDArray[np.int32],
    input_zp: int,
    weight_zp: int,
) -> Tensor:
    """[a, b, c, k] by [n, k] to i32 [a, b, c, n]."""
    kernels = np.ascontiguousarray(rows).reshape(len(rows), 1, 1, -1)
    return ctx.builder.conv2d(
        source,
        ctx.builder.const(kernels),
        ctx.builder.const(biases),
        input_zp=input_zp,
        weight_zp=weight_zp,
    )


@operator("Accumulated", domain=INTERNAL)
def accumulated(ctx: Context, node: Node) -> Value:
    """The int32 sums of a convolution or product of integers."""
    value = ctx.value(node, 0)
    if not isinstance(value, Accumulator) or value.limits != UNLIMITED:
        raise invalid_node(node, "its input is no integer product")
    sums = [part.tensor for part in value.parts]
    return Stored(ctx.builder.concat(sums, len(sums[0].shape) - 1), value.layout)


@operator("MatMul")
def matmul(ctx: Context, node: Node) -> Value:
    """numpy's matmul: a [..., m, k], b [..., k, n]; a vector is a row, or a column."""
    left, right = ctx.value(node, 0), ctx.value(node, 1)
    a, b = left.shape, right.shape
    if not a or not b:
        raise invalid_node(node, "one of its inputs is a scalar")
    if len(a) == 1:
        left = reshaped(ctx, node, left, [1, *a])
    if len(b) == 1:
        right = reshaped(ctx, node, right, [*b, 1])
    result = product(ctx, node, left, right)
    if min(len(a), len(b)) > 1:
        return result
    shape = list(result.shape)
    del shape[-2 if len(a) == 1 else -1]
    if len(a) == len(b) == 1:
        shape = []
    return reshaped(ctx, node, result, shape)


def product(ctx: Context, node: Node, left: Value, right: Value) -> Value:
    """a [..., m, k] times b [..., k, n]: of integers where both are quantized, else in f32."""
    x = activation_of(ctx, node, left)
    if x is not None and isinstance(right, QuantizedConstant) and len(right.shape) == 2:
        weights = constant_weights_of(ctx, node, 1, right, axis=1)
        return _by_weights(ctx, node, x, weights)
    y = activation_of(ctx, node, right)
    if x is None or y is None:
        return _of_floats(ctx, node, left, right)
    return _of_activations(ctx, node, x, y)


def _by_weights(ctx: Context, node: Node, x: Activation, weights: Weights) -> Value:
    shape = x.codes.shape
    rows = _rows(node, weights, shape[-1], transposed=False)
    scale = x.affine.scale * weights.scale
    tensor = ctx.in_layout(x.codes, Layout.plain(shape))
    source = ctx.builder.reshape(tensor, _pixels(shape))
    biases = np.zeros(len(rows), np.int32)
    accumulator = _product(ctx, source, rows, biases, x.affine.zero_point, weights.zero_point)
    layout = Layout.plain(accumulator.shape).deferred((*shape[:-1], len(rows)))
    return Accumulator((Part(accumulator, scale),), layout)


def _pixels(shape: Shape) -> tuple[int, int, int, int]:
    """[n, h, w, k] of [..., k]: rows of a matrix per image become pixels, else images."""
    *outer, inner = shape
    if len(outer) <= 1:
        return math.prod(outer), 1, 1, inner
    return outer[0], math.prod(outer[1:-1]), outer[-1], inner


def _of_activations(ctx: Context, node: Node, left: Activation, right: Activation) -> Value:
    a, b = left.codes.shape, right.codes.shape
    outer = _outer(node, a, b)
    accumulator = ctx.builder.matmul(
        _batched(ctx, left.codes, outer),
        _batched(ctx, right.codes, outer),
        a_zp=left.affine.zero_point,
        b_zp=right.affine.zero_point,
    )
    scale = np.asarray(left.affine.scale * right.affine.scale, np.float32)
    layout = Layout.plain(accumulator.shape).deferred((*outer, a[-2], b[-1]))
    return Accumulator((Part(accumulator, scale),), layout)


def _of_floats(ctx: Context, node: Node, left: Value, right: Value) -> Floats:
    """The f32 product; the A65 adds in ascending order, onnxruntime in an order of its own."""
    a, b = left.shape, right.shape
    outer = _outer(node, a, b)
    tensors = [_batched(ctx, real_of(ctx, node, value), outer) for value in (left, right)]
    result = ctx.builder.matmul(*tensors)
    shape = (*outer, a[-2], b[-1])
    return Floats(ctx.builder.reshape(result, shape), Layout.plain(shape))


def real_of(ctx: Context, node: Node, value: Value) -> Floats:
    """Any value in f32, in the shape of its layout."""
    computed = ctx.shaped(ctx.written(node, value))
    if isinstance(computed, Stored):
        raise unsupported(node, "it multiplies an integer tensor", "dequantize it first")
    return ctx.floats_of(computed)


def _outer(node: Node, a: Shape, b: Shape) -> Shape:
    if min(len(a), len(b)) < 2 or a[-1] != b[-2]:
        raise invalid_node(node, f"{list(a)} and {list(b)} cannot be multiplied")
    try:
        return tuple(int(size) for size in np.broadcast_shapes(a[:-2], b[:-2]))
    except ValueError as error:
        raise invalid_node(
            node, f"batches {list(a[:-2])} and {list(b[:-2])} do not broadcast"
        ) from error


def _batched(ctx: Context, value: Codes | Floats, outer: Shape) -> Tensor:
    """[batches, rows, columns], repeated where the other operand has more batches."""
    rank = len(outer) + 2
    tensor = ctx.in_layout(value, Layout.plain(value.shape))
    tensor = ctx.builder.reshape(tensor, (*(1,) * (rank - len(value.shape)), *value.shape))
    repeats = [n // own for n, own in zip(outer, tensor.shape, strict=False)]
    tensor = ctx.builder.tile(tensor, (*repeats, 1, 1))
    return ctx.builder.reshape(tensor, (math.prod(outer), *value.shape[-2:]))
