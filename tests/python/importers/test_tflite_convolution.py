"""Convolutions and fully connected layers equal LiteRT's reference kernels in every element."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from litert_oracle import Cases, constant
from tflite_files import T

HEIGHT, WIDTH = 11, 13
SAME, VALID = 0, 1
KINDS = [
    pytest.param(np.int8, True, id="int8-per-channel"),
    pytest.param(np.int8, False, id="int8-per-tensor"),
    pytest.param(np.uint8, False, id="uint8"),
]
WINDOWS = [
    pytest.param(*window, id="k{}x{}-s{}x{}-d{}x{}-p{}".format(*sum(window[:3], ()), window[3]))
    for window in [
        ((3, 3), (1, 1), (1, 1), SAME),
        ((3, 2), (2, 3), (1, 1), SAME),
        ((2, 3), (2, 2), (1, 1), VALID),
        ((3, 3), (1, 1), (2, 3), SAME),
        ((1, 1), (2, 2), (1, 1), VALID),
        ((1, 1), (2, 3), (1, 1), SAME),
        ((5, 3), (3, 2), (1, 1), SAME),
        ((2, 3), (1, 1), (2, 2), VALID),
    ]
]


def weights_of(cases: Cases, shape: tuple[int, ...], dtype: Any, per_channel: bool, axis: int) -> T:
    """Random weights; uint8 ones with any zero point."""
    data = cases.integers(dtype, shape)
    if dtype == np.uint8:
        return T(data=data, scale=0.03, zero_point=cases.zero_point(dtype))
    if not per_channel:
        return T(data=data, scale=0.031)
    scales = cases.random.uniform(0.002, 0.06, shape[axis]).astype(np.float32)
    return T(data=data, scale=scales, axis=axis)


def bias_of(cases: Cases, channels: int) -> T:
    """Random biases."""
    return T(data=cases.random.integers(-3000, 3000, channels).astype(np.int32), scale=1e-3)


def output_size(window: Any, stride: Any, dilation: Any, padding: int) -> list[int]:
    """Rows and columns of a convolution's result."""
    sizes = []
    for axis, size in enumerate((HEIGHT, WIDTH)):
        extent = (window[axis] - 1) * dilation[axis] + 1
        reach = size if padding == SAME else size - extent + 1
        sizes.append(-(-reach // stride[axis]))
    return sizes


def conv_fields(cases: Cases, stride: Any, dilation: Any, padding: int) -> dict[str, int]:
    """Options of a convolution with any fused activation."""
    return {
        "padding": padding,
        "strideH": stride[0],
        "strideW": stride[1],
        "dilationHFactor": dilation[0],
        "dilationWFactor": dilation[1],
        "fusedActivationFunction": int(cases.random.integers(0, 4)),
    }


@pytest.mark.parametrize(("dtype", "per_channel"), KINDS)
@pytest.mark.parametrize(("window", "stride", "dilation", "padding"), WINDOWS)
def test_conv_2d(dtype, per_channel, window, stride, dilation, padding) -> None:  # type: ignore[no-untyped-def]
    """Every padding, stride, dilation and fused activation, batch 2, odd channel counts."""
    cases = Cases(1)
    x = T((2, HEIGHT, WIDTH, 5), dtype, 0.05, cases.zero_point(dtype))
    weights = weights_of(cases, (7, *window, 5), dtype, per_channel, 0)
    size = output_size(window, stride, dilation, padding)
    y = T((2, *size, 7), dtype, 0.9, cases.zero_point(dtype))
    fields = conv_fields(cases, stride, dilation, padding)
    cases.check("CONV_2D", [x, weights, bias_of(cases, 7)], y, "Conv2DOptions", fields, version=5)


@pytest.mark.parametrize(("window", "stride", "dilation", "padding"), WINDOWS[:3])
def test_grouped_conv_2d(window, stride, dilation, padding) -> None:  # type: ignore[no-untyped-def]
    """Weights of 2 channels for an input of 6: three groups."""
    cases = Cases(2)
    x = T((2, HEIGHT, WIDTH, 6), np.int8, 0.05, 11)
    weights = weights_of(cases, (9, *window, 2), np.int8, True, 0)
    y = T((2, *output_size(window, stride, dilation, padding), 9), np.int8, 0.4, -5)
    fields = conv_fields(cases, stride, dilation, padding)
    cases.check("CONV_2D", [x, weights, bias_of(cases, 9)], y, "Conv2DOptions", fields, version=5)


@pytest.mark.parametrize(("dtype", "per_channel"), KINDS)
@pytest.mark.parametrize(("window", "stride", "dilation", "padding"), WINDOWS)
@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise_conv_2d(  # type: ignore[no-untyped-def]
    dtype, per_channel, window, stride, dilation, padding, multiplier
) -> None:
    """Every window, one and three results per channel."""
    cases, channels = Cases(3), 5 * multiplier
    x = T((2, HEIGHT, WIDTH, 5), dtype, 0.05, cases.zero_point(dtype))
    weights = weights_of(cases, (1, *window, channels), dtype, per_channel, 3)
    size = output_size(window, stride, dilation, padding)
    y = T((2, *size, channels), dtype, 0.3, cases.zero_point(dtype))
    fields = conv_fields(cases, stride, dilation, padding) | {"depthMultiplier": multiplier}
    inputs = [x, weights, bias_of(cases, channels)]
    cases.check("DEPTHWISE_CONV_2D", inputs, y, "DepthwiseConv2DOptions", fields, version=6)


@pytest.mark.parametrize(("dtype", "per_channel"), KINDS)
@pytest.mark.parametrize(
    ("window", "stride"), [((3, 3), (1, 1)), ((3, 2), (2, 3)), ((2, 3), (2, 2)), ((5, 3), (3, 2))]
)
@pytest.mark.parametrize("padding", [SAME, VALID])
def test_transpose_conv(dtype, per_channel, window, stride, padding) -> None:  # type: ignore[no-untyped-def]
    """Cropped (SAME) and whole (VALID) results."""
    cases = Cases(4)
    if padding == SAME:
        size = [HEIGHT * stride[0], WIDTH * stride[1]]
    else:
        size = [(HEIGHT - 1) * stride[0] + window[0], (WIDTH - 1) * stride[1] + window[1]]
    inputs = [
        constant([2, *size, 7]),
        weights_of(cases, (7, *window, 5), dtype, per_channel, 0),
        T((2, HEIGHT, WIDTH, 5), dtype, 0.05, cases.zero_point(dtype)),
        bias_of(cases, 7),
    ]
    y = T((2, *size, 7), dtype, 1.3, cases.zero_point(dtype))
    fields = {"padding": padding, "strideH": stride[0], "strideW": stride[1]}
    cases.check("TRANSPOSE_CONV", inputs, y, "TransposeConvOptions", fields, version=3)


@pytest.mark.parametrize(("dtype", "per_channel"), KINDS)
@pytest.mark.parametrize("keep_dims", [False, True])
@pytest.mark.parametrize("activation", range(4))
def test_fully_connected(dtype, per_channel, keep_dims, activation) -> None:  # type: ignore[no-untyped-def]
    """One rounding, flattened or with leading axes kept; enough values to meet ties."""
    cases = Cases(5)
    x = T((37, 4, 50), dtype, 0.05, cases.zero_point(dtype))
    weights = weights_of(cases, (31, 50), dtype, per_channel, 0)
    y = T((37, 4, 31) if keep_dims else (148, 31), dtype, 0.8, cases.zero_point(dtype))
    fields = {"keepNumDims": keep_dims, "fusedActivationFunction": activation}
    inputs = [x, weights, bias_of(cases, 31)]
    cases.check("FULLY_CONNECTED", inputs, y, "FullyConnectedOptions", fields, version=5)


def test_no_bias_and_weight_zero_point_of_int8_fully_connected() -> None:
    """An int8 FULLY_CONNECTED applies its weights' zero point, and may lack a bias."""
    cases = Cases(6)
    x = T((3, 20), np.int8, 0.05, 7)
    weights = T(data=cases.integers(np.int8, (9, 20)), scale=0.02, zero_point=-11)
    y = T((3, 9), np.int8, 0.2, 3)
    cases.check("FULLY_CONNECTED", [x, weights], y, "FullyConnectedOptions", {}, version=5)


@pytest.mark.parametrize(("adjoint_x", "adjoint_y"), [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_batch_matmul(adjoint_x: int, adjoint_y: int) -> None:
    """Two activations with a zero point each, either transposed."""
    cases = Cases(7)
    x = T((2, 3, 7, 5) if adjoint_x else (2, 3, 5, 7), np.int8, 0.1, 9)
    y = T((2, 3, 4, 7) if adjoint_y else (2, 3, 7, 4), np.int8, 0.05, -77)
    fields = {"adjX": bool(adjoint_x), "adjY": bool(adjoint_y)}
    output = T((2, 3, 5, 4), np.int8, 0.4, 5)
    cases.check("BATCH_MATMUL", [x, y], output, "BatchMatMulOptions", fields, version=2)


def test_batch_matmul_repeats_the_smaller_batch() -> None:
    """[2,3,5,7] by [7,4]."""
    cases = Cases(8)
    inputs = [T((2, 3, 5, 7), np.int8, 0.1, 9), T((7, 4), np.int8, 0.05, -77)]
    output = T((2, 3, 5, 4), np.int8, 0.4, 5)
    cases.check("BATCH_MATMUL", inputs, output, "BatchMatMulOptions", {}, version=2)
