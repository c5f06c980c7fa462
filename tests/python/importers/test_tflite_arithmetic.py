"""The fixed-point arithmetic: TOSA's DOUBLE_ROUND with our shifts is the kernels' arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from afe.importers.tflite.arithmetic import (
    divide_scaling,
    multiply_by,
    quantize_multiplier,
    round_half_away,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.tosa_kernels import rescale

ZERO = np.zeros(1, np.int32)


@given(st.integers(-(1 << 24), 1 << 24), st.floats(1e-9, 64.0))
@settings(max_examples=400, deadline=None)
def test_double_round_is_the_kernels_two_roundings(value: int, factor: float) -> None:
    """rescale(value) by TOSA equals a doubling high multiply and a rounding shift."""
    scaling = quantize_multiplier(factor)
    exponent = 31 - int(scaling.shift[0])
    expected = multiply_by(value, int(scaling.multiplier[0]), exponent)
    operands = (scaling.multiplier, scaling.shift, ZERO, ZERO, np.dtype(np.int32))
    actual = rescale(np.array([value], np.int32), *operands, "DOUBLE_ROUND")
    assert actual[0] == expected


@given(st.floats(1e-9, 1e6))
@settings(max_examples=300, deadline=None)
def test_multiplier_is_close_and_normalised(factor: float) -> None:
    """31 significant bits; TOSA's shift lies within 2..62."""
    scaling = quantize_multiplier(factor)
    multiplier, shift = int(scaling.multiplier[0]), int(scaling.shift[0])
    assert 1 << 30 <= multiplier < 1 << 31
    assert 2 <= shift <= 62
    assert multiplier * 2.0**-shift == pytest.approx(factor, rel=2**-30)


def test_small_large_and_zero_factors() -> None:
    """Below 2^-32 nothing is left, from 2^29 on there is no TOSA shift."""
    assert int(quantize_multiplier(2.0**-40).multiplier[0]) == 0
    assert int(quantize_multiplier(0.0).multiplier[0]) == 0
    with pytest.raises(ValueError, match="too large"):
        quantize_multiplier(2.0**30)


def test_a_mantissa_that_rounds_up_carries() -> None:
    """Just below a power of two the multiplier would be 2^31."""
    scaling = quantize_multiplier(1.0 - 2.0**-40)
    assert (int(scaling.multiplier[0]), int(scaling.shift[0])) == (1 << 30, 30)


def test_division_is_folded_into_the_multiplier() -> None:
    """A mean over 49 elements at scale 1."""
    scaling = divide_scaling(quantize_multiplier(1.0), 49)
    factor = int(scaling.multiplier[0]) * 2.0 ** -int(scaling.shift[0])
    assert factor == pytest.approx(1 / 49, rel=1e-8)


def test_halves_go_away_from_zero() -> None:
    """As C's round(), also where adding 0.5 in f32 would round up."""
    values = np.array([0.5, -0.5, 1.5, -2.5, 0.49999997], np.float32)
    np.testing.assert_array_equal(round_half_away(values), [1, -1, 2, -3, 0])
