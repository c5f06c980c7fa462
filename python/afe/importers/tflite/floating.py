"""Elementwise operators on f32: the float islands of a quantized model.

Between DEQUANTIZE and QUANTIZE the reference kernels compute in f32; here every operator is the
same sequence of f32 operations. Chains of them between 8-bit tensors become programs or tables of
the MLA where that is exact, the rest runs on the Cortex-A65.
"""

from __future__ import annotations

import math

import numpy as np
import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import float_operator

_FLOAT_MAX = float(np.finfo(np.float32).max)
_WHOLE = float(1 << 23)
"""From here on every f32 is an integer."""


def real(node: Node, position: int) -> Tensor:
    """An operand that must be f32."""
    if node.input(position).dtype != "f32":
        raise node.unsupported(
            f"float arithmetic with tensor '{node.input(position).name}' of type "
            f"{node.input(position).type_name}",
            "quantize all of the operator's tensors, or none",
        )
    return node.value(position)


def limited(node: Node, x: Tensor, activation: int) -> Tensor:
    """A fused activation."""
    limits = {
        tflite.ActivationFunctionType.NONE: None,
        tflite.ActivationFunctionType.RELU: (0.0, _FLOAT_MAX),
        tflite.ActivationFunctionType.RELU_N1_TO_1: (-1.0, 1.0),
        tflite.ActivationFunctionType.RELU6: (0.0, 6.0),
    }
    if activation not in limits:
        raise node.unsupported(f"fused activation {activation}", "convert it as an operator")
    bounds = limits[activation]
    return x if bounds is None else _between(node, x, *bounds)


def _between(node: Node, x: Tensor, low: float, high: float) -> Tensor:
    b = node.builder
    x = b.binary("maximum", x, b.scalar(low, "f32"))
    return x if high == _FLOAT_MAX else b.binary("minimum", x, b.scalar(high, "f32"))


# --- two operands --------------------------------------------------------------------------------


@float_operator("ADD")
def add(node: Node) -> Tensor:
    """x + y."""
    result = node.builder.add(real(node, 0), real(node, 1))
    return limited(node, result, node.options(tflite.AddOptions).FusedActivationFunction())


@float_operator("SUB")
def sub(node: Node) -> Tensor:
    """x - y."""
    result = node.builder.sub(real(node, 0), real(node, 1))
    return limited(node, result, node.options(tflite.SubOptions).FusedActivationFunction())


@float_operator("MUL")
def mul(node: Node) -> Tensor:
    """x * y."""
    result = node.builder.mul(real(node, 0), real(node, 1))
    return limited(node, result, node.options(tflite.MulOptions).FusedActivationFunction())


@float_operator("DIV")
def div(node: Node) -> Tensor:
    """x / y."""
    result = node.builder.divide(real(node, 0), real(node, 1))
    return limited(node, result, node.options(tflite.DivOptions).FusedActivationFunction())


@float_operator("MAXIMUM", "MINIMUM", "POW")
def two_operands(node: Node) -> Tensor:
    """As TOSA has it."""
    return node.builder.binary(node.info.code.lower(), real(node, 0), real(node, 1))


@float_operator("SQUARED_DIFFERENCE")
def squared_difference(node: Node) -> Tensor:
    """(x - y)^2."""
    difference = node.builder.sub(real(node, 0), real(node, 1))
    return node.builder.mul(difference, difference)


@float_operator("ADD_N")
def add_n(node: Node) -> Tensor:
    """The sum of all operands, from the first on."""
    total = real(node, 0)
    for position in range(1, len(node.info.inputs)):
        total = node.builder.add(total, real(node, position))
    return total


@float_operator("PRELU")
def prelu(node: Node) -> Tensor:
    """x, or alpha x below zero, alpha a tensor (broadcast)."""
    b, x = node.builder, real(node, 0)
    negative = b.binary("greater", b.scalar(0, "f32"), x, "i1")
    scaled = b.mul(x, real(node, 1))
    return _select(node, negative, scaled, x)


def _select(node: Node, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    b = node.builder
    x, y = b.same_rank(x, y)
    condition, x = b.same_rank(condition, x)
    return b.select(condition, x, y)


_COMPARISONS = {
    "EQUAL": ("equal", False, False),
    "NOT_EQUAL": ("equal", False, True),
    "GREATER": ("greater", False, False),
    "GREATER_EQUAL": ("greater_equal", False, False),
    "LESS": ("greater", True, False),
    "LESS_EQUAL": ("greater_equal", True, False),
}
"""TOSA's comparison, whether operands are swapped, whether the result is negated."""


@float_operator(*_COMPARISONS)
def comparison(node: Node) -> Tensor:
    """A comparison with NaN is false, NOT_EQUAL true."""
    name, swapped, negated = _COMPARISONS[node.info.code]
    x, y = real(node, 0), real(node, 1)
    b = node.builder
    result = b.binary(name, y, x, "i1") if swapped else b.binary(name, x, y, "i1")
    return b.unary("logical_not", result) if negated else result


# --- one operand ---------------------------------------------------------------------------------

_UNARY = {
    "ABS": "abs",
    "EXP": "exp",
    "LOG": "log",
    "SIN": "sin",
    "COS": "cos",
    "FLOOR": "floor",
    "CEIL": "ceil",
    "TANH": "tanh",
}


@float_operator(*_UNARY)
def one_operand(node: Node) -> Tensor:
    """As TOSA has it."""
    return node.builder.unary(_UNARY[node.info.code], real(node, 0))


@float_operator("NEG")
def neg(node: Node) -> Tensor:
    """-x."""
    return node.builder.mul(real(node, 0), node.builder.scalar(-1.0, "f32"))


@float_operator("SQUARE")
def square(node: Node) -> Tensor:
    """x * x."""
    return node.builder.mul(real(node, 0), real(node, 0))


@float_operator("SQRT")
def sqrt(node: Node) -> Tensor:
    """Square root, correctly rounded."""
    return node.builder.sqrt(real(node, 0))


@float_operator("RSQRT")
def rsqrt(node: Node) -> Tensor:
    """1 / sqrt x, both steps rounded."""
    b = node.builder
    return b.divide(b.scalar(1.0, "f32"), b.sqrt(real(node, 0)))


@float_operator("SIGN")
def sign(node: Node) -> Tensor:
    """-1, 0 or 1."""
    b, x = node.builder, real(node, 0)
    zero, one = b.scalar(0, "f32"), b.scalar(1, "f32")
    low = _select(node, b.binary("greater", zero, x, "i1"), b.scalar(-1, "f32"), zero)
    return _select(node, b.binary("greater", x, zero, "i1"), one, low)


@float_operator("ROUND")
def round_(node: Node) -> Tensor:
    """To the nearest integer, halves to even."""
    b, x = node.builder, real(node, 0)
    is_whole = b.binary("greater_equal", b.unary("abs", x), b.scalar(_WHOLE, "f32"), "i1")
    small = _between(node, x, -_WHOLE, _WHOLE)
    return _select(node, is_whole, x, b.cast(b.cast(small, "i32"), "f32"))


@float_operator("LOGISTIC")
def logistic(node: Node) -> Tensor:
    """1 / (1 + e^-x), e^x far below zero and 1 far above, where the kernel cuts it off."""
    b, x = node.builder, real(node, 0)
    one = b.scalar(1.0, "f32")
    exponential = b.unary("exp", b.mul(x, b.scalar(-1.0, "f32")))
    middle = b.divide(one, b.add(one, exponential))
    high = b.scalar(16.619047164916992188, "f32")
    low = b.scalar(-9.0, "f32")
    result = _select(node, b.binary("greater", x, high, "i1"), one, middle)
    return _select(node, b.binary("greater", low, x, "i1"), b.unary("exp", x), result)


_LIMITS = {
    "RELU": (0.0, _FLOAT_MAX),
    "RELU6": (0.0, 6.0),
    "RELU_0_TO_1": (0.0, 1.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}


@float_operator(*_LIMITS)
def relu(node: Node) -> Tensor:
    """Limits."""
    return _between(node, real(node, 0), *_LIMITS[node.info.code])


@float_operator("LEAKY_RELU")
def leaky_relu(node: Node) -> Tensor:
    """x, or alpha x where it is not above zero."""
    alpha = node.options(tflite.LeakyReluOptions).Alpha()
    if not math.isfinite(alpha):
        raise node.invalid(f"alpha is {alpha}")
    b, x = node.builder, real(node, 0)
    positive = b.binary("greater", x, b.scalar(0, "f32"), "i1")
    return _select(node, positive, x, b.mul(x, b.scalar(alpha, "f32")))


@float_operator("ELU")
def elu(node: Node) -> Tensor:
    """x, or e^x - 1 below zero."""
    b, x = node.builder, real(node, 0)
    below = b.sub(b.unary("exp", x), b.scalar(1.0, "f32"))
    return _select(node, b.binary("greater", b.scalar(0, "f32"), x, "i1"), below, x)


@float_operator("HARD_SWISH")
def hard_swish(node: Node) -> Tensor:
    """x relu6(x + 3) / 6."""
    b, x = node.builder, real(node, 0)
    gate = _between(node, b.add(x, b.scalar(3.0, "f32")), 0.0, 6.0)
    return b.divide(b.mul(x, gate), b.scalar(6.0, "f32"))


@float_operator("GELU")
def gelu(node: Node) -> Tensor:
    """x times the normal distribution's cumulative function, exact or by tanh."""
    b, x = node.builder, real(node, 0)
    if node.options(tflite.GeluOptions).Approximate():
        cube = b.mul(b.mul(b.mul(b.scalar(0.044715, "f32"), x), x), x)
        inner = b.mul(b.scalar(math.sqrt(2 / math.pi), "f32"), b.add(x, cube))
        share = b.unary("tanh", inner)
    else:
        share = b.unary("erf", b.mul(x, b.scalar(math.sqrt(0.5), "f32")))
    half = b.mul(b.scalar(0.5, "f32"), x)
    return b.mul(half, b.add(b.scalar(1.0, "f32"), share))
