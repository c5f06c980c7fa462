"""TOSA as MLIR text (.mlir) or bytecode (.mlirbc), by whoever wrote it.

The module must hold one function with static shapes and otherwise TOSA alone; names and producer
are filled in where they are missing, so that everything behind the importers finds the same
attributes (docs/tosa-conventions.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from afe import ir
from afe.errors import AfeError, ErrorCode
from afe.importers.common import ImportedModel, Port, Quantization, clean_name
from afe.importers.tosa.validation import check_shapes

_TENSOR = re.compile(r"tensor<((?:\d+x)*)([a-z]+\d*)>")
_ALLOWED_OUTSIDE_TOSA = frozenset({"func.func", "func.return", "builtin.module"})


def import_mlir(data: bytes, *, name: str, path: Path) -> ImportedModel:
    """Parses, checks and completes a module."""
    context = ir.Context()
    with context:
        module = _parse(data, path)
        function = _only_function(module, path)
        _refuse_foreign_operations(function, path)
        inputs, outputs = _complete(module, function, name)
        _verify(module, path)
        check_shapes(module, path.name)
    return ImportedModel(module, context, name, "tosa", inputs, outputs, {})


def _parse(data: bytes, path: Path) -> ir.Module:
    is_bytecode = data[:4] == b"ML\xefR"
    try:
        source: str | bytes = data if is_bytecode else data.decode("utf-8")
        return ir.Module.parse(source)
    except UnicodeDecodeError as error:
        raise AfeError(ErrorCode.FILE_INVALID, f"'{path}' is not MLIR text") from error
    except (ir.MLIRError, ValueError) as error:
        raise AfeError(
            ErrorCode.FILE_INVALID,
            f"'{path}' is no MLIR {'bytecode' if is_bytecode else 'text'} that can be read",
            notes=_lines(error),
        ) from error


def _verify(module: ir.Module, path: Path) -> None:
    try:
        module.operation.verify()
    except ir.MLIRError as error:
        raise AfeError(
            ErrorCode.INVALID_MODEL, f"'{path}' is no valid TOSA", notes=_lines(error)
        ) from error


def _lines(error: Exception) -> list[str]:
    return [line for line in str(error).splitlines() if line.strip()][:8]


def _only_function(module: ir.Module, path: Path) -> Any:
    operations = [operation.operation for operation in module.body.operations]
    functions = [operation for operation in operations if operation.name == "func.func"]
    if len(operations) != 1 or len(functions) != 1:
        raise AfeError(
            ErrorCode.INVALID_MODEL,
            f"'{path}' holds {len(functions)} functions and {len(operations) - len(functions)} "
            "other operations; a model is one func.func",
        )
    function = functions[0]
    if len(function.regions[0].blocks) != 1:
        raise AfeError(ErrorCode.INVALID_MODEL, f"the function in '{path}' needs one block")
    return function


def _refuse_foreign_operations(function: Any, path: Path) -> None:
    for operation in _operations(function):
        if operation.name not in _ALLOWED_OUTSIDE_TOSA and not operation.name.startswith("tosa."):
            raise AfeError(
                ErrorCode.UNSUPPORTED_OPERATOR,
                f"'{operation.name}' at {operation.location} in '{path}' is not TOSA",
                notes=["convert the whole model to TOSA first"],
            )
        for value in operation.results:
            _require_static(str(value.type), operation.name, path)


def _operations(function: Any) -> Iterator[Any]:
    for operation in function.regions[0].blocks[0].operations:
        yield operation.operation


def _require_static(text: str, what: str, path: Path) -> None:
    if text.startswith("tensor<") and ("?" in text or "*" in text):
        raise AfeError(
            ErrorCode.DYNAMIC_SHAPE,
            f"'{what}' in '{path}' has the shape {text}; every shape must be static",
            notes=["set the shapes when exporting, or run mlir-opt --tosa-infer-shapes"],
        )


def _complete(module: ir.Module, function: Any, name: str) -> tuple[list[Port], list[Port]]:
    """Sets what is missing: the function's name, afe.name of arguments and results, producer."""
    block = function.regions[0].blocks[0]
    returned = list(block.operations)[-1].operation
    attributes = function.attributes
    attributes["sym_name"] = ir.StringAttr.get("main")
    inputs = _ports(function, "arg_attrs", [value.type for value in block.arguments], "input")
    outputs = _ports(function, "res_attrs", [value.type for value in returned.operands], "output")
    facts = module.operation.attributes
    if "afe.producer" not in facts:
        facts["afe.producer"] = ir.StringAttr.get("tosa")
    if "afe.model_name" not in facts:
        facts["afe.model_name"] = ir.StringAttr.get(name)
    return inputs, outputs


def _ports(function: Any, member: str, types: Sequence[Any], kind: str) -> list[Port]:
    """Ports of the arguments or results; their attribute dictionaries get an afe.name each."""
    known: list[Any] = [ir.DictAttr.get({}) for _ in types]
    if member in function.attributes:
        known = [ir.DictAttr(entry) for entry in ir.ArrayAttr(function.attributes[member])]
    ports, completed = [], []
    for index, (type_, entries) in enumerate(zip(types, known, strict=True)):
        facts = {named.name: named.attr for named in entries}
        facts.setdefault("afe.name", ir.StringAttr.get(f"{kind}{index}"))
        completed.append(ir.DictAttr.get(facts))
        ports.append(_port(facts, str(type_), f"{kind} {index}"))
    if types:
        function.attributes[member] = ir.ArrayAttr.get(completed)
    return ports


def _port(facts: dict[str, Any], type_text: str, what: str) -> Port:
    found = _TENSOR.fullmatch(type_text)
    if found is None:
        code = ErrorCode.DYNAMIC_SHAPE if "?" in type_text else ErrorCode.UNSUPPORTED_TYPE
        raise AfeError(
            code,
            f"{what} is {type_text}; tensors of a static shape are needed",
            notes=["set the shapes when exporting, the batch included"],
        )
    shape = tuple(int(size) for size in found.group(1).split("x") if size)
    name = clean_name(ir.StringAttr(facts["afe.name"]).value, what)
    return Port(name, shape, found.group(2), _quantization(facts.get("afe.quant")))


def _quantization(attribute: Any) -> Quantization | None:
    if attribute is None:
        return None
    try:
        facts = {named.name: named.attr for named in ir.DictAttr(attribute)}
        return Quantization(
            float(ir.FloatAttr(facts["scale"]).value),
            int(ir.IntegerAttr(facts["zero_point"]).value),
        )
    except (KeyError, ValueError) as error:
        raise AfeError(
            ErrorCode.INVALID_MODEL,
            f"afe.quant is {attribute}, {{scale = … : f32, zero_point = … : i64}} is expected",
        ) from error
