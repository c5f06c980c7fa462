"""Transforms of values: normalization, quantization, and what decides over classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from afe.package.network import TensorType
from afe.transforms.base import INTEGERS, SCALARS, Array, Stored, Transform, Writer

F32 = np.float32


class RoundType(Enum):
    """How a quantization rounds."""

    TONEAREST = "half_even"
    """To the nearest, halves to even."""
    HALF_AWAY = "half_away"
    """To the nearest, halves away from zero."""


class _PerChannel(Transform):
    """A transform with one tuple of parameters, or one per channel (last axis)."""

    channel_params: Sequence[Sequence[float]]

    def column(self, index: int) -> list[float]:
        """One parameter of all channels, as f32 values."""
        return [float(F32(entry[index])) for entry in self.channel_params]

    def demand_channels(self, tensor: TensorType) -> None:
        """Refuses tensors of another number of channels."""
        count, channels = len(self.channel_params), tensor.shape[-1] if tensor.shape else 1
        if count not in (1, channels):
            self.refuse(f"channel_params has {count} entries for {channels} channels")


@dataclass(frozen=True)
class Normalization(_PerChannel):
    """(x / divisor - mean) / deviation in f32, by channel."""

    channel_params: tuple[tuple[float, float, float], ...]

    name = "normalization"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        self.demand_scalar(parameter_type, SCALARS)
        self.demand_channels(parameter_type)
        return parameter_type.with_scalar("float32")

    def compute(self, t: Array) -> Array:
        divisor, mean, deviation = (np.array(self.column(i), F32) for i in range(3))
        return (t.astype(F32) / divisor - mean) / deviation

    def write(self, writer: Writer, x: Stored) -> Stored:
        floats = writer.floats(x)
        divisor, mean, deviation = (self.column(i) for i in range(3))
        if any(value != 1 for value in divisor):
            floats = writer.builder.divide(floats, writer.channels(floats, divisor))
        if any(mean):
            floats = writer.builder.sub(floats, writer.channels(floats, mean))
        if any(value != 1 for value in deviation):
            floats = writer.builder.divide(floats, writer.channels(floats, deviation))
        return Stored(floats, "float32")


@dataclass(frozen=True)
class Quantization(_PerChannel):
    """saturate(round(x * scale) + zero_point), by channel: `scale` is a multiplier."""

    channel_params: tuple[tuple[float, int], ...]
    num_bits: int
    rounding: RoundType = RoundType.TONEAREST

    name = "quantization"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        self.demand_scalar(parameter_type, ("float32",))
        self.demand_channels(parameter_type)
        return parameter_type.with_scalar(f"int{self.num_bits}")

    def compute(self, t: Array) -> Array:
        scaled = t * np.array(self.column(0), F32)
        whole = np.rint(scaled)
        if self.rounding is RoundType.HALF_AWAY:
            whole = np.trunc(scaled)
            whole = whole + np.where(np.abs(scaled - whole) >= 0.5, np.sign(scaled), 0)
        limits = np.iinfo(f"int{self.num_bits}")
        zero_points = np.array([zero for _, zero in self.channel_params], np.float64)
        shifted = np.nan_to_num(whole.astype(np.float64), posinf=np.inf, neginf=-np.inf)
        result: Array = np.clip(shifted + zero_points, limits.min, limits.max)
        return result

    def write(self, writer: Writer, x: Stored) -> Stored:
        builder, scales = writer.builder, self.column(0)
        floats = x.tensor
        if any(scale != 1 for scale in scales):
            floats = builder.mul(floats, writer.channels(floats, scales))
        zero_points = {int(zero) for _, zero in self.channel_params}
        if len(zero_points) == 1:
            rounding = self.rounding.value
            return writer.rounded(floats, f"int{self.num_bits}", zero_points.pop(), rounding)
        limits = np.iinfo(f"int{self.num_bits}")
        whole = writer.rounded(floats, "int32", 0, self.rounding.value).tensor
        # What saturates stays beyond the limits; the sum cannot overflow.
        bound = 1 << 24
        whole = builder.clamp(whole, -bound, bound)
        zeros = np.array([zero for _, zero in self.channel_params], np.int32)
        shape = [1] * (len(whole.shape) - 1) + [len(zeros)]
        whole = builder.add(whole, builder.const(zeros.reshape(shape)))
        whole = builder.clamp(whole, int(limits.min), int(limits.max))
        return Stored(builder.cast(whole, f"i{self.num_bits}"), f"int{self.num_bits}")


@dataclass(frozen=True)
class Dequantization(_PerChannel):
    """(q - zero_point) / scale in f32, by channel: undoes the quantization of these parameters."""

    channel_params: tuple[tuple[float, int], ...]

    name = "dequantization"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        self.demand_scalar(parameter_type, INTEGERS)
        self.demand_channels(parameter_type)
        return parameter_type.with_scalar("float32")

    def compute(self, t: Array) -> Array:
        scales, zeros = (np.array(self.column(i), F32) for i in range(2))
        return (t.astype(F32) - zeros) / scales

    def write(self, writer: Writer, x: Stored) -> Stored:
        floats = writer.floats(x)
        if any(zero for _, zero in self.channel_params):
            floats = writer.builder.sub(floats, writer.channels(floats, self.column(1)))
        return Stored(
            writer.builder.divide(floats, writer.channels(floats, self.column(0))), "float32"
        )


@dataclass(frozen=True)
class Argmax(Transform):
    """The index of the first largest value over one axis, which disappears; int32."""

    axis: int

    name = "argmax"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        self.demand_scalar(parameter_type, ("float32", "int8", "uint8"))
        axis = checked_axis(self, self.axis, parameter_type)
        shape = parameter_type.shape
        return TensorType("int32", (*shape[:axis], *shape[axis + 1 :]))

    def compute(self, t: Array) -> Array:
        result: Array = np.argmax(t, axis=self.axis)
        return result

    def write(self, writer: Writer, x: Stored) -> Stored:
        axis = checked_axis(self, self.axis, x.type)
        return Stored(writer.builder.argmax(x.tensor, axis), "int32")


@dataclass(frozen=True)
class Softmax(Transform):
    """exp(x - max) over its sum, over one axis."""

    axis: int

    name = "softmax"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        self.demand_scalar(parameter_type, ("float32",))
        checked_axis(self, self.axis, parameter_type)
        return parameter_type

    def compute(self, t: Array) -> Array:
        power = np.exp(t - t.max(axis=self.axis, keepdims=True))
        result: Array = power / power.sum(axis=self.axis, keepdims=True)
        return result

    def write(self, writer: Writer, x: Stored) -> Stored:
        builder, axis = writer.builder, checked_axis(self, self.axis, x.type)
        power = builder.unary("exp", builder.sub(x.tensor, builder.reduce("max", x.tensor, axis)))
        return x.with_tensor(builder.divide(power, builder.reduce("sum", power, axis)))


@dataclass(frozen=True)
class Sigmoid(Transform):
    """1 / (1 + exp(-x))."""

    name = "sigmoid"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        self.demand_scalar(parameter_type, ("float32",))
        return parameter_type

    def compute(self, t: Array) -> Array:
        with np.errstate(over="ignore"):
            return F32(1) / (F32(1) + np.exp(-t))

    def write(self, writer: Writer, x: Stored) -> Stored:
        builder, one = writer.builder, writer.scalar(x.tensor, 1.0)
        minus = builder.mul(x.tensor, writer.scalar(x.tensor, -1.0))
        return x.with_tensor(builder.divide(one, builder.add(builder.unary("exp", minus), one)))


@dataclass(frozen=True)
class NmsMaxpool(Transform):
    """Values that are the largest of the `kernel` x `kernel` window around them, 0 elsewhere."""

    kernel: int

    name = "nms_maxpool"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        self.demand_scalar(parameter_type, ("float32",))
        self.demand_image(parameter_type)
        return parameter_type

    def compute(self, t: Array) -> Array:
        reach = self.kernel // 2
        around = ((0, 0), (reach, reach), (reach, reach), (0, 0))
        padded = np.pad(t, around, constant_values=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (self.kernel,) * 2, axis=(1, 2))
        return np.where(t == windows.max(axis=(-2, -1)), t, F32(0))

    def write(self, writer: Writer, x: Stored) -> Stored:
        builder, reach = writer.builder, self.kernel // 2
        size = (self.kernel, self.kernel)
        largest = builder.max_pool2d(x.tensor, kernel=size, stride=(1, 1), pad=(reach,) * 4)
        is_largest = builder.binary("equal", x.tensor, largest, "i1")
        return x.with_tensor(builder.select(is_largest, x.tensor, writer.scalar(x.tensor, 0.0)))


def checked_axis(transform: Transform, axis: int, tensor: TensorType) -> int:
    """The axis counted from the front; refused where the tensor has none, or it counts images."""
    rank = len(tensor.shape)
    if not -rank <= axis < rank:
        transform.refuse(f"axis {axis} of a tensor of {rank} dimensions")
    if axis % rank == 0:
        transform.refuse("axis 0 counts images; nothing is computed across them")
    return axis % rank
