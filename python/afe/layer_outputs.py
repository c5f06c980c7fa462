"""Makes every layer's result an output of the network, for comparing layer by layer.

A layer is one operator of the model: all TOSA operations whose locations carry its index. Its
results are the values that other layers or the network's outputs read. The compiled network then
is another one (nothing that is read twice can be fused away), with the same values in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afe import ir

PREFIX = "layer:"
_CONSTANTS = ("tosa.const", "tosa.const_shape")


@dataclass(frozen=True)
class LayerValue:
    """A value read outside of its layer: operator index, which of its values, its name."""

    operator: int
    ordinal: int
    name: str
    value: ir.Value

    @property
    def output_name(self) -> str:
        """The name of the network output that carries it."""
        return f"{PREFIX}{self.operator}:{self.ordinal}:{self.name}"


def parse_output_name(output_name: str) -> tuple[int, int, str] | None:
    """Operator index, ordinal and name of an output made here; None for the model's own."""
    if not output_name.startswith(PREFIX):
        return None
    operator, ordinal, name = output_name.removeprefix(PREFIX).split(":", 2)
    return int(operator), int(ordinal), name


def expose_layer_outputs(module: ir.Module) -> None:
    """Adds every layer's values to the results of `@main`, behind the model's own."""
    main = next(
        op.operation
        for op in module.operation.regions[0].blocks[0].operations
        if op.operation.name == "func.func"
    )
    (block,) = main.regions[0].blocks
    operations = [op.operation for op in block.operations]
    layers = layer_values(operations[:-1])
    _replace_return(main, block, operations[-1], layers)


def layer_values(operations: Sequence[ir.Operation]) -> list[LayerValue]:
    """The values of every layer in the order of the operations."""
    found: list[LayerValue] = []
    counts: dict[int, int] = {}
    for op in operations:
        origin = _origin(op.location)
        if origin is None or op.name in _CONSTANTS:
            continue
        name, operator = origin
        for value in op.results:
            if _leaves_layer(value, operator):
                ordinal = counts.get(operator, 0)
                counts[operator] = ordinal + 1
                found.append(LayerValue(operator, ordinal, name, value))
    return found


def _leaves_layer(value: ir.Value, operator: int) -> bool:
    for use in value.uses:
        origin = _origin(use.owner.operation.location)
        if use.owner.operation.name == "func.return" or origin is None or origin[1] != operator:
            return True
    return False


def _origin(location: ir.Location) -> tuple[str, int] | None:
    """Name and operator index of `loc("name"("file":index:0))`; of a fused one, the last's."""
    if location.is_a_fused():
        parts = [_origin(part) for part in location.locations]
        known = [part for part in parts if part is not None]
        return known[-1] if known else None
    if location.is_a_name() and location.child_loc.is_a_file():
        return location.name_str, location.child_loc.start_line
    return None


def _replace_return(
    main: ir.Operation, block: Any, old: ir.Operation, layers: Sequence[LayerValue]
) -> None:
    """A return of more values, with the function's type and result attributes to fit."""
    values = [*old.operands, *(layer.value for layer in layers)]
    with main.context:
        inputs = [argument.type for argument in block.arguments]
        function_type = ir.FunctionType.get(inputs, [value.type for value in values])
        ir.Operation.create(
            "func.return", operands=values, loc=old.location, ip=ir.InsertionPoint(old)
        )
        old.erase()
        names = [
            ir.DictAttr.get({"afe.name": ir.StringAttr.get(layer.output_name)}) for layer in layers
        ]
        main.attributes["function_type"] = ir.TypeAttr.get(function_type)
        main.attributes["res_attrs"] = ir.ArrayAttr.get([*main.attributes["res_attrs"], *names])
