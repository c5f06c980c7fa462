"""The machine's scalar arithmetic a second time, from its definitions, in Python's exact integers.

Written the way LiteRT and the TOSA specification define it, not the way the simulator computes it:
DOUBLE is a saturating doubling high multiplication followed by a rounding division by a power of
two where that is possible, and f32 goes through numpy scalars one operation at a time.
"""

from __future__ import annotations

import math
import struct

import numpy as np

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1
NONE, DOUBLE, SINGLE, F32_RNE = 0, 1, 2, 3


def wrap(value: int) -> int:
    """Two's complement, 32 bits."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


def saturate(value: int) -> int:
    return min(max(value, INT32_MIN), INT32_MAX)


def f32_of(bits: int) -> np.float32:
    return np.float32(struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFF))[0])


def bits_of(value: float | np.float32) -> int:
    """The bits of a result; there is one NaN."""
    if np.isnan(value):
        return 0x7FC00000
    return struct.unpack("<i", struct.pack("<f", np.float32(value)))[0]


def _doubling_high_multiplication(a: int, b: int) -> int:
    """gemmlowp's: (2 a b) / 2^32 rounded, half away from zero by truncating division."""
    nudge = (1 << 30) if a * b >= 0 else 1 - (1 << 30)
    total = a * b + nudge
    return int(math.copysign(abs(total) >> 31, total)) if total else 0


def _rounding_division(value: int, exponent: int) -> int:
    """By a power of two, half away from zero."""
    half = (1 << exponent) >> 1
    return (value + half) >> exponent if value >= 0 else -((-value + half) >> exponent)


def scale(mode: int, value: int, multiplier: int, shift: int) -> int:
    """value * multiplier / 2^shift in this rounding mode, saturated to int32."""
    if mode == F32_RNE:
        with np.errstate(all="ignore"):
            product = np.float32(value) * f32_of(multiplier)
        return to_int(np.rint(product))
    if mode == DOUBLE and shift > 31 and multiplier < 0:  # no LiteRT model has such: TOSA's text
        round_ = (1 << (shift - 1)) + ((1 << 30) if value >= 0 else -(1 << 30))
        return saturate((value * multiplier + round_) >> shift)
    if mode == DOUBLE and shift > 31:
        high = _doubling_high_multiplication(value, multiplier)
        return saturate(_rounding_division(high, shift - 31))
    return saturate((value * multiplier + (1 << (shift - 1))) >> shift)


def to_int(value: np.float32) -> int:
    """Truncated, saturated; NaN is 0."""
    if np.isnan(value):
        return 0
    return saturate(int(value)) if np.isfinite(value) else (INT32_MAX if value > 0 else INT32_MIN)


def clamp(value: int, lo: int, hi: int) -> int:
    return hi if value > hi else lo if value < lo else value


def litert_add(self_value: int, res_value: int, f: dict[str, int]) -> int:
    """LiteRT's reference ADD on two already loaded bytes."""
    shift = f["left_shift"]
    a = scale(DOUBLE, wrap((self_value - f["self_zp"]) << shift), f["self_mult"], f["self_shift"])
    b = scale(DOUBLE, wrap((res_value - f["res_zp"]) << shift), f["res_mult"], f["res_shift"])
    total = scale(DOUBLE, wrap(a + b), f["sum_mult"], f["sum_shift"])
    return clamp(total + f["sum_zp"], f["sum_lo"], f["sum_hi"])


def f32_add(self_value: int, res_value: int, f: dict[str, int]) -> int:
    """DequantizeLinear twice, Add, QuantizeLinear."""
    with np.errstate(all="ignore"):
        a = np.float32(self_value - f["self_zp"]) * f32_of(f["self_mult"])
        b = np.float32(res_value - f["res_zp"]) * f32_of(f["res_mult"])
        total = np.rint((a + b) / f32_of(f["sum_mult"]))
    return clamp(to_int(total) + f["sum_zp"], f["sum_lo"], f["sum_hi"])
