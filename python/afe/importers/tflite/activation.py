"""Functions of one quantized tensor: 256-entry tables by the kernels' formulas, and SOFTMAX."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import tflite
from numpy.typing import NDArray

from afe.importers.builder import SINGLE_ROUND, Tensor
from afe.importers.tflite import lookup
from afe.importers.tflite.arithmetic import quantize_value
from afe.importers.tflite.node import Affine, Node
from afe.importers.tflite.registry import operator

TableFormula = Callable[[Affine, Affine], NDArray[np.int8]]


@operator("SOFTMAX")
def softmax(node: Node) -> Tensor:
    """Over the last axis; float inside, see the custom operator."""
    x = node.int8_value(0)
    source, target = node.in_affine(0), node.out_affine()
    beta = float(node.options(tflite.SoftmaxOptions).Beta())
    if not math.isfinite(beta):
        raise node.invalid(f"beta is {beta}")
    return node.builder.custom(
        "litert.softmax",
        [x],
        x.shape,
        "i8",
        beta=beta,
        input_scale=float(source.scale),
        output_scale=float(target.scale),
        output_zero_point=target.zero_point,
    )


def _table(node: Node, formula: TableFormula) -> Tensor:
    x = node.int8_value(0)
    return node.builder.table(x, formula(node.in_affine(0), node.out_affine()))


def _float_table(node: Node, function: lookup.FloatFunction) -> Tensor:
    return _table(node, lambda source, target: lookup.from_float(function, source, target))


@operator("LOGISTIC")
def logistic(node: Node) -> Tensor:
    """1 / (1 + e^-x)."""
    return _float_table(node, lookup.logistic)


@operator("TANH")
def tanh(node: Node) -> Tensor:
    """Hyperbolic tangent."""
    return _float_table(node, np.tanh)


@operator("ELU")
def elu(node: Node) -> Tensor:
    """x, or e^x - 1 below zero."""
    return _float_table(node, lookup.elu)


@operator("EXP")
def exp(node: Node) -> Tensor:
    """e^x."""
    return _float_table(node, np.exp)


@operator("SQRT")
def sqrt(node: Node) -> Tensor:
    """Square root; the kernel refuses x < 0."""
    return _table(node, lookup.square_root)


@operator("GELU")
def gelu(node: Node) -> Tensor:
    """x times the normal distribution's cumulative function, exact or by tanh."""
    approximate = node.options(tflite.GeluOptions).Approximate()
    return _float_table(node, lookup.gelu_tanh if approximate else lookup.gelu_exact)


@operator("LOG")
def log(node: Node) -> Tensor:
    """Natural logarithm."""
    return _table(node, lookup.log)


@operator("HARD_SWISH")
def hard_swish(node: Node) -> Tensor:
    """x relu6(x + 3) / 6."""
    return _table(node, lookup.hard_swish)


@operator("ABS")
def absolute(node: Node) -> Tensor:
    """|x|."""
    return _table(node, lookup.absolute)


@operator("RSQRT")
def rsqrt(node: Node) -> Tensor:
    """1 / sqrt x."""
    return _table(node, lookup.rsqrt)


@operator("LEAKY_RELU")
def leaky_relu(node: Node) -> Tensor:
    """x, or alpha x below zero."""
    alpha = np.float32(node.options(tflite.LeakyReluOptions).Alpha())
    if not np.isfinite(alpha):
        raise node.invalid(f"alpha is {alpha}")
    return _table(node, lambda source, target: lookup.leaky_relu(alpha, source, target))


_RELU_LIMITS = {
    "RELU": (0.0, math.inf),
    "RELU6": (0.0, 6.0),
    "RELU_0_TO_1": (0.0, 1.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


@operator(*_RELU_LIMITS)
def relu(node: Node) -> Tensor:
    """Limits of the real value: a rescale where the quantization changes, and a clamp."""
    b, x = node.builder, node.int8_value(0)
    source, target = node.in_affine(0), node.out_affine()
    low, high = _RELU_LIMITS[node.info.code]
    floor = max(-128, quantize_value(low, target.scale, target.zero_point))
    ceiling = 127
    if math.isfinite(high):
        ceiling = min(127, quantize_value(high, target.scale, target.zero_point))
    if floor > ceiling:
        raise node.invalid("its limits leave no value of the output's range")
    if source != target:
        scaling = node.scaling(float(source.scale / target.scale))
        x = b.rescale(
            x, "i8", scaling.multiplier, scaling.shift,
            input_zp=source.zero_point, output_zp=target.zero_point,
        )  # fmt: skip
    return b.clamp(x, floor, ceiling)


@operator("PRELU")
def prelu(node: Node) -> Tensor:
    """x, or alpha x below zero, alpha a tensor (broadcast)."""
    b, x, alpha = node.builder, node.int8_value(0), node.int8_value(1)
    source, slope, target = node.in_affine(0), node.in_affine(1), node.out_affine()
    centred = b.centred(x, source.zero_point)
    identity = node.scaling(float(source.scale / target.scale))
    sloped = node.scaling(float(np.float32(source.scale * slope.scale) / target.scale))
    positive = b.rescale(centred, "i32", identity.multiplier, identity.shift)
    product = b.mul(centred, b.centred(alpha, slope.zero_point))
    negative = b.rescale(product, "i32", sloped.multiplier, sloped.shift)
    is_positive = b.binary("greater_equal", centred, b.scalar(0, "i32"), "i1")
    chosen = b.select(is_positive, positive, negative)
    return b.rescale(chosen, "i8", 1 << 30, 30, output_zp=target.zero_point, rounding=SINGLE_ROUND)
