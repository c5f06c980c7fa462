"""Replaces every `a65.segment` of a module by an `a65.binary`.

Each segment is lowered in a module of its own by the pass pipeline `afe-phase-host-code`, which
leaves bitcode; LLVM and lld make the shared object of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from afe import ir
from afe.a65.codegen import compile_bitcode
from afe.a65.link import link_shared_object
from afe.errors import AfeError
from afe.options import CompileOptions
from afe.package.network import TensorType
from afe.package.read_module import elements_bytes, plain, tensor_type
from afe.pipelines import run_pipeline

PIPELINE = "afe-phase-host-code"

# Upstream's words for an operation that no pattern takes.
_NOT_LOWERED = "failed to legalize operation '"


@dataclass(frozen=True, slots=True)
class Bitcode:
    """LLVM bitcode with one entry point in the ABI of docs/a65.md."""

    bitcode: bytes
    function: str
    workspace_bytes: int


def compile_segments(module: ir.Module, options: CompileOptions | None = None) -> None:
    """Compiles every segment in place; calls keep their symbol.

    Raises AfeError COMPILE_FAILED naming the operation where one cannot be lowered; the module is
    then as it was before that segment.
    """
    found = [op.operation for op in module.body.operations]
    for segment in found:
        if segment.name == "a65.segment":
            _compile_segment(segment, options or CompileOptions())


def _compile_segment(segment: ir.Operation, options: CompileOptions) -> None:
    inputs, outputs = _tensors(segment)
    with segment.context, segment.location:
        alone = ir.Module.create()
        segment.clone(ip=ir.InsertionPoint(alone.body))
    lowered = lower_segment(alone, options)
    shared_object = link_shared_object(compile_bitcode(lowered.bitcode))
    stats = {
        "function": lowered.function,
        "inputs": inputs,
        "outputs": outputs,
        "workspace_bytes": lowered.workspace_bytes,
    }
    with segment.context, segment.location, ir.InsertionPoint(segment):
        ir.Operation.create(
            "a65.binary",
            attributes={
                "sym_name": segment.attributes["sym_name"],
                "so": _bytes_attribute(shared_object),
                "stats": _attribute(stats),
            },
        )
    segment.erase()


def segment_of_main(module: ir.Module) -> ir.Module:
    """A module of one `a65.segment @APU_0`, the body of @main; `module` is consumed."""
    main = next(op for op in module.body.operations if op.operation.name == "func.func").operation
    body = main.regions[0].blocks[0]
    with module.context, main.location:
        segment = ir.Operation.create(
            "a65.segment", regions=1, attributes={"sym_name": ir.StringAttr.get("APU_0")}
        )
        made = ir.Module.create()
        made.body.append(segment)
        block = segment.regions[0].blocks.append(
            *(argument.type for argument in body.arguments),
            arg_locs=[argument.location for argument in body.arguments],
        )
        for old, new in zip(body.arguments, block.arguments, strict=True):
            old.replace_all_uses_with(new)
        *operations, end = [op.operation for op in body.operations]
        results = list(end.operands)
        end.erase()
        for op in operations:
            block.append(op)
        block.append(ir.Operation.create("a65.return", operands=results))
    return made


def lower_segment(module: ir.Module, options: CompileOptions) -> Bitcode:
    """The code of a module of one segment, before LLVM optimizes it for a machine.

    Raises AfeError COMPILE_FAILED naming the operation where one cannot be lowered.
    """
    try:
        run_pipeline(module, PIPELINE, options)
    except AfeError as error:
        raise _named(error) from error
    (function,) = plain(module.operation.attributes["a65.functions"])
    return Bitcode(
        elements_bytes(module.operation.attributes["a65.bitcode"]),
        function["function"],
        function["workspace_bytes"],
    )


def _named(error: AfeError) -> AfeError:
    """The error in the user's words where upstream only says that it has no pattern."""
    if not error.message.startswith(_NOT_LOWERED):
        return error
    name = error.message.removeprefix(_NOT_LOWERED).partition("'")[0]
    message = f"'{name}' with these types or attributes has no lowering for the Cortex-A65"
    return AfeError(error.code, message, notes=error.notes)


def _tensors(segment: ir.Operation) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    block = segment.regions[0].blocks[0]
    results = block.operations[len(block.operations) - 1].operation.operands
    return (
        _described(segment, "input_names", [tensor_type(value.type) for value in block.arguments]),
        _described(
            segment,
            "output_names",
            [tensor_type(value.type) for value in results],
        ),
    )


def _described(
    segment: ir.Operation, names_key: str, tensors: list[TensorType]
) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = [
        {"scalar": tensor.scalar, "shape": list(tensor.shape), "bytes": tensor.size_in_bytes}
        for tensor in tensors
    ]
    if names_key in segment.attributes:
        for entry, name in zip(entries, plain(segment.attributes[names_key]), strict=True):
            entry["name"] = name
    return entries


def _bytes_attribute(data: bytes) -> ir.Attribute:
    array = np.frombuffer(data, np.int8)
    row = ir.RankedTensorType.get(array.shape, ir.IntegerType.get_signless(8))
    return ir.DenseResourceElementsAttr.get_from_buffer(array, "a65_so", row, alignment=1)


def _attribute(value: Any) -> ir.Attribute:
    """Dictionaries, lists, integers and texts as an attribute; the inverse of `plain`."""
    if isinstance(value, dict):
        return ir.DictAttr.get({key: _attribute(entry) for key, entry in value.items()})
    if isinstance(value, list):
        return ir.ArrayAttr.get([_attribute(entry) for entry in value])
    if isinstance(value, int):
        return ir.IntegerAttr.get(ir.IntegerType.get_signless(64), value)
    return ir.StringAttr.get(value)
