"""The fixed-point arithmetic of LiteRT's reference kernels, as their Prepare functions compute it.

A real factor becomes multiplier * 2^-shift with a 31-bit multiplier; `shift` is TOSA's, which is
31 minus TFLite's exponent. With that shift TOSA's DOUBLE_ROUND equals the kernels' saturating
doubling high multiply followed by a rounding right shift, for every input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_SHIFT = 2
"""TOSA's smallest shift: factors of 2^29 and more cannot be said (and overflow in the kernels)."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """Multipliers (int32) and TOSA shifts (int8), one per channel or one in all."""

    multiplier: NDArray[np.int32]
    shift: NDArray[np.int8]


def quantize_multiplier(real: float | NDArray[np.float64]) -> Scaling:
    """LiteRT's QuantizeMultiplier of non-negative finite doubles.

    Raises ValueError for factors of 2^29 and more.
    """
    factors = np.atleast_1d(np.asarray(real, np.float64))
    mantissa, exponent = np.frexp(factors)
    fixed = np.floor(mantissa * float(1 << 31) + 0.5).astype(np.int64)
    carried = fixed == 1 << 31
    fixed = np.where(carried, fixed >> 1, fixed)
    exponent = np.where(carried, exponent + 1, exponent)
    vanished = exponent < -31
    fixed = np.where(vanished, 0, fixed)
    shift = 31 - np.where(vanished, 0, exponent)
    if shift.min() < MIN_SHIFT:
        raise ValueError(f"a factor of {factors.max():g} is too large to requantize by")
    return Scaling(fixed.astype(np.int32), shift.astype(np.int8))


def round_half_away(value: NDArray[np.float32] | np.float32) -> NDArray[np.float32]:
    """C's round(): nearest, halves away from zero, in f32."""
    value = np.asarray(value, np.float32)
    return np.copysign(np.trunc(np.abs(value.astype(np.float64)) + 0.5), value).astype(np.float32)


def quantize_value(real: float, scale: np.float32, zero_point: int) -> int:
    """The kernels' Quantize(): zero_point + round(f32(real) / scale)."""
    return zero_point + int(round_half_away(np.float32(real) / scale))


def multiply_double_rounded(value: int, scaling: Scaling) -> int:
    """MultiplyByQuantizedMultiplier of one value by a scalar `Scaling`, for tables."""
    multiplier, shift = int(scaling.multiplier[0]), int(scaling.shift[0])
    rounding = 1 << (shift - 1)
    if shift > 31:
        rounding += (1 << 30) if value >= 0 else -(1 << 30)
    return (value * multiplier + rounding) >> shift
