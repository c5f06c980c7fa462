"""The TOSA operations importers write, one method each, with result shapes worked out.

Nothing here knows a model format. Methods take and return `Tensor`s and raise ValueError where a
call makes no valid TOSA: importers check what a user's model can get wrong before they call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe import ir
from afe.importers.module_builder import Tensor
from afe.importers.movement_builder import MovementBuilder

__all__ = [
    "DOUBLE_ROUND",
    "INT_RANGE",
    "SINGLE_ROUND",
    "Tensor",
    "TosaBuilder",
    "attribute_text",
    "broadcast_shape",
    "window_count",
]

IntArray = NDArray[np.integer[Any]] | Sequence[int] | int

INT_RANGE = {"i8": (-128, 127), "ui8": (0, 255), "i16": (-(1 << 15), (1 << 15) - 1)}
INT_RANGE["i32"] = (-(1 << 31), (1 << 31) - 1)

SINGLE_ROUND = "SINGLE_ROUND"
DOUBLE_ROUND = "DOUBLE_ROUND"


def attribute_text(value: object) -> str:
    """A Python value in MLIR attribute syntax: bool, int (i64), float (f32), str, int lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value} : i64"
    if isinstance(value, float):
        bits = int(np.float32(value).view(np.uint32))
        return f"0x{bits:08X} : f32" if not np.isfinite(value) else f"{_float_text(value)} : f32"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Sequence):
        return f"array<i64: {', '.join(str(int(item)) for item in value)}>"
    raise TypeError(f"no attribute syntax for {type(value).__name__}")


def _float_text(value: float) -> str:
    """Decimal digits that read back as the same f32."""
    text = np.format_float_scientific(np.float32(value), unique=True, trim="0")
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent):+03d}"


class TosaBuilder(MovementBuilder):
    """A `ModuleBuilder` that knows TOSA's operations."""

    # --- convolutions and products ---------------------------------------------------------------

    def conv2d(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        *,
        pad: Sequence[int] = (0, 0, 0, 0),
        stride: Sequence[int] = (1, 1),
        dilation: Sequence[int] = (1, 1),
        input_zp: int = 0,
        weight_zp: int = 0,
    ) -> Tensor:
        """NHWC i8 by OHWI i8 plus i32 bias to i32; pad = top, bottom, left, right.

        Rows and columns behind the last window (which TOSA forbids) are sliced off first.
        """
        channels = weight.shape[0]
        kernel = weight.shape[1:3]
        x = self.drop_unreached(x, kernel, pad, stride, dilation)
        return self._conv(
            "tosa.conv2d", x, weight, bias, kernel, channels, pad, stride, dilation,
            (input_zp, weight_zp),
        )  # fmt: skip

    def depthwise_conv2d(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        *,
        pad: Sequence[int] = (0, 0, 0, 0),
        stride: Sequence[int] = (1, 1),
        dilation: Sequence[int] = (1, 1),
        input_zp: int = 0,
        weight_zp: int = 0,
    ) -> Tensor:
        """NHWC i8 by HWCM i8 plus i32 bias to i32; otherwise as `conv2d`."""
        channels = weight.shape[2] * weight.shape[3]
        kernel = weight.shape[0:2]
        x = self.drop_unreached(x, kernel, pad, stride, dilation)
        return self._conv(
            "tosa.depthwise_conv2d", x, weight, bias, kernel, channels, pad, stride, dilation,
            (input_zp, weight_zp),
        )  # fmt: skip

    def _conv(
        self,
        name: str,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        kernel: Sequence[int],
        channels: int,
        pad: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int],
        zero_points: tuple[int, int],
    ) -> Tensor:
        height = window_count(x.shape[1] + pad[0] + pad[1], kernel[0], stride[0], dilation[0])
        width = window_count(x.shape[2] + pad[2] + pad[3], kernel[1], stride[1], dilation[1])
        operands = [
            x, weight, bias,
            self.scalar(zero_points[0], x.dtype),
            self.scalar(zero_points[1], weight.dtype),
        ]  # fmt: skip
        attributes = {
            "pad": self.i64_array(pad),
            "stride": self.i64_array(stride),
            "dilation": self.i64_array(dilation),
            "acc_type": self.attribute(bias.dtype),
        }
        return self.op(
            name, operands, (x.shape[0], height, width, channels), bias.dtype, attributes
        )

    def transpose_conv2d(
        self,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        *,
        out_pad: Sequence[int],
        stride: Sequence[int],
        input_zp: int = 0,
        weight_zp: int = 0,
    ) -> Tensor:
        """NHWC i8 by OHWI i8 to i32, output = (in - 1) * stride + out_pad + kernel.

        `out_pad` (top, bottom, left, right) may be negative (a crop), but > -kernel.
        """
        _, kernel_height, kernel_width, _ = weight.shape
        height = (x.shape[1] - 1) * stride[0] + out_pad[0] + out_pad[1] + kernel_height
        width = (x.shape[2] - 1) * stride[1] + out_pad[2] + out_pad[3] + kernel_width
        operands = [
            x, weight, bias,
            self.scalar(input_zp, x.dtype),
            self.scalar(weight_zp, weight.dtype),
        ]  # fmt: skip
        attributes = {
            "out_pad": self.i64_array(out_pad),
            "stride": self.i64_array(stride),
            "acc_type": self.attribute(bias.dtype),
        }
        shape = (x.shape[0], height, width, weight.shape[0])
        return self.op("tosa.transpose_conv2d", operands, shape, bias.dtype, attributes)

    def matmul(self, a: Tensor, b: Tensor, *, a_zp: int = 0, b_zp: int = 0) -> Tensor:
        """[B,M,K] x [B,K,N] i8 to i32."""
        operands = [a, b, self.scalar(a_zp, a.dtype), self.scalar(b_zp, b.dtype)]
        dtype = "i32" if a.dtype == "i8" else a.dtype
        return self.op("tosa.matmul", operands, (*a.shape[:2], b.shape[2]), dtype)

    def drop_unreached(
        self,
        x: Tensor,
        kernel: Sequence[int],
        pad: Sequence[int],
        stride: Sequence[int],
        dilation: Sequence[int] = (1, 1),
    ) -> Tensor:
        """Slices off the rows and columns that no window of the operation reaches."""
        sizes = list(x.shape)
        for axis in (0, 1):
            padded = x.shape[1 + axis] + pad[2 * axis] + pad[2 * axis + 1]
            extent = (kernel[axis] - 1) * dilation[axis] + 1
            sizes[1 + axis] -= (padded - extent) % stride[axis]
        return self.slice(x, [0] * len(sizes), sizes)

    # --- windows ---------------------------------------------------------------------------------

    def max_pool2d(
        self, x: Tensor, *, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int]
    ) -> Tensor:
        """Maximum over windows of NHWC; padding never wins."""
        x = self.drop_unreached(x, kernel, pad, stride, (1, 1))
        height = window_count(x.shape[1] + pad[0] + pad[1], kernel[0], stride[0], 1)
        width = window_count(x.shape[2] + pad[2] + pad[3], kernel[1], stride[1], 1)
        attributes = {
            "kernel": self.i64_array(kernel),
            "stride": self.i64_array(stride),
            "pad": self.i64_array(pad),
            "nan_mode": self.attribute("#tosa.nan_mode<PROPAGATE>"),
        }
        shape = (x.shape[0], height, width, x.shape[3])
        return self.op("tosa.max_pool2d", [x], shape, x.dtype, attributes)

    def avg_pool2d(
        self, x: Tensor, *, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int]
    ) -> Tensor:
        """Mean over the existing taps of windows of NHWC f32, which must reach all of x."""
        height = window_count(x.shape[1] + pad[0] + pad[1], kernel[0], stride[0], 1)
        width = window_count(x.shape[2] + pad[2] + pad[3], kernel[1], stride[1], 1)
        zero = self.scalar(0, x.dtype)
        attributes = {
            "kernel": self.i64_array(kernel),
            "stride": self.i64_array(stride),
            "pad": self.i64_array(pad),
            "acc_type": self.attribute("f32"),
        }
        shape = (x.shape[0], height, width, x.shape[3])
        return self.op("tosa.avg_pool2d", [x, zero, zero], shape, x.dtype, attributes)

    def resize(
        self,
        x: Tensor,
        *,
        scale: Sequence[int],
        offset: Sequence[int],
        border: Sequence[int],
        mode: str = "nearest",
    ) -> Tensor:
        """NHWC resized: output o lies at row (o * scale[1] + offset[0]) / scale[0] of the input.

        `scale`: numerator and denominator of height, then width. `mode` nearest takes the element
        there (halves up), bilinear (f32) what four elements around it give.
        """
        height = ((x.shape[1] - 1) * scale[0] - offset[0] + border[0]) // scale[1] + 1
        width = ((x.shape[2] - 1) * scale[2] - offset[1] + border[1]) // scale[3] + 1
        operands = [x, *(self.shape_const(values) for values in (scale, offset, border))]
        kind = {"nearest": "NEAREST_NEIGHBOR", "bilinear": "BILINEAR"}[mode]
        attributes = {"mode": self.attribute(f"#tosa.resize_mode<{kind}>")}
        shape = (x.shape[0], height, width, x.shape[3])
        return self.op("tosa.resize", operands, shape, x.dtype, attributes)

    # --- requantization --------------------------------------------------------------------------

    def rescale(
        self,
        x: Tensor,
        dtype: str,
        multiplier: IntArray,
        shift: IntArray,
        *,
        input_zp: int = 0,
        output_zp: int = 0,
        rounding: str = DOUBLE_ROUND,
    ) -> Tensor:
        """saturate(((x - input_zp) * multiplier >> shift, rounded) + output_zp).

        Scalars, or one multiplier and shift (2..62) per channel (last axis). "ui8" as x.dtype or
        `dtype` sets the unsigned flags.
        """
        multipliers = np.atleast_1d(np.asarray(multiplier, np.int32))
        shifts = np.atleast_1d(np.asarray(shift, np.int8))
        if multipliers.shape != shifts.shape:
            raise ValueError("as many multipliers as shifts are needed")
        per_channel = len(multipliers) > 1
        operands = [
            x,
            self.const(multipliers),
            self.const(shifts),
            self.scalar(input_zp, x.dtype),
            self.scalar(output_zp, dtype),
        ]
        attributes = {
            "scale32": self.attribute("true"),
            "rounding_mode": self.attribute(f"#tosa.rounding_mode<{rounding}>"),
            "per_channel": self.attribute(attribute_text(per_channel)),
            "input_unsigned": self.attribute(attribute_text(x.dtype == "ui8")),
            "output_unsigned": self.attribute(attribute_text(dtype == "ui8")),
        }
        return self.op("tosa.rescale", operands, x.shape, dtype, attributes)

    def to_signed(self, x: Tensor) -> Tensor:
        """ui8 argument to the i8 tensor with values (and zero point) minus 128."""
        return self.rescale(x, "i8", 1 << 30, 30, input_zp=128, rounding=SINGLE_ROUND)

    def to_unsigned(self, x: Tensor) -> Tensor:
        """i8 to a ui8 result: the opposite of `to_signed`."""
        return self.rescale(x, "ui8", 1 << 30, 30, output_zp=128, rounding=SINGLE_ROUND)

    def centred(self, x: Tensor, zero_point: int) -> Tensor:
        """x - zero_point in i32."""
        if zero_point == 0:
            return self.cast(x, "i32")
        return self.rescale(x, "i32", 1 << 30, 30, input_zp=zero_point, rounding=SINGLE_ROUND)

    def clamp(self, x: Tensor, low: float, high: float) -> Tensor:
        """Limits to [low, high]; no operation where that is the whole range of the type."""
        if (low, high) == INT_RANGE.get(x.dtype):
            return x
        attributes = {
            "min_val": self._number(low, x.dtype),
            "max_val": self._number(high, x.dtype),
            "nan_mode": self.attribute("#tosa.nan_mode<PROPAGATE>"),
        }
        return self.op("tosa.clamp", [x], x.shape, x.dtype, attributes)

    def _number(self, value: float, dtype: str) -> ir.Attribute:
        if dtype.startswith("f"):
            return ir.FloatAttr.get(self.element_type(dtype), float(value))
        return ir.IntegerAttr.get(self.element_type(dtype), int(value))

    def cast(self, x: Tensor, dtype: str) -> Tensor:
        """`tosa.cast`; no operation where nothing changes."""
        return x if x.dtype == dtype else self.op("tosa.cast", [x], x.shape, dtype)

    # --- elementwise -----------------------------------------------------------------------------

    def unary(self, name: str, x: Tensor) -> Tensor:
        """`tosa.<name>` of one tensor: abs, exp, log, reciprocal, rsqrt, tanh, floor, …"""
        return self.op(f"tosa.{name}", [x], x.shape, x.dtype)

    def binary(self, name: str, x: Tensor, y: Tensor, dtype: str | None = None) -> Tensor:
        """`tosa.<name>` of two broadcastable tensors: add, sub, maximum, minimum, greater, …"""
        x, y = self.same_rank(x, y)
        return self.op(f"tosa.{name}", [x, y], broadcast_shape(x.shape, y.shape), dtype or x.dtype)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """x + y."""
        return self.binary("add", x, y)

    def sub(self, x: Tensor, y: Tensor) -> Tensor:
        """x - y."""
        return self.binary("sub", x, y)

    def mul(self, x: Tensor, y: Tensor, shift: int = 0) -> Tensor:
        """x * y (i32: then a rounding right shift)."""
        x, y = self.same_rank(x, y)
        operands = [x, y, self.scalar(shift, "i8")]
        return self.op("tosa.mul", operands, broadcast_shape(x.shape, y.shape), x.dtype)

    def divide(self, x: Tensor, y: Tensor) -> Tensor:
        """x / y of f32 tensors, broadcast (TOSA has the reciprocal only)."""
        x, y = self.same_rank(x, y)
        return self.custom("div_f32", [x, y], broadcast_shape(x.shape, y.shape), "f32")

    def sqrt(self, x: Tensor) -> Tensor:
        """The square root of an f32 tensor (TOSA has its reciprocal only)."""
        return self.custom("sqrt_f32", [x], x.shape, "f32")

    def shift_left(self, x: Tensor, amount: int) -> Tensor:
        """x * 2^amount (0..31) of an i32 tensor, without regard to overflow."""
        return self.binary("logical_left_shift", x, self.scalar(amount, x.dtype)) if amount else x

    def shift_right(self, x: Tensor, amount: int, *, rounded: bool = False) -> Tensor:
        """x / 2^amount (0..31) of an i32 tensor, rounded down or, `rounded`, halves up."""
        if amount == 0:
            return x
        x, count = self.same_rank(x, self.scalar(amount, x.dtype))
        attributes = {"round": self.attribute(attribute_text(rounded))}
        return self.op("tosa.arithmetic_right_shift", [x, count], x.shape, x.dtype, attributes)

    def select(self, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """condition ? x : y, broadcast."""
        x, y = self.same_rank(x, y)
        shape = broadcast_shape(condition.shape, broadcast_shape(x.shape, y.shape))
        return self.op("tosa.select", [condition, x, y], shape, x.dtype)

    def table(self, x: Tensor, values: NDArray[np.int8]) -> Tensor:
        """values[x + 128] for i8."""
        return self.op("tosa.table", [x, self.const(values)], x.shape, x.dtype)

    def reduce(self, name: str, x: Tensor, axis: int) -> Tensor:
        """`tosa.reduce_<name>` (sum, max, min, …) over one axis, which stays with size 1."""
        shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        attributes = {"axis": self.attribute(f"{axis} : i32")}
        if name in ("max", "min"):
            attributes["nan_mode"] = self.attribute("#tosa.nan_mode<PROPAGATE>")
        return self.op(f"tosa.reduce_{name}", [x], shape, x.dtype, attributes)

    def argmax(self, x: Tensor, axis: int) -> Tensor:
        """Index (i32) of the first maximum over one axis, which disappears."""
        attributes = {
            "axis": self.attribute(f"{axis} : i32"),
            "nan_mode": self.attribute("#tosa.nan_mode<PROPAGATE>"),
        }
        shape = (*x.shape[:axis], *x.shape[axis + 1 :])
        return self.op("tosa.argmax", [x], shape, "i32", attributes)

    # --- what TOSA cannot say --------------------------------------------------------------------

    def custom(
        self,
        name: str,
        operands: Sequence[Tensor],
        shape: Sequence[int],
        dtype: str,
        **facts: object,
    ) -> Tensor:
        """`tosa.custom` of domain `afe`; `facts` become `implementation_attrs` (sorted)."""
        return self.custom_with_results(name, operands, [(tuple(shape), dtype)], **facts)[0]

    def custom_with_results(
        self,
        name: str,
        operands: Sequence[Tensor],
        results: Sequence[tuple[tuple[int, ...], str]],
        **facts: object,
    ) -> list[Tensor]:
        """`custom` with any number of results, each of a shape and an element type."""
        text = ", ".join(f"{key} = {attribute_text(facts[key])}" for key in sorted(facts))
        attributes = {
            "operator_name": ir.StringAttr.get(name),
            "domain_name": ir.StringAttr.get("afe"),
            "implementation_attrs": ir.StringAttr.get("{" + text + "}"),
        }
        return self.op_with_results("tosa.custom", operands, results, attributes)


def window_count(padded: int, kernel: int, stride: int, dilation: int) -> int:
    """Number of windows along one axis of padded length `padded`."""
    return (padded - (kernel - 1) * dilation - 1) // stride + 1


def broadcast_shape(x: tuple[int, ...], y: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of two shapes of equal rank; ValueError where there is none."""
    if len(x) != len(y) or any(a != b and 1 not in (a, b) for a, b in zip(x, y, strict=True)):
        raise ValueError(f"shapes {x} and {y} do not broadcast")
    return tuple(b if a == 1 else a for a, b in zip(x, y, strict=True))
