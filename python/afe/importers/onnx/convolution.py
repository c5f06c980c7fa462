"""Conv: integer convolutions of quantized tensors, accumulators kept; f32 ones of others.

The requantization (and a Relu or Clip before it) is written by the QuantizeLinear behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.operands import (
    Activation,
    activation_of,
    bias,
    constant_weights,
    is_constant_bias,
    known_reals,
)
from afe.importers.onnx.problems import invalid_node
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import F32, Accumulator, Floats, Part, QuantizedConstant, Value
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
    """x [n, c, …], w [m, c / group, …], bias [m] -> [n, m, …]; in f32 where not quantized."""
    given, kernels = ctx.value(node, 0), ctx.value(node, 1)
    size = spatial(node, given.shape)
    group = node.integer("group", 1)
    channels = _check_shapes(node, given.shape[1], kernels.shape, len(size), group)
    frame = window(node, size, kernels.shape[2:]).trimmed(two_dimensional(size))
    x = activation_of(ctx, node, given)
    if x is not None and isinstance(kernels, QuantizedConstant) and is_constant_bias(ctx, node, 2):
        job = _integer_job(ctx, node, x, channels, frame)
    else:
        job = _float_job(ctx, node, channels, frame)
    depthwise = group > 1 and group == given.shape[1]
    parts = (_depthwise(ctx, job),) if depthwise else _grouped(ctx, job, group)
    n, h, w, _ = parts[0].tensor.shape
    layout = spatial_layout(2 + len(size), (n, h, w, channels))
    if job.source.dtype == "f32":
        return Floats(ctx.builder.concat([part.tensor for part in parts], 3), layout)
    return Accumulator(parts, layout)


def _integer_job(ctx: Context, node: Node, x: Activation, channels: int, frame: Window) -> _Job:
    weights = constant_weights(ctx, node, 1, axis=0)
    scale = x.affine.scale * weights.scale
    biases = bias(ctx, node, 2, channels, scale)
    source = nhwc(ctx, x.codes).tensor
    kernels = _two_dimensional(weights.array)
    return _Job(source, kernels, biases, scale, frame, x.affine.zero_point, weights.zero_point)


def _float_job(ctx: Context, node: Node, channels: int, frame: Window) -> _Job:
    """A convolution that was left in float, which the Cortex-A65 computes."""
    weights, addend = known_reals(ctx, node, 1), np.zeros(channels, np.float32)
    if node.input(2):
        addend = known_reals(ctx, node, 2)
        if addend.shape != (channels,):
            raise invalid_node(node, f"a bias of shape {list(addend.shape)[:8]}")
    source = nhwc(ctx, ctx.floats(node, 0)).tensor
    one = np.ones((), np.float32)
    return _Job(source, _two_dimensional(weights), addend, one, frame, 0, 0)


@dataclass(frozen=True, slots=True)
class _Job:
    """One convolution: [n, h, w, c] by [m, c / group, h, w], bias [m]; scale [] or [m].

    i8, i8 and i32, or all f32.
    """

    source: Tensor
    kernels: NDArray[Any]
    biases: NDArray[Any]
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


def _two_dimensional(kernels: NDArray[Any]) -> NDArray[Any]:
    """[m, c, h, w] of [m, c, h, w] or [m, c, l]."""
    return kernels[:, :, None] if kernels.ndim == 3 else kernels
