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
    """LiteRT's QuantizeMultiplier of finite doubles (a negative one gives a negative multiplier).

    Raises ValueError for factors of 2^29 and more.
    """
    factors = np.atleast_1d(np.asarray(real, np.float64))
    mantissa, exponent = np.frexp(np.abs(factors))
    fixed = np.floor(mantissa * float(1 << 31) + 0.5).astype(np.int64)
    carried = fixed == 1 << 31
    fixed = np.where(carried, fixed >> 1, fixed)
    exponent = np.where(carried, exponent + 1, exponent)
    vanished = exponent < -31
    fixed = np.where(vanished, 0, fixed)
    shift = 31 - np.where(vanished, 0, exponent)
    if shift.min() < MIN_SHIFT:
        raise ValueError(f"a factor of {np.abs(factors).max():g} is too large to requantize by")
    signed = np.where(factors < 0, -fixed, fixed)
    return Scaling(signed.astype(np.int32), shift.astype(np.int8))


def round_half_away(value: NDArray[np.float32] | np.float32) -> NDArray[np.float32]:
    """C's round(): nearest, halves away from zero, in f32."""
    value = np.asarray(value, np.float32)
    return np.copysign(np.trunc(np.abs(value.astype(np.float64)) + 0.5), value).astype(np.float32)


def quantize_value(real: float, scale: np.float32, zero_point: int) -> int:
    """The kernels' Quantize(): zero_point + round(f32(real) / scale)."""
    return zero_point + int(round_half_away(np.float32(real) / scale))


def divide_scaling(scaling: Scaling, count: int) -> Scaling:
    """A scalar factor divided by a number of elements, as QuantizedMeanOrSum folds a mean."""
    exponent = 31 - int(scaling.shift[0])
    extra = min(count.bit_length() - 1, 32, 31 + exponent)
    multiplier = (int(scaling.multiplier[0]) << extra) // count
    return Scaling(np.array([multiplier], np.int32), scaling.shift + np.int8(extra))


def multiply_double_rounded(value: int, scaling: Scaling) -> int:
    """MultiplyByQuantizedMultiplier of one value by a scalar `Scaling`, for tables."""
    return multiply_by(value, int(scaling.multiplier[0]), 31 - int(scaling.shift[0]))


def multiply_by(value: int, multiplier: int, exponent: int) -> int:
    """MultiplyByQuantizedMultiplier: value * multiplier * 2^(exponent - 31), rounded twice."""
    high = doubling_high_mul(value << max(exponent, 0), multiplier)
    return rounding_shift_right(high, max(-exponent, 0))


def doubling_high_mul(a: int, b: int, bits: int = 32) -> int:
    """SaturatingRoundingDoublingHighMul of two `bits`-wide integers."""
    lowest = -(1 << (bits - 1))
    if a == b == lowest:
        return -lowest - 1
    nudge = 1 << (bits - 2)
    return (a * b + nudge) >> (bits - 1)


def rounding_shift_right(value: int, exponent: int) -> int:
    """RoundingDivideByPOT: halves away from zero."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if value < 0 else 0)
    return (value >> exponent) + (1 if (value & mask) > threshold else 0)


def saturate(value: int, bits: int) -> int:
    """Limits to a signed integer of `bits` bits."""
    limit = 1 << (bits - 1)
    return min(max(value, -limit), limit - 1)
