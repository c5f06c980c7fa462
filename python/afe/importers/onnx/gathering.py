"""Gather, GatherElements and GatherND: elements picked by indices.

Known indices are runs of consecutive elements, which are sliced and joined. Indices that the model
computes (the tokens of a language model) become one `tosa.gather` of rows. ONNX counts negative
indices from the end; others out of range have no meaning, and take the nearest row here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, normal_axis
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout, Shape
from afe.importers.onnx.movement import Movable, cut, movable
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import Constant, Stored, Value

MAX_SLICES = 64
"""Most runs of known indices that are written as slices; more become one `tosa.gather`."""

MAX_ELEMENTS = 1 << 31


@operator("Gather")
def gather(ctx: Context, node: Node) -> Value:
    """The slices of `axis` that the indices name."""
    indices = ctx.value(node, 1)
    value = movable(ctx, node, 0)
    axis = normal_axis(node, node.integer("axis", 0), len(value.shape))
    size = value.shape[axis]
    shape = (*value.shape[:axis], *indices.shape, *value.shape[axis + 1 :])
    if math.prod(shape) > MAX_ELEMENTS or 0 in shape:
        raise invalid_node(node, f"its result has shape {list(shape)[:8]}")
    known = _known_indices(ctx, node, indices)
    if known is None:
        return _by_rows(ctx, node, value, axis, _row_numbers(ctx, node, indices, size), shape)
    picked = [normal_axis(node, int(index), size) for index in known.reshape(-1)]
    runs = _runs(picked)
    if len(runs) > MAX_SLICES:
        rows = ctx.builder.const(np.array(picked, np.int32).reshape(1, -1))
        return _by_rows(ctx, node, value, axis, rows, shape)
    parts = [cut(ctx, value, axis, start, count) for start, count in runs]
    tensor = ctx.builder.concat([part.tensor for part in parts], value.layout.axis(axis))
    joined = (*value.shape[:axis], len(picked), *value.shape[axis + 1 :])
    return ctx.reshaped(replace(value, tensor=tensor, layout=value.layout.resized(joined)), shape)


@operator("GatherElements")
def gather_elements(ctx: Context, node: Node) -> Value:
    """result[i, j, …] = data[indices[i, j, …], j, …] for axis 0, and so on."""
    value, indices = movable(ctx, node, 0), ctx.value(node, 1)
    axis = normal_axis(node, node.integer("axis", 0), len(value.shape))
    shape = indices.shape
    if len(shape) != len(value.shape) or 0 in shape:
        raise invalid_node(node, f"indices {list(shape)} of {list(value.shape)}")
    for place, (n, own) in enumerate(zip(shape, value.shape, strict=True)):
        if place != axis and n > own:
            raise invalid_node(node, f"indices {list(shape)} exceed {list(value.shape)}")
    strides = [math.prod(value.shape[place + 1 :]) for place in range(len(shape))]
    known = _known_indices(ctx, node, indices)
    rest = np.zeros(shape, np.int64)
    for place, stride in enumerate(strides):
        if place != axis:
            rest += np.expand_dims(
                np.arange(shape[place]) * stride, [p for p in range(len(shape)) if p != place]
            )
    size = value.shape[axis]
    if known is not None:
        wrapped = _wrapped(node, known, size)
        return _by_elements(
            ctx, value, ctx.builder.const(_flat(wrapped * strides[axis] + rest)), shape
        )
    rows = _row_numbers(ctx, node, indices, size)
    scaled = ctx.builder.mul(rows, ctx.builder.const(np.full((1, 1), strides[axis], np.int32)))
    return _by_elements(ctx, value, ctx.builder.add(scaled, ctx.builder.const(_flat(rest))), shape)


@operator("GatherND")
def gather_nd(ctx: Context, node: Node) -> Value:
    """Slices of the first axes (behind `batch_dims`) that known or computed indices name."""
    value, indices = movable(ctx, node, 0), ctx.value(node, 1)
    if node.integer("batch_dims", 0):
        raise unsupported(node, "batch_dims", "leave it 0")
    depth = indices.shape[-1] if indices.shape else 0
    if not 1 <= depth <= len(value.shape):
        raise invalid_node(node, f"indices {list(indices.shape)} of {list(value.shape)}")
    known = _known_indices(ctx, node, indices)
    if known is None:
        raise unsupported(node, "its indices are computed", "only known indices are supported")
    outer = value.shape[:depth]
    flat = np.zeros(indices.shape[:-1], np.int64)
    for place, size in enumerate(outer):
        flat = flat * size + _wrapped(node, known[..., place], size)
    plain = ctx.in_layout(value, Layout.plain(value.shape))
    rows = (math.prod(outer), *value.shape[depth:])
    merged = replace(value, tensor=ctx.builder.reshape(plain, rows), layout=Layout.plain(rows))
    shape = (*flat.shape, *value.shape[depth:])
    return _by_rows(ctx, node, merged, 0, ctx.builder.const(_flat(flat)), shape)


# --- shared ------------------------------------------------------------------------------------


def _known_indices(ctx: Context, node: Node, indices: Value) -> NDArray[np.int64] | None:
    if not isinstance(indices, Constant):
        return None
    if indices.array.dtype not in (np.int32, np.int64) or indices.array.size == 0:
        raise invalid_node(node, "its indices are no integers")
    return indices.array.astype(np.int64)


def _row_numbers(ctx: Context, node: Node, indices: Value, size: int) -> Tensor:
    """Computed indices as i32 [1, count], in the range of `size` rows."""
    builder = ctx.builder
    stored = ctx.shaped(ctx.written(node, indices))
    if not isinstance(stored, Stored) or stored.tensor.dtype not in ("i32", "i64"):
        raise invalid_node(node, "its indices are no 32- or 64-bit integers")
    plain = ctx.in_layout(stored, Layout.plain(stored.shape))
    numbers = builder.reshape(builder.cast(plain, "i32"), (1, math.prod(stored.shape)))
    zero, count = (builder.const(np.full((1, 1), n, np.int32)) for n in (0, size))
    negative = builder.binary("greater", zero, numbers, "i1")
    numbers = builder.select(negative, builder.add(numbers, count), numbers)
    return builder.clamp(numbers, 0, size - 1)


def _by_rows(
    ctx: Context, node: Node, value: Movable, axis: int, rows: Tensor, shape: Shape
) -> Movable:
    """value[:, …, rows, …] of i32 rows [1, count] as one gather, in the model's order."""
    outer, inner = math.prod(value.shape[:axis]), math.prod(value.shape[axis + 1 :])
    plain = ctx.in_layout(value, Layout.plain(value.shape))
    matrix = ctx.builder.reshape(plain, (outer, value.shape[axis], inner))
    tensor = ctx.builder.gather(matrix, ctx.builder.tile(rows, (outer, 1)))
    return replace(value, tensor=ctx.builder.reshape(tensor, shape), layout=Layout.plain(shape))


def _by_elements(ctx: Context, value: Movable, places: Tensor, shape: Shape) -> Movable:
    """The elements at i32 `places` [1, count] of the flattened tensor."""
    plain = ctx.in_layout(value, Layout.plain(value.shape))
    column = ctx.builder.reshape(plain, (1, math.prod(value.shape), 1))
    tensor = ctx.builder.gather(column, places)
    return replace(value, tensor=ctx.builder.reshape(tensor, shape), layout=Layout.plain(shape))


def _wrapped(node: Node, indices: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices counted from the front."""
    if indices.size and not -size <= int(indices.min()) <= int(indices.max()) < size:
        raise invalid_node(node, f"an index outside of {size} elements")
    return np.where(indices < 0, indices + size, indices)


def _flat(indices: NDArray[np.int64]) -> NDArray[np.int32]:
    return indices.reshape(1, -1).astype(np.int32)


def _runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of consecutive indices as (first, count)."""
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and index == runs[-1][0] + runs[-1][1]:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((index, 1))
    return runs
