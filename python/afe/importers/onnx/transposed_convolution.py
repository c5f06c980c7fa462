"""ConvTranspose of a quantized tensor: one integer transposed convolution.

Groups become one dense kernel with zeros between the groups, and dilation a kernel with zeros
between its taps: TOSA has neither, and both are exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.operands import Weights, activation, bias, constant_weights
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import Accumulator, Part, Value
from afe.importers.onnx.windows import (
    nhwc,
    per_axis,
    spatial,
    spatial_layout,
    two_dimensional,
)

MAX_DENSE_WEIGHTS = 1 << 28
"""Largest kernel that is written out with its zeros."""


@operator("ConvTranspose")
def conv_transpose(ctx: Context, node: Node) -> Value:
    """x [n, c, …], w [c, m / group, …], bias [m] -> [n, m, …]."""
    x = activation(ctx, node, 0)
    weights = constant_weights(ctx, node, 1, axis=1)
    size = spatial(node, x.codes.shape)
    group = node.integer("group", 1)
    _check_shapes(node, x.codes.shape[1], weights, len(size), group)
    kernels = _dilated(node, _dense(node, weights, group), len(size), weights.zero_point)
    scale = x.affine.scale * np.tile(weights.scale, group if weights.scale.ndim else ())
    stride = per_axis(node, "strides", len(size))
    out_pad = _out_pad(node, size, kernels.shape[4 - len(size) :], stride)
    accumulator = ctx.builder.transpose_conv2d(
        nhwc(ctx, x.codes).tensor,
        ctx.builder.const(np.ascontiguousarray(kernels.transpose(0, 2, 3, 1))),
        ctx.builder.const(bias(ctx, node, 2, len(kernels), scale)),
        out_pad=out_pad,
        stride=two_dimensional(stride),
        input_zp=x.affine.zero_point,
        weight_zp=weights.zero_point,
    )
    layout = spatial_layout(2 + len(size), accumulator.shape)
    return Accumulator((Part(accumulator, scale),), layout)


def _check_shapes(node: Node, inputs: int, weights: Weights, rank: int, group: int) -> None:
    shape = weights.array.shape
    fits = len(shape) == 2 + rank and shape[0] == inputs and group > 0 and inputs % group == 0
    if not fits or 0 in shape:
        raise invalid_node(
            node, f"weights {list(shape)[:8]} in {group} groups do not fit {inputs} channels"
        )


def _dense(node: Node, weights: Weights, group: int) -> NDArray[np.int8]:
    """Weights [m, c, h, w]; those that connect different groups are zero."""
    kernels = weights.array[:, :, None] if weights.array.ndim == 3 else weights.array
    c, m, h, w = kernels.shape
    if group * kernels.size > MAX_DENSE_WEIGHTS:
        raise unsupported(node, f"{group} groups of {kernels.size} weights", "use fewer groups")
    dense = np.full((group * m, c, h, w), weights.zero_point, np.int8)
    for index in range(group):
        rows = slice(index * c // group, (index + 1) * c // group)
        dense[index * m : (index + 1) * m, rows] = kernels[rows].transpose(1, 0, 2, 3)
    return dense


def _dilated(node: Node, kernels: NDArray[np.int8], rank: int, zero_point: int) -> NDArray[np.int8]:
    """The kernel with zeros between its taps."""
    steps = two_dimensional(per_axis(node, "dilations", rank))
    if steps == (1, 1):
        return kernels
    m, c, h, w = kernels.shape
    shape = (m, c, (h - 1) * steps[0] + 1, (w - 1) * steps[1] + 1)
    if m * c * shape[2] * shape[3] > MAX_DENSE_WEIGHTS:
        raise unsupported(node, f"dilations {steps}", "use smaller dilations")
    spread = np.full(shape, zero_point, np.int8)
    spread[:, :, :: steps[0], :: steps[1]] = kernels
    return spread


def _out_pad(
    node: Node, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int]
) -> tuple[int, int, int, int]:
    """top, bottom, left, right to add to (size - 1) * stride + kernel; negative ones crop."""
    rank = len(size)
    full = [(n - 1) * s + k for n, s, k in zip(size, stride, kernel, strict=True)]
    extra = node.integers("output_padding") or (0,) * rank
    wanted = node.integers("output_shape")
    automatic = node.text("auto_pad", "NOTSET")
    if len(extra) != rank or (wanted is not None and len(wanted) < rank):
        raise invalid_node(node, "its output_padding or output_shape does not fit its input")
    if wanted is None and automatic in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(n * s for n, s in zip(size, stride, strict=True))
    if wanted is not None:
        begin, end = _crops_for(full, extra, wanted[-rank:], upper=automatic == "SAME_UPPER")
    else:
        pads = node.integers("pads") or (0,) * (2 * rank)
        if len(pads) != 2 * rank or automatic == "VALID":
            pads = (0,) * (2 * rank)
        begin = [-pad for pad in pads[:rank]]
        end = [more - pad for more, pad in zip(extra, pads[rank:], strict=True)]
    return _checked(node, full, kernel, begin, end)


def _crops_for(
    full: Sequence[int], extra: Sequence[int], wanted: Sequence[int], *, upper: bool
) -> tuple[list[int], list[int]]:
    """The crops that give the wanted size; the odd one goes to the end, or the beginning."""
    begin, end = [], []
    for n, more, target in zip(full, extra, wanted, strict=True):
        total = n + more - target
        small = total // 2 if upper else total - total // 2
        begin.append(-small)
        end.append(more - (total - small))
    return begin, end


def _checked(
    node: Node, full: Sequence[int], kernel: Sequence[int], begin: list[int], end: list[int]
) -> tuple[int, int, int, int]:
    for n, k, first, last in zip(full, kernel, begin, end, strict=True):
        if min(first, last) <= -k:
            raise unsupported(node, f"padding of {-min(first, last)} for a kernel of {k}")
        if n + first + last < 1 or max(first, last) > 8192:
            raise invalid_node(node, "its padding leaves no output")
    if len(begin) == 1:
        return 0, 0, begin[0], end[0]
    return begin[0], end[0], begin[1], end[1]
