"""Functions of one tensor equal LiteRT's reference kernels for every stored value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from litert_oracle import Cases, assert_exact
from tflite_files import T

DTYPES = [pytest.param(np.int8, id="int8"), pytest.param(np.uint8, id="uint8")]
DRAWS = 12


def check_all_values(
    cases: Cases, code: str, x: T, y: T, options: str | None = None,
    fields: Mapping[str, Any] | None = None, lowest: int | None = None,
) -> None:  # fmt: skip
    """All 256 values (from `lowest` on) through one operator."""
    info = np.iinfo(x.dtype)
    values = np.arange(info.min, info.max + 1)
    values = values if lowest is None else np.maximum(values, lowest)
    data = cases.single(code, [x], y, options, fields)
    assert_exact(data, [values.astype(x.dtype).reshape(x.shape)])


def quantized(cases: Cases, dtype: Any) -> tuple[T, T]:
    """Input and output tensors of any quantization."""
    shape = (1, 2, 128)
    return cases.activation(shape, dtype), T(
        shape, dtype, cases.scale(0.01, 0.1), cases.zero_point(dtype)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("code", ["RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "HARD_SWISH"])
def test_without_options(code: str, dtype: Any) -> None:
    """Limits and hard-swish, where the quantization changes."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        check_all_values(cases, code, *quantized(cases, dtype))


@pytest.mark.parametrize("code", ["ABS", "EXP", "LOG"])
def test_int8_alone(code: str) -> None:
    """LiteRT has no uint8 kernels for these."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        check_all_values(cases, code, *quantized(cases, np.int8))


@pytest.mark.parametrize("code", ["RSQRT", "SQRT"])
def test_roots(code: str) -> None:
    """Of values from the zero point on: the kernels refuse negative ones."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        x, y = quantized(cases, np.int8)
        check_all_values(cases, code, x, y, lowest=int(x.zero_point))  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("code", ["LOGISTIC", "TANH"])
def test_sigmoids(code: str, dtype: Any) -> None:
    """The output's quantization is fixed by the operator."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        x, _ = quantized(cases, dtype)
        middle = 128 if dtype == np.uint8 else 0
        y = (
            T(x.shape, dtype, 1 / 256, middle - 128)
            if code == "LOGISTIC"
            else T(x.shape, dtype, 1 / 128, middle)
        )
        check_all_values(cases, code, x, y)


@pytest.mark.parametrize("dtype", DTYPES)
def test_leaky_relu(dtype: Any) -> None:
    """Positive and negative slopes."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        fields = {"alpha": float(cases.random.uniform(-0.5, 1))}
        check_all_values(cases, "LEAKY_RELU", *quantized(cases, dtype), "LeakyReluOptions", fields)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("approximate", [False, True])
def test_gelu(dtype: Any, approximate: bool) -> None:
    """By erf and by tanh."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        fields = {"approximate": approximate}
        check_all_values(cases, "GELU", *quantized(cases, dtype), "GeluOptions", fields)


@pytest.mark.parametrize("dtype", DTYPES)
def test_prelu(dtype: Any) -> None:
    """A slope per channel, with a quantization of its own."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        slope = T(
            data=cases.integers(dtype, (1, 1, 7)), scale=0.03, zero_point=cases.zero_point(dtype)
        )
        inputs = [cases.activation((2, 3, 5, 7), dtype), slope]
        cases.check("PRELU", inputs, cases.activation((2, 3, 5, 7), dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "beta"), [((30, 50), 1.0), ((3, 5, 7, 3), 0.7)])
def test_softmax(dtype: Any, shape: tuple[int, ...], beta: float) -> None:
    """f32 table, ascending sum."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        y = T(shape, dtype, 1 / 256, 0 if dtype == np.uint8 else -128)
        inputs = [cases.activation(shape, dtype)]
        cases.check("SOFTMAX", inputs, y, "SoftmaxOptions", {"beta": beta}, version=2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_quantize_from_float(dtype: Any) -> None:
    """Halves go away from zero, the rest saturates."""
    cases = Cases(1)
    x = cases.random.normal(0, 40, 600).astype(np.float32)
    x[:400] = np.arange(-200, 200, dtype=np.float32) / 2 + np.float32(0.25)
    y = T((600,), dtype, 0.5, cases.zero_point(dtype))
    assert_exact(cases.single("QUANTIZE", [T((600,), np.float32)], y), [x])


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_requantize(source: Any, target: Any) -> None:
    """From each 8-bit type to each."""
    for seed in range(DRAWS):
        cases = Cases(seed)
        y = cases.activation((1, 2, 128), target)
        check_all_values(cases, "QUANTIZE", cases.activation((1, 2, 128), source), y)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dequantize(dtype: Any) -> None:
    """One f32 product."""
    cases = Cases(2)
    x = cases.activation((1, 2, 128), dtype)
    check_all_values(cases, "DEQUANTIZE", x, T(x.shape, np.float32))
