"""What the TOSA specification demands of every operator (ERROR_IF), beyond MLIR's verifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from afe import ir
from afe.errors import AfeError, ErrorCode
from afe.importers.builder import broadcast_shape
from afe.passmanager import PassManager

_EXTENSIONS = (
    "int16,int4,bf16,fp8e4m3,fp8e5m2,fft,variable,controlflow,doubleround,inexactround,dynamic"
)
_PIPELINE = (
    "builtin.module(tosa-attach-target{level=none profiles=pro_int,pro_fp "
    f"extensions={_EXTENSIONS}}},tosa-validate{{strict-op-spec-alignment}})"
)
_TARGET = "tosa.target_env"


def validate(module: ir.Module, file: str) -> None:
    """Raises AfeError INVALID_MODEL where an operator breaks the specification."""
    try:
        PassManager.parse(_PIPELINE, context=module.context).run(module.operation)
    except ir.MLIRError as error:
        found = error.error_diagnostics
        what = found[0].message if found else str(error)
        raise AfeError(
            ErrorCode.INVALID_MODEL,
            f"'{file}' is no valid TOSA program: {what}",
            notes=[f"at {diagnostic.location}" for diagnostic in found[:1]],
        ) from error
    del module.operation.attributes[_TARGET]
    check_shapes(module, file)


def check_shapes(module: ir.Module, file: str) -> None:
    """Raises AfeError INVALID_MODEL where shapes disagree that neither MLIR's verifiers nor its
    validation of TOSA compare."""
    for operation in _operations(module):
        problem = _SHAPE_RULES.get(operation.name, lambda _: "")(operation)
        if problem:
            raise AfeError(
                ErrorCode.INVALID_MODEL,
                f"'{file}' is no valid TOSA program: '{operation.name}' {problem}",
                notes=[f"at {operation.location}"],
            )


def _operations(module: ir.Module) -> Iterator[Any]:
    for function in module.body.operations:
        for operation in function.operation.regions[0].blocks[0].operations:
            yield operation.operation


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(ir.RankedTensorType(value.type).shape)


def _mul_problem(operation: Any) -> str:
    """tosa-validate lets any result shape pass."""
    shapes = [_shape(value) for value in list(operation.operands)[:2]]
    result = _shape(operation.results[0])
    try:
        expected = broadcast_shape(*shapes)
    except ValueError as error:
        return str(error)
    return "" if result == expected else f"has the result shape {result}, expected {expected}"


def _resize_problem(operation: Any) -> str:
    """tosa-validate looks at rows and columns alone."""
    image, result = _shape(operation.operands[0]), _shape(operation.results[0])
    if (image[0], image[3]) == (result[0], result[3]):
        return ""
    return f"has {result[0]} images of {result[3]} channels, expected {image[0]} of {image[3]}"


def _constant_shape(value: Any) -> tuple[int, ...] | None:
    """The numbers of a tosa.const_shape."""
    producer = value.owner
    if getattr(producer, "name", "") != "tosa.const_shape":
        return None
    values = np.asarray(ir.DenseElementsAttr(producer.attributes["values"]))
    return tuple(int(number) for number in values.reshape(-1))


def _slice_problem(operation: Any) -> str:
    source, result = _shape(operation.operands[0]), _shape(operation.results[0])
    start, size = (_constant_shape(value) for value in list(operation.operands)[1:3])
    if start is None or size is None:
        return "has a start or a size that is no constant"
    if any(s < 0 or n <= 0 or s + n > d for s, n, d in zip(start, size, source, strict=True)):
        return f"takes {list(size)} from {list(start)} on, its operand has the shape {list(source)}"
    return "" if size == result else f"has the result shape {list(result)}, expected {list(size)}"


def _tile_problem(operation: Any) -> str:
    source, result = _shape(operation.operands[0]), _shape(operation.results[0])
    multiples = _constant_shape(operation.operands[1])
    if multiples is None:
        return "has multiples that are no constants"
    expected = tuple(n * m for n, m in zip(source, multiples, strict=True))
    return (
        ""
        if expected == result
        else f"has the result shape {list(result)}, expected {list(expected)}"
    )


_SHAPE_RULES: dict[str, Callable[[Any], str]] = {
    "tosa.mul": _mul_problem,
    "tosa.resize": _resize_problem,
    "tosa.slice": _slice_problem,
    "tosa.tile": _tile_problem,
}
