"""MaxPool, AveragePool and their global forms.

A maximum of 8-bit codes is the code of the maximum, so MaxPool stays integer. An average is
computed in f32: sums of the existing taps, divided by their number.
"""

from __future__ import annotations

import math
from dataclasses import replace

from afe.importers.module_builder import Tensor
from afe.importers.onnx import taps
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Shape
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.reduction import mean, reduced, reducible
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import Codes, Floats, Stored, Value
from afe.importers.onnx.windows import (
    Window,
    kernel_shape,
    nhwc,
    spatial,
    spatial_layout,
    two_dimensional,
    window,
)

MAX_TAPS = 1024
"""Most elements of a window whose taps are written one by one."""


@operator("MaxPool")
def max_pool(ctx: Context, node: Node) -> Value:
    """The maximum of each window of x [n, c, …]; padding never wins."""
    if len(node.outputs) > 1 and node.outputs[1]:
        raise unsupported(node, "its second output, the indices, is used")
    value = _ordered(ctx, node)
    frame = _frame(node, value.shape)
    source = nhwc(ctx, value).tensor
    if frame.dilation == (1, 1):
        result = ctx.builder.max_pool2d(
            source, kernel=frame.kernel, stride=frame.stride, pad=frame.pad
        )
    else:
        _check_taps(node, frame)
        result = taps.maximum(ctx.builder, source, frame)
    layout = spatial_layout(len(value.shape), result.shape)
    return replace(value, tensor=result, layout=layout)


def _ordered(ctx: Context, node: Node) -> Codes | Floats | Stored:
    """The input as codes or integers in the order of the numbers they mean, else in f32."""
    value = ctx.shaped(ctx.computed(node, 0))
    if isinstance(value, Stored):
        if value.tensor.dtype != "i8":
            raise unsupported(node, f"its input is a tensor of {value.tensor.dtype}")
        return value
    return reducible(ctx, node, ordered=True)


@operator("AveragePool")
def average_pool(ctx: Context, node: Node) -> Value:
    """The mean of each window of x [n, c, …]; padding counts with count_include_pad."""
    value = reducible(ctx, node, ordered=False)
    frame = _frame(node, value.shape)
    size = two_dimensional(value.shape[2:])
    if frame.pad == (0, 0, 0, 0) and frame.kernel == size and frame.dilation == (1, 1):
        return mean(ctx, value, range(2, len(value.shape)))
    source = ctx.floats_of(nhwc(ctx, value)).tensor
    includes_pad = bool(node.integer("count_include_pad", 0))
    exceeds = includes_pad and bool(node.integer("ceil_mode", 0))
    if frame.dilation != (1, 1) or exceeds:
        _check_taps(node, frame)
        declared = window(node, value.shape[2:], kernel_shape(node, len(value.shape) - 2)).pad
        counted = declared if includes_pad else None
        result = taps.average(ctx.builder, source, frame, counted)
    else:
        if includes_pad:
            top, bottom, left, right = frame.pad
            source = ctx.builder.pad(source, [(0, 0), (top, bottom), (left, right), (0, 0)], 0.0)
            frame = replace(frame, pad=(0, 0, 0, 0))
        result = _average(ctx, source, frame)
    return Floats(result, spatial_layout(len(value.shape), result.shape))


def _average(ctx: Context, source: Tensor, frame: Window) -> Tensor:
    builder = ctx.builder
    n, h, w, c = source.shape
    reached = [
        (count - 1) * step + extent - before - after
        for count, step, extent, before, after in zip(
            frame.counts((h, w)), frame.stride, frame.kernel, frame.pad[::2], frame.pad[1::2],
            strict=True,
        )
    ]  # fmt: skip
    source = builder.slice(source, (0, 0, 0, 0), (n, min(h, reached[0]), min(w, reached[1]), c))
    return builder.avg_pool2d(source, kernel=frame.kernel, stride=frame.stride, pad=frame.pad)


@operator("GlobalAveragePool")
def global_average_pool(ctx: Context, node: Node) -> Value:
    """The mean over all spatial axes, which stay with size 1."""
    value = reducible(ctx, node, ordered=False)
    _check_spatial(node, value.shape)
    return mean(ctx, value, range(2, len(value.shape)))


@operator("GlobalMaxPool")
def global_max_pool(ctx: Context, node: Node) -> Value:
    """The maximum over all spatial axes, which stay with size 1."""
    value = reducible(ctx, node, ordered=True)
    _check_spatial(node, value.shape)
    return reduced(ctx, value, "max", range(2, len(value.shape)))


def _check_taps(node: Node, frame: Window) -> None:
    """Windows whose taps are written one by one must be small."""
    if math.prod(frame.kernel) > MAX_TAPS:
        raise unsupported(
            node, f"a dilated window of {list(frame.kernel)}", f"use at most {MAX_TAPS} elements"
        )


def _check_spatial(node: Node, shape: Shape) -> None:
    if len(shape) < 3:
        raise invalid_node(node, f"its input has shape {list(shape)}, expected [n, c, …]")


def _frame(node: Node, shape: tuple[int, ...]) -> Window:
    """The window, with as much padding at the end as ceil_mode asks for, trimmed otherwise."""
    size = spatial(node, shape)
    kernel = kernel_shape(node, len(size))
    frame = window(node, size, kernel)
    if not node.integer("ceil_mode", 0):
        return frame.trimmed(two_dimensional(size))
    pad = list(frame.pad)
    for axis, length in enumerate(two_dimensional(size)):
        before, after = pad[2 * axis], pad[2 * axis + 1]
        step, extent = frame.stride[axis], (frame.kernel[axis] - 1) * frame.dilation[axis] + 1
        count = math.ceil((length + before + after - extent) / step) + 1
        if (count - 1) * step >= length + before:
            count -= 1
        pad[2 * axis + 1] = (count - 1) * step + extent - length - before
    if max(pad[1] - frame.kernel[0], pad[3] - frame.kernel[1]) >= 0:
        raise invalid_node(node, "its padding is as large as its kernel")
    return replace(frame, pad=(pad[0], pad[1], pad[2], pad[3])).trimmed(two_dimensional(size))
