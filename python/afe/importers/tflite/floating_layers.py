"""Operators on f32 that look at more than one element: products, windows, sums, normalizations.

The order of a sum is TOSA's (ascending); LiteRT's kernels may add in another one, which changes the
last bits of a result.
"""

from __future__ import annotations

from math import prod

import numpy as np
import tflite
from numpy.typing import NDArray

from afe.importers.builder import Tensor
from afe.importers.tflite.floating import limited, real
from afe.importers.tflite.node import Node
from afe.importers.tflite.padding import window_padding
from afe.importers.tflite.pooling import window_of
from afe.importers.tflite.registry import float_operator


def _weights(node: Node, position: int, rank: int) -> NDArray[np.float32]:
    if node.input(position).dtype != "f32":
        raise node.unsupported(
            f"float activations with {node.input(position).type_name} weights (dynamic range)",
            "quantize activations too: give the converter a representative dataset",
        )
    weights: NDArray[np.float32] = node.constant(position, rank)
    return weights


def _biased(node: Node, x: Tensor, position: int) -> Tensor:
    """The bias is added last, as the kernels do."""
    return node.builder.add(x, real(node, position)) if node.has(position) else x


def _no_bias(node: Node, channels: int) -> Tensor:
    return node.builder.const(np.zeros(channels, np.float32))


@float_operator("FULLY_CONNECTED")
def fully_connected(node: Node) -> Tensor:
    """Rows of x by weights [O,I]."""
    options = node.options(tflite.FullyConnectedOptions)
    b, x, weights = node.builder, real(node, 0), _weights(node, 1, 2)
    outputs, inputs = weights.shape
    rows, rest = divmod(prod(x.shape), inputs)
    if rest or rows == 0:
        raise node.invalid(f"input {list(x.shape)} does not fit weights {list(weights.shape)}")
    product = b.conv2d(
        b.reshape(x, (rows, 1, 1, inputs)),
        b.const(weights.reshape(outputs, 1, 1, inputs)),
        _no_bias(node, outputs),
    )
    result = limited(node, _biased(node, product, 2), options.FusedActivationFunction())
    keeps = options.KeepNumDims() and x.shape[-1] == inputs
    return b.reshape(result, (*x.shape[:-1], outputs) if keeps else (rows, outputs))


@float_operator("CONV_2D")
def conv_2d(node: Node) -> Tensor:
    """NHWC by OHWI, without groups."""
    options = node.options(tflite.Conv2DOptions)
    b, x, weights = node.builder, real(node, 0), _weights(node, 1, 4)
    if len(x.shape) != 4 or x.shape[3] != weights.shape[3]:
        raise node.invalid(f"input {list(x.shape)} does not fit weights {list(weights.shape)}")
    stride = (options.StrideH(), options.StrideW())
    dilation = (options.DilationHFactor(), options.DilationWFactor())
    _check_steps(node, stride, dilation)
    pad = window_padding(node, options.Padding(), x.shape, weights.shape[1:3], stride, dilation)
    product = b.conv2d(
        x, b.const(weights), _no_bias(node, weights.shape[0]),
        pad=pad, stride=stride, dilation=dilation,
    )  # fmt: skip
    return limited(node, _biased(node, product, 2), options.FusedActivationFunction())


@float_operator("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(node: Node) -> Tensor:
    """Weights [1,H,W,C*M]."""
    options = node.options(tflite.DepthwiseConv2DOptions)
    b, x, weights = node.builder, real(node, 0), _weights(node, 1, 4)
    multiple, rest = divmod(weights.shape[3], x.shape[-1])
    if rest or len(x.shape) != 4 or weights.shape[0] != 1:
        raise node.invalid(f"input {list(x.shape)} does not fit weights {list(weights.shape)}")
    stride = (options.StrideH(), options.StrideW())
    dilation = (options.DilationHFactor(), options.DilationWFactor())
    _check_steps(node, stride, dilation)
    pad = window_padding(node, options.Padding(), x.shape, weights.shape[1:3], stride, dilation)
    product = b.depthwise_conv2d(
        x, b.const(weights.reshape(*weights.shape[1:3], x.shape[3], multiple)),
        _no_bias(node, weights.shape[3]), pad=pad, stride=stride, dilation=dilation,
    )  # fmt: skip
    return limited(node, _biased(node, product, 2), options.FusedActivationFunction())


def _check_steps(node: Node, stride: tuple[int, int], dilation: tuple[int, int]) -> None:
    if min(*stride, *dilation) < 1:
        raise node.invalid(f"stride {list(stride)} and dilation {list(dilation)} must be positive")


@float_operator("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
def pool_2d(node: Node) -> Tensor:
    """Mean, maximum, or root of the mean square of the taps that exist."""
    options = node.options(tflite.Pool2DOptions)
    b, x = node.builder, real(node, 0)
    window = window_of(node, options, x)
    if node.info.code == "MAX_POOL_2D":
        pooled = b.max_pool2d(x, kernel=window.kernel, stride=window.stride, pad=window.pad)
    else:
        squares = node.info.code == "L2_POOL_2D"
        x = b.drop_unreached(
            b.mul(x, x) if squares else x, window.kernel, window.pad, window.stride
        )
        pooled = b.avg_pool2d(x, kernel=window.kernel, stride=window.stride, pad=window.pad)
        pooled = b.sqrt(pooled) if squares else pooled
    return limited(node, pooled, options.FusedActivationFunction())


# --- along axes ----------------------------------------------------------------------------------


@float_operator("SOFTMAX")
def softmax(node: Node) -> Tensor:
    """e^(beta (x - max)) over the last axis, divided by its sum."""
    beta = node.options(tflite.SoftmaxOptions).Beta()
    b, x = node.builder, real(node, 0)
    axis = len(x.shape) - 1
    distance = b.sub(x, b.reduce("max", x, axis))
    exponential = b.unary("exp", b.mul(distance, b.scalar(beta, "f32")))
    return b.divide(exponential, b.reduce("sum", exponential, axis))


@float_operator("LOG_SOFTMAX")
def log_softmax(node: Node) -> Tensor:
    """x - max - log(sum of e^(x - max)) over the last axis."""
    b, x = node.builder, real(node, 0)
    axis = len(x.shape) - 1
    distance = b.sub(x, b.reduce("max", x, axis))
    total = b.reduce("sum", b.unary("exp", distance), axis)
    return b.sub(distance, b.unary("log", total))


@float_operator("L2_NORMALIZATION")
def l2_normalization(node: Node) -> Tensor:
    """x by the root of its square sum over the last axis, at least 1e-6."""
    b, x = node.builder, real(node, 0)
    norm = b.sqrt(b.reduce("sum", b.mul(x, x), len(x.shape) - 1))
    result = b.divide(x, b.binary("maximum", norm, b.scalar(1e-6, "f32")))
    return limited(node, result, node.options(tflite.L2NormOptions).FusedActivationFunction())


@float_operator("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD")
def reduce(node: Node) -> Tensor:
    """Over constant axes, ascending."""
    b, x = node.builder, real(node, 0)
    rank = len(x.shape)
    axes = sorted({node.axis(axis, rank) for axis in node.int_list(1)})
    name = {"MEAN": "sum", "REDUCE_PROD": "product"}.get(
        node.info.code, node.info.code.removeprefix("REDUCE_").lower()
    )
    count = prod(x.shape[axis] for axis in axes)
    kept = x.shape
    for axis in axes:
        x = b.reduce(name, x, axis)
    if node.info.code == "MEAN":
        x = b.divide(x, b.scalar(float(count), "f32"))
    if node.options(tflite.ReducerOptions).KeepDims():
        return x
    return b.reshape(x, [size for axis, size in enumerate(kept) if axis not in axes])


@float_operator("ARG_MAX", "ARG_MIN")
def arg_max(node: Node) -> Tensor:
    """Index of the first maximum or minimum, int32 or int64."""
    b, x = node.builder, real(node, 0)
    if node.info.code == "ARG_MIN":
        x = b.mul(x, b.scalar(-1.0, "f32"))
    axes = node.int_list(1)
    if len(axes) != 1 or node.output().dtype not in ("i32", "i64"):
        raise node.invalid("it needs one axis and a result of int32 or int64")
    return b.cast(b.argmax(x, node.axis(axes[0], len(x.shape))), node.output().dtype)


@float_operator("BATCH_MATMUL")
def batch_matmul(node: Node) -> Tensor:
    """[…,M,K] x […,K,N], either of them possibly transposed; equal leading axes."""
    options = node.options(tflite.BatchMatMulOptions)
    x = _adjoint(node, 0, options.AdjX())
    y = _adjoint(node, 1, options.AdjY())
    leading = x.shape[:-2]
    if y.shape[:-2] != leading or x.shape[-1] != y.shape[-2]:
        raise node.unsupported(f"a product of {list(x.shape)} and {list(y.shape)}")
    b, count = node.builder, prod(leading)
    product = b.matmul(b.reshape(x, (count, *x.shape[-2:])), b.reshape(y, (count, *y.shape[-2:])))
    return b.reshape(product, (*leading, x.shape[-2], y.shape[-1]))


def _adjoint(node: Node, position: int, transposed: bool) -> Tensor:
    x = real(node, position)
    rank = len(x.shape)
    if rank < 2:
        raise node.invalid(f"tensor '{node.input(position).name}' has shape {list(x.shape)}")
    order = [*range(rank - 2), rank - 1, rank - 2]
    return node.builder.transpose(x, order) if transposed else x
