"""Conv of quantized tensors: integer convolutions, accumulators kept.

The requantization (and a Relu or Clip before it) is written by the QuantizeLinear behind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.operands import activation, bias, constant_weights
from afe.importers.onnx.problems import invalid_node
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import F32, Accumulator, Part, Value
from afe.importers.onnx.windows import (
    Window,
    nhwc,
    spatial,
    spatial_layout,
    two_dimensional,
    window,
)


@operator("Conv")
def conv(ctx: Context, node: Node) -> Value:
    """x [n, c, …], w [m, c / group, …], bias [m] -> [n, m, …]."""
    x = activation(ctx, node, 0)
    weights = constant_weights(ctx, node, 1, axis=0)
    size = spatial(node, x.codes.shape)
    group = node.integer("group", 1)
    channels = _check_shapes(node, x.codes.shape[1], weights.array.shape, len(size), group)
    frame = window(node, size, weights.array.shape[2:])
    frame = frame.trimmed(two_dimensional(size))
    scale = x.affine.scale * weights.scale
    biases = bias(ctx, node, 2, channels, scale)
    source = nhwc(ctx, x.codes).tensor
    kernels = _two_dimensional(weights.array)
    job = _Job(source, kernels, biases, scale, frame, x.affine.zero_point, weights.zero_point)
    depthwise = group > 1 and group == x.codes.shape[1]
    parts = (_depthwise(ctx, job),) if depthwise else _grouped(ctx, job, group)
    n, h, w, _ = parts[0].tensor.shape
    return Accumulator(parts, spatial_layout(2 + len(size), (n, h, w, channels)))


@dataclass(frozen=True, slots=True)
class _Job:
    """One convolution: [n, h, w, c] by [m, c / group, h, w], bias [m]; scale [] or [m]."""

    source: Tensor
    kernels: NDArray[np.int8]
    biases: NDArray[np.int32]
    scale: F32
    frame: Window
    input_zp: int
    weight_zp: int


def _depthwise(ctx: Context, job: _Job) -> Part:
    """One filter (or several) per input channel: weights as HWCM."""
    m, _, h, w = job.kernels.shape
    inputs = job.source.shape[3]
    kernels = job.kernels.reshape(inputs, m // inputs, h, w).transpose(2, 3, 0, 1)
    accumulator = ctx.builder.depthwise_conv2d(
        job.source,
        ctx.builder.const(np.ascontiguousarray(kernels)),
        ctx.builder.const(job.biases),
        pad=job.frame.pad,
        stride=job.frame.stride,
        dilation=job.frame.dilation,
        input_zp=job.input_zp,
        weight_zp=job.weight_zp,
    )
    return Part(accumulator, job.scale)


def _grouped(ctx: Context, job: _Job, group: int) -> tuple[Part, ...]:
    """One convolution per group, each of its own slice of the input channels."""
    n, h, w, c = job.source.shape
    inputs, outputs = c // group, len(job.kernels) // group
    parts = []
    for index in range(group):
        source = ctx.builder.slice(job.source, (0, 0, 0, index * inputs), (n, h, w, inputs))
        rows = slice(index * outputs, (index + 1) * outputs)
        scale = job.scale[rows] if job.scale.ndim else job.scale
        parts.append(Part(_convolution(ctx, job, source, rows), scale))
    return tuple(parts)


def _convolution(ctx: Context, job: _Job, source: Tensor, rows: slice) -> Tensor:
    return ctx.builder.conv2d(
        source,
        ctx.builder.const(np.ascontiguousarray(job.kernels[rows].transpose(0, 2, 3, 1))),
        ctx.builder.const(job.biases[rows]),
        pad=job.frame.pad,
        stride=job.frame.stride,
        dilation=job.frame.dilation,
        input_zp=job.input_zp,
        weight_zp=job.weight_zp,
    )


def _check_shapes(node: Node, inputs: int, kernels: tuple[int, ...], rank: int, group: int) -> int:
    """The number of output channels."""
    fits = len(kernels) == 2 + rank and group > 0 and kernels[0] % group == 0
    if not fits or kernels[1] * group != inputs or 0 in kernels:
        raise invalid_node(
            node, f"weights {list(kernels)[:8]} in {group} groups do not fit {inputs} channels"
        )
    return kernels[0]


def _two_dimensional(kernels: NDArray[np.int8]) -> NDArray[np.int8]:
    """[m, c, h, w] of [m, c, h, w] or [m, c, l]."""
    return kernels[:, :, None] if kernels.ndim == 3 else kernels
