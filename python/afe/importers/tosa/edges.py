"""48-bit integers at the edges, where numpy and archives have none: they become 64-bit ones."""

from __future__ import annotations

from typing import Any

from afe import ir


def widen_edges(module: ir.Module) -> None:
    """Arguments and results of `@main` that are i48 become i64, with a `tosa.cast` beside them.

    The module may hold one function of one block alone.
    """
    (function,) = (operation.operation for operation in module.body.operations)
    block = function.regions[0].blocks[0]
    returned = list(block.operations)[-1].operation
    changed = [value for value in block.arguments if _is_narrow(value)]
    for argument in changed:
        narrow = argument.type
        argument.set_type(_wide(narrow))
        cast = _cast(argument, narrow, ir.InsertionPoint.at_block_begin(block))
        argument.replace_all_uses_except(cast.results[0], cast)
    for index, value in enumerate(list(returned.operands)):
        if _is_narrow(value):
            cast = _cast(value, _wide(value.type), ir.InsertionPoint(returned))
            returned.operands[index] = cast.results[0]
    types = [value.type for value in block.arguments], [value.type for value in returned.operands]
    function.attributes["function_type"] = ir.TypeAttr.get(ir.FunctionType.get(*types))


def wide_dtype(dtype: str) -> str:
    """The element type of a port."""
    return "i64" if dtype == "i48" else dtype


def _is_narrow(value: Any) -> bool:
    return str(value.type).endswith("i48>")


def _wide(narrow: Any) -> ir.Type:
    return ir.RankedTensorType.get(list(narrow.shape), ir.Type.parse("i64"))


def _cast(value: Any, result: Any, place: ir.InsertionPoint) -> ir.Operation:
    location = ir.Location.name("cast")
    return ir.Operation.create(
        "tosa.cast", results=[result], operands=[value], loc=location, ip=place
    )
