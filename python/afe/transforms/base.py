"""What a transform is, and the tensors it writes TOSA on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.package.network import TensorType

if TYPE_CHECKING:
    from afe.importers.builder import Tensor, TosaBuilder

Array = NDArray[Any]

INTEGERS = ("int8", "uint8", "int16", "int32")
SCALARS = ("float32", *INTEGERS)
"""What transforms take and give."""

_MLIR = {"float32": "f32", "int8": "i8", "uint8": "i8", "int16": "i16", "int32": "i32"}
_UNSIGNED_OFFSET = 128


class Transform(ABC):
    """A transformation of one tensor; its first dimension counts images."""

    @property
    @abstractmethod
    def name(self) -> str:
        """As in names of layers and outputs."""

    @abstractmethod
    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        """The result's type for a tensor of this type; AfeError INVALID_INPUT if it has none."""

    @abstractmethod
    def compute(self, t: Array) -> Array:
        """The result for an array whose type was checked."""

    @abstractmethod
    def write(self, writer: Writer, x: Stored) -> Stored:
        """Appends the operations on a tensor whose type was checked."""

    def apply(self, t: Array) -> Array:
        """The result for an array; AfeError INVALID_INPUT for a type it does not take."""
        array = np.asarray(t)
        result = self.get_result_type(TensorType(array.dtype.name, tuple(array.shape)))
        return np.ascontiguousarray(self.compute(array)).astype(result.scalar, copy=False)

    def refuse(self, reason: str) -> NoReturn:
        """AfeError INVALID_INPUT."""
        raise AfeError(ErrorCode.INVALID_INPUT, f"{self.name}: {reason}")

    def demand_scalar(self, tensor: TensorType, scalars: Sequence[str]) -> None:
        """Refuses tensors of other scalars."""
        if tensor.scalar not in scalars:
            self.refuse(f"the tensor is {tensor.scalar}, expected {' or '.join(scalars)}")

    def demand_image(self, tensor: TensorType) -> tuple[int, int, int, int]:
        """[N, H, W, C]; refuses tensors of another rank."""
        if len(tensor.shape) != 4:
            self.refuse(f"the tensor's shape is {list(tensor.shape)}, expected [N, H, W, C]")
        count, height, width, channels = tensor.shape
        return count, height, width, channels


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor and the scalar it stands for: uint8 is stored as int8, 128 less."""

    tensor: Tensor
    scalar: str

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.tensor.shape

    @property
    def type(self) -> TensorType:
        """The type it stands for."""
        return TensorType(self.scalar, self.shape)

    @property
    def offset(self) -> int:
        """What the stored values are less than those they stand for."""
        return _UNSIGNED_OFFSET if self.scalar == "uint8" else 0

    def with_tensor(self, tensor: Tensor) -> Stored:
        """Another tensor of the same scalar."""
        return replace(self, tensor=tensor)


class Writer:
    """Appends TOSA for transforms."""

    def __init__(self, builder: TosaBuilder) -> None:
        self.builder = builder

    def floats(self, x: Stored) -> Tensor:
        """The values as f32; integers of up to 24 bits exactly."""
        if x.scalar == "float32":
            return x.tensor
        return self.builder.custom(
            "dequantize", [x.tensor], x.shape, "f32", scale=1.0, zero_point=-x.offset
        )

    def rounded(
        self, x: Tensor, scalar: str, zero_point: int = 0, rounding: str = "half_even"
    ) -> Stored:
        """saturate(round(x) + zero_point) as an integer."""
        stored = Stored(x, scalar)
        tensor = self.builder.custom(
            "quantize", [x], x.shape, _MLIR[scalar],
            scale=1.0, zero_point=zero_point - stored.offset, rounding=rounding,
        )  # fmt: skip
        return stored.with_tensor(tensor)

    def channels(self, x: Tensor, values: Sequence[float]) -> Tensor:
        """f32 constants along the last axis, one or as many as channels."""
        array = np.asarray(values, np.float32)
        return self.builder.const(array.reshape(*[1] * (len(x.shape) - 1), len(values)))

    def scalar(self, x: Tensor, value: float) -> Tensor:
        """An f32 constant that broadcasts to x."""
        return self.channels(x, [value])


@dataclass(frozen=True)
class Composition(Transform):
    """Transforms one after another; none is the identity."""

    transforms: tuple[Transform, ...] = ()

    @property
    def name(self) -> str:
        return self.transforms[-1].name if self.transforms else "identity"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        for transform in self.transforms:
            parameter_type = transform.get_result_type(parameter_type)
        return parameter_type

    def compute(self, t: Array) -> Array:
        for transform in self.transforms:
            t = transform.apply(t)
        return t

    def write(self, writer: Writer, x: Stored) -> Stored:
        for transform in self.transforms:
            writer.builder.at(transform.name, 0)
            x = transform.write(writer, x)
        return x
