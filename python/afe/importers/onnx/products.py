"""Gemm and MatMul of quantized tensors: integer products, accumulators kept.

Constant weights make a 1x1 convolution, two activations a `tosa.matmul`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout, Shape
from afe.importers.onnx.node import INTERNAL
from afe.importers.onnx.operands import (
    Activation,
    Weights,
    activation,
    bias,
    constant_weights,
)
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import (
    F32,
    UNLIMITED,
    Accumulator,
    Codes,
    Constant,
    Part,
    QuantizedConstant,
    Stored,
    Value,
    with_layout,
)


@operator("Gemm")
def gemm(ctx: Context, node: Node) -> Value:
    """alpha * A' B' + beta * C: a [m, k] (k, m with transA), constant b, bias [n] or [1, n]."""
    x = activation(ctx, node, 0)
    if len(x.codes.shape) != 2:
        raise invalid_node(node, f"its input has shape {list(x.codes.shape)}, expected two axes")
    codes = x.codes
    if node.integer("transA", 0):
        codes = ctx.settled_codes(codes)
        codes = with_layout(codes, codes.layout.transposed((1, 0)))
    transposed = bool(node.integer("transB", 0))
    weights = constant_weights(ctx, node, 1, axis=0 if transposed else 1)
    rows = _rows(node, weights, codes.shape[1], transposed=transposed)
    alpha = np.float32(node.real("alpha", 1.0))
    scale = alpha * x.affine.scale * weights.scale
    if not np.all(scale > 0):
        raise unsupported(node, f"alpha is {alpha}, expected a positive number")
    if node.real("beta", 1.0) != 1.0 and node.input(2):
        raise unsupported(node, "beta is not 1", "multiply the bias by it")
    biases = bias(ctx, node, 2, len(rows), scale)
    source, order = _flat_source(ctx, codes)
    if order is not None:
        rows = rows[:, order]
    accumulator = _product(ctx, source, rows, biases, x.affine.zero_point, weights.zero_point)
    layout = Layout.plain(accumulator.shape).deferred((codes.shape[0], len(rows)))
    return Accumulator((Part(accumulator, scale),), layout)


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
    """numpy's matmul: a [..., m, k], b [..., k, n]."""
    value = ctx.value(node, 1)
    if isinstance(value, QuantizedConstant | Constant) and len(value.shape) == 2:
        return _by_weights(ctx, node)
    left, right = activation(ctx, node, 0), activation(ctx, node, 1)
    scale = np.asarray(left.affine.scale * right.affine.scale, np.float32)
    return _of_activations(ctx, node, left, right, scale)


def _by_weights(ctx: Context, node: Node) -> Value:
    x = activation(ctx, node, 0)
    weights = constant_weights(ctx, node, 1, axis=1)
    shape = x.codes.shape
    if len(shape) < 1:
        raise invalid_node(node, "its first input is a scalar")
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


def _of_activations(
    ctx: Context, node: Node, left: Activation, right: Activation, scale: F32
) -> Value:
    a, b = left.codes.shape, right.codes.shape
    if min(len(a), len(b)) < 2 or a[-1] != b[-2]:
        raise invalid_node(node, f"{list(a)} and {list(b)} cannot be multiplied")
    outer = _outer(node, a[:-2], b[:-2])
    accumulator = ctx.builder.matmul(
        _batched(ctx, left.codes, outer),
        _batched(ctx, right.codes, outer),
        a_zp=left.affine.zero_point,
        b_zp=right.affine.zero_point,
    )
    layout = Layout.plain(accumulator.shape).deferred((*outer, a[-2], b[-1]))
    return Accumulator((Part(accumulator, scale),), layout)


def _outer(node: Node, a: Shape, b: Shape) -> Shape:
    try:
        return tuple(int(size) for size in np.broadcast_shapes(a, b))
    except ValueError as error:
        raise invalid_node(node, f"batches {list(a)} and {list(b)} do not broadcast") from error


def _batched(ctx: Context, codes: Codes, outer: Shape) -> Tensor:
    """[batches, rows, columns], repeated where the other operand has more batches."""
    rank = len(outer) + 2
    tensor = ctx.in_layout(codes, Layout.plain(codes.shape))
    tensor = ctx.builder.reshape(tensor, (*(1,) * (rank - len(codes.shape)), *codes.shape))
    repeats = [n // own for n, own in zip(outer, tensor.shape, strict=False)]
    tensor = ctx.builder.tile(tensor, (*repeats, 1, 1))
    return ctx.builder.reshape(tensor, (math.prod(outer), *codes.shape[-2:]))
