"""The frame of a TOSA module: context, function, constants, locations.

Every use of the MLIR bindings by the importers is here and in builder.py; importers handle
`Tensor`s (a value with its shape and element type at hand) and never touch `afe.ir` themselves.
Constants above `RESOURCE_BYTES` are kept as resources, by reference and unhashed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe import ir
from afe.errors import AfeError, ErrorCode
from afe.importers.common import Port, Quantization, State

RESOURCE_BYTES = 1024

DTYPE_OF_NUMPY: dict[np.dtype[Any], str] = {
    np.dtype(np.int8): "i8",
    np.dtype(np.uint8): "ui8",
    np.dtype(np.int16): "i16",
    np.dtype(np.int32): "i32",
    np.dtype(np.int64): "i64",
    np.dtype(np.float32): "f32",
    np.dtype(np.bool_): "i1",
}
"""MLIR element type of a numpy dtype, as the modules spell it."""

NUMPY_OF_DTYPE: dict[str, np.dtype[Any]] = {text: dtype for dtype, text in DTYPE_OF_NUMPY.items()}


@dataclass(frozen=True, slots=True)
class Tensor:
    """An SSA value with its static shape and its MLIR element type ("i8", "i32", "f32", …).

    `constant` are the values of a `tosa.const`, so that reshapes of it need no operation.
    """

    value: ir.Value
    shape: tuple[int, ...]
    dtype: str
    constant: NDArray[np.generic] | None = field(default=None, compare=False, repr=False)


class ModuleBuilder:
    """Builds one module with one `func.func @main`.

    Use: `with builder.context:` around everything; `arguments()`, operations, `finish()`.
    """

    def __init__(self, name: str, producer: str, file: str) -> None:
        """`file` is the file name shown in locations (no folder: outputs must not depend on it)."""
        self.context = ir.Context()
        self.name = name
        self.producer = producer
        self._file = file
        self._element_types: dict[str, ir.Type] = {}
        self._tensor_types: dict[tuple[tuple[int, ...], str], ir.Type] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Tensor] = {}
        self._shape_constants: dict[tuple[int, ...], Tensor] = {}
        self._attributes: dict[str, ir.Attribute] = {}
        self._resource_count = 0
        with self.context:
            self._location = ir.Location.name(name, ir.Location.file(file, 0, 0))
            self.module = ir.Module.create(loc=self._location)
        self._arguments: list[Tensor] = []
        self._argument_attributes: list[ir.Attribute] = []

    # --- locations -------------------------------------------------------------------------------

    def at(self, name: str, index: int) -> None:
        """Following operations come from operator (or node) `index`, called `name`."""
        self._location = self._named_location(name, index)

    def at_fused(self, origins: Sequence[tuple[str, int]]) -> None:
        """Following operations come from several operators at once."""
        self._location = ir.Location.fused([self._named_location(*origin) for origin in origins])

    def _named_location(self, name: str, index: int) -> ir.Location:
        return ir.Location.name(name, ir.Location.file(self._file, index, 0))

    # --- types and attributes --------------------------------------------------------------------

    def element_type(self, dtype: str) -> ir.Type:
        """The MLIR element type spelt `dtype`."""
        known = self._element_types.get(dtype)
        if known is None:
            known = self._element_types[dtype] = ir.Type.parse(dtype)
        return known

    def tensor_type(self, shape: tuple[int, ...], dtype: str) -> ir.Type:
        """`tensor<shape x dtype>`."""
        known = self._tensor_types.get((shape, dtype))
        if known is None:
            known = ir.RankedTensorType.get(list(shape), self.element_type(dtype))
            self._tensor_types[shape, dtype] = known
        return known

    def attribute(self, text: str) -> ir.Attribute:
        """The attribute written `text`, parsed once; for attributes from a small set of values."""
        known = self._attributes.get(text)
        if known is None:
            known = self._attributes[text] = ir.Attribute.parse(text)
        return known

    def i64_array(self, values: Sequence[int]) -> ir.Attribute:
        """`array<i64: …>`."""
        return ir.DenseI64ArrayAttr.get([int(value) for value in values])

    # --- the function ----------------------------------------------------------------------------

    def arguments(self, ports: Sequence[Port]) -> list[Tensor]:
        """Opens `@main` with one argument per port; call once, before any operation."""
        types = [self.tensor_type(port.shape, port.dtype) for port in ports]
        self._function = ir.Operation.create(
            "func.func",
            attributes={
                "sym_name": ir.StringAttr.get("main"),
                "function_type": ir.TypeAttr.get(ir.FunctionType.get(types, [])),
            },
            regions=1,
            loc=self._location,
            ip=ir.InsertionPoint(self.module.body),
        )
        locations = [self._named_location(port.name, 0) for port in ports]
        block = self._function.regions[0].blocks.append(*types, arg_locs=locations)
        self._insertion_point = ir.InsertionPoint(block)
        self._argument_types = types
        self._argument_attributes = [self._port_attribute(port) for port in ports]
        self._arguments = [
            Tensor(value, port.shape, port.dtype)
            for value, port in zip(block.arguments, ports, strict=True)
        ]
        return self._arguments

    def finish(self, results: Sequence[Tensor], ports: Sequence[Port]) -> ir.Module:
        """Closes the function with `results`, sets all attributes, verifies, returns the module."""
        self._location = ir.Location.name(self.name, ir.Location.file(self._file, 0, 0))
        ir.Operation.create(
            "func.return",
            operands=[result.value for result in results],
            loc=self._location,
            ip=self._insertion_point,
        )
        types = [self.tensor_type(result.shape, result.dtype) for result in results]
        function_type = ir.FunctionType.get(self._argument_types, types)
        attributes = self._function.attributes
        attributes["function_type"] = ir.TypeAttr.get(function_type)
        attributes["arg_attrs"] = ir.ArrayAttr.get(self._argument_attributes)
        attributes["res_attrs"] = ir.ArrayAttr.get([self._port_attribute(port) for port in ports])
        module_attributes = self.module.operation.attributes
        module_attributes["afe.producer"] = ir.StringAttr.get(self.producer)
        module_attributes["afe.model_name"] = ir.StringAttr.get(self.name)
        self._verify()
        return self.module

    def _verify(self) -> None:
        try:
            self.module.operation.verify()
        except ir.MLIRError as error:
            raise AfeError(
                ErrorCode.INVALID_MODEL,
                f"model '{self.name}' makes no valid TOSA",
                notes=str(error).splitlines()[1:6],
            ) from error

    def _port_attribute(self, port: Port) -> ir.Attribute:
        entries: dict[str, ir.Attribute] = {"afe.name": ir.StringAttr.get(port.name)}
        if port.quantization is not None:
            entries["afe.quant"] = self._quantization_attribute(port.quantization)
        if port.state is not None:
            entries["afe.state"] = self._state_attribute(port.state, port.dtype)
        return ir.DictAttr.get(entries)

    def _quantization_attribute(self, quantization: Quantization) -> ir.Attribute:
        scale = ir.FloatAttr.get(self.element_type("f32"), quantization.scale)
        zero_point = ir.IntegerAttr.get(self.element_type("i64"), quantization.zero_point)
        return ir.DictAttr.get({"scale": scale, "zero_point": zero_point})

    @staticmethod
    def _state_attribute(state: State, dtype: str) -> ir.Attribute:
        initial: ir.Attribute
        if dtype.startswith("f"):
            initial = ir.DenseF32ArrayAttr.get([float(value) for value in state.initial])
        else:
            initial = ir.DenseI64ArrayAttr.get([int(value) for value in state.initial])
        return ir.DictAttr.get({"name": ir.StringAttr.get(state.name), "initial": initial})

    # --- operations and constants ----------------------------------------------------------------

    def op(
        self,
        name: str,
        operands: Sequence[Tensor],
        shape: tuple[int, ...],
        dtype: str,
        attributes: Mapping[str, ir.Attribute] | None = None,
    ) -> Tensor:
        """Appends operation `name` with one result of the given shape and element type."""
        return self.op_with_results(name, operands, [(shape, dtype)], attributes)[0]

    def op_with_results(
        self,
        name: str,
        operands: Sequence[Tensor],
        results: Sequence[tuple[tuple[int, ...], str]],
        attributes: Mapping[str, ir.Attribute] | None = None,
    ) -> list[Tensor]:
        """`op` with any number of results, each of a shape and an element type."""
        operation = ir.Operation.create(
            name,
            results=[self.tensor_type(shape, dtype) for shape, dtype in results],
            operands=[operand.value for operand in operands],
            attributes=dict(attributes) if attributes else None,
            loc=self._location,
            ip=self._insertion_point,
        )
        return [
            Tensor(value, shape, dtype)
            for value, (shape, dtype) in zip(operation.results, results, strict=True)
        ]

    def const(self, array: NDArray[np.generic]) -> Tensor:
        """`tosa.const` of the array's shape and dtype (uint8 becomes ui8); small ones are shared.

        Large arrays are kept by reference: do not write to them afterwards.
        """
        array = np.require(array, requirements=["C", "A"])
        dtype = DTYPE_OF_NUMPY[array.dtype]
        if array.nbytes > RESOURCE_BYTES and dtype != "i1":
            return self._emit_const(self._resource(array, dtype), array, dtype)
        key = (dtype, array.shape, array.tobytes())
        known = self._constants.get(key)
        if known is None:
            values = self._dense(array, dtype)
            known = self._constants[key] = self._emit_const(values, array, dtype)
        return known

    def scalar(self, value: float, dtype: str) -> Tensor:
        """A constant of shape [1]."""
        return self.const(np.array([value], NUMPY_OF_DTYPE[dtype]))

    def shape_const(self, values: Sequence[int]) -> Tensor:
        """A `!tosa.shape<rank>` constant, of element type "index"."""
        key = tuple(int(value) for value in values)
        known = self._shape_constants.get(key)
        if known is None:
            text = f"dense<{list(key) if key else ''}> : tensor<{len(key)}xindex>"
            operation = ir.Operation.create(
                "tosa.const_shape",
                results=[ir.Type.parse(f"!tosa.shape<{len(key)}>")],
                attributes={"values": ir.Attribute.parse(text)},
                loc=self._location,
                ip=self._insertion_point,
            )
            shape = Tensor(operation.results[0], (len(key),), "index")
            known = self._shape_constants[key] = shape
        return known

    def _emit_const(self, values: ir.Attribute, array: NDArray[np.generic], dtype: str) -> Tensor:
        made = self.op("tosa.const", [], array.shape, dtype, {"values": values})
        return replace(made, constant=array)

    def _dense(self, array: NDArray[np.generic], dtype: str) -> ir.Attribute:
        if array.size == 0:
            raise ValueError("an empty constant has no values")
        if dtype == "i1":
            return ir.DenseElementsAttr.get(array)
        return ir.DenseElementsAttr.get(array, type=self.element_type(dtype))

    def _resource(self, array: NDArray[np.generic], dtype: str) -> ir.Attribute:
        name = f"const_{self._resource_count}"
        self._resource_count += 1
        return ir.DenseResourceElementsAttr.get_from_buffer(
            array, name, self.tensor_type(array.shape, dtype)
        )
