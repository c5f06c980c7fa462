"""One operator while it is imported: its operands, options and quantization, checked on access.

Everything an operator's function asks for either has the form it needs or raises an AfeError that
names the operator and the field.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import tflite
from flatbuffers.table import Table
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.importers.builder import INT_RANGE, Tensor, TosaBuilder
from afe.importers.tflite.arithmetic import Scaling, quantize_multiplier, quantize_value
from afe.importers.tflite.model import OperatorInfo, TensorInfo
from afe.importers.tflite.schema import TABLES, names_of
from afe.importers.tflite.states import States

OptionsT = TypeVar("OptionsT")

ACTIVATION_NAMES = names_of(tflite.ActivationFunctionType)

FLOAT_REMEDY = (
    "quantize the model to int8 first: tf.lite.TFLiteConverter with optimizations = [DEFAULT], a "
    "representative_dataset and target_spec.supported_ops = [TFLITE_BUILTINS_INT8]"
)


@dataclass(frozen=True, slots=True)
class Affine:
    """Per-tensor quantization of an int8 (or shifted uint8) tensor."""

    scale: np.float32
    zero_point: int


class Node:
    """An operator, the builder to write to, and the values of its operands."""

    def __init__(
        self,
        info: OperatorInfo,
        tensors: Sequence[TensorInfo],
        builder: TosaBuilder,
        lookup: Callable[[int], Tensor],
        states: States,
    ) -> None:
        self.info = info
        self.builder = builder
        self.states = states
        self._tensors = tensors
        self._lookup = lookup

    # --- errors ----------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """ "operator 5 CONV_2D 'name of its output'"."""
        name = f" '{self._tensors[self.info.outputs[0]].name}'" if self.info.outputs else ""
        return f"operator {self.info.index} {self.info.code}{name}"

    def invalid(self, what: str, *notes: str) -> AfeError:
        """The file contradicts itself or the operator's definition."""
        return AfeError(ErrorCode.INVALID_MODEL, f"{self.label}: {what}", notes=notes)

    def unsupported(self, what: str, *notes: str) -> AfeError:
        """A form of the operator the importer does not know."""
        return AfeError(ErrorCode.UNSUPPORTED_OPERATOR, f"{self.label}: {what}", notes=notes)

    def unsupported_type(self, tensor: TensorInfo, wanted: str) -> AfeError:
        """A tensor's type is not the wanted one; float gets its own code and remedy."""
        what = f"{self.label}: tensor '{tensor.name}' is {tensor.type_name}, {wanted} is needed"
        if tensor.type_name.startswith("FLOAT"):
            return AfeError(ErrorCode.FLOAT_MODEL, what, notes=[FLOAT_REMEDY])
        return AfeError(ErrorCode.UNSUPPORTED_TYPE, what, notes=["convert the model to int8"])

    @property
    def is_float(self) -> bool:
        """Whether an operand or a result is f32."""
        indices = [index for index in (*self.info.inputs, *self.info.outputs) if index >= 0]
        return any(self._tensors[index].dtype == "f32" for index in indices)

    # --- operands --------------------------------------------------------------------------------

    def has(self, position: int) -> bool:
        """Whether an optional input is there."""
        inputs = self.info.inputs
        return position < len(inputs) and inputs[position] >= 0

    def input(self, position: int) -> TensorInfo:
        """What the file says about an input."""
        if not self.has(position):
            raise self.invalid(f"input {position} is missing")
        return self._tensors[self.info.inputs[position]]

    def output(self, position: int = 0) -> TensorInfo:
        """What the file says about an output."""
        if position >= len(self.info.outputs):
            raise self.invalid(f"output {position} is missing")
        return self._tensors[self.info.outputs[position]]

    def tensor(self, index: int) -> TensorInfo:
        """What the file says about a tensor, by its index in the subgraph."""
        if not 0 <= index < len(self._tensors):
            raise self.invalid(f"it names tensor {index}, which does not exist")
        return self._tensors[index]

    def value(self, position: int) -> Tensor:
        """An input's value, computed before or constant."""
        tensor = self.input(position)
        value = self._lookup(tensor.index)
        if 0 in value.shape:
            raise self.invalid(f"tensor '{tensor.name}' is empty")
        return value

    def state(self, position: int) -> Tensor:
        """The value that a variable input has now."""
        return self.states.read(self._variable(position))

    def set_state(self, position: int, value: Tensor) -> None:
        """Gives a variable input the value that it has from now on."""
        self.states.write(self._variable(position), value)

    def _variable(self, position: int) -> int:
        tensor = self.input(position)
        if not tensor.is_variable:
            raise self.invalid(f"input {position} ('{tensor.name}') is no variable tensor")
        return tensor.index

    def int8_value(self, position: int, rank: int | None = None) -> Tensor:
        """An input that must be int8 or uint8, and of the given rank."""
        tensor = self.input(position)
        if tensor.dtype != "i8":
            raise self.unsupported_type(tensor, "int8 or uint8")
        value = self.value(position)
        if rank is not None and len(value.shape) != rank:
            raise self.invalid(
                f"tensor '{tensor.name}' has shape {list(value.shape)}, not rank {rank}"
            )
        return value

    def require_int8_output(self, position: int = 0) -> None:
        """The output must be int8 or uint8, as the first input is."""
        tensor = self.output(position)
        if tensor.dtype != "i8":
            raise self.unsupported_type(tensor, "int8 or uint8")

    def constant(self, position: int, rank: int | None = None) -> NDArray[Any]:
        """An input's values, which must be in the file; uint8 as int8."""
        tensor = self.input(position)
        if not tensor.is_constant:
            raise self.unsupported(
                f"input {position} ('{tensor.name}') must be a constant",
                "fold constants when converting, or make the value part of the model",
            )
        if not tensor.dtype:
            raise self.unsupported_type(tensor, "a plain number type")
        if rank is not None and len(tensor.shape) != rank:
            raise self.invalid(
                f"tensor '{tensor.name}' has shape {list(tensor.shape)}, not rank {rank}"
            )
        return tensor.values()

    def int_list(self, position: int) -> list[int]:
        """A constant int32 or int64 input (axes, shapes, paddings) as a flat list."""
        tensor = self.input(position)
        if tensor.dtype not in ("i32", "i64"):
            raise self.unsupported_type(tensor, "int32 or int64")
        values = self.constant(position)
        if values.size > 1024:
            raise self.invalid(f"tensor '{tensor.name}' has {values.size} values")
        return [int(value) for value in values.reshape(-1)]

    def axis(self, value: int, rank: int) -> int:
        """A possibly negative axis as 0..rank-1."""
        if not -rank <= value < rank:
            raise self.invalid(f"axis {value} of a tensor of rank {rank}")
        return value % rank

    # --- options ---------------------------------------------------------------------------------

    def options(self, table: type[OptionsT]) -> OptionsT:
        """The operator's options; the schema's defaults where the file has none."""
        name = table.__name__
        if name not in TABLES:
            raise KeyError(name)
        wanted = getattr(tflite.BuiltinOptions, name)
        reader: Any = table()
        if self.info.options is None or self.info.options_type == 0:
            empty = Table(bytearray(b"\x04\x00\x04\x00\x04\x00\x00\x00"), 4)
            reader.Init(empty.Bytes, empty.Pos)
        elif self.info.options_type == wanted:
            reader.Init(self.info.options.Bytes, self.info.options.Pos)
        else:
            raise self.invalid(f"its options are of kind {self.info.options_type}, not {name}")
        return reader  # type: ignore[no-any-return]

    # --- quantization ----------------------------------------------------------------------------

    def affine(self, tensor: TensorInfo) -> Affine:
        """Per-tensor scale and zero point of an int8 or uint8 tensor."""
        self.check_scales(tensor)
        if len(tensor.scales) != 1:
            raise self.invalid(f"tensor '{tensor.name}' has {len(tensor.scales)} scales, not one")
        return Affine(np.float32(tensor.scales[0]), int(tensor.zero_points[0]))

    def in_affine(self, position: int) -> Affine:
        """`affine` of an input."""
        return self.affine(self.input(position))

    def out_affine(self, position: int = 0) -> Affine:
        """`affine` of an output, which must be int8 or uint8."""
        self.require_int8_output(position)
        return self.affine(self.output(position))

    def check_scales(self, tensor: TensorInfo) -> None:
        """Scales are there, positive and finite, zero points within the type."""
        if len(tensor.scales) == 0:
            raise self.invalid(f"tensor '{tensor.name}' ({tensor.type_name}) is not quantized")
        if not (np.isfinite(tensor.scales).all() and (tensor.scales > 0).all()):
            raise self.invalid(f"tensor '{tensor.name}' has a scale that is not positive")
        low, high = INT_RANGE.get(tensor.dtype, (0, 0))
        if tensor.zero_points.min() < low or tensor.zero_points.max() > high:
            raise self.invalid(f"tensor '{tensor.name}' has a zero point outside its type")

    def scaling(self, factor: float | NDArray[np.float64]) -> Scaling:
        """`quantize_multiplier` with this operator named in its error."""
        if not np.isfinite(factor).all():
            raise self.invalid("the quotient of its scales is not finite")
        try:
            return quantize_multiplier(factor)
        except ValueError as error:
            raise self.invalid(str(error), "check the scales of its tensors") from error

    def activation_range(self, activation: int, out: Affine) -> tuple[int, int]:
        """Limits (int8) the fused activation sets on the output, as the kernels compute them."""
        low, high = -128, 127
        name = ACTIVATION_NAMES.get(activation, str(activation))
        bounds = {
            "NONE": (-math.inf, math.inf),
            "RELU": (0.0, math.inf),
            "RELU_N1_TO_1": (-1.0, 1.0),
            "RELU6": (0.0, 6.0),
        }.get(name)
        if bounds is None:
            raise self.unsupported(
                f"fused activation {name}", "convert it as an operator of its own"
            )
        if math.isfinite(bounds[0]):
            low = max(low, quantize_value(bounds[0], out.scale, out.zero_point))
        if math.isfinite(bounds[1]):
            high = min(high, quantize_value(bounds[1], out.scale, out.zero_point))
        if low > high:
            raise self.invalid(f"fused activation {name} leaves no value of the output's range")
        return low, high
