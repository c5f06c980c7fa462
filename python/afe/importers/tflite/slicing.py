"""Operators that cut tensors apart: SLICE, STRIDED_SLICE, SPLIT, SPLIT_V, UNPACK."""

from __future__ import annotations

from dataclasses import dataclass

import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


@operator("SLICE")
def slice_(node: Node) -> Tensor:
    """begin and size per axis; size -1 is the rest."""
    x, begin, size = node.value(0), node.int_list(1), node.int_list(2)
    if not len(begin) == len(size) == len(x.shape):
        raise node.invalid(f"begin {begin} and size {size} for {list(x.shape)}")
    extents = [n - a if s == -1 else s for a, s, n in zip(begin, size, x.shape, strict=True)]
    for start, extent, whole in zip(begin, extents, x.shape, strict=True):
        if start < 0 or extent < 1 or start + extent > whole:
            raise node.invalid(f"begin {begin} and size {size} leave {list(x.shape)}")
    return node.builder.slice(x, begin, extents)


@dataclass(frozen=True, slots=True)
class _Cut:
    """One axis of a strided slice: `count` elements from `start` on, every `step`-th."""

    start: int
    count: int
    step: int


@operator("STRIDED_SLICE")
def strided_slice(node: Node) -> Tensor:
    """Python's x[a:b:s, c, ..., None] with constant bounds."""
    options = node.options(tflite.StridedSliceOptions)
    x = node.value(0)
    begin, end, steps = node.int_list(1), node.int_list(2), node.int_list(3)
    if not len(begin) == len(end) == len(steps) or 0 in steps:
        raise node.invalid(f"bounds {begin}, {end} and steps {steps} for {list(x.shape)}")
    cuts: list[_Cut] = []
    kept: list[int] = []
    for entry in range(len(begin)):
        if options.EllipsisMask() >> entry & 1:
            behind = _axes_from(options, entry + 1, len(begin))
            whole = x.shape[len(cuts) : len(x.shape) - behind]
            cuts += [_Cut(0, size, 1) for size in whole]
            kept += whole
        elif options.NewAxisMask() >> entry & 1:
            kept.append(1)
        elif len(cuts) == len(x.shape):
            raise node.invalid(f"bounds {begin} for {list(x.shape)}")
        else:
            size, shrinks = x.shape[len(cuts)], bool(options.ShrinkAxisMask() >> entry & 1)
            last = end[entry] + (begin[entry] if options.Offset() else 0)
            bounds = (begin[entry], last, steps[entry])
            cut = _bounded(options, entry, size, bounds, shrinks)
            if cut.count < 1 or not 0 <= cut.start < size:
                raise node.invalid(f"the slice of axis {len(cuts)} of {list(x.shape)} is empty")
            cuts.append(cut)
            kept += [] if shrinks else [cut.count]
    rest = x.shape[len(cuts) :]
    cuts += [_Cut(0, size, 1) for size in rest]
    return node.builder.reshape(_cut(node, x, cuts), [*kept, *rest])


def _axes_from(options: tflite.StridedSliceOptions, first: int, count: int) -> int:
    """How many of the entries from `first` on stand for an axis of the operand."""
    return sum(1 for entry in range(first, count) if not options.NewAxisMask() >> entry & 1)


def _bounded(
    options: tflite.StridedSliceOptions,
    entry: int,
    size: int,
    bounds: tuple[int, int, int],
    shrinks: bool,
) -> _Cut:
    """One axis of `size` elements from begin to end, or the one element at begin."""
    begin, end, step = bounds
    if shrinks:
        return _Cut(begin + (size if begin < 0 else 0), 1, 1)
    first = None if options.BeginMask() >> entry & 1 else begin
    last = None if options.EndMask() >> entry & 1 else end
    indices = range(size)[first:last:step]
    return _Cut(indices.start, len(indices), step)


def _cut(node: Node, x: Tensor, cuts: list[_Cut]) -> Tensor:
    """Contiguous parts as one slice; then steps, axis by axis."""
    b = node.builder
    starts, sizes = [], []
    for cut in cuts:
        span = (cut.count - 1) * abs(cut.step) + 1
        starts.append(cut.start if cut.step > 0 else cut.start - span + 1)
        sizes.append(span)
    x = b.slice(x, starts, sizes)
    for axis, cut in enumerate(cuts):
        if cut.step < 0:
            x = b.reverse(x, axis)
        x = _every(node, x, axis, abs(cut.step), cut.count)
    return x


def _every(node: Node, x: Tensor, axis: int, step: int, count: int) -> Tensor:
    """Every `step`-th element: fill up, fold [count, step], keep the first of each."""
    if step == 1 or count == 1:
        return node.builder.slice(x, [0] * len(x.shape), _with(x.shape, axis, count))
    b = node.builder
    missing = count * step - x.shape[axis]
    x = b.pad(x, [(0, missing if i == axis else 0) for i in range(len(x.shape))], 0)
    folded = (*x.shape[:axis], count, step, *x.shape[axis + 1 :])
    x = b.slice(b.reshape(x, folded), [0] * len(folded), _with(folded, axis + 1, 1))
    return b.reshape(x, (*folded[: axis + 1], *folded[axis + 2 :]))


def _with(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


@operator("SPLIT")
def split(node: Node) -> list[Tensor]:
    """Equal parts; inputs are the axis and the tensor."""
    x, axes = node.value(1), node.int_list(0)
    parts = node.options(tflite.SplitOptions).NumSplits()
    axis = node.axis(axes[0], len(x.shape)) if len(axes) == 1 else -1
    if axis < 0 or not 0 < parts <= len(node.info.outputs) or x.shape[axis] % parts:
        raise node.invalid(f"{parts} parts of {list(x.shape)} along {axes}")
    return _parts(node, x, axis, [x.shape[axis] // parts] * parts)


@operator("SPLIT_V")
def split_v(node: Node) -> list[Tensor]:
    """Parts of given sizes (one may be -1); inputs are the tensor, the sizes and the axis."""
    x, sizes, axes = node.value(0), node.int_list(1), node.int_list(2)
    if len(axes) != 1 or len(sizes) != len(node.info.outputs):
        raise node.invalid(f"sizes {sizes} along {axes} for {len(node.info.outputs)} outputs")
    axis = node.axis(axes[0], len(x.shape))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    if min(sizes) < 1 or sum(sizes) != x.shape[axis]:
        raise node.invalid(f"sizes {sizes} of {list(x.shape)} along axis {axis}")
    return _parts(node, x, axis, sizes)


@operator("UNPACK")
def unpack(node: Node) -> list[Tensor]:
    """One result per index of an axis, which disappears."""
    x = node.value(0)
    axis = node.axis(node.options(tflite.UnpackOptions).Axis(), len(x.shape))
    if x.shape[axis] != len(node.info.outputs):
        raise node.invalid(f"{len(node.info.outputs)} outputs for {list(x.shape)}, axis {axis}")
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    parts = _parts(node, x, axis, [1] * x.shape[axis])
    return [node.builder.reshape(part, shape) for part in parts]


def _parts(node: Node, x: Tensor, axis: int, sizes: list[int]) -> list[Tensor]:
    parts, start = [], 0
    for size in sizes:
        starts = [start if i == axis else 0 for i in range(len(x.shape))]
        parts.append(node.builder.slice(x, starts, _with(x.shape, axis, size)))
        start += size
    return parts
