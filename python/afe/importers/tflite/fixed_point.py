"""Logistic and tanh of int16 tensors, in the fixed-point arithmetic of gemmlowp.

The LSTM kernels evaluate both with 16-bit integers: e^x by a polynomial and one factor per bit of
x, then a division by three Newton steps. Every step rounds, so the result is reproduced step by
step; each is one elementwise i32 operation. Tensors here are i32 and hold int16 values. "Qm" means
m integer bits: the stored number is the real one times 2^(15 - m).
"""

from __future__ import annotations

import math

import numpy as np

from afe.importers.builder import Tensor, TosaBuilder

MAX_INTEGER_BITS = 6
"""The largest m of a Qm operand the kernels evaluate tanh of."""

_ONE = (1 << 15) - 1  # 1.0 in Q0, which cannot say it
_ONE_Q2 = 1 << 13


def logistic(b: TosaBuilder, x: Tensor, integer_bits: int) -> Tensor:
    """1 / (1 + e^-x) of a Qm tensor (m = `integer_bits`, 0..6), as Q0."""
    zero = b.scalar(0, "i32")
    exponential = _exp_of_negative(b, _negative_magnitude(b, x), integer_bits)
    half_up = _saturated(b, b.shift_left(_inverse_of_half(b, exponential), 1))
    result = b.select(
        b.binary("greater", x, zero, "i1"), half_up, b.sub(b.scalar(_ONE, "i32"), half_up)
    )
    return b.select(b.binary("equal", x, zero, "i1"), b.scalar(1 << 14, "i32"), result)


def tanh(b: TosaBuilder, x: Tensor, integer_bits: int) -> Tensor:
    """Hyperbolic tangent of a Qm tensor (m = `integer_bits`, 0..6), as Q0."""
    zero = b.scalar(0, "i32")
    exponential = _exp_of_negative(b, _negative_magnitude(b, x), integer_bits + 1)
    quotient = b.sub(_inverse_of_half(b, exponential), b.scalar(_ONE_Q2, "i32"))
    magnitude = _saturated(b, b.shift_left(quotient, 2))
    signed = b.select(b.binary("greater", zero, x, "i1"), b.sub(zero, magnitude), magnitude)
    return b.select(b.binary("equal", x, zero, "i1"), zero, signed)


def divide_by_power_of_two(b: TosaBuilder, x: Tensor, exponent: int) -> Tensor:
    """x * 2^-exponent of an i32 tensor, halves away from zero (|x| <= 2^31 - 2^14)."""
    if exponent == 0:
        return x
    # A rounding shift takes halves up; one less is below the half.
    negative = b.shift_right(x, 31)
    return b.shift_right(b.add(x, negative), exponent, rounded=True)


def _negative_magnitude(b: TosaBuilder, x: Tensor) -> Tensor:
    return b.binary("minimum", x, b.sub(b.scalar(0, "i32"), x))


def _saturated(b: TosaBuilder, x: Tensor) -> Tensor:
    return b.clamp(x, -_ONE - 1, _ONE)


def _constant(b: TosaBuilder, real: float, integer_bits: int = 0) -> Tensor:
    """A real number, rounded to 32 bits and then to 16 as gemmlowp's constants are."""
    wide = int(np.floor(real * 2.0 ** (31 - integer_bits) + 0.5))
    return b.scalar((wide + (1 << 15)) >> 16, "i32")


def _product(b: TosaBuilder, x: Tensor, y: Tensor) -> Tensor:
    """Of a Qm and a Qn tensor, as Q(m + n)."""
    return b.mul(x, y, 15)


def _exp_of_negative(b: TosaBuilder, x: Tensor, integer_bits: int) -> Tensor:
    """e^x of a Qm tensor of negative numbers, as Q0; 1 for x = 0."""
    fraction_bits = 15 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    low = b.binary("bitwise_and", x, b.scalar(quarter - 1, "i32"))
    rest = b.sub(low, b.scalar(quarter, "i32"))  # in [-1/4, 0)
    result = _exp_of_quarter(b, b.shift_left(rest, integer_bits))
    remainder = b.sub(rest, x)
    for exponent in range(-2, min(integer_bits, 5)):
        bit = b.binary("bitwise_and", remainder, b.scalar(1 << (fraction_bits + exponent), "i32"))
        factor = _constant(b, math.exp(-(2.0**exponent)))
        is_set = b.binary("greater", bit, b.scalar(0, "i32"), "i1")
        result = b.select(is_set, _product(b, result, factor), result)
    if integer_bits > 5:
        lowest = b.scalar(-(1 << (20 - integer_bits)), "i32")  # -32
        result = b.select(b.binary("greater", lowest, x, "i1"), b.scalar(0, "i32"), result)
    is_zero = b.binary("equal", x, b.scalar(0, "i32"), "i1")
    return b.select(is_zero, b.scalar(_ONE, "i32"), result)


def _exp_of_quarter(b: TosaBuilder, x: Tensor) -> Tensor:
    """e^x of Q0 numbers in [-1/4, 0): four terms of the series around -1/8."""
    x = b.add(x, b.scalar(1 << 12, "i32"))
    x2 = _product(b, x, x)
    x3 = _product(b, x2, x)
    x4 = _product(b, x2, x2)
    third = _constant(b, 1 / 3)
    upper = _product(b, b.add(b.shift_right(x4, 2, rounded=True), x3), third)
    series = b.add(x, b.shift_right(b.add(upper, x2), 1, rounded=True))
    centre = _constant(b, math.exp(-1 / 8))
    return b.add(centre, _product(b, centre, series))


def _inverse_of_half(b: TosaBuilder, x: Tensor) -> Tensor:
    """2 / (1 + x) of Q0 numbers in [0, 1], as Q2: Newton's iteration, three times."""
    half = b.shift_right(b.add(x, b.scalar(1 << 15, "i32")), 1)
    result = b.add(_constant(b, 48 / 17, 2), _product(b, half, _constant(b, -32 / 17, 2)))
    for _ in range(3):
        error = b.sub(b.scalar(_ONE_Q2, "i32"), _product(b, half, result))
        result = b.add(result, b.shift_left(_product(b, result, error), 2))
    return result
