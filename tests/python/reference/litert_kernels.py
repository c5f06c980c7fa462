"""The custom operators of domain `afe`, in plain numpy, from docs/tosa-conventions.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tosa_kernels import INT_LIMITS, Array, padded, windows


def quantize(x: Array, scale: float, zero_point: int, rounding: str, dtype: np.dtype[Any]) -> Array:
    """saturate(round(x / scale) + zero_point), f32 division."""
    quotient = (x / np.float32(scale)).astype(np.float64)
    if rounding == "half_even":
        rounded = np.rint(quotient)
    else:
        rounded = np.copysign(np.trunc(np.abs(quotient) + 0.5), quotient)
    low, high = INT_LIMITS[np.dtype(dtype)]
    return np.clip(np.nan_to_num(rounded + zero_point), low, high).astype(dtype)


def dequantize(x: Array, scale: float, zero_point: int) -> Array:
    """f32(x - zero_point) * scale."""
    difference = (x.astype(np.int64) - zero_point).astype(np.float32)
    return difference * np.float32(scale)


def softmax(
    x: Array, beta: float, input_scale: float, output_scale: float, output_zero_point: int
) -> Array:
    """LiteRT's int8 softmax over the last axis: f32 throughout, ascending sum."""
    step = np.float32(-np.float32(input_scale) * np.float32(beta))
    arguments = (step * np.arange(256, dtype=np.float32)).astype(np.float64)
    exponentials = np.exp(arguments).astype(np.float32)
    wide = x.astype(np.int64)
    e = exponentials[wide.max(axis=-1, keepdims=True) - wide]
    total = np.add.accumulate(e, axis=-1, dtype=np.float32)[..., -1:]
    inverse = np.float32(1) / (total * np.float32(output_scale))
    probability = np.trunc(e * inverse + np.float32(0.5)).astype(np.int64) + output_zero_point
    return np.clip(probability, -128, 127).astype(np.int8)


def average_pool_2d(
    x: Array, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int], low: int, high: int,
    unsigned: bool,
) -> Array:  # fmt: skip
    """Sum of the existing taps over their number: halves away from zero, or up if `unsigned`."""
    total = windows(padded(x.astype(np.int64), pad), kernel, stride, (1, 1)).sum(axis=(4, 5))
    ones = padded(np.ones((1, *x.shape[1:3], 1), np.int64), pad)
    count = windows(ones, kernel, stride, (1, 1)).sum(axis=(4, 5))
    if unsigned:
        mean = (total + count // 2) // count
    else:
        magnitude = (np.abs(total) + count // 2) // count
        mean = np.sign(total) * magnitude
    return np.clip(mean, low, high).astype(np.int8)


def div_f32(x: Array, y: Array) -> NDArray[np.float32]:
    """IEEE division."""
    with np.errstate(all="ignore"):
        return (x / y).astype(np.float32)
