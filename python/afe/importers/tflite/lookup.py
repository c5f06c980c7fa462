"""256-entry tables of int8 functions by the formulas of LiteRT's reference kernels.

Entry i is the result for the stored value i - 128. A uint8 tensor's table is the same with its
zero points shifted by 128: the formulas only ever see differences to zero points.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from afe.importers.tflite.arithmetic import (
    Scaling,
    doubling_high_mul,
    multiply_by,
    multiply_double_rounded,
    quantize_multiplier,
    round_half_away,
    rounding_shift_right,
    saturate,
)
from afe.importers.tflite.node import Affine

Table = NDArray[np.int8]
FloatFunction = Callable[[NDArray[np.float64]], NDArray[np.float64]]

STORED = np.arange(-128, 128)


def _clipped(values: object) -> Table:
    return np.clip(np.asarray(values, np.float64), -128, 127).astype(np.int8)


def from_float(function: FloatFunction, source: Affine, target: Affine) -> Table:
    """PopulateLookupTable: dequantize, `function`, times the output scale's inverse, rounded.

    `function` gets f32 values as f64; its result is rounded to f32 once, as a good libm does.
    """
    inverse = np.float32(1) / target.scale
    real = source.scale * (STORED - source.zero_point).astype(np.float32)
    with np.errstate(all="ignore"):
        transformed = np.asarray(function(real.astype(np.float64))).astype(np.float32)
        rescaled = round_half_away(transformed * inverse) + np.float32(target.zero_point)
    return _clipped(np.nan_to_num(rescaled, nan=0.0, posinf=1e9, neginf=-1e9))


def logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + e^-x), each step in f32."""
    exponential = np.exp(-x).astype(np.float32)
    return (np.float32(1) / (np.float32(1) + exponential)).astype(np.float64)


def gelu_exact(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """0.5 x erfc(-x / sqrt 2)."""
    scaled = (x * -math.sqrt(0.5)).astype(np.float32)
    erfc = np.array([math.erfc(value) for value in scaled]).astype(np.float32)
    return (np.float32(0.5) * x.astype(np.float32) * erfc).astype(np.float64)


def gelu_tanh(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), each step in f32."""
    v = x.astype(np.float32)
    inner = np.float32(math.sqrt(2 / math.pi)) * (v + np.float32(0.044715) * v * v * v)
    tanh = np.tanh(inner.astype(np.float64)).astype(np.float32)
    return (np.float32(0.5) * v * (np.float32(1) + tanh)).astype(np.float64)


def elu(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """x, or e^x - 1 below zero."""
    return np.where(x < 0, np.expm1(np.minimum(x, 0)), x)


def log(source: Affine, target: Affine) -> Table:
    """Natural logarithm; the lowest value where it does not exist."""
    with np.errstate(all="ignore"):
        table = from_float(np.log, source, target)
    return np.where(source.zero_point >= STORED, np.int8(-128), table)


def square_root(source: Affine, target: Affine) -> Table:
    """Square root, divided by the output scale and cut off; the kernel refuses x < 0."""
    real = source.scale * np.maximum(STORED - source.zero_point, 0).astype(np.float32)
    return _clipped(np.trunc(np.sqrt(real) / target.scale) + np.float32(target.zero_point))


def leaky_relu(alpha: np.float32, source: Affine, target: Affine) -> Table:
    """x, or alpha x below zero: one multiplier each."""
    identity = quantize_multiplier(float(source.scale / target.scale))
    slope = quantize_multiplier(float(source.scale * alpha / target.scale))
    values = [
        multiply_double_rounded(int(x), identity if x >= 0 else slope)
        for x in STORED - source.zero_point
    ]
    return _clipped(np.array(values) + target.zero_point)


def absolute(source: Affine, target: Affine) -> Table:
    """|x|, rescaled where the scales differ."""
    magnitudes = np.abs(STORED - source.zero_point)
    if source.scale != target.scale:
        scaling = quantize_multiplier(float(source.scale / target.scale))
        magnitudes = np.array([multiply_double_rounded(int(x), scaling) for x in magnitudes])
    return _clipped(magnitudes + target.zero_point)


def hard_swish(source: Affine, target: Affine) -> Table:
    """x relu6(x + 3) / 6 in 16-bit fixed point."""
    hires_scale = np.float32(1 / 128) * source.scale
    output = quantize_multiplier(float(hires_scale / target.scale))
    reluish = quantize_multiplier(float(hires_scale / np.float32(3 / 32768)))
    values = [_hard_swish(int(x), output, reluish) for x in STORED - source.zero_point]
    return _clipped(np.array(values) + target.zero_point)


def _hard_swish(x: int, output: Scaling, reluish: Scaling) -> int:
    hires = x << 7
    preshift = doubling_high_mul(hires, _int16_multiplier(output), bits=16)
    exponent = 31 - int(reluish.shift[0])
    gate = hires
    if exponent > 0:
        gate = saturate(gate << (exponent - 1), 16)
    gate = doubling_high_mul(gate, _int16_multiplier(reluish), bits=16)
    if exponent > 0:
        gate = saturate(gate << 1, 16)
    if exponent < 0:
        gate = rounding_shift_right(gate, -exponent)
    gate = (gate + (1 << 15)) >> 1
    product = gate * preshift
    high = saturate(int(math.copysign(abs(product) >> 15, product)), 16)
    return rounding_shift_right(high, int(output.shift[0]) - 31)


def _int16_multiplier(scaling: Scaling) -> int:
    """DownScaleInt32ToInt16Multiplier."""
    multiplier = int(scaling.multiplier[0])
    if multiplier >= (1 << 31) - 1 - (1 << 15):
        return (1 << 15) - 1
    return (multiplier + (1 << 15)) >> 16


def rsqrt(source: Affine, target: Affine) -> Table:
    """1 / sqrt x in fixed point; the kernel refuses x < 0, x = 0 gives the largest value."""
    root = np.float32(math.sqrt(float(source.scale)))
    scaling = quantize_multiplier(1.0 / float(root * target.scale))
    values = [_rsqrt(int(x), scaling) for x in STORED - source.zero_point]
    return _clipped([127 if v is None else v + target.zero_point for v in values])


def _rsqrt(x: int, scaling: Scaling) -> int | None:
    if x <= 0:
        return None
    extra = 20
    multiplier, exponent = inverse_square_root(x)
    data = multiply_by(1, multiplier, exponent + extra)
    return multiply_by(data, int(scaling.multiplier[0]), 31 - int(scaling.shift[0]) - extra)


def inverse_square_root(x: int) -> tuple[int, int]:
    """GetInvSqrtQuantizedMultiplierExp: (multiplier, exponent) by five Newton steps."""
    if x <= 1:
        return (1 << 31) - 1, 0
    shift = 11
    while x >= 1 << 29:
        x //= 4
        shift += 1
    pairs = (32 - x.bit_length() - 1) // 2 - 1
    shift -= pairs
    x <<= 2 * pairs
    half_x = rounding_shift_right(x >> 1, 1)
    root = 1 << 28
    for _ in range(5):
        cube = saturate(doubling_high_mul(doubling_high_mul(root, root), root) << 6, 32)
        step = doubling_high_mul((1 << 28) + (1 << 27), root) - doubling_high_mul(half_x, cube)
        root = saturate(step << 3, 32)
    root = doubling_high_mul(root, 1518500250)
    if shift < 0:
        root, shift = root << -shift, 0
    return root, -shift
