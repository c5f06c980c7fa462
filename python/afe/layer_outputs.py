"""Makes every layer's result an output of the network, for comparing layer by layer.

A layer is one operator of the model: the TOSA operations that carry its name and index in their
locations. Its results are the 8-bit values that other layers or the network's outputs read. The
compiled network then is another one (what is read twice cannot be fused away), of the same values.

Isolated, every layer reads its inputs from new arguments of the network instead of from the layers
before it: each is computed on given values, and a difference stays where it arises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from afe import ir

_PREFIX = "layer:"
_CONSTANTS = ("tosa.const", "tosa.const_shape")

Origin = tuple[str, int]
"""Name and operator index out of a location."""


@dataclass(frozen=True, slots=True)
class LayerName:
    """Which value of the model: its layer's name and operator index, and which of its values."""

    name: str
    operator: int
    ordinal: int

    def __str__(self) -> str:
        return f"{_PREFIX}{self.operator}:{self.ordinal}:{self.name}"

    @staticmethod
    def parse(port_name: str) -> LayerName | None:
        """Of a port made here; None for the model's own."""
        if not port_name.startswith(_PREFIX):
            return None
        operator, ordinal, name = port_name.removeprefix(_PREFIX).split(":", 2)
        return LayerName(name, int(operator), int(ordinal))


@dataclass(frozen=True, slots=True)
class _LayerValue:
    layer: LayerName
    value: ir.Value


def _main(module: ir.Module) -> ir.Operation:
    operations = [op.operation for op in module.operation.regions[0].blocks[0].operations]
    main: ir.Operation = next(op for op in operations if op.name == "func.func")
    return main


def expose_layer_outputs(module: ir.Module, *, isolate: bool = False) -> None:
    """Adds every layer's values to the results of `@main`, behind the model's own.

    With `isolate` they are also added to its arguments, in the same order and under the same names.
    """
    main = _main(module)
    block = main.regions[0].blocks[0]
    operations = [op.operation for op in block.operations]
    layers = _layer_values(operations[:-1])
    with main.context:
        results = [layer.value for layer in layers]
        _replace_return(main, block, operations[-1], results)
        if isolate:
            for layer in layers:
                _isolate(block, layer)
        _set_signature(main, block, layers, isolate)


def _layer_values(operations: Sequence[ir.Operation]) -> list[_LayerValue]:
    """The values of every layer in the order of the operations."""
    found: list[_LayerValue] = []
    counts: dict[Origin, int] = {}
    for op in operations:
        origin = _origin(op.location)
        if origin is None or op.name in _CONSTANTS:
            continue
        for value in op.results:
            if _is_bytes(value) and _leaves_layer(value, origin):
                ordinal = counts.get(origin, 0)
                counts[origin] = ordinal + 1
                found.append(_LayerValue(LayerName(*origin, ordinal), value))
    return found


def _is_bytes(value: ir.Value) -> bool:
    """Unsigned bytes occur at the model's border alone: they are its inputs and outputs already."""
    return str(ir.RankedTensorType(value.type).element_type) == "i8"


def _leaves_layer(value: ir.Value, origin: Origin) -> bool:
    return any(_is_outside(use.owner.operation, origin) for use in value.uses)


def _is_outside(user: ir.Operation, origin: Origin) -> bool:
    return user.name == "func.return" or _origin(user.location) != origin


def _origin(location: ir.Location) -> Origin | None:
    """Of `loc("name"("file":index:0))`; of a fused one, the last part's: where the value goes."""
    if location.is_a_fused():
        known = [origin for part in location.locations if (origin := _origin(part))]
        return known[-1] if known else None
    if location.is_a_name() and location.child_loc.is_a_file():
        return location.name_str, location.child_loc.start_line
    return None


def _replace_return(
    main: ir.Operation, block: Any, old: ir.Operation, results: Sequence[ir.Value]
) -> None:
    """A return that gives `results` behind what it gave."""
    ir.Operation.create(
        "func.return",
        operands=[*old.operands, *results],
        loc=old.location,
        ip=ir.InsertionPoint(old),
    )
    old.erase()


def _isolate(block: Any, layer: _LayerValue) -> None:
    """Other layers read a new argument instead of the value; the return keeps the value."""
    origin = (layer.layer.name, layer.layer.operator)
    users = [use.owner.operation for use in layer.value.uses]
    kept = [user for user in users if user.name == "func.return" or not _is_outside(user, origin)]
    location = layer.value.owner.operation.location
    argument = block.add_argument(layer.value.type, location)
    layer.value.replace_all_uses_except(argument, kept)


def _set_signature(
    main: ir.Operation, block: Any, layers: Sequence[_LayerValue], isolate: bool
) -> None:
    """Type and port names of `@main` after arguments and results were added."""
    results = list(block.operations)[-1].operation.operands
    function_type = ir.FunctionType.get(
        [argument.type for argument in block.arguments], [value.type for value in results]
    )
    named = [ir.DictAttr.get({"afe.name": ir.StringAttr.get(str(layer.layer))}) for layer in layers]
    attributes = main.attributes
    attributes["function_type"] = ir.TypeAttr.get(function_type)
    attributes["res_attrs"] = ir.ArrayAttr.get([*attributes["res_attrs"], *named])
    if isolate:
        attributes["arg_attrs"] = ir.ArrayAttr.get([*attributes["arg_attrs"], *named])
