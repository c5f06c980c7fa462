"""Images of another size: nearest, linear, area, with or without their aspect."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from afe.package.network import TensorType
from afe.transforms.base import Array, Stored, Transform, Writer

if TYPE_CHECKING:
    from afe.importers.builder import Tensor

F32 = np.float32
MAX_SCALE = 2048
"""Largest numerator of TOSA's resize."""


class ResizeMethod(StrEnum):
    """How a pixel is made; CUBIC is known by name alone."""

    LINEAR = "linear"
    NEAREST = "nearest"
    AREA = "area"
    CUBIC = "cubic"


class ResizeDepositLocation(StrEnum):
    """Where a resized image lies in a larger frame."""

    TOPLEFT = "topleft"
    CENTER = "center"
    BOTTOMRIGHT = "bottomright"


@dataclass(frozen=True)
class _Axis:
    """One dimension from `old` to `new` pixels; centres of pixels are those of the same picture.

    Pixel o takes (o * denominator + offset) / numerator of the source.
    """

    old: int
    new: int
    numerator: int = field(init=False)
    denominator: int = field(init=False)
    offset: int = field(init=False)

    def __post_init__(self) -> None:
        common = math.gcd(self.old, self.new)
        old, new = self.old // common, self.new // common
        object.__setattr__(self, "numerator", 2 * new)
        object.__setattr__(self, "denominator", 2 * old)
        object.__setattr__(self, "offset", old - new)

    @property
    def border(self) -> int:
        """What makes `new` the number of pixels in TOSA's formula."""
        span = (self.new - 1) * self.denominator + self.offset
        return span - (self.old - 1) * self.numerator

    def taps(self) -> tuple[Array, Array, Array]:
        """First and second pixel of every new one, and the second one's share (f32)."""
        position = np.arange(self.new) * self.denominator + self.offset
        low = position // self.numerator
        share = (position - low * self.numerator).astype(F32) / F32(self.numerator)
        last = self.old - 1
        return np.clip(low, 0, last), np.clip(low + 1, 0, last), share

    def nearest(self) -> Array:
        """The pixel that every new one takes; halves up."""
        position = np.arange(self.new) * self.denominator + self.offset
        low = position // self.numerator
        rest = position - low * self.numerator
        return np.clip(low + (2 * rest >= self.numerator), 0, self.old - 1)


@dataclass(frozen=True)
class Resize(Transform):
    """[N, H, W, C] at another size; the scalar stays, integers are rounded half to even.

    With `keep_aspect` the image fits into the frame and the rest of it is 0.
    """

    target_height: int
    target_width: int
    keep_aspect: bool
    deposit_location: ResizeDepositLocation
    method: ResizeMethod

    name = "resize"

    def get_result_type(self, parameter_type: TensorType) -> TensorType:
        count, height, width, channels = self.demand_image(parameter_type)
        self.demand_scalar(parameter_type, ("uint8", "int8", "float32"))
        if self.method is ResizeMethod.CUBIC:
            self.refuse("method cubic is not supported; use linear, nearest or area")
        for axis in self._axes(height, width):
            if self.method is ResizeMethod.AREA and axis.old % axis.new:
                self.refuse(
                    f"method area makes whole pixels of one, and {axis.old} is no multiple of "
                    f"{axis.new}; use linear"
                )
            if axis.numerator > MAX_SCALE or axis.denominator >= 16 * axis.numerator:
                self.refuse(
                    f"{axis.old} pixels cannot become {axis.new}: the ratio {axis.new}/{axis.old} "
                    f"must be above 1/16, and its shortest form at most {MAX_SCALE // 2}/n"
                )
        return TensorType(
            parameter_type.scalar, (count, self.target_height, self.target_width, channels)
        )

    def _axes(self, height: int, width: int) -> tuple[_Axis, _Axis]:
        """Rows and columns of the image itself, without the frame."""
        rows, columns = self.target_height, self.target_width
        if self.keep_aspect:
            if rows * width <= columns * height:
                columns = max(1, (2 * rows * width + height) // (2 * height))
            else:
                rows = max(1, (2 * columns * height + width) // (2 * width))
        return _Axis(height, rows), _Axis(width, columns)

    def _padding(self, rows: int, columns: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Rows before and behind the image, columns likewise."""
        free = (self.target_height - rows, self.target_width - columns)
        if self.deposit_location is ResizeDepositLocation.TOPLEFT:
            return (0, free[0]), (0, free[1])
        if self.deposit_location is ResizeDepositLocation.BOTTOMRIGHT:
            return (free[0], 0), (free[1], 0)
        return (free[0] // 2, free[0] - free[0] // 2), (free[1] // 2, free[1] - free[1] // 2)

    def compute(self, t: Array) -> Array:
        rows, columns = self._axes(t.shape[1], t.shape[2])
        if self.method is ResizeMethod.NEAREST:
            image = t[:, rows.nearest()][:, :, columns.nearest()]
        elif self.method is ResizeMethod.AREA:
            image = _rounded(_means(t.astype(F32), rows, columns), t.dtype)
        else:
            image = _rounded(_linear(t.astype(F32), rows, columns), t.dtype)
        return np.pad(image, ((0, 0), *self._padding(rows.new, columns.new), (0, 0)))

    def write(self, writer: Writer, x: Stored) -> Stored:
        builder = writer.builder
        rows, columns = self._axes(x.shape[1], x.shape[2])
        if (rows.old, columns.old) == (rows.new, columns.new):
            image = x
        elif self.method is ResizeMethod.NEAREST:
            image = x.with_tensor(_tosa_resize(writer, x, rows, columns, "nearest"))
        else:
            floats = Stored(writer.floats(x), "float32")
            if self.method is ResizeMethod.AREA:
                size = (rows.old // rows.new, columns.old // columns.new)
                pooled = builder.avg_pool2d(floats.tensor, kernel=size, stride=size, pad=(0,) * 4)
            else:
                pooled = _tosa_resize(writer, floats, rows, columns, "bilinear")
            image = Stored(pooled, x.scalar)
            if x.scalar != "float32":
                image = writer.rounded(pooled, x.scalar)
        padding = ((0, 0), *self._padding(rows.new, columns.new), (0, 0))
        return x.with_tensor(builder.pad(image.tensor, padding, -image.offset))


def _rounded(image: Array, dtype: np.dtype[np.generic]) -> Array:
    return image if dtype == F32 else np.rint(image).astype(dtype)


def _linear(t: Array, rows: _Axis, columns: _Axis) -> Array:
    """Along columns, then along rows; every product and sum is rounded to f32."""
    left, right, share = columns.taps()
    share = share[:, None]
    lines = t[:, :, left] * (F32(1) - share) + t[:, :, right] * share
    top, bottom, share = rows.taps()
    share = share[:, None, None]
    result: Array = lines[:, top] * (F32(1) - share) + lines[:, bottom] * share
    return result


def _means(t: Array, rows: _Axis, columns: _Axis) -> Array:
    """Columns of a window summed top to bottom, then added left to right, and divided."""
    height, width = rows.old // rows.new, columns.old // columns.new
    total: Array = np.zeros((len(t), rows.new, columns.new, t.shape[3]), F32)
    for x in range(width):
        column: Array = np.zeros_like(total)
        for y in range(height):
            column = column + t[:, y::height, x::width]
        total = total + column
    return total / F32(height * width)


def _tosa_resize(writer: Writer, x: Stored, rows: _Axis, columns: _Axis, mode: str) -> Tensor:
    return writer.builder.resize(
        x.tensor,
        scale=(rows.numerator, rows.denominator, columns.numerator, columns.denominator),
        offset=(rows.offset, columns.offset),
        border=(rows.border, columns.border),
        mode=mode,
    )
