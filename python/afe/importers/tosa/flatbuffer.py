"""TOSA flatbuffers (.tosa): one block of operators that name their tensors becomes a function.

Version 1.0 of the schema is read, and files of later minor versions as far as they use nothing new.
Tensors and shapes are tied together by name; operators may stand in any order without cycles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from afe import ir
from afe.errors import AfeError, ErrorCode
from afe.importers.common import ImportedModel, Port, clean_name
from afe.importers.flatbuffer import Record, verify_flatbuffer
from afe.importers.module_builder import ModuleBuilder, Tensor
from afe.importers.tosa.attributes import READERS, dense, dtype_of, stored_bytes
from afe.importers.tosa.edges import wide_dtype, widen_edges
from afe.importers.tosa.schema import OPERATORS, SCHEMA, OperatorSchema
from afe.importers.tosa.validation import validate

MAX_RANK = 6
MAX_ELEMENTS = (1 << 31) - 1
_VERSION = 1
_NOT_IMPORTED = {
    "cond_if": "control flow is decided before a program is scheduled: export it without branches",
    "while_loop": "the schedule is fixed, so loops have to be unrolled when the model is exported",
    "variable": "make the state an input and an output of the model",
    "variable_read": "make the state an input of the model",
    "variable_write": "make the state an output of the model",
}


def import_flatbuffer(data: bytes, *, name: str, path: Path) -> ImportedModel:
    """Reads, checks and translates a program.

    Raises AfeError FILE_INVALID, INVALID_MODEL, UNSUPPORTED_VERSION, UNSUPPORTED_OPERATOR,
    UNSUPPORTED_TYPE, DYNAMIC_SHAPE.
    """
    verify_flatbuffer(data, path.name, SCHEMA)
    builder = ModuleBuilder(name, "tosa", path.name)
    with builder.context:
        return _Importer(data, path.name, builder).run()


@dataclass(frozen=True, slots=True)
class _TensorInfo:
    """A tensor, or (element type "index") a shape, of the file."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class _Operator:
    index: int
    schema: OperatorSchema
    attributes: Record | None
    inputs: Sequence[str]
    outputs: Sequence[str]
    location: str

    def __str__(self) -> str:
        return f"operator {self.index} ({self.schema.name.upper()})"


class _Importer:
    def __init__(self, data: bytes, file: str, builder: ModuleBuilder) -> None:
        self._data = data
        self._file = file
        self._builder = builder
        self._values: dict[str, Tensor] = {}

    def run(self) -> ImportedModel:
        block = self._only_block(Record.root(self._data, SCHEMA))
        self._tensors = self._read_tensors(block)
        operators = [
            self._read_operator(record, index)
            for index, record in enumerate(block.records("operators"))
        ]
        inputs, outputs = block.texts("inputs"), block.texts("outputs")
        arguments = [self._port(name, "input") for name in inputs]
        for name, value in zip(inputs, self._builder.arguments(arguments), strict=True):
            self._define(name, value, "the program's inputs")
        for operator in self._in_order(operators):
            self._import_operator(operator)
        results = [self._port(name, "output") for name in outputs]
        returned = [self._value(name, "the program's outputs") for name in outputs]
        module = self._builder.finish(returned, results)
        validate(module, self._file)
        widen_edges(module)
        builder = self._builder
        return ImportedModel(
            module, builder.context, builder.name, "tosa", _wide(arguments), _wide(results), {}
        )

    def _invalid(self, what: str, code: ErrorCode = ErrorCode.INVALID_MODEL) -> AfeError:
        return AfeError(code, f"'{self._file}' is no valid TOSA program: {what}")

    # --- reading ---------------------------------------------------------------------------------

    def _only_block(self, graph: Record) -> Record:
        version = graph.record("version")
        numbers = (
            [version.number(part, -1) for part in ("major", "minor", "patch")] if version else []
        )
        if not numbers or numbers[0] != _VERSION:
            raise AfeError(
                ErrorCode.UNSUPPORTED_VERSION,
                f"'{self._file}' has TOSA version {'.'.join(map(str, numbers)) or 'unknown'}, "
                f"{_VERSION}.0 is read",
            )
        regions = graph.records("regions")
        blocks = regions[0].records("blocks") if regions else []
        if not blocks:
            raise self._invalid("it has no region with a block")
        if len(regions) > 1 or len(blocks) > 1:
            raise AfeError(
                ErrorCode.UNSUPPORTED_OPERATOR,
                f"'{self._file}' has {len(regions)} regions, the first of {len(blocks)} blocks; "
                "a model is one block",
                notes=["export the model without branches and loops"],
            )
        return blocks[0]

    def _read_tensors(self, block: Record) -> dict[str, _TensorInfo]:
        found: dict[str, _TensorInfo] = {}
        for record in block.records("tensors"):
            self._add(found, self._read_tensor(record))
        for record in block.records("shapes"):
            name, raw = record.text("name") or "", _octets(record)
            rank = record.number("rank")
            if not 0 <= rank <= 16 or (raw and len(raw) != stored_bytes(max(rank, 1), "index")):
                raise self._invalid(f"shape '{name}' of rank {rank} has {len(raw)} bytes")
            self._add(found, _TensorInfo(name, (rank,), "index", raw))
        return found

    def _add(self, known: dict[str, _TensorInfo], tensor: _TensorInfo) -> None:
        if tensor.name in known:
            raise self._invalid(f"two tensors are called '{tensor.name}'")
        known[tensor.name] = tensor

    def _read_tensor(self, record: Record) -> _TensorInfo:
        name = record.text("name") or ""
        try:
            dtype = dtype_of(record.number("type"))
        except ValueError as error:
            raise self._invalid(f"tensor '{name}': {error}", ErrorCode.UNSUPPORTED_TYPE) from error
        found = record.numbers("shape")
        shape = () if found is None else tuple(int(size) for size in found[: MAX_RANK + 1])
        if record.number("is_unranked") or min(shape, default=1) <= 0:
            raise AfeError(
                ErrorCode.DYNAMIC_SHAPE,
                f"tensor '{name}' in '{self._file}' has the shape {list(shape)}; every size must "
                "be known and positive",
                notes=["set the shapes when exporting"],
            )
        elements = int(np.prod(shape, dtype=object))
        if len(shape) > MAX_RANK or elements > MAX_ELEMENTS:
            raise self._invalid(f"tensor '{name}' has the shape {list(shape)}")
        return _TensorInfo(name, shape, dtype, self._tensor_bytes(record, name, elements, dtype))

    def _tensor_bytes(self, record: Record, name: str, elements: int, dtype: str) -> bytes:
        """A constant's bytes; none for other tensors."""
        raw, offset, size = _octets(record), record.number("offset"), record.number("size")
        if offset > 1:
            if size < 0 or offset + size > len(self._data):
                raise self._invalid(f"the data of tensor '{name}' lies outside the file")
            raw = self._data[offset : offset + size]
        # The serializer fills vectors of bytes up to multiples of eight.
        expected = stored_bytes(elements, dtype) if dtype != "shape" else 0
        if raw and not expected <= len(raw) < expected + 8:
            raise self._invalid(f"tensor '{name}' needs {expected} bytes, {len(raw)} are given")
        return raw[:expected]

    def _read_operator(self, record: Record, index: int) -> _Operator:
        number = record.number("op")
        schema = OPERATORS.get(number)
        if schema is None:
            raise AfeError(
                ErrorCode.UNSUPPORTED_OPERATOR,
                f"operator {index} of '{self._file}' has number {number}, which TOSA 1.0 has not",
            )
        operator = f"operator {index} ({schema.name.upper()})"
        if schema.name in _NOT_IMPORTED:
            raise AfeError(
                ErrorCode.UNSUPPORTED_OPERATOR,
                f"{operator} of '{self._file}' cannot be compiled",
                notes=[_NOT_IMPORTED[schema.name]],
            )
        tag, attributes = record.union("attribute_type", "attribute")
        if schema.attributes and (attributes is None or tag != number):
            raise self._invalid(f"{operator} has no attributes, or another operator's")
        location = record.record("location")
        return _Operator(
            index, schema, attributes, record.texts("inputs"), record.texts("outputs"),
            (location.text("text") if location else None) or "",
        )  # fmt: skip

    def _port(self, name: str, kind: str) -> Port:
        tensor = self._tensor(name, f"the program's {kind}s")
        if tensor.dtype in ("index", "shape"):
            raise self._invalid(f"{kind} '{name}' is a shape", ErrorCode.UNSUPPORTED_TYPE)
        return Port(clean_name(name, kind), tensor.shape, tensor.dtype)

    # --- translating -----------------------------------------------------------------------------

    def _in_order(self, operators: Sequence[_Operator]) -> Iterator[_Operator]:
        """Each operator behind those whose results it takes, else in the file's order."""
        producers = {name: operator for operator in operators for name in operator.outputs}
        done: set[int] = set()
        for root in operators:
            pending, entered = [root], set[int]()
            while pending:
                operator = pending[-1]
                needed = [
                    producer
                    for name in operator.inputs
                    if (producer := producers.get(name)) and producer.index not in done
                ]
                if operator.index in done or not needed:
                    pending.pop()
                    if operator.index not in done:
                        done.add(operator.index)
                        yield operator
                elif operator.index in entered:
                    raise self._invalid(f"{operator} takes its own result, by way of {needed[0]}")
                else:
                    entered.add(operator.index)
                    pending += reversed(needed)

    def _tensor(self, name: str, what: str) -> _TensorInfo:
        tensor = self._tensors.get(name)
        if tensor is None:
            raise self._invalid(
                f"{what} name the tensor '{clean_name(name, '?')}', which is not listed"
            )
        return tensor

    def _value(self, name: str, what: str) -> Tensor:
        value = self._values.get(name)
        if value is None:
            self._tensor(name, what)
            raise self._invalid(f"{what} name the tensor '{name}', which nothing produces")
        return value

    def _define(self, name: str, value: Tensor, what: str) -> None:
        if name in self._values:
            raise self._invalid(f"tensor '{name}' is produced twice, the second time by {what}")
        self._values[name] = value

    def _import_operator(self, operator: _Operator) -> None:
        results = [self._tensor(name, str(operator)) for name in operator.outputs]
        if not results:
            raise self._invalid(f"{operator} has no result")
        name = clean_name(operator.location or operator.outputs[0], str(operator))
        self._builder.at(name, operator.index)
        if operator.schema.name in ("const", "const_shape"):
            values = [self._constant(operator, results[0])]
        else:
            values = self._builder.op_with_results(
                f"tosa.{operator.schema.name}",
                [self._value(name, str(operator)) for name in operator.inputs],
                [(result.shape, self._dtype(result, operator)) for result in results],
                self._attributes(operator),
            )
        for result, value in zip(results, values, strict=False):
            self._define(result.name, value, str(operator))

    def _dtype(self, tensor: _TensorInfo, operator: _Operator) -> str:
        if tensor.dtype in ("index", "shape"):
            raise self._invalid(f"{operator} has the shape '{tensor.name}' as its result")
        return tensor.dtype

    def _constant(self, operator: _Operator, tensor: _TensorInfo) -> Tensor:
        if (operator.schema.name == "const_shape") != (tensor.dtype == "index"):
            raise self._invalid(f"{operator} has '{tensor.name}' of {tensor.dtype} as its result")
        if not tensor.raw and tensor.shape != (0,):
            raise self._invalid(f"{operator} has no values for tensor '{tensor.name}'")
        if tensor.dtype == "index":
            rank = tensor.shape[0]
            return self._builder.shape_const(np.frombuffer(tensor.raw, np.int64).tolist()[:rank])
        values = {"values": dense(tensor.raw, tensor.shape, self._dtype(tensor, operator))}
        return self._builder.op("tosa.const", [], tensor.shape, tensor.dtype, values)

    def _attributes(self, operator: _Operator) -> dict[str, ir.Attribute]:
        found = {}
        for field, kind in operator.schema.attributes:
            assert operator.attributes is not None
            first = self._tensors[operator.inputs[0]].dtype if operator.inputs else "i8"
            try:
                text = READERS[kind](operator.attributes, field, first)
            except (ValueError, KeyError) as error:
                raise self._invalid(f"{operator}, field '{field}': {error}") from error
            found[field] = self._builder.attribute(text)
        return found


def _wide(ports: Sequence[Port]) -> list[Port]:
    return [replace(port, dtype=wide_dtype(port.dtype)) for port in ports]


def _octets(record: Record) -> bytes:
    found = record.numbers("data")
    return b"" if found is None else found.tobytes()
