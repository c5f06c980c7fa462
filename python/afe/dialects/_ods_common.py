"""What the generated dialect modules import: the native module and helpers for operand groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias, TypeVar

import afe._mlir as _cext
from afe import ir as ir
from afe._mlir.ir import (
    Context,
    DenseI32ArrayAttr,
    Location,
    Operation,
    OpResult,
    OpResultList,
    OpView,
    Value,
)

__all__ = [
    "MixedValues",
    "ValueLike",
    "_cext",
    "equally_sized_accessor",
    "get_default_loc_context",
    "get_op_result_or_op_results",
    "get_op_result_or_value",
    "get_op_results_or_values",
    "ir",
    "segmented_accessor",
]

ValueLike: TypeAlias = Operation | OpView | Value
"""A value, or an operation with one result."""
MixedValues: TypeAlias = Sequence[ValueLike] | Operation | OpView
"""Values one by one, or an operation that stands for all its results."""

_T = TypeVar("_T")


def segmented_accessor(
    elements: Sequence[_T], segment_sizes: DenseI32ArrayAttr | Sequence[int], index: int
) -> Sequence[_T]:
    """The elements of segment `index`, given the sizes of all segments."""
    sizes = list(segment_sizes)
    start = sum(sizes[:index])
    return elements[start : start + sizes[index]]


def equally_sized_accessor(
    elements: Sequence[object],
    n_simple: int,
    n_variadic: int,
    n_preceding_simple: int,
    n_preceding_variadic: int,
) -> tuple[int, int]:
    """(start, length) of a variadic group, where all `n_variadic` groups are of equal length."""
    variadic_elements = len(elements) - n_simple
    length, remainder = divmod(variadic_elements, n_variadic)
    if remainder:
        raise ValueError(f"{variadic_elements} elements do not make {n_variadic} equal groups")
    return n_preceding_simple + n_preceding_variadic * length, length


def get_default_loc_context(location: Location | None = None) -> Context | None:
    """The context of `location`, else of the innermost `with`."""
    if location is not None:
        return location.context
    return Context.current


def get_op_result_or_value(arg: ValueLike | OpResultList) -> Value:
    """The value itself, or the only result of an operation; ValueError if it has not one."""
    if isinstance(arg, Operation | OpView):
        return arg.operation.result
    if isinstance(arg, OpResultList):
        if len(arg) != 1:
            raise ValueError(f"expected one result, not {len(arg)}")
        return arg[0]
    return arg


def get_op_results_or_values(
    arg: MixedValues | OpResultList | Iterable[ValueLike],
) -> Sequence[Value] | OpResultList:
    """All results of an operation, or the value of each element."""
    if isinstance(arg, Operation | OpView):
        return arg.operation.results
    if isinstance(arg, OpResultList):
        return arg
    return [get_op_result_or_value(element) for element in arg]


def get_op_result_or_op_results(
    op: Operation | OpView,
) -> Operation | OpView | OpResult | OpResultList | Sequence[OpResult]:
    """The only result, else the list of results, or the operation if it has none."""
    results = op.results
    if not len(results):
        return op
    return results[0] if len(results) == 1 else results
