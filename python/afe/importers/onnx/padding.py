"""Pad in all its modes, on codes where the tensor has them.

Constant padding is a `tosa.pad`. The other modes repeat elements of the tensor, which are sliced
(and reversed) and joined along one axis after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, normal_axis
from afe.importers.onnx.graph import Node
from afe.importers.onnx.movement import Movable, cut, movable
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import Codes, Stored, Value


@operator("Pad")
def pad(ctx: Context, node: Node) -> Value:
    """Elements around the tensor; negative amounts crop."""
    mode = node.text("mode", "constant")
    value = movable(ctx, node, 0)
    before, after = _amounts(ctx, node, len(value.shape))
    for axis, size in enumerate(value.shape):
        low, high = max(-before[axis], 0), max(-after[axis], 0)
        if size - low - high < 1:
            raise invalid_node(node, f"it crops axis {axis} of {size} away")
        if low or high:
            value = cut(ctx, value, axis, low, size - low - high)
    padding = [(max(a, 0), max(b, 0)) for a, b in zip(before, after, strict=True)]
    shape = [n + low + high for n, (low, high) in zip(value.shape, padding, strict=True)]
    if math.prod(shape) > 1 << 31:
        raise invalid_node(node, f"its result has shape {shape[:8]}")
    if mode == "constant":
        return _surrounded(ctx, value, padding, _filler(ctx, node))
    repeat = _REPEATS.get(mode)
    if repeat is None:
        raise unsupported(node, f"mode {mode[:16]!r}", f"known are {', '.join(sorted(_REPEATS))}")
    for axis, (low, high) in enumerate(padding):
        if low or high:
            value = repeat(ctx, node, value, axis, low, high)
    return value


def _filler(ctx: Context, node: Node) -> float:
    filler = ctx.known(node, 2)
    if filler is None:
        return node.real("value", 0.0)
    return float(filler.reshape(-1)[0]) if filler.size else 0.0


def _mirrored(ctx: Context, node: Node, value: Movable, axis: int, low: int, high: int) -> Movable:
    """d c b | a b c d | c b a: without the edge itself."""
    size = value.shape[axis]
    if max(low, high) >= size:
        raise unsupported(node, f"it reflects {max(low, high)} elements of an axis of {size}")
    place = value.layout.axis(axis)
    parts = [value.tensor]
    if low:
        first = cut(ctx, value, axis, 1, low).tensor
        parts.insert(0, ctx.builder.reverse(first, place))
    if high:
        last = cut(ctx, value, axis, size - 1 - high, high).tensor
        parts.append(ctx.builder.reverse(last, place))
    return _joined(ctx, value, parts, axis, size + low + high)


def _extended(ctx: Context, node: Node, value: Movable, axis: int, low: int, high: int) -> Movable:
    """a a a | a b c d | d d d."""
    size, place = value.shape[axis], value.layout.axis(axis)
    parts = [value.tensor]
    for count, start, index in ((low, 0, 0), (high, size - 1, 1)):
        if count:
            edge = cut(ctx, value, axis, start, 1).tensor
            repeats = [count if dim == place else 1 for dim in range(len(edge.shape))]
            parts.insert(index * len(parts), ctx.builder.tile(edge, repeats))
    return _joined(ctx, value, parts, axis, size + low + high)


def _wrapped(ctx: Context, node: Node, value: Movable, axis: int, low: int, high: int) -> Movable:
    """b c d | a b c d | a b c."""
    size = value.shape[axis]
    if max(low, high) > size:
        raise unsupported(node, f"it wraps {max(low, high)} elements of an axis of {size}")
    parts = [value.tensor]
    if low:
        parts.insert(0, cut(ctx, value, axis, size - low, low).tensor)
    if high:
        parts.append(cut(ctx, value, axis, 0, high).tensor)
    return _joined(ctx, value, parts, axis, size + low + high)


_Repeat = Callable[[Context, Node, Movable, int, int, int], Movable]
_REPEATS: dict[str, _Repeat] = {"reflect": _mirrored, "edge": _extended, "wrap": _wrapped}


def _joined(ctx: Context, value: Movable, parts: list[Tensor], axis: int, size: int) -> Movable:
    shape = [size if place == axis else n for place, n in enumerate(value.shape)]
    tensor = ctx.builder.concat(parts, value.layout.axis(axis))
    return replace(value, tensor=tensor, layout=value.layout.resized(shape))


def _amounts(ctx: Context, node: Node, rank: int) -> tuple[list[int], list[int]]:
    amounts = ctx.known_ints(node, 1, "pads")
    axes = ctx.known_ints(node, 3)
    places = list(range(rank)) if axes is None else [normal_axis(node, a, rank) for a in axes]
    if amounts is None or len(amounts) != 2 * len(places) or max(map(abs, amounts)) > 1 << 20:
        raise invalid_node(node, "its pads do not fit its input")
    before, after = [0] * rank, [0] * rank
    for index, place in enumerate(places):
        before[place], after[place] = amounts[index], amounts[len(places) + index]
    return before, after


def _surrounded(
    ctx: Context, value: Movable, padding: list[tuple[int, int]], number: float
) -> Movable:
    """Padded with `number`: by its code, if there is one, else in f32."""
    filler = number
    if isinstance(value, Stored) and value.unsigned:
        filler -= 128
    if isinstance(value, Codes):
        codes = np.flatnonzero(value.table == np.float32(number))
        if codes.size:
            filler = float(codes[0] - 128)
        else:
            value = ctx.floats_of(value)
    shape = [n + low + high for n, (low, high) in zip(value.shape, padding, strict=True)]
    places = [padding[axis] for axis in value.layout.perm]
    tensor = ctx.builder.pad(value.tensor, places, filler)
    return replace(value, tensor=tensor, layout=value.layout.resized(shape))
