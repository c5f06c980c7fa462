"""Integer arithmetic on shapes, done while importing.

Models exported with a dynamic batch compute shapes as they run: SHAPE, then slices, products and
joins of a few integers, then RESHAPE. With static shapes all of it is known here. An operator is
folded where every operand is a small integer constant; SHAPE and RANK always are.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from afe.importers.tflite.node import Node

Integers = NDArray[np.signedinteger[Any]]

MAX_ELEMENTS = 4096


def fold(node: Node) -> Integers | None:
    """The single result of an operator on integer constants, of its output's type; else None."""
    evaluate = FOLDERS.get(node.info.code)
    output = node.output()
    if evaluate is None or output.dtype not in ("i32", "i64") or not _is_known(node):
        return None
    result = np.asarray(evaluate(node))
    if result.size > MAX_ELEMENTS:
        raise node.invalid(f"its result of {result.size} integers is no shape")
    return np.ascontiguousarray(result.astype(output.numpy_type)).reshape(result.shape)


def _is_known(node: Node) -> bool:
    if node.info.code in ("SHAPE", "RANK"):
        return True
    operands = [node.input(i) for i in range(len(node.info.inputs)) if node.has(i)]
    return all(
        tensor.is_constant and tensor.dtype in ("i32", "i64") and prod(tensor.shape) <= MAX_ELEMENTS
        for tensor in operands
    )


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[Node], Any]:
    return lambda node: function(node.constant(0), node.constant(1))


def _floor_div(x: Integers, y: Integers) -> Integers:
    if not y.all():
        raise ValueError("division by zero")
    return np.floor_divide(x, y)


def _strided_slice(node: Node) -> Integers:
    options = node.options(tflite.StridedSliceOptions)
    if options.NewAxisMask() or options.EllipsisMask() or options.Offset():
        raise node.unsupported("new axes, ellipses and offsets", "write the slice per axis")
    bounds = [node.int_list(position) for position in (1, 2, 3)]
    x = node.constant(0)
    index: list[int | slice] = []
    for axis, (begin, end, step) in enumerate(zip(*bounds, strict=True)):
        if options.ShrinkAxisMask() >> axis & 1:
            index.append(begin)
        else:
            first = None if options.BeginMask() >> axis & 1 else begin
            last = None if options.EndMask() >> axis & 1 else end
            index.append(slice(first, last, step))
    return _indexed(node, x, index)


def _indexed(node: Node, x: Integers, index: list[int | slice]) -> Integers:
    try:
        result: Integers = x[tuple(index)]
    except IndexError as error:
        raise node.invalid(f"slice {index} of {list(x.shape)}") from error
    return result


def _slice(node: Node) -> Integers:
    bounds = zip(node.int_list(1), node.int_list(2), strict=True)
    index: list[int | slice] = [
        slice(start, None if size == -1 else start + size) for start, size in bounds
    ]
    return _indexed(node, node.constant(0), index)


def _gather(node: Node) -> Integers:
    x, indices = node.constant(0), node.constant(1)
    axis = node.axis(node.options(tflite.GatherOptions).Axis(), x.ndim)
    if indices.size and (indices.min() < 0 or indices.max() >= x.shape[axis]):
        raise node.invalid(f"indices {indices.tolist()} of {x.shape[axis]}")
    return np.take(x, indices, axis=axis)


def _all_inputs(node: Node) -> list[Integers]:
    return [node.constant(position) for position in range(len(node.info.inputs))]


def _pack(node: Node) -> Integers:
    return np.stack(_all_inputs(node), axis=node.options(tflite.PackOptions).Axis())


def _concatenation(node: Node) -> Integers:
    axis = node.options(tflite.ConcatenationOptions).Axis()
    return np.concatenate(_all_inputs(node), axis=axis)


def _reduce_prod(node: Node) -> Integers:
    keep = bool(node.options(tflite.ReducerOptions).KeepDims())
    result: Integers = np.prod(node.constant(0), axis=tuple(node.int_list(1)), keepdims=keep)
    return result


def _expand_dims(node: Node) -> Integers:
    (axis,) = node.int_list(1)
    return np.expand_dims(node.constant(0), axis)


def _fill(node: Node) -> Integers:
    shape = node.int_list(0)
    if min(shape, default=1) < 0 or prod(shape) > MAX_ELEMENTS:
        raise node.invalid(f"a fill of shape {shape}")
    return np.full(shape, node.constant(1))


FOLDERS: dict[str, Callable[[Node], Any]] = {
    "SHAPE": lambda node: np.array(node.value(0).shape, np.int64),
    "RANK": lambda node: np.array(len(node.value(0).shape), np.int64),
    "ADD": _binary(np.add),
    "SUB": _binary(np.subtract),
    "MUL": _binary(np.multiply),
    "FLOOR_DIV": _binary(_floor_div),
    "MINIMUM": _binary(np.minimum),
    "MAXIMUM": _binary(np.maximum),
    "STRIDED_SLICE": _strided_slice,
    "SLICE": _slice,
    "GATHER": _gather,
    "PACK": _pack,
    "CONCATENATION": _concatenation,
    "REDUCE_PROD": _reduce_prod,
    "EXPAND_DIMS": _expand_dims,
    "SQUEEZE": lambda node: np.squeeze(node.constant(0)),
    "RESHAPE": lambda node: node.constant(0).reshape(node.int_list(1)),
    "CAST": lambda node: node.constant(0),
    "FILL": _fill,
}
"""Operator to its evaluation; ValueError is reported as the operator's."""
