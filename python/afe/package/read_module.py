"""Takes a compiled network out of an encoded module: the one place that knows its spelling.

After the last phase the module holds `mla.binary` and `a65.binary` operations and a `@main` whose
body is the chain; see `network` for what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from afe import ir
from afe.errors import AfeError, ErrorCode
from afe.package.decisions import Decision, read_decisions
from afe.package.network import (
    A65,
    EV74,
    MLA,
    A65Segment,
    Fallback,
    LayerEnd,
    MlaSegment,
    Network,
    PhysicalTensor,
    Port,
    Step,
    TensorType,
    Value,
)

_SCALARS = {
    "i1": "bool",
    "i8": "int8",
    "ui8": "uint8",
    "i16": "int16",
    "ui16": "uint16",
    "i32": "int32",
    "ui32": "uint32",
    "i64": "int64",
    "ui64": "uint64",
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
}


def read_network(module: ir.Module, desired_batch: int) -> Network:
    """The network of an encoded module; a spelling that is not expected is an INTERNAL error."""
    by_name = _operations_by_name(module.operation)
    mla = [_mla_segment(op, desired_batch) for op in by_name.get("mla.binary", ())]
    (main,) = (op for op in by_name["func.func"] if plain(op.attributes["sym_name"]) == "main")
    reader = _ChainReader(main)
    return Network(
        inputs=_ports(main, "arg_attrs", [value.type for value in reader.arguments]),
        outputs=_ports(main, "res_attrs", [value.type for value in reader.results]),
        arguments=reader.arguments,
        results=reader.results,
        steps=reader.steps,
        mla_segments={segment.name: segment for segment in mla},
        a65_segments={segment.name: segment for segment in a65_segments(module)},
        fallbacks=_fallbacks(module.operation),
        desired_batch=desired_batch,
        actual_batch=min([segment.actual_batch for segment in mla], default=desired_batch),
        batch_limit_reason=_batch_limit_reason(module.operation, mla),
    )


def has_host_segments(module: ir.Module) -> bool:
    """Whether operators are left that become Cortex-A65 code."""
    return "a65.segment" in _operations_by_name(module.operation)


def main_ports(module: ir.Module) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """Inputs and outputs of the @main of a module as the importers write it."""
    main = next(op.operation for op in module.body.operations if op.operation.name == "func.func")
    block = main.regions[0].blocks[0]
    results = list(block.operations)[-1].operation.operands
    return (
        _ports(main, "arg_attrs", [tensor_type(value.type) for value in block.arguments]),
        _ports(main, "res_attrs", [tensor_type(value.type) for value in results]),
    )


def a65_segments(module: ir.Module) -> tuple[A65Segment, ...]:
    """The compiled Cortex-A65 segments of a module, in their order."""
    binaries = _operations_by_name(module.operation).get("a65.binary", ())
    return tuple(_a65_segment(op) for op in binaries)


def decisions_of(module: ir.Module) -> dict[str, tuple[Decision, ...]]:
    """The decisions of every program of a scheduled module, by the segment's name."""
    return {
        plain(op.attributes["sym_name"]): read_decisions(plain(op.attributes["stats"])["decisions"])
        for op in _operations_by_name(module.operation).get("mla.program", ())
    }


def tensor_type(value_type: ir.Type) -> TensorType:
    """A ranked tensor type of a known element type."""
    ranked = ir.RankedTensorType(value_type)
    element = str(ranked.element_type)
    if element not in _SCALARS:
        raise AfeError(ErrorCode.INTERNAL, f"an archive cannot hold tensors of {element}")
    return TensorType(_SCALARS[element], tuple(int(size) for size in ranked.shape))


def plain(attribute: ir.Attribute) -> Any:
    """Dictionaries, lists, numbers and texts out of an attribute."""
    if isinstance(attribute, ir.DictAttr):
        return {named.name: plain(named.attr) for named in attribute}
    if isinstance(attribute, ir.ArrayAttr):
        return [plain(entry) for entry in attribute]
    if isinstance(attribute, (ir.DenseI64ArrayAttr, ir.DenseI32ArrayAttr, ir.DenseF32ArrayAttr)):
        return list(attribute)
    if isinstance(attribute, ir.UnitAttr):
        return True
    return attribute.value  # type: ignore[attr-defined]


class _ChainReader:
    """Numbers the values of `@main` and turns its operations into steps."""

    def __init__(self, main: ir.Operation) -> None:
        self._numbers: dict[Any, int] = {}
        block = main.regions[0].blocks[0]
        self.arguments = self._define(block.arguments)
        steps = []
        for op in block.operations:
            operation = op.operation
            if operation.name == "func.return":
                self.results = self._use(operation.operands)
            else:
                steps.append(self._step(operation))
        self.steps = tuple(steps)

    def _step(self, op: ir.Operation) -> Step:
        inputs = self._use(op.operands)
        outputs = self._define(op.results)
        if op.name == "a65.ev74":
            params = plain(op.attributes["params"])
            return Step(EV74, plain(op.attributes["kernel"]), inputs, outputs, params)
        processors = {"mla.call": MLA, "a65.call": A65}
        if op.name not in processors:
            raise AfeError(ErrorCode.INTERNAL, f"'{op.name}' is left in the chain at {op.location}")
        return Step(processors[op.name], plain(op.attributes["callee"]), inputs, outputs)

    def _define(self, values: Iterable[ir.Value]) -> tuple[Value, ...]:
        defined = list(values)
        for value in defined:
            self._numbers[value] = len(self._numbers)
        return self._use(defined)

    def _use(self, values: Iterable[ir.Value]) -> tuple[Value, ...]:
        return tuple(Value(self._numbers[value], tensor_type(value.type)) for value in values)


def _operations_by_name(module: ir.Operation) -> Mapping[str, list[ir.Operation]]:
    found: dict[str, list[ir.Operation]] = {}
    for op in module.regions[0].blocks[0].operations:
        found.setdefault(op.operation.name, []).append(op.operation)
    return found


def _ports(main: ir.Operation, key: str, types: Sequence[TensorType]) -> tuple[Port, ...]:
    attributes = plain(main.attributes[key]) if key in main.attributes else [{}] * len(types)
    return tuple(
        _port(entry, tensor, index)
        for index, (entry, tensor) in enumerate(zip(attributes, types, strict=True))
    )


def _port(entry: Mapping[str, Any], tensor: TensorType, index: int) -> Port:
    quantization = entry.get("afe.quant", {})
    state = entry.get("afe.state", {})
    return Port(
        entry.get("afe.name", f"tensor_{index}"),
        tensor,
        quantization.get("scale"),
        quantization.get("zero_point", 0),
        state.get("name"),
        tuple(state.get("initial", ())),
    )


def _mla_segment(op: ir.Operation, desired_batch: int) -> MlaSegment:
    stats = plain(op.attributes["stats"])
    return MlaSegment(
        name=plain(op.attributes["sym_name"]),
        program=elements_bytes(op.attributes["lm"]),
        inputs=tuple(_physical(entry) for entry in stats["inputs"]),
        outputs=tuple(_physical(entry) for entry in stats["outputs"]),
        desired_batch=desired_batch,
        # A first dimension that cannot change may be larger than the batch that was asked for.
        actual_batch=min(stats["actual_batch"], desired_batch),
        batch_limit_reason=stats.get("batch_limit_reason", ""),
        cycles=stats["cycles"],
        peak_bytes=stats["peaks"],
        layers=tuple(
            # `end` is the first cycle behind the layer's last instruction.
            LayerEnd(layer["name"], layer["end"] - 1, tuple(layer.get("sources", ())))
            for layer in stats["layers"]
        ),
        weights=stats.get("weights", {}),
        decisions=read_decisions(stats.get("decisions", ())),
    )


def _physical(entry: Mapping[str, Any]) -> PhysicalTensor:
    tensor = TensorType(entry["scalar"], tuple(entry["shape"]))
    return PhysicalTensor(entry["name"], tensor, entry["layout"], entry["bytes"])


def _a65_segment(op: ir.Operation) -> A65Segment:
    name = plain(op.attributes["sym_name"])
    stats = plain(op.attributes["stats"])
    return A65Segment(
        name,
        elements_bytes(op.attributes["so"]),
        stats.get("function", name),
        _host_ports(stats.get("inputs", ())),
        _host_ports(stats.get("outputs", ())),
        stats.get("workspace_bytes", 0),
    )


def _host_ports(entries: Iterable[Mapping[str, Any]]) -> tuple[Port, ...]:
    return tuple(
        Port(entry.get("name", ""), TensorType(entry["scalar"], tuple(entry["shape"])))
        for entry in entries
    )


def _batch_limit_reason(module: ir.Operation, segments: Sequence[MlaSegment]) -> str:
    """An operator that ties the batch, else the first segment whose memory limits it."""
    if "afe.batch_limit" in module.attributes:
        return str(plain(module.attributes["afe.batch_limit"]))
    return next((s.batch_limit_reason for s in segments if s.batch_limit_reason), "")


def _fallbacks(module: ir.Operation) -> tuple[Fallback, ...]:
    if "afe.fallbacks" not in module.attributes:
        return ()
    return tuple(
        Fallback(entry["operator"], entry["location"], entry["reason"], entry["hint"])
        for entry in plain(module.attributes["afe.fallbacks"])
    )


def elements_bytes(attribute: ir.Attribute) -> bytes:
    """The bytes of a dense ui8 tensor, inline or a resource."""
    return bytes(memoryview(attribute))  # type: ignore[arg-type]
