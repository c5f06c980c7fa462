"""ConvTranspose: one transposed convolution, of integers where its operands are quantized.

Groups become one dense kernel with zeros between the groups, and dilation a kernel with zeros
between its taps: TOSA has neither, and both are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Shape
from afe.importers.onnx.operands import (
    activation_of,
    bias,
    constant_weights,
    is_constant_bias,
    known_reals,
)
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import Accumulator, Floats, Part, QuantizedConstant, Value
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
    """x [n, c, …], w [c, m / group, …], bias [m] -> [n, m, …]; in f32 where not quantized."""
    given, kernels = ctx.value(node, 0), ctx.value(node, 1)
    size = spatial(node, given.shape)
    group = node.integer("group", 1)
    _check_shapes(node, given.shape[1], kernels.shape, len(size), group)
    x = activation_of(ctx, node, given)
    if x is None or not isinstance(kernels, QuantizedConstant):
        return _of_floats(ctx, node, size, group)
    if not is_constant_bias(ctx, node, 2):
        return _of_floats(ctx, node, size, group)
    weights = constant_weights(ctx, node, 1, axis=1)
    dense = _dilated(node, _dense(node, weights.array, group, weights.zero_point), len(size))
    scale = x.affine.scale * np.tile(weights.scale, group if weights.scale.ndim else ())
    biases = bias(ctx, node, 2, len(dense.array), scale)
    zero_points = (x.affine.zero_point, weights.zero_point)
    accumulator = _written(ctx, node, nhwc(ctx, x.codes).tensor, dense, biases, zero_points)
    layout = spatial_layout(2 + len(size), accumulator.shape)
    return Accumulator((Part(accumulator, scale),), layout)


def _of_floats(ctx: Context, node: Node, size: Shape, group: int) -> Value:
    """One that was left in float, which the Cortex-A65 computes."""
    dense = _dilated(node, _dense(node, known_reals(ctx, node, 1), group, 0), len(size))
    addend = np.zeros(len(dense.array), np.float32)
    if node.input(2):
        addend = known_reals(ctx, node, 2)
        if addend.shape != (len(dense.array),):
            raise invalid_node(node, f"a bias of shape {list(addend.shape)[:8]}")
    source = nhwc(ctx, ctx.floats(node, 0)).tensor
    result = _written(ctx, node, source, dense, addend, (0, 0))
    return Floats(result, spatial_layout(2 + len(size), result.shape))


@dataclass(frozen=True, slots=True)
class _Dense:
    """Kernels [m, c, h, w] and the number that stands for a missing weight."""

    array: NDArray[Any]
    zero: int


def _written(
    ctx: Context,
    node: Node,
    source: Tensor,
    dense: _Dense,
    biases: NDArray[Any],
    zero_points: tuple[int, int],
) -> Tensor:
    kernels = dense.array
    size = spatial(node, ctx.value(node, 0).shape)
    stride = per_axis(node, "strides", len(size))
    return ctx.builder.transpose_conv2d(
        source,
        ctx.builder.const(np.ascontiguousarray(kernels.transpose(0, 2, 3, 1))),
        ctx.builder.const(biases),
        out_pad=_out_pad(node, size, kernels.shape[4 - len(size) :], stride),
        stride=two_dimensional(stride),
        input_zp=zero_points[0],
        weight_zp=zero_points[1],
    )


def _check_shapes(node: Node, inputs: int, shape: Shape, rank: int, group: int) -> None:
    fits = len(shape) == 2 + rank and shape[0] == inputs and group > 0 and inputs % group == 0
    if not fits or 0 in shape:
        raise invalid_node(
            node, f"weights {list(shape)[:8]} in {group} groups do not fit {inputs} channels"
        )


def _dense(node: Node, weights: NDArray[Any], group: int, zero: int) -> _Dense:
    """Weights [m, c, h, w]; those that connect different groups are zero."""
    kernels = weights[:, :, None] if weights.ndim == 3 else weights
    c, m, h, w = kernels.shape
    if group * kernels.size > MAX_DENSE_WEIGHTS:
        raise unsupported(node, f"{group} groups of {kernels.size} weights", "use fewer groups")
    dense = np.full((group * m, c, h, w), zero, weights.dtype)
    for index in range(group):
        rows = slice(index * c // group, (index + 1) * c // group)
        dense[index * m : (index + 1) * m, rows] = kernels[rows].transpose(1, 0, 2, 3)
    return _Dense(dense, zero)


def _dilated(node: Node, dense: _Dense, rank: int) -> _Dense:
    """The kernel with zeros between its taps."""
    steps = two_dimensional(per_axis(node, "dilations", rank))
    if steps == (1, 1):
        return dense
    m, c, h, w = dense.array.shape
    shape = (m, c, (h - 1) * steps[0] + 1, (w - 1) * steps[1] + 1)
    if m * c * shape[2] * shape[3] > MAX_DENSE_WEIGHTS:
        raise unsupported(node, f"dilations {steps}", "use smaller dilations")
    spread = np.full(shape, dense.zero, dense.array.dtype)
    spread[:, :, :: steps[0], :: steps[1]] = dense.array
    return _Dense(spread, dense.zero)


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
