"""Arithmetic, comparisons, pooling, reductions and resizing equal LiteRT's reference kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from litert_oracle import Cases, assert_exact, constant
from tflite_files import T

DTYPES = [pytest.param(np.int8, id="int8"), pytest.param(np.uint8, id="uint8")]
SHAPES = [
    pytest.param((2, 3, 5, 7), (2, 3, 5, 7), id="same"),
    pytest.param((2, 3, 5, 7), (7,), id="channels"),
    pytest.param((2, 1, 5, 7), (3, 1, 7), id="both"),
]
SHAPE = (2, 3, 5, 7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("activation", range(4))
@pytest.mark.parametrize("code", ["ADD", "SUB", "MUL"])
def test_arithmetic(code: str, dtype: Any, left: Any, right: Any, activation: int) -> None:
    """Any scales and zero points, broadcast both ways, every fused activation; many draws."""
    for seed in range(5):
        cases = Cases(seed)
        inputs = [cases.activation(left, dtype), cases.activation(right, dtype)]
        fields = {"fusedActivationFunction": activation}
        options = f"{code.title()}Options"
        cases.check(code, inputs, cases.activation(SHAPE, dtype), options, fields)


def test_add_of_a_scalar_constant() -> None:
    """A constant of rank 0 is raised to the other operand's rank."""
    cases = Cases(1)
    scalar = T(data=np.array(57, np.int8), scale=0.03, zero_point=-9)
    inputs = [cases.activation((2, 3, 5), np.int8), scalar]
    cases.check("ADD", inputs, cases.activation((2, 3, 5), np.int8), "AddOptions", {})


def test_squared_difference() -> None:
    """int8 alone: LiteRT has no uint8 kernel."""
    for seed in range(5):
        cases = Cases(seed)
        inputs = [cases.activation(SHAPE, np.int8), cases.activation((2, 3, 5, 1), np.int8)]
        cases.check("SQUARED_DIFFERENCE", inputs, cases.activation(SHAPE, np.int8))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "code", ["EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"]
)
def test_comparison(code: str, dtype: Any) -> None:
    """Operands of different scales, result bool."""
    cases = Cases(2)
    inputs = [cases.activation(SHAPE, dtype), cases.activation((2, 3, 1, 7), dtype)]
    cases.check(code, inputs, T(SHAPE, np.bool_), version=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("code", ["MINIMUM", "MAXIMUM"])
def test_minimum_maximum(code: str, dtype: Any) -> None:
    """One quantization for all, broadcast."""
    cases = Cases(3)
    x = cases.activation(SHAPE, dtype)
    cases.check(code, [x, cases.activation((7,), dtype, x)], cases.activation(SHAPE, dtype, x))


WINDOWS = [
    ((2, 3), (2, 2), 0),
    ((3, 2), (1, 2), 1),
    ((2, 2), (1, 1), 0),
    ((5, 7), (1, 1), 1),
    ((4, 4), (3, 2), 0),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("window", "stride", "padding"), WINDOWS)
@pytest.mark.parametrize("code", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
def test_pooling(code: str, dtype: Any, window: Any, stride: Any, padding: int) -> None:
    """Even windows meet ties, which int8 and uint8 round differently."""
    for activation in range(4):
        cases = Cases(activation)
        x = cases.activation((2, 5, 7, 20), dtype)
        reach = (5, 7) if padding == 0 else (5 - window[0] + 1, 7 - window[1] + 1)
        size = [-(-n // s) for n, s in zip(reach, stride, strict=True)]
        fields = {
            "padding": padding, "strideH": stride[0], "strideW": stride[1],
            "filterHeight": window[0], "filterWidth": window[1],
            "fusedActivationFunction": activation,
        }  # fmt: skip
        y = cases.activation((2, *size, 20), dtype, x)
        cases.check(code, [x], y, "Pool2DOptions", fields, version=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("axes", [(1, 2), (3,), (2, 1, 3)])
def test_mean(dtype: Any, keep: bool, axes: tuple[int, ...]) -> None:
    """The division is part of the multiplier."""
    for seed in range(4):
        cases = Cases(seed)
        shape = (2, 5, 7, 30)
        kept = [
            1 if axis in axes else n for axis, n in enumerate(shape) if keep or axis not in axes
        ]
        inputs = [cases.activation(shape, dtype), constant(list(axes))]
        output = T(kept, dtype, cases.scale(0.005, 0.05), cases.zero_point(dtype))
        cases.check("MEAN", inputs, output, "ReducerOptions", {"keepDims": keep}, version=2)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("code", ["REDUCE_MAX", "REDUCE_MIN"])
def test_reduce_max_min(code: str, keep: bool) -> None:
    """A negative axis."""
    cases = Cases(4)
    x = cases.activation((2, 5, 7, 30), np.int8)
    y = cases.activation((2, 1, 7, 30) if keep else (2, 7, 30), np.int8, x)
    cases.check(code, [x, constant([-3])], y, "ReducerOptions", {"keepDims": keep}, version=2)


@pytest.mark.parametrize("keep", [True, False])
def test_sum_of_uint8(keep: bool) -> None:
    """Many elements, an output scale that fits their sum."""
    cases = Cases(6)
    inputs = [cases.activation((2, 5, 7, 30), np.uint8), constant([1, 2])]
    y = T((2, 1, 1, 30) if keep else (2, 30), np.uint8, 1.7, 101)
    cases.check("SUM", inputs, y, "ReducerOptions", {"keepDims": keep}, version=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("result", "tag"), [(np.int32, 2), (np.int64, 4)])
@pytest.mark.parametrize("code", ["ARG_MAX", "ARG_MIN"])
def test_arg_max(code: str, dtype: Any, result: Any, tag: int) -> None:
    """The first of equal maxima or minima."""
    cases = Cases(5)
    options = "ArgMaxOptions" if code == "ARG_MAX" else "ArgMinOptions"
    inputs = [cases.activation((3, 50, 7), dtype), constant([1])]
    cases.check(code, inputs, T((3, 7), result), options, {"outputType": tag}, version=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(9, 13), (3, 5), (14, 6), (1, 1)])
@pytest.mark.parametrize(("align", "half"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("code", ["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"])
def test_resize(code: str, dtype: Any, size: Any, align: bool, half: bool) -> None:
    """Up and down, each way of placing pixels."""
    cases = Cases(6)
    x = cases.activation((1, 5, 7, 3), dtype)
    y = cases.activation((1, *size, 3), dtype, x)
    options = "".join(part.title() for part in code.split("_")) + "Options"
    fields = {"alignCorners": align, "halfPixelCenters": half}
    cases.check(code, [x, constant(size)], y, options, fields, version=3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [1, 2, 7, 300])
def test_l2_normalization(dtype: Any, depth: int) -> None:
    """Rows of every length; among them zeros and ones."""
    cases = Cases(9)
    x = cases.activation((4, 3, depth), dtype)
    middle = 128 if dtype == np.uint8 else 0
    y = T((4, 3, depth), dtype, 1 / 128, middle)
    data = cases.single("L2_NORMALIZATION", [x], y, "L2NormOptions", {}, version=2)
    values = cases.integers(dtype, x.shape)
    values[0] = x.zero_point
    values[1] = np.clip(int(x.zero_point) + 1, *(np.iinfo(dtype).min, np.iinfo(dtype).max))
    values[2, 0, 1:] = x.zero_point
    assert_exact(data, [values])
