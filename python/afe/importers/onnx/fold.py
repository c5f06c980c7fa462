"""Operators of known tensors, computed at once: shape arithmetic, constants around it.

An operator is folded when all its inputs are known. Results are bounded, so that a small file
cannot ask for a huge constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.onnx.context import Context
from afe.importers.onnx.functions import FUNCTIONS
from afe.importers.onnx.graph import Node
from afe.importers.onnx.problems import invalid_node
from afe.importers.onnx.tensors import dtype_of
from afe.importers.onnx.values import Constant, QuantizedConstant

Array = NDArray[Any]
Fold = Callable[[Node, list[Array]], "Array | Sequence[Array]"]

MAX_FOLDED_ELEMENTS = 1 << 24

_BY_VALUES_OF_INPUT = frozenset({"QuantizeLinear", "DequantizeLinear", "Constant", "Shape", "Size"})
"""Operators whose own function handles known inputs."""


def folded(ctx: Context, node: Node) -> Sequence[Constant] | None:
    """The results of `node` if it can be computed now, else None."""
    fold = _FOLDS.get(node.op) or _function_fold(node.op)
    if fold is None or node.domain or node.op in _BY_VALUES_OF_INPUT:
        return None
    arrays = []
    for name in node.inputs:
        value = ctx.named(name) if name else None
        if value is None:
            continue
        if not isinstance(value, Constant | QuantizedConstant):
            return None
        arrays.append(value.array if isinstance(value, Constant) else value.floats())
    if node.inputs and not node.inputs[0]:
        return None
    results = _computed(node, fold, arrays)
    ctx.count_folded(node, sum(result.array.nbytes for result in results))
    return results


def _computed(node: Node, fold: Fold, arrays: list[Array]) -> Sequence[Constant]:
    try:
        with np.errstate(all="ignore"):
            results = fold(node, arrays)
    except (ValueError, IndexError, TypeError, OverflowError, ZeroDivisionError) as error:
        raise invalid_node(node, f"its known inputs make no sense ({error})") from error
    listed = [results] if isinstance(results, np.ndarray | np.generic) else results
    return [Constant(np.asarray(result)) for result in listed]


def _bounded(shape: Sequence[int] | Array) -> tuple[int, ...]:
    sizes = tuple(int(size) for size in shape)
    if min(sizes, default=0) < 0 or math.prod(sizes) > MAX_FOLDED_ELEMENTS:
        raise ValueError(f"shape {list(sizes)[:8]}")
    return sizes


def _as_first(function: Callable[..., Array]) -> Fold:
    """numpy's function, its result in the type of the first input."""

    def fold(node: Node, arrays: list[Array]) -> Array:
        _bounded(np.broadcast_shapes(*(array.shape for array in arrays)))
        result = arrays[0]
        for array in arrays[1:]:
            result = function(result, array)
        return np.asarray(result).astype(arrays[0].dtype)

    return fold


def _comparison(function: Callable[..., Array]) -> Fold:
    def fold(node: Node, arrays: list[Array]) -> Array:
        _bounded(np.broadcast_shapes(*(array.shape for array in arrays)))
        return np.asarray(function(*arrays))

    return fold


def _divide(x: Array, y: Array) -> Array:
    """Division; that of integers truncates."""
    if x.dtype.kind == "f":
        return np.asarray(x / y)
    if not np.all(y):
        raise ValueError("division by zero")
    return np.asarray(np.sign(x) * np.sign(y) * (np.abs(x) // np.abs(y)))


def _gather(node: Node, arrays: list[Array]) -> Array:
    data, indices = arrays[:2]
    axis = node.integer("axis", 0)
    _bounded((data.size, indices.size))
    return np.take(data, indices.astype(np.int64), axis=axis)


def _slice(node: Node, arrays: list[Array]) -> Array:
    data = arrays[0]
    starts, ends = (array.reshape(-1).tolist() for array in arrays[1:3])
    axes = arrays[3].reshape(-1).tolist() if len(arrays) > 3 else range(len(starts))
    steps = arrays[4].reshape(-1).tolist() if len(arrays) > 4 else [1] * len(starts)
    cut = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        low = None if step < 0 and end < -data.shape[axis] else end
        cut[axis] = slice(start, low, step)
    return data[tuple(cut)]


def _cast(node: Node, arrays: list[Array]) -> Array:
    return arrays[0].astype(dtype_of(node.integer("to", 1), node.label))


def _constant_of_shape(node: Node, arrays: list[Array]) -> Array:
    value = node.tensor("value")
    filler: Array = np.zeros(1, np.float32) if value is None else value.reshape(-1)
    shape = _bounded(arrays[0].reshape(-1))
    return np.broadcast_to(filler[:1].reshape((1,) * len(shape)), shape).copy()


def _range(node: Node, arrays: list[Array]) -> Array:
    start, limit, delta = (array.reshape(()).item() for array in arrays)
    _bounded([max(math.ceil((limit - start) / delta), 0)])
    return np.arange(start, limit, delta, dtype=arrays[0].dtype)


def _expand(node: Node, arrays: list[Array]) -> Array:
    shape = np.broadcast_shapes(arrays[0].shape, _bounded(arrays[1].reshape(-1)))
    return np.broadcast_to(arrays[0], _bounded(shape)).copy()


def _tile(node: Node, arrays: list[Array]) -> Array:
    repeats = [int(count) for count in arrays[1].reshape(-1)]
    _bounded([n * count for n, count in zip(arrays[0].shape, repeats, strict=True)])
    return np.tile(arrays[0], repeats)


def _where(node: Node, arrays: list[Array]) -> Array:
    _bounded(np.broadcast_shapes(*(array.shape for array in arrays)))
    return np.where(arrays[0], arrays[1], arrays[2])


def _reduce(function: Callable[..., Array]) -> Fold:
    def fold(node: Node, arrays: list[Array]) -> Array:
        axes = arrays[1].reshape(-1).tolist() if len(arrays) > 1 else node.integers("axes")
        keep = bool(node.integer("keepdims", 1))
        axis = tuple(int(axis) for axis in axes) if axes else None
        result = function(arrays[0], axis=axis, keepdims=keep)
        return np.asarray(result).astype(arrays[0].dtype)

    return fold


def _concat(node: Node, arrays: list[Array]) -> Array:
    return np.concatenate(arrays, axis=node.integer("axis", 0))


def _split(node: Node, arrays: list[Array]) -> Sequence[Array]:
    axis, count = node.integer("axis", 0), len(node.outputs)
    total = arrays[0].shape[axis]
    sizes = arrays[1].reshape(-1).tolist() if len(arrays) > 1 else node.integers("split")
    if sizes is None:
        step = -(-total // count)
        sizes = [min(step, total - index * step) for index in range(count)]
    if sum(sizes) != total or len(sizes) != count or min(sizes) < 0:
        raise ValueError(f"parts {list(sizes)[:8]} of {total}")
    return np.split(arrays[0], np.cumsum(sizes)[:-1], axis=axis)


def _trilu(node: Node, arrays: list[Array]) -> Array:
    offset = int(arrays[1].reshape(())) if len(arrays) > 1 else 0
    cut = np.triu if node.integer("upper", 1) else np.tril
    return np.asarray(cut(arrays[0], offset))


def _cumulated(node: Node, arrays: list[Array]) -> Array:
    axis = int(arrays[1].reshape(()))
    data = np.flip(arrays[0], axis) if node.integer("reverse", 0) else arrays[0]
    total = np.cumsum(data, axis=axis, dtype=data.dtype)
    if node.integer("exclusive", 0):
        total = total - data
    return np.flip(total, axis) if node.integer("reverse", 0) else total


def _scattered(node: Node, arrays: list[Array]) -> Array:
    """ScatterND: slices named by the last axis of the indices are replaced."""
    if node.text("reduction", "none") != "none":
        raise ValueError("a reduction")
    result, indices = arrays[0].copy(), arrays[1].astype(np.int64)
    result[tuple(np.moveaxis(indices, -1, 0))] = arrays[2]
    return result


def _identity_matrix(node: Node, arrays: list[Array]) -> Array:
    rows, columns = _bounded(arrays[0].shape)
    kind = dtype_of(node.integer("dtype", 1), node.label)
    return np.eye(rows, columns, node.integer("k", 0), kind)


def _product(node: Node, arrays: list[Array]) -> Array:
    _bounded((*arrays[0].shape[:-1], *arrays[1].shape[-1:]))
    return np.asarray(np.matmul(arrays[0], arrays[1]))


def _function_fold(op: str) -> Fold | None:
    """The functions of one f32 tensor."""
    factory = FUNCTIONS.get(op)
    if factory is None:
        return None

    def fold(node: Node, arrays: list[Array]) -> Array:
        x = arrays[0]
        if x.dtype != np.float32:
            if op not in ("Abs", "Neg", "Sign", "Floor", "Ceil", "Round"):
                raise TypeError(f"type {x.dtype}")
            return np.asarray(factory(node)(x.astype(np.float64))).astype(x.dtype)
        return factory(node)(x)

    return fold


_FOLDS: dict[str, Fold] = {
    "Add": _as_first(np.add),
    "Sub": _as_first(np.subtract),
    "Mul": _as_first(np.multiply),
    "Div": _as_first(_divide),
    "Mod": _as_first(np.mod),
    "Pow": _as_first(np.power),
    "Min": _as_first(np.minimum),
    "Max": _as_first(np.maximum),
    "Equal": _comparison(np.equal),
    "Less": _comparison(np.less),
    "LessOrEqual": _comparison(np.less_equal),
    "Greater": _comparison(np.greater),
    "GreaterOrEqual": _comparison(np.greater_equal),
    "And": _comparison(np.logical_and),
    "Or": _comparison(np.logical_or),
    "Not": _comparison(np.logical_not),
    "Relu": lambda node, arrays: np.maximum(arrays[0], 0).astype(arrays[0].dtype),
    "Gather": _gather,
    "Slice": _slice,
    "Cast": _cast,
    "ConstantOfShape": _constant_of_shape,
    "Range": _range,
    "Expand": _expand,
    "Tile": _tile,
    "Where": _where,
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
    "Xor": _comparison(np.logical_xor),
    "Sum": _as_first(np.add),
    "IsNaN": _comparison(np.isnan),
    "Trilu": _trilu,
    "CumSum": _cumulated,
    "ScatterND": _scattered,
    "EyeLike": _identity_matrix,
    "NonZero": lambda node, arrays: np.array(np.nonzero(arrays[0]), np.int64),
    "MatMul": _product,
    "Concat": _concat,
    "Split": _split,
}
