"""Operators that pick elements by index: GATHER, GATHER_ND, ONE_HOT, TOPK_V2, EMBEDDING_LOOKUP.

LiteRT ends with an error where an index computed at run time is out of range; here it is limited to
the range, so that nothing outside of a tensor is read.
"""

from __future__ import annotations

from math import prod

import numpy as np
import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator

MAX_TOP = 64
"""Largest k of TOPK_V2: every one is a search of its own."""


def _indices(node: Node, position: int, limit: int) -> Tensor:
    """An operand of int32 or int64 as i32, within 0..limit-1."""
    tensor = node.input(position)
    if tensor.dtype not in ("i32", "i64"):
        raise node.unsupported_type(tensor, "int32 or int64")
    b = node.builder
    if tensor.is_constant:
        values = node.constant(position)
        if values.size == 0 or values.min() < 0 or values.max() >= limit:
            raise node.invalid(f"indices {values.reshape(-1)[:8].tolist()} of {limit}")
        return b.const(values.astype(np.int32))
    return b.clamp(b.cast(node.value(position), "i32"), 0, limit - 1)


@operator("GATHER")
def gather(node: Node) -> Tensor:
    """x's elements along one axis; leading `batch_dims` axes belong to the indices as well."""
    options = node.options(tflite.GatherOptions)
    x = node.value(0)
    axis = node.axis(options.Axis(), len(x.shape))
    indices = _indices(node, 1, x.shape[axis])
    batch = options.BatchDims()
    batch += len(indices.shape) if batch < 0 else 0
    if not 0 <= batch <= min(axis, len(indices.shape)):
        raise node.invalid(f"{options.BatchDims()} batch dimensions for axis {axis}")
    if indices.shape[:batch] != x.shape[:batch]:
        raise node.invalid(f"indices {list(indices.shape)} for {list(x.shape)}")
    b = node.builder
    images, outer = prod(x.shape[:batch]), prod(x.shape[batch:axis])
    count, inner = prod(indices.shape[batch:]), prod(x.shape[axis + 1 :])
    flat = b.tile(b.reshape(indices, (images, 1, count)), (1, outer, 1))
    picked = b.gather(
        b.reshape(x, (images * outer, x.shape[axis], inner)),
        b.reshape(flat, (images * outer, count)),
    )
    return b.reshape(picked, (*x.shape[:axis], *indices.shape[batch:], *x.shape[axis + 1 :]))


@operator("GATHER_ND")
def gather_nd(node: Node) -> Tensor:
    """The last axis of the indices walks the first axes of x."""
    x, indices = node.value(0), node.input(1)
    shape = indices.shape if indices.is_constant else node.value(1).shape
    depth = shape[-1] if shape else 0
    if not 1 <= depth <= len(x.shape):
        raise node.invalid(f"indices of shape {list(shape)} into {list(x.shape)}")
    b, walked = node.builder, x.shape[:depth]
    strides = np.cumprod([1, *walked[:0:-1]], dtype=np.int32)[::-1]
    parts = _components(node, shape, walked)
    total = b.reduce("sum", b.mul(parts, b.const(strides.copy())), len(shape) - 1)
    picked = b.gather(
        b.reshape(x, (1, prod(walked), prod(x.shape[depth:]))),
        b.reshape(total, (1, prod(shape[:-1]))),
    )
    return b.reshape(picked, (*shape[:-1], *x.shape[depth:]))


def _components(node: Node, shape: tuple[int, ...], walked: tuple[int, ...]) -> Tensor:
    """The index tuples as i32, each component within its axis."""
    b, tensor = node.builder, node.input(1)
    if tensor.dtype not in ("i32", "i64"):
        raise node.unsupported_type(tensor, "int32 or int64")
    limits = np.array(walked, np.int32) - 1
    if tensor.is_constant:
        values = node.constant(1)
        if (values < 0).any() or (values > limits).any():
            raise node.invalid(f"an index is outside of {list(walked)}")
        return b.const(values.astype(np.int32))
    parts = b.binary("maximum", b.cast(node.value(1), "i32"), b.scalar(0, "i32"))
    return b.binary("minimum", parts, b.const(limits))


@operator("EMBEDDING_LOOKUP")
def embedding_lookup(node: Node) -> Tensor:
    """Rows of a table; inputs are the indices and the table."""
    table = node.value(1)
    if node.input(1).type_name != node.output().type_name:
        raise node.unsupported("a table of another type than the result")
    indices = _indices(node, 0, table.shape[0])
    b, rest = node.builder, table.shape[1:]
    count = prod(indices.shape)
    picked = b.gather(
        b.reshape(table, (1, table.shape[0], prod(rest))), b.reshape(indices, (1, count))
    )
    return b.reshape(picked, (count, *rest))


@operator("ONE_HOT")
def one_hot(node: Node) -> Tensor:
    """The on value where an axis of length `depth` has the index, the off value elsewhere."""
    options = node.options(tflite.OneHotOptions)
    b, indices = node.builder, node.value(0)
    if node.input(0).dtype not in ("i32", "i64"):
        raise node.unsupported_type(node.input(0), "int32 or int64")
    (depth,) = node.int_list(1)
    rank = len(indices.shape) + 1
    axis = rank - 1 if options.Axis() == -1 else node.axis(options.Axis(), rank)
    if depth < 1:
        raise node.invalid(f"depth {depth}")
    raised = b.reshape(b.cast(indices, "i32"), (*indices.shape[:axis], 1, *indices.shape[axis:]))
    counts = np.arange(depth, dtype=np.int32).reshape([-1] + [1] * (rank - 1 - axis))
    is_hot = b.binary("equal", raised, b.const(counts), "i1")
    on, off = (b.reshape(node.value(position), [1] * rank) for position in (2, 3))
    return b.select(is_hot, on, off)


@operator("TOPK_V2")
def top_k(node: Node) -> list[Tensor]:
    """The k largest values of the last axis, falling, and their places; equal ones in order."""
    b, x = node.builder, node.value(0)
    ks = node.int_list(1)
    if len(ks) != 1 or not x.shape or not 1 <= ks[0] <= x.shape[-1]:
        raise node.invalid(f"the {ks} largest of {list(x.shape)}")
    if ks[0] > MAX_TOP:
        raise node.unsupported(
            f"the {ks[0]} largest values, at most {MAX_TOP} are searched for",
            "sort behind the archive",
        )
    if x.dtype not in ("i8", "f32"):
        raise node.unsupported_type(node.input(0), "int8, uint8 or float32")
    if node.output(1).dtype != "i32":
        raise node.unsupported_type(node.output(1), "int32")
    axis, width = len(x.shape) - 1, x.shape[-1]
    left = b.cast(x, "i32") if x.dtype == "i8" else x
    out = b.scalar(-1000 if x.dtype == "i8" else -np.inf, left.dtype)
    places = b.const(np.arange(width, dtype=np.int32).reshape([1] * axis + [width]))
    values, indices = [], []
    for _ in range(ks[0]):
        best = b.argmax(left, axis)
        index = b.reshape(best, (*best.shape, 1))
        values.append(b.reduce("max", left, axis))
        indices.append(index)
        _, gone = b.same_rank(left, out)
        left = b.select(b.binary("equal", places, index, "i1"), gone, left)
    return [b.cast(b.concat(values, axis), x.dtype), b.concat(indices, axis)]
