"""Scales whose quotients are powers of two, or a bit beside: ties tell one rounding from another.

Random scales hardly ever meet a tie, so a wrong rounding mode, or a product of scales taken as
float instead of double, would pass the other tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from afe.importers.tflite.rounding import exact_scaling, round_product
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from litert_oracle import Cases, constant
from tflite_files import T

DTYPES = [pytest.param(np.int8, id="int8"), pytest.param(np.uint8, id="uint8")]
DRAWS = 12
COUNT = 400


def decimal(cases: Cases) -> float:
    """A scale of three decimals, as converters write them."""
    return float(np.float32(round(float(cases.random.uniform(0.003, 0.09)), 3)))


def near_power(cases: Cases, real: float) -> float:
    """`real` times 2, 4 or 8, or the f32 next to it."""
    scale = np.float32(real * 2.0 ** int(cases.random.integers(1, 4)))
    neighbours = [scale, np.nextafter(scale, np.float32(0)), np.nextafter(scale, np.float32(9))]
    return float(neighbours[int(cases.random.integers(0, 3))])


def one(dtype: Any, shape: tuple[int, ...], scale: float) -> T:
    """A constant of the stored real value `scale`."""
    zero_point = 128 if dtype == np.uint8 else 0
    return T(data=np.full(shape, zero_point + 1, dtype), scale=scale, zero_point=zero_point)


def image(dtype: Any, scale: float, zero_point: int) -> T:
    """An activation that fits every operator below."""
    return T((1, 20, 20, 1), dtype, scale, zero_point)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("code", ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"])
def test_convolutions(code: str, dtype: Any) -> None:
    """int8 kernels multiply scales as doubles, uint8 ones as floats."""
    stride = {"strideH": 1, "strideW": 1}
    dilation = {"dilationHFactor": 1, "dilationWFactor": 1}
    for seed in range(DRAWS):
        cases = Cases(seed)
        a, b = decimal(cases), decimal(cases)
        x, y = image(dtype, a, 120), image(dtype, near_power(cases, a * b), 100)
        weights, bias = one(dtype, (1, 1, 1, 1), b), T(data=np.zeros(1, np.int32), scale=a * b)
        if code == "CONV_2D":
            cases.check(code, [x, weights, bias], y, "Conv2DOptions", stride | dilation, version=5)
        elif code == "DEPTHWISE_CONV_2D":
            fields = stride | dilation | {"depthMultiplier": 1}
            cases.check(code, [x, weights, bias], y, "DepthwiseConv2DOptions", fields, version=6)
        else:
            inputs = [constant([1, 20, 20, 1]), weights, x, bias]
            cases.check(code, inputs, y, "TransposeConvOptions", stride, version=3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("is_power", [False, True])
def test_fully_connected(dtype: Any, is_power: bool) -> None:
    """The kernel multiplies in double and rounds halves away from zero, on either side."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        a, b = (0.25, 0.125) if is_power else (decimal(cases), decimal(cases))
        real = a * b * 2.0 ** int(cases.random.integers(0, 6))
        weights = T(
            data=cases.integers(dtype, (5, 3)), scale=b, zero_point=100 if dtype == np.uint8 else 0
        )
        bias = T(data=cases.random.integers(-90, 90, 5).astype(np.int32), scale=a * b)
        y = T((COUNT, 5), dtype, near_power(cases, real), 90)
        inputs = [T((COUNT, 3), dtype, a, 120), weights, bias]
        cases.check("FULLY_CONNECTED", inputs, y, "FullyConnectedOptions", {}, version=5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("code", ["MUL", "PRELU", "LEAKY_RELU"])
def test_products(code: str, dtype: Any) -> None:
    """These multiply scales as floats."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        a, b = decimal(cases), decimal(cases)
        x, y = image(dtype, a, 120), image(dtype, near_power(cases, a * b), 100)
        if code == "LEAKY_RELU":
            cases.check(code, [x], y, "LeakyReluOptions", {"alpha": b})
        elif code == "PRELU":
            cases.check(code, [x, one(dtype, (1, 1, 1), b)], y)
        else:
            cases.check(code, [x, one(dtype, (1,), b)], y, "MulOptions", {})


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("code", ["QUANTIZE", "RELU", "MEAN"])
def test_requantization(code: str, dtype: Any) -> None:
    """One scale over another."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        a = decimal(cases)
        y = T((COUNT,), dtype, near_power(cases, a), 100)
        if code == "MEAN":
            inputs = [T((COUNT, 2), dtype, a, 120), constant([1])]
            cases.check(code, inputs, y, "ReducerOptions", {}, version=2)
        else:
            cases.check(code, [T((COUNT,), dtype, a, 120)], y)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("code", ["ADD", "SUB"])
def test_sums(code: str, dtype: Any) -> None:
    """Operands and output at quotients of 1, 2 and 4."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        a = decimal(cases)
        b = near_power(cases, a / 2)
        inputs = [T((COUNT,), dtype, a, 120), T((COUNT,), dtype, b, 99)]
        y = T((COUNT,), dtype, near_power(cases, max(a, b) / 2), 110)
        cases.check(code, inputs, y, f"{code.title()}Options", {})


def test_batch_matmul_and_squared_difference() -> None:
    """int8 alone."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        a, b = decimal(cases), decimal(cases)
        inputs = [T((1, COUNT, 1), np.int8, a, 120), T((1, 1, 7), np.int8, b, 3)]
        y = T((1, COUNT, 7), np.int8, near_power(cases, a * b), 100)
        cases.check("BATCH_MATMUL", inputs, y, "BatchMatMulOptions", {}, version=2)
        inputs = [T((COUNT,), np.int8, a, 120), T((COUNT,), np.int8, near_power(cases, a), 3)]
        y = T((COUNT,), np.int8, near_power(cases, 8 * a * a), -128)
        cases.check("SQUARED_DIFFERENCE", inputs, y)


@given(
    st.lists(
        st.floats(1e-4, 4.0) | st.integers(0, 12).map(lambda k: 2.0**-k), min_size=1, max_size=9
    ),
    st.integers(-128, 127),
    st.integers(0, 1 << 32),
)
@settings(max_examples=150, deadline=None)
def test_exact_scaling(factors: list[float], zero_point: int, seed: int) -> None:
    """Where a multiplier is said to be exact, TOSA's single rounding equals the product in double.

    For some decimal factors no 31 bits hit every tie: those are reported as inexact.
    """
    low, high = -128 - zero_point, 127 - zero_point
    factor = np.array(factors)
    scaling, is_exact = exact_scaling(factor, low, high, 1 << 24)
    assume(is_exact)
    reach = (300 / factor).astype(np.int64)
    draws = np.random.default_rng(seed).random((len(factors), 500)) * 2 - 1
    accumulators = np.trunc(draws * reach[:, None]).astype(np.int64)
    shift = scaling.shift.astype(np.int64)[:, None]
    half = np.int64(1) << (shift - 1)
    tosa = (accumulators * scaling.multiplier.astype(np.int64)[:, None] + half) >> shift
    exact = round_product(accumulators, factor[:, None])
    np.testing.assert_array_equal(np.clip(tosa, low, high), np.clip(exact, low, high))
