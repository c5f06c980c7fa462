"""Resize by nearest neighbour: a choice of rows and columns, so 8-bit tensors stay 8-bit.

The index each output takes is computed as ONNX defines it; then the `tosa.resize` with the same
indices is looked for, and a `tosa.gather` written where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout
from afe.importers.onnx.movement import movable
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import Value

Indices = NDArray[np.int64]

_ROUNDINGS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


@operator("Resize")
def resize(ctx: Context, node: Node) -> Value:
    """x [n, c, h, w] to other heights and widths."""
    mode = node.text("mode", "nearest")
    if mode != "nearest":
        raise unsupported(node, f"mode {mode[:16]!r}", "only nearest is supported")
    value = movable(ctx, node, 0)
    scales, sizes = _scales_and_sizes(ctx, node, value.shape)
    if len(value.shape) != 4 or scales[0] != 1 or scales[1] != 1:
        raise unsupported(node, "it resizes other axes than height and width of [n, c, h, w]")
    rows, columns = (
        _indices(node, value.shape[axis], sizes[axis], scales[axis]) for axis in (2, 3)
    )
    source = ctx.in_layout(value, Layout.channels_last(value.shape))
    result = _picked(ctx, source, rows, columns)
    n, h, w, c = result.shape
    return replace(value, tensor=result, layout=Layout.channels_last((n, c, h, w)))


@operator("Upsample")
def upsample(ctx: Context, node: Node) -> Value:
    """Resize of before opset 10, which some exporters still write."""
    raise unsupported(node, "it ended with opset 9", "export the model with opset 11 or newer")


def _scales_and_sizes(
    ctx: Context, node: Node, shape: Sequence[int]
) -> tuple[list[float], list[int]]:
    """Per axis, from the scales (input 2) or the sizes (input 3)."""
    sizes = ctx.known_ints(node, 3)
    axes = node.integers("axes")
    places = [axis % len(shape) for axis in axes] if axes else list(range(len(shape)))
    full_scales, full_sizes = [1.0] * len(shape), list(shape)
    scales = ctx.known(node, 2)
    given = sizes if sizes else scales
    if given is None or np.shape(given) != (len(places),):
        raise invalid_node(node, "its scales or sizes do not fit its input")
    if node.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise unsupported(node, "keep_aspect_ratio_policy", "use stretch")
    for place, wanted in zip(places, given, strict=True):
        size = int(wanted) if sizes else math.floor(shape[place] * float(wanted))
        if not 0 < size <= 1 << 16 or not math.isfinite(float(wanted)):
            raise invalid_node(node, f"axis {place} gets size {size}")
        full_sizes[place] = size
        full_scales[place] = size / shape[place] if sizes else float(np.float32(wanted))
    return full_scales, full_sizes


def _indices(node: Node, old: int, new: int, scale: float) -> Indices:
    """The input index of every output index along one axis."""
    x = np.arange(new, dtype=np.float64)
    mode = node.text("coordinate_transformation_mode", "half_pixel")
    if mode == "asymmetric":
        position = x / scale
    elif mode == "align_corners":
        position = x * (old - 1) / (new - 1) if new > 1 else x * 0
    elif mode in ("half_pixel", "half_pixel_symmetric"):
        position = (x + 0.5) / scale - 0.5
    elif mode == "pytorch_half_pixel":
        position = (x + 0.5) / scale - 0.5 if new > 1 else x * 0
    else:
        raise unsupported(node, f"coordinate_transformation_mode {mode[:24]!r}")
    rounding = _ROUNDINGS.get(node.text("nearest_mode", "round_prefer_floor"))
    if rounding is None:
        raise invalid_node(node, "its nearest_mode is unknown")
    return np.clip(rounding(position), 0, old - 1).astype(np.int64)


def _picked(ctx: Context, source: Tensor, rows: Indices, columns: Indices) -> Tensor:
    """source[:, rows][:, :, columns] of [n, h, w, c]."""
    n, h, w, c = source.shape
    vertical, horizontal = _scaling(h, rows), _scaling(w, columns)
    if vertical is not None and horizontal is not None:
        return ctx.builder.resize_nearest(
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
