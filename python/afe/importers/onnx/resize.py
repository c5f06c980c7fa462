"""Resize: nearest is a choice of elements, so 8-bit tensors stay 8-bit; others are weighted sums.

For nearest the `tosa.resize` that takes the same indices is looked for, and a `tosa.gather` written
where there is none. Linear interpolation of images adds up to four such choices, weighted, in f32;
everything else is summed along one axis after the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, normal_axis
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout
from afe.importers.onnx.movement import Movable, movable
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.sampling import Axis, Indices, Taps, taps
from afe.importers.onnx.values import Floats, Stored, Value

MAX_CHOICES = 4
"""Most products of taps of rows and columns that are written as choices of an image."""


@operator("Resize")
def resize(ctx: Context, node: Node) -> Value:
    """x resized along any of its axes."""
    value = movable(ctx, node, 0)
    axes = [taps(node, axis, ctx.opset) for axis in _axes(ctx, node, value.shape)]
    if all(axis.is_identity for axis in axes) and not any(axis.outside.any() for axis in axes):
        return value
    weighted = any(axis.indices.shape[1] > 1 or np.any(axis.weights != 1) for axis in axes)
    if weighted and isinstance(value, Stored):
        raise unsupported(node, "it interpolates an integer tensor", "dequantize it first")
    if _is_image(axes):
        result: Movable = _resized_image(ctx, value, axes[2], axes[3], weighted=weighted)
    else:
        result = value
        for place, axis in enumerate(axes):
            if not axis.is_identity:
                result = _resized_axis(ctx, result, place, axis)
    return _with_outside(ctx, node, result, axes)


def _is_image(axes: Sequence[Taps]) -> bool:
    """Whether only rows and columns of [n, c, h, w] are resized, by few taps."""
    if len(axes) != 4 or not (axes[0].is_identity and axes[1].is_identity):
        return False
    taps_per_element: int = axes[2].indices.shape[1] * axes[3].indices.shape[1]
    return taps_per_element <= MAX_CHOICES


@operator("Upsample")
def upsample(ctx: Context, node: Node) -> Value:
    """Resize of before opset 10, which some exporters still write."""
    raise unsupported(node, "it ended with opset 9", "export the model with opset 11 or newer")


# --- parameters ----------------------------------------------------------------------------------


def _axes(ctx: Context, node: Node, shape: Sequence[int]) -> list[Axis]:
    """Per axis of the input, from the scales or the sizes."""
    rank, old_form = len(shape), ctx.opset < 11
    sizes = None if old_form else ctx.known_ints(node, 3)
    scales = ctx.known(node, 1 if old_form else 2)
    named = node.integers("axes")
    places = list(range(rank)) if named is None else [normal_axis(node, a, rank) for a in named]
    given = sizes if sizes else scales
    if given is None or np.shape(given) != (len(places),):
        raise invalid_node(node, "its scales or sizes do not fit its input")
    factors = _factors(node, [shape[place] for place in places], sizes, scales)
    regions = _regions(ctx, node, len(places))
    result = [Axis(size, size, 1.0) for size in shape]
    for place, (new, scale), region in zip(places, factors, regions, strict=True):
        if not 0 < new <= 1 << 16 or not math.isfinite(scale) or scale <= 0:
            raise invalid_node(node, f"axis {place} gets size {new}")
        result[place] = Axis(shape[place], new, scale, region)
    if math.prod(axis.new for axis in result) > 1 << 31:
        raise invalid_node(node, "its result is too large")
    return result


def _factors(
    node: Node, old: list[int], sizes: list[int] | None, scales: NDArray[np.float32] | None
) -> list[tuple[int, float]]:
    """New size and scale of every resized axis."""
    if not sizes:
        assert scales is not None
        finite = [float(scale) if np.isfinite(scale) else 0.0 for scale in scales]
        return [(math.floor(n * scale), scale) for n, scale in zip(old, finite, strict=True)]
    ratios = [size / n for size, n in zip(sizes, old, strict=True)]
    policy = node.text("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return list(zip(sizes, ratios, strict=True))
    if policy not in ("not_larger", "not_smaller"):
        raise invalid_node(node, "its keep_aspect_ratio_policy is unknown")
    ratio = min(ratios) if policy == "not_larger" else max(ratios)
    return [(math.floor(ratio * n + 0.5), ratio) for n in old]


def _regions(ctx: Context, node: Node, count: int) -> list[tuple[float, float]]:
    """Start and end per resized axis, as parts of it; all of it but in tf_crop_and_resize."""
    if node.text("coordinate_transformation_mode", "") != "tf_crop_and_resize":
        return [(0.0, 1.0)] * count
    region = ctx.known(node, 1)
    if region is None or region.shape != (2 * count,) or not np.all(np.isfinite(region)):
        raise invalid_node(node, "its roi does not fit its input")
    numbers = [float(number) for number in region]
    return list(zip(numbers[:count], numbers[count:], strict=True))


# --- interpolation -------------------------------------------------------------------------------


def _resized_image(
    ctx: Context, value: Movable, rows: Taps, columns: Taps, *, weighted: bool
) -> Movable:
    """Sums of choices: weighted along the columns, then along the rows."""
    source = ctx.in_layout(value, Layout.channels_last(value.shape))
    n, c = value.shape[:2]
    h, w = len(rows.indices), len(columns.indices)
    layout = Layout.channels_last((n, c, h, w))
    if not weighted:
        picked = _picked(ctx, source, rows.indices[:, 0], columns.indices[:, 0])
        return replace(value, tensor=picked, layout=layout)
    assert not isinstance(value, Stored)
    lines = []
    for row in rows.indices.T:
        terms = []
        for column in columns.indices.T:
            choice = replace(value, tensor=_picked(ctx, source, row, column), layout=layout)
            terms.append(ctx.floats_of(choice).tensor)
        lines.append(_weighted_sum(ctx, terms, columns.weights, 2))
    return Floats(_weighted_sum(ctx, lines, rows.weights, 1), layout)


def _weighted_sum(
    ctx: Context, terms: list[Tensor], weights: NDArray[np.float32], axis: int
) -> Tensor:
    """The sum of terms[k] * weights[:, k] along `axis`; of one term with weights 1, itself."""
    builder, total = ctx.builder, None
    if len(terms) == 1 and np.all(weights == 1):
        return terms[0]
    for term, factors in zip(terms, weights.T, strict=True):
        shape = [len(factors) if place == axis else 1 for place in range(len(term.shape))]
        product = builder.mul(term, builder.const(np.ascontiguousarray(factors).reshape(shape)))
        total = product if total is None else builder.add(total, product)
    assert total is not None
    return total


def _resized_axis(ctx: Context, value: Movable, axis: int, axis_taps: Taps) -> Movable:
    """Along one axis of any tensor, by gathers."""
    plain = ctx.in_layout(value, Layout.plain(value.shape))
    outer, inner = math.prod(value.shape[:axis]), math.prod(value.shape[axis + 1 :])
    matrix = ctx.builder.reshape(plain, (outer, value.shape[axis], inner))
    shape = (*value.shape[:axis], len(axis_taps.indices), *value.shape[axis + 1 :])
    layout = Layout.plain(matrix.shape)
    weighted = axis_taps.indices.shape[1] > 1 or bool(np.any(axis_taps.weights != 1))
    terms = []
    for indices in axis_taps.indices.T:
        rows = ctx.builder.const(indices.astype(np.int32).reshape(1, -1).repeat(outer, axis=0))
        if not weighted:
            picked = ctx.builder.gather(matrix, rows)
            tensor = ctx.builder.reshape(picked, shape)
            return replace(value, tensor=tensor, layout=Layout.plain(shape))
        assert not isinstance(value, Stored)
        picked = ctx.builder.gather(matrix, rows)
        terms.append(ctx.floats_of(replace(value, tensor=picked, layout=layout)).tensor)
    total = _weighted_sum(ctx, terms, axis_taps.weights, 1)
    return Floats(ctx.builder.reshape(total, shape), Layout.plain(shape))


def _with_outside(ctx: Context, node: Node, value: Movable, axes: Sequence[Taps]) -> Movable:
    """With extrapolation_value where the region of tf_crop_and_resize leaves the input."""
    if not any(axis.outside.any() for axis in axes):
        return value
    if isinstance(value, Stored):
        raise unsupported(node, "it extrapolates an integer tensor", "dequantize it first")
    outside = np.zeros((1,) * len(axes), np.bool_)
    for place, axis in enumerate(axes):
        shape = [-1 if place == other else 1 for other in range(len(axes))]
        outside = outside | axis.outside.reshape(shape)
    number = np.full(outside.shape, node.real("extrapolation_value", 0.0), np.float32)
    floats = ctx.floats_of(value)
    perm = floats.layout.perm
    condition, filler = (
        ctx.builder.const(np.ascontiguousarray(array.transpose(perm)))
        for array in (outside, number)
    )
    return replace(floats, tensor=ctx.builder.select(condition, filler, floats.tensor))


# --- choices -------------------------------------------------------------------------------------


def _picked(ctx: Context, source: Tensor, rows: Indices, columns: Indices) -> Tensor:
    """source[:, rows][:, :, columns] of [n, h, w, c]."""
    n, h, w, c = source.shape
    vertical, horizontal = _scaling(h, rows), _scaling(w, columns)
    if vertical is not None and horizontal is not None:
        return ctx.builder.resize(
            source,
            scale=(*vertical.scale, *horizontal.scale),
            offset=(vertical.offset, horizontal.offset),
            border=(vertical.border, horizontal.border),
        )
    flat = (rows[:, None] * w + columns[None]).reshape(1, -1).repeat(n, axis=0)
    indices = ctx.builder.const(flat.astype(np.int32))
    gathered = ctx.builder.gather(ctx.builder.reshape(source, (n, h * w, c)), indices)
    return ctx.builder.reshape(gathered, (n, len(rows), len(columns), c))


@dataclass(frozen=True, slots=True)
class _Scaling:
    """tosa.resize along one axis: output o takes round((o * scale[1] + offset) / scale[0])."""

    scale: tuple[int, int]
    offset: int
    border: int


def _scaling(old: int, indices: Indices) -> _Scaling | None:
    """The parameters of `tosa.resize` that take just these indices, if there are any."""
    new = len(indices)
    divisor = math.gcd(old, new)
    numerator, denominator = 2 * new // divisor, 2 * old // divisor
    if numerator > 2048 or denominator >= 16 * numerator:
        return None
    # Output o takes index i where i * n - n / 2 <= o * d + offset < i * n + n / 2; at the edges
    # clamping lifts one of the two bounds.
    middle = indices * numerator - np.arange(new) * denominator
    lowest = (middle - numerator // 2)[indices > 0].max(initial=-numerator)
    highest = (middle + numerator // 2 - 1)[indices < old - 1].min(initial=16 * numerator - 1)
    offset = int(np.clip(0, lowest, max(lowest, highest)))
    border = (new - 1) * denominator + offset - (old - 1) * numerator
    if lowest > highest or not -16 * numerator <= border < numerator:
        return None
    return _Scaling((numerator, denominator), offset, border)
