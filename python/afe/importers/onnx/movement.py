"""Operators that move elements: Concat, Split, Slice, Tile, Expand, blocks of depth and space.

Moving codes is moving what they mean, so 8-bit tensors stay 8-bit. Where inputs of a Concat mean
different things, each is requantized first to what the Concat is quantized to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from afe.importers.onnx.context import (
    Context,
    broadcast,
    known_floats,
    normal_axis,
)
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.quantization import codes_of, lookahead, quantized
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import (
    Codes,
    Constant,
    Floats,
    QuantizedConstant,
    Stored,
    Value,
)

Movable = Codes | Floats | Stored


def movable(ctx: Context, node: Node, index: int) -> Movable:
    """Input `index` as one tensor in its layout's shape, without limits to come."""
    given = ctx.value(node, index)
    value = ctx.shaped(ctx.known_codes(given) or ctx.written(node, given))
    return ctx.floats_of(value) if isinstance(value, Floats) else value


# --- Concat --------------------------------------------------------------------------------------


@operator("Concat")
def concat(ctx: Context, node: Node) -> Value:
    """The inputs one behind the other along `axis`."""
    values = [ctx.value(node, index) for index in range(len(node.inputs))]
    if not values:
        raise invalid_node(node, "it has no inputs")
    rank = len(values[0].shape)
    axis = normal_axis(node, node.integer("axis", 0), rank)
    _check_joinable(node, values, axis)
    pieces = _same_meaning(values) or _requantized(ctx, node, values)
    if pieces is None:
        pieces = [ctx.floats(node, index) for index in range(len(values))]
    pieces = [ctx.settled(piece) for piece in pieces]  # type: ignore[misc]
    largest = max(pieces, key=lambda piece: math.prod(piece.shape))
    layouts = [largest.layout.resized(piece.shape) for piece in pieces]
    tensors = [ctx.in_layout(*pair) for pair in zip(pieces, layouts, strict=True)]
    place = largest.layout.axis(axis)
    shape = list(values[0].shape)
    shape[axis] = sum(value.shape[axis] for value in values)
    joined = ctx.builder.concat(tensors, place)
    return replace(largest, tensor=joined, layout=largest.layout.resized(shape))


def _check_joinable(node: Node, values: Sequence[Value], axis: int) -> None:
    first = values[0].shape
    for value in values:
        rest = [size for place, size in enumerate(value.shape) if place != axis]
        if rest != [size for place, size in enumerate(first) if place != axis]:
            raise invalid_node(node, f"{list(value.shape)} does not join {list(first)}")


def _same_meaning(values: Sequence[Value]) -> list[Movable] | None:
    """Codes of one table, or integers of one type, can be joined as they are."""
    if all(isinstance(value, Codes) for value in values):
        codes = [value for value in values if isinstance(value, Codes)]
        if all(np.array_equal(piece.table, codes[0].table) for piece in codes):
            return list(codes)
    if all(isinstance(value, Stored) for value in values):
        stored = [value for value in values if isinstance(value, Stored)]
        kinds = {(piece.tensor.dtype, piece.unsigned, piece.affine) for piece in stored}
        return list(stored) if len(kinds) == 1 else None
    return None


def _requantized(ctx: Context, node: Node, values: Sequence[Value]) -> list[Movable] | None:
    """Every input quantized as the QuantizeLinear behind, if that is all that reads them."""
    found = lookahead(ctx, node)
    if found is None:
        return None
    affine, unsigned = found
    pieces: list[Movable] = []
    for value in values:
        if isinstance(value, Constant | QuantizedConstant):
            codes = codes_of(known_floats(node, value), affine)
            tensor, layout = ctx.builder.const(codes), Layout.plain(value.shape)
        else:
            stored = quantized(ctx, node, value, affine, unsigned=unsigned)
            tensor, layout = stored.tensor, stored.layout
        pieces.append(Codes(tensor, layout, affine.table(), affine))
    return pieces


# --- parts ---------------------------------------------------------------------------------------


@operator("Split")
def split(ctx: Context, node: Node) -> Sequence[Value]:
    """Consecutive parts along `axis`."""
    value = movable(ctx, node, 0)
    axis = normal_axis(node, node.integer("axis", 0), len(value.shape))
    total, count = value.shape[axis], len(node.outputs)
    sizes = ctx.known_ints(node, 1, "split")
    if sizes is None:
        step = -(-total // count)
        sizes = [min(step, total - index * step) for index in range(count)]
    if len(sizes) != count or sum(sizes) != total or min(sizes) < 1:
        raise invalid_node(node, f"parts {sizes[:8]} of {total}")
    parts = []
    start = 0
    for size in sizes:
        parts.append(cut(ctx, value, axis, start, size))
        start += size
    return parts


def cut(ctx: Context, value: Movable, axis: int, start: int, size: int) -> Movable:
    """value[start : start + size] along one axis."""
    shape = list(value.shape)
    shape[axis] = size
    layout = value.layout.resized(shape)
    begin = [start if place == value.layout.axis(axis) else 0 for place in range(len(shape))]
    tensor = ctx.builder.slice(value.tensor, begin, layout.physical)
    return replace(value, tensor=tensor, layout=layout)


@operator("Slice")
def slice_(ctx: Context, node: Node) -> Value:
    """value[start : end : step] along some axes."""
    value = movable(ctx, node, 0)
    starts, ends = ctx.known_ints(node, 1, "starts"), ctx.known_ints(node, 2, "ends")
    if starts is None or ends is None or len(starts) != len(ends):
        raise invalid_node(node, "its starts and ends do not fit each other")
    axes = ctx.known_ints(node, 3, "axes") or list(range(len(starts)))
    steps = ctx.known_ints(node, 4) or [1] * len(starts)
    if not len(starts) == len(axes) == len(steps) or 0 in steps:
        raise invalid_node(node, "its starts, axes and steps do not fit each other")
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = normal_axis(node, axis, len(value.shape))
        picked = range(value.shape[place])[start:end:step]
        if not len(picked):
            raise unsupported(node, "its result is empty")
        value = _stepped(ctx, value, place, picked)
    return value


def _stepped(ctx: Context, value: Movable, axis: int, picked: range) -> Movable:
    """value[picked] along one axis: backwards, then from the start, then every step-th."""
    if picked.step < 0:
        tensor = ctx.builder.reverse(value.tensor, value.layout.axis(axis))
        value = replace(value, tensor=tensor)
        last = value.shape[axis] - 1
        picked = range(last - picked.start, last - picked[-1] + 1, -picked.step)
    count = len(picked)
    if picked.step == 1 or count == 1:
        return cut(ctx, value, axis, picked.start, count)
    span = count * picked.step
    surplus = picked.start + span - value.shape[axis]
    start = picked.start
    if surplus > 0:
        value = _padded(ctx, value, axis, 0, surplus)
    return _every(ctx, cut(ctx, value, axis, start, span), axis, picked.step)


def _every(ctx: Context, value: Movable, axis: int, step: int) -> Movable:
    """value[::step] along one axis, whose size is a multiple of the step.

    The steps are put beside the elements of the axis behind, of which the first are taken: so the
    rank stays (an axis of size one is added behind the last).
    """
    place, physical = value.layout.axis(axis), value.layout.physical
    width = math.prod(physical[place + 1 : place + 2])
    front = (*physical[:place], physical[place] // step)
    back = physical[place + 2 :]
    tensor = ctx.builder.reshape(value.tensor, (*front, step * width, *back))
    kept = (*front, width, *back)
    tensor = ctx.builder.slice(tensor, (0,) * len(kept), kept)
    shape = list(value.shape)
    shape[axis] = front[-1]
    layout = value.layout.resized(shape)
    return replace(value, tensor=ctx.builder.reshape(tensor, layout.physical), layout=layout)


def _padded(ctx: Context, value: Movable, axis: int, before: int, after: int) -> Movable:
    """With zeros (of any meaning: they are cut away) along one axis."""
    shape = list(value.shape)
    shape[axis] += before + after
    layout = value.layout.resized(shape)
    padding = [(0, 0)] * len(shape)
    padding[value.layout.axis(axis)] = (before, after)
    return replace(value, tensor=ctx.builder.pad(value.tensor, padding, 0), layout=layout)


# --- repetition ----------------------------------------------------------------------------------


@operator("Tile")
def tile(ctx: Context, node: Node) -> Value:
    """Repeated along every axis."""
    value = movable(ctx, node, 0)
    repeats = ctx.known_ints(node, 1)
    if repeats is None or len(repeats) != len(value.shape) or min(repeats, default=1) < 1:
        raise invalid_node(node, "its repeats do not fit its input")
    return _repeated(ctx, node, value, repeats)


@operator("Expand")
def expand(ctx: Context, node: Node) -> Value:
    """Broadcast to a shape."""
    value = movable(ctx, node, 0)
    wanted = ctx.known_ints(node, 1) or []
    if any(size < 1 for size in wanted):
        raise invalid_node(node, f"shape {wanted[:8]}")
    shape = broadcast(node, [value.shape, tuple(wanted)])
    raised = (*(1,) * (len(shape) - len(value.shape)), *value.shape)
    value = ctx.shaped(ctx.reshaped(value, raised))
    repeats = [n // own for n, own in zip(shape, raised, strict=True)]
    return _repeated(ctx, node, value, repeats)


def _repeated(ctx: Context, node: Node, value: Movable, repeats: Sequence[int]) -> Value:
    shape = [n * count for n, count in zip(value.shape, repeats, strict=True)]
    if math.prod(shape) > 1 << 31:
        raise invalid_node(node, f"its result has shape {shape[:8]}")
    tensor = ctx.builder.tile(value.tensor, [repeats[axis] for axis in value.layout.perm])
    return replace(value, tensor=tensor, layout=value.layout.resized(shape))


# --- blocks --------------------------------------------------------------------------------------


@operator("DepthToSpace")
def depth_to_space(ctx: Context, node: Node) -> Value:
    """[n, b * b * c, h, w] -> [n, c, b * h, b * w]."""
    value = movable(ctx, node, 0)
    block = node.integer("blocksize", 0)
    if len(value.shape) != 4 or block < 1 or value.shape[1] % (block * block):
        raise invalid_node(node, f"blocks of {block} of {list(value.shape)}")
    n, c, h, w = value.shape
    depth = c // (block * block)
    if node.text("mode", "DCR") == "CRD":
        split_shape, perm = (n, depth, block, block, h, w), (0, 1, 4, 2, 5, 3)
    else:
        split_shape, perm = (n, block, block, depth, h, w), (0, 3, 4, 1, 5, 2)
    blocks = ctx.settled(ctx.reshaped(value, split_shape))
    moved = replace(blocks, layout=blocks.layout.transposed(perm))
    return ctx.reshaped(moved, (n, depth, h * block, w * block))


@operator("SpaceToDepth")
def space_to_depth(ctx: Context, node: Node) -> Value:
    """[n, c, b * h, b * w] -> [n, b * b * c, h, w]."""
    value = movable(ctx, node, 0)
    block = node.integer("blocksize", 0)
    if len(value.shape) != 4 or block < 1 or value.shape[2] % block or value.shape[3] % block:
        raise invalid_node(node, f"blocks of {block} of {list(value.shape)}")
    n, c, h, w = value.shape
    split_shape = (n, c, h // block, block, w // block, block)
    blocks = ctx.settled(ctx.reshaped(value, split_shape))
    perm = (0, 1, 3, 5, 2, 4) if node.text("mode", "DCR") == "CRD" else (0, 3, 5, 1, 2, 4)
    moved = replace(blocks, layout=blocks.layout.transposed(perm))
    return ctx.reshaped(moved, (n, c * block * block, h // block, w // block))
