"""Functions of one f32 tensor, in f32 and as onnxruntime's CPU kernels define them.

Of an 8-bit tensor a function becomes a table, computed here once per code. `FUNCTIONS` maps an
operator to a function that reads the node's attributes and returns a numpy function f32 -> f32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.onnx.graph import Node
from afe.importers.onnx.values import F32

F64 = NDArray[Any]
Function = Callable[[F32], F32]
Factory = Callable[[Node], Function]

ONE, HALF = np.float32(1), np.float32(0.5)


def in_double(function: Callable[[F64], F64]) -> Factory:
    """A function computed in f64 and rounded once, where f32 kernels differ among themselves."""
    return lambda node: lambda x: function(x.astype(np.float64)).astype(np.float32)


def exactly(function: Callable[[F64], F64]) -> Factory:
    """A function whose f32 result is defined by IEEE 754."""
    return lambda node: lambda x: function(x).astype(np.float32)


def _leaky_relu(node: Node) -> Function:
    alpha = np.float32(node.real("alpha", 0.01))
    return lambda x: np.where(x >= 0, x, alpha * x)


def _elu(node: Node) -> Function:
    alpha = np.float32(node.real("alpha", 1.0))
    return lambda x: np.where(x >= 0, x, alpha * np.expm1(x.astype(np.float64))).astype(np.float32)


def _selu(node: Node) -> Function:
    alpha = np.float32(node.real("alpha", 1.6732632423543772))
    gamma = np.float32(node.real("gamma", 1.0507009873554805))
    return lambda x: (gamma * np.where(x > 0, x, alpha * np.expm1(x.astype(np.float64)))).astype(
        np.float32
    )


def _celu(node: Node) -> Function:
    alpha = np.float32(node.real("alpha", 1.0))
    return lambda x: np.where(x > 0, x, alpha * np.expm1(x.astype(np.float64) / alpha)).astype(
        np.float32
    )


def _thresholded_relu(node: Node) -> Function:
    alpha = np.float32(node.real("alpha", 1.0))
    return lambda x: np.where(x > alpha, x, np.float32(0))


def _hard_sigmoid(node: Node) -> Function:
    alpha, beta = np.float32(node.real("alpha", 0.2)), np.float32(node.real("beta", 0.5))
    return lambda x: np.clip(alpha * x + beta, np.float32(0), ONE)


def _hard_swish(node: Node) -> Function:
    sixth = np.float32(1 / 6)
    return lambda x: x * np.clip(sixth * x + HALF, np.float32(0), ONE)


def _shrink(node: Node) -> Function:
    bias, bound = np.float32(node.real("bias", 0.0)), np.float32(node.real("lambd", 0.5))
    return lambda x: np.where(x < -bound, x + bias, np.where(x > bound, x - bias, np.float32(0)))


def _gelu(node: Node) -> Function:
    if node.text("approximate", "none") == "tanh" or node.op == "FastGelu":
        return lambda x: _gelu_tanh(x.astype(np.float64)).astype(np.float32)
    return lambda x: _gelu_erf(x.astype(np.float64)).astype(np.float32)


def _gelu_erf(x: F64) -> F64:
    return np.asarray(0.5 * x * (1 + erf(x / math.sqrt(2))))


def _gelu_tanh(x: F64) -> F64:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))


def erf(x: F64) -> F64:
    """The error function, element by element."""
    return np.array([math.erf(value) for value in x.reshape(-1)]).reshape(x.shape)


def _softplus(x: F64) -> F64:
    return np.asarray(np.logaddexp(0.0, x))


def _sigmoid(x: F64) -> F64:
    return np.asarray(1 / (1 + np.exp(-x)))


def _swish(node: Node) -> Function:
    alpha = node.real("alpha", 1.702 if node.op == "QuickGelu" else 1.0)
    return lambda x: (x * _sigmoid(alpha * x.astype(np.float64))).astype(np.float32)


def _mish(x: F64) -> F64:
    return np.asarray(x * np.tanh(_softplus(x)))


FUNCTIONS: dict[str, Factory] = {
    "Abs": exactly(np.abs),
    "Neg": exactly(np.negative),
    "Floor": exactly(np.floor),
    "Ceil": exactly(np.ceil),
    "Round": exactly(np.rint),
    "Sign": exactly(np.sign),
    "Sqrt": exactly(np.sqrt),
    "Reciprocal": exactly(lambda x: ONE / x),
    "Softsign": exactly(lambda x: x / (ONE + np.abs(x))),
    "Sigmoid": in_double(_sigmoid),
    "Tanh": in_double(np.tanh),
    "Exp": in_double(np.exp),
    "Log": in_double(np.log),
    "Erf": in_double(erf),
    "Sin": in_double(np.sin),
    "Cos": in_double(np.cos),
    "Tan": in_double(np.tan),
    "Asin": in_double(np.arcsin),
    "Acos": in_double(np.arccos),
    "Atan": in_double(np.arctan),
    "Sinh": in_double(np.sinh),
    "Cosh": in_double(np.cosh),
    "Asinh": in_double(np.arcsinh),
    "Acosh": in_double(np.arccosh),
    "Atanh": in_double(np.arctanh),
    "Softplus": in_double(_softplus),
    "Mish": in_double(_mish),
    "LeakyRelu": _leaky_relu,
    "Elu": _elu,
    "Selu": _selu,
    "Celu": _celu,
    "ThresholdedRelu": _thresholded_relu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "Shrink": _shrink,
    "Gelu": _gelu,
    "FastGelu": _gelu,
    "QuickGelu": _swish,
    "Swish": _swish,
}
