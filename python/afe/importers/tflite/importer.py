"""Drives the import of one TFLite subgraph: arguments, operators in file order, results.

TFLite files list operators in an order in which every operand is computed before it is used; a
file that does not is refused. Result shapes are the computed ones, as in LiteRT itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from afe.errors import AfeError, ErrorCode
from afe.importers.builder import Tensor, TosaBuilder
from afe.importers.common import ImportedModel, Port, Quantization
from afe.importers.tflite import variables
from afe.importers.tflite.folding import FOLDERS, Integers, fold
from afe.importers.tflite.model import (
    MAX_ELEMENTS,
    MAX_RANK,
    Model,
    OperatorInfo,
    TensorInfo,
    read_model,
)
from afe.importers.tflite.node import FLOAT_REMEDY, Node
from afe.importers.tflite.registry import FLOAT_HANDLERS, HANDLERS, Handler
from afe.importers.tflite.states import States, variable_tensors


def import_tflite(
    data: bytes, *, name: str, path: Path, signature: str | None = None
) -> ImportedModel:
    """A TFLite file's bytes as TOSA; `path` gives the file name shown in locations and messages.

    `signature` chooses one of several entry points by its key.
    """
    model = read_model(data, path.name, signature)
    _refuse_float_model(model)
    _refuse_unknown_operators(model)
    builder = TosaBuilder(name, "tflite", path.name)
    with builder.context:
        return _GraphImporter(model, builder).run(name)


def _refuse_float_model(model: Model) -> None:
    """One clear sentence for a model without a quantized operator, not its first detail."""
    quantized = ("i8", "i16")
    for operator in model.operators:
        for index in (*operator.inputs, *operator.outputs):
            if index >= 0 and model.tensors[index].dtype in quantized:
                return
    if any(tensor.type_name.startswith("FLOAT") for tensor in model.tensors):
        raise AfeError(
            ErrorCode.FLOAT_MODEL,
            f"the model computes in float ({len(model.operators)} operators, none quantized)",
            notes=[FLOAT_REMEDY],
        )


def _refuse_unknown_operators(model: Model) -> None:
    """Names every operator that is not known at once, at the first one's place."""
    known = HANDLERS.keys() | FLOAT_HANDLERS.keys() | FOLDERS.keys() | variables.OPERATORS
    unknown = [operator for operator in model.operators if operator.code not in known]
    if not unknown:
        return
    first = unknown[0]
    where = f" '{model.tensors[first.outputs[0]].name}'" if first.outputs else ""
    codes = sorted({operator.code for operator in unknown})
    raise AfeError(
        ErrorCode.UNSUPPORTED_OPERATOR,
        f"operator {first.index} {first.code}{where} is not known to the TFLite importer",
        notes=[
            f"{len(unknown)} of {len(model.operators)} operators are not known: {', '.join(codes)}",
            "replace it in the model, or cut the model before it (it can run behind the archive); "
            "an operator is added as one function in afe/importers/tflite",
        ],
    )


def _handler(node: Node) -> Handler:
    """By the operator's name and whether it computes in f32."""
    handler = FLOAT_HANDLERS.get(node.info.code) if node.is_float else None
    handler = handler or HANDLERS.get(node.info.code)
    if handler is None and node.info.code in FLOAT_HANDLERS:
        raise node.unsupported_type(node.input(0), "float32")
    if handler is None:
        raise node.unsupported(
            "it is known for shapes only, whose values the file tells",
            "make its operands constants of the model",
        )
    return handler


class _GraphImporter:
    def __init__(self, model: Model, builder: TosaBuilder) -> None:
        self._model = model
        self._builder = builder
        self._tensors = list(model.tensors)
        self._values: dict[int, Tensor] = {}
        self._variables = variables.ResourceVariables(model)
        border = (*model.inputs, *model.outputs)
        self._states = States(
            variable_tensors(model) + self._variables.states(),
            taken=[self._tensors[index].name for index in border],
        )

    def run(self, name: str) -> ImportedModel:
        inputs = [self._port(self._tensors[index]) for index in self._model.inputs]
        inputs += self._states.ports()
        self._import_arguments(inputs)
        for operator in self._model.operators:
            self._import_operator(operator)
        outputs, results = self._results()
        outputs, results = outputs + self._states.ports(), results + self._states.results()
        module = self._builder.finish(results, outputs)
        return ImportedModel(
            module, self._builder.context, name, "tflite", inputs, outputs, self._model.metadata
        )

    # --- arguments and results -------------------------------------------------------------------

    def _port(self, tensor: TensorInfo, shape: tuple[int, ...] | None = None) -> Port:
        if not tensor.dtype:
            raise AfeError(
                ErrorCode.UNSUPPORTED_TYPE,
                f"tensor '{tensor.name}' of the model's interface is {tensor.type_name}",
                notes=["inputs and outputs may be int8, uint8, int16, int32, int64, bool, float32"],
            )
        zero_point = self._model_zero_point(tensor)
        quantization = None
        if len(tensor.scales) == 1 and np.isfinite(tensor.scales[0]):
            quantization = Quantization(float(tensor.scales[0]), zero_point)
        return Port(
            tensor.name, tensor.shape if shape is None else shape, tensor.model_dtype, quantization
        )

    @staticmethod
    def _model_zero_point(tensor: TensorInfo) -> int:
        if len(tensor.zero_points) == 0:
            return 0
        return int(tensor.zero_points[0]) + (128 if tensor.is_unsigned else 0)

    def _import_arguments(self, ports: Sequence[Port]) -> None:
        for index in self._model.inputs:
            self._refuse_dynamic(self._tensors[index])
        if len(set(self._model.inputs)) != len(self._model.inputs):
            raise AfeError(ErrorCode.INVALID_MODEL, "the model lists one tensor as two inputs")
        arguments = self._builder.arguments(ports)
        own = len(self._model.inputs)
        self._states.begin(arguments[own:])
        for index, argument in zip(self._model.inputs, arguments[:own], strict=True):
            self._builder.at(self._tensors[index].name, 0)
            is_unsigned = argument.dtype == "ui8"
            self._values[index] = self._builder.to_signed(argument) if is_unsigned else argument

    def _refuse_dynamic(self, tensor: TensorInfo) -> None:
        dynamic = [axis for axis, size in enumerate(tensor.signature) if size < 0 and axis > 0]
        if dynamic or 0 in tensor.shape:
            raise AfeError(
                ErrorCode.DYNAMIC_SHAPE,
                f"input '{tensor.name}' has shape {list(tensor.signature or tensor.shape)}; only "
                "the batch (the first dimension) may be dynamic",
                notes=["fix the shape before converting, for instance in the Keras Input layer"],
            )
        if tensor.is_constant:
            raise AfeError(ErrorCode.INVALID_MODEL, f"input '{tensor.name}' is a constant")

    def _results(self) -> tuple[list[Port], list[Tensor]]:
        ports, results = [], []
        for index in self._model.outputs:
            tensor = self._tensors[index]
            value = self._lookup(index)
            self._builder.at(tensor.name, len(self._model.operators))
            ports.append(self._port(tensor, value.shape))
            results.append(self._builder.to_unsigned(value) if tensor.is_unsigned else value)
        if not results:
            raise AfeError(ErrorCode.INVALID_MODEL, "the model has no outputs")
        return ports, results

    # --- operators -------------------------------------------------------------------------------

    def _import_operator(self, operator: OperatorInfo) -> None:
        node = Node(operator, self._tensors, self._builder, self._lookup, self._states)
        try:
            if operator.code in variables.OPERATORS:
                self._builder.at(operator.code, operator.index)
                for value in self._variables.run(node):
                    self._define(node, node.output().index, value)
                return
            self._builder.at(node.output().name, operator.index)
            folded = fold(node)
            if folded is not None:
                self._define_constant(node, folded)
                return
            made = _handler(node)(node)
        except ValueError as error:
            raise node.invalid(str(error)) from error
        results = [made] if isinstance(made, Tensor) else list(made)
        if len(results) != len(operator.outputs):
            raise node.invalid(f"it has {len(operator.outputs)} outputs, not {len(results)}")
        for index, result in zip(operator.outputs, results, strict=True):
            self._define(node, index, result)

    def _define_constant(self, node: Node, values: Integers) -> None:
        """A folded result counts as a constant of the file from here on."""
        tensor = node.output()
        if tensor.is_constant or tensor.index in self._values:
            raise node.invalid(f"tensor '{tensor.name}' is computed twice")
        raw = np.frombuffer(values.tobytes(), np.uint8)
        self._tensors[tensor.index] = replace(tensor, shape=values.shape, raw=raw)

    def _define(self, node: Node, index: int, result: Tensor) -> None:
        tensor = self._tensors[index]
        elements = 1
        for size in result.shape:
            elements *= size
        if len(result.shape) > MAX_RANK or not 0 < elements <= MAX_ELEMENTS:
            raise node.invalid(f"its result '{tensor.name}' would have shape {list(result.shape)}")
        if result.dtype != tensor.dtype:
            raise node.unsupported_type(tensor, result.dtype)
        if index in self._values or tensor.is_constant:
            raise node.invalid(f"tensor '{tensor.name}' is computed twice")
        self._values[index] = result

    def _lookup(self, index: int) -> Tensor:
        """The value of a tensor; constants are written where they are first used."""
        known = self._values.get(index)
        if known is not None:
            return known
        tensor = self._tensors[index]
        if tensor.is_variable:
            return self._states.read(index)
        if not tensor.is_constant:
            raise AfeError(
                ErrorCode.INVALID_MODEL, f"tensor '{tensor.name}' is used before it is computed"
            )
        if not tensor.dtype or 0 in tensor.shape:
            raise AfeError(
                ErrorCode.UNSUPPORTED_TYPE,
                f"constant '{tensor.name}' is {tensor.type_name} of shape {list(tensor.shape)}",
            )
        value = self._values[index] = self._builder.const(tensor.values())
        return value
