"""Functions of one f32 tensor as TOSA operations, for what is no function of one 8-bit tensor.

`WRITTEN` maps an operator to a function that appends its operations. What TOSA has no operation for
(arctangent and its kin) is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from afe.importers.builder import TosaBuilder
from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node


@dataclass(frozen=True, slots=True)
class Writer:
    """Appends operations on tensors shaped like `like`; numbers broadcast to it."""

    builder: TosaBuilder
    node: Node

    def number(self, like: Tensor, value: float) -> Tensor:
        """An f32 constant of the rank of `like`."""
        return self.builder.const(np.full((1,) * len(like.shape), value, np.float32))

    def plus(self, x: Tensor, value: float) -> Tensor:
        """x + value."""
        return self.builder.add(x, self.number(x, value))

    def times(self, x: Tensor, value: float) -> Tensor:
        """x * value."""
        return self.builder.mul(x, self.number(x, value))

    def over(self, x: Tensor, y: Tensor) -> Tensor:
        """x / y, rounded once."""
        return self.builder.custom("div_f32", [x, y], x.shape, "f32")

    def below(self, x: Tensor, bound: float) -> Tensor:
        """x < bound, as i1."""
        return self.builder.binary("greater", self.number(x, bound), x, "i1")

    def where(self, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """condition ? x : y."""
        return self.builder.select(condition, x, y)

    def exp_minus_one(self, x: Tensor) -> Tensor:
        """exp(x) - 1."""
        return self.plus(self.builder.unary("exp", x), -1.0)


Write = Callable[[Writer, Tensor], Tensor]


def write_function(ctx: Context, node: Node, x: Tensor) -> Tensor:
    """The operations of `node`, whose operator must be in WRITTEN."""
    return WRITTEN[node.op](Writer(ctx.builder, node), x)


def _plain(name: str) -> Write:
    return lambda w, x: w.builder.unary(name, x)


def _neg(w: Writer, x: Tensor) -> Tensor:
    return w.builder.sub(w.number(x, 0.0), x)


def _sqrt(w: Writer, x: Tensor) -> Tensor:
    return w.builder.custom("sqrt_f32", [x], x.shape, "f32")


def _round(w: Writer, x: Tensor) -> Tensor:
    """Half to even: adding 1.5 * 2^23 leaves no fraction; from 2^22 on there is none anyway."""
    magic = 1.5 * 2.0**23
    whole = w.plus(w.plus(x, magic), -magic)
    return w.where(w.below(w.builder.unary("abs", x), 2.0**22), whole, x)


def _sign(w: Writer, x: Tensor) -> Tensor:
    zero = w.number(x, 0.0)
    positive = w.builder.binary("greater", x, zero, "i1")
    negative = w.builder.binary("greater", zero, x, "i1")
    signs = w.where(negative, w.number(x, -1.0), zero)
    return w.where(positive, w.number(x, 1.0), signs)


def _softsign(w: Writer, x: Tensor) -> Tensor:
    return w.over(x, w.plus(w.builder.unary("abs", x), 1.0))


def _softplus(w: Writer, x: Tensor) -> Tensor:
    """max(x, 0) + log(1 + exp(-|x|)), which does not overflow."""
    minus = w.times(w.builder.unary("abs", x), -1.0)
    tail = w.builder.unary("log", w.plus(w.builder.unary("exp", minus), 1.0))
    return w.builder.add(w.builder.clamp(x, 0.0, np.inf), tail)


def _mish(w: Writer, x: Tensor) -> Tensor:
    return w.builder.mul(x, w.builder.unary("tanh", _softplus(w, x)))


def _leaky_relu(w: Writer, x: Tensor) -> Tensor:
    alpha = float(np.float32(w.node.real("alpha", 0.01)))
    negative = w.times(w.builder.clamp(x, -np.inf, 0.0), alpha)
    return w.builder.add(w.builder.clamp(x, 0.0, np.inf), negative)


def _elu(w: Writer, x: Tensor) -> Tensor:
    alpha = w.node.real("alpha", 1.0)
    negative = w.times(w.exp_minus_one(w.builder.clamp(x, -np.inf, 0.0)), alpha)
    return w.where(w.below(x, 0.0), negative, x)


def _selu(w: Writer, x: Tensor) -> Tensor:
    alpha = w.node.real("alpha", 1.6732632423543772)
    gamma = w.node.real("gamma", 1.0507009873554805)
    negative = w.times(w.exp_minus_one(w.builder.clamp(x, -np.inf, 0.0)), alpha)
    return w.times(w.where(w.below(x, 0.0), negative, x), gamma)


def _celu(w: Writer, x: Tensor) -> Tensor:
    alpha = w.node.real("alpha", 1.0)
    negative = w.builder.clamp(x, -np.inf, 0.0)
    return w.where(
        w.below(x, 0.0), w.times(w.exp_minus_one(w.times(negative, 1 / alpha)), alpha), x
    )


def _thresholded_relu(w: Writer, x: Tensor) -> Tensor:
    bound = w.number(x, w.node.real("alpha", 1.0))
    above = w.builder.binary("greater", x, bound, "i1")
    return w.where(above, x, w.number(x, 0.0))


def _hard_sigmoid(w: Writer, x: Tensor) -> Tensor:
    return _ramp(w, x, w.node.real("alpha", 0.2), w.node.real("beta", 0.5))


def _hard_swish(w: Writer, x: Tensor) -> Tensor:
    return w.builder.mul(x, _ramp(w, x, 1 / 6, 0.5))


def _ramp(w: Writer, x: Tensor, alpha: float, beta: float) -> Tensor:
    return w.builder.clamp(w.plus(w.times(x, alpha), beta), 0.0, 1.0)


def _shrink(w: Writer, x: Tensor) -> Tensor:
    bias, bound = w.node.real("bias", 0.0), w.node.real("lambd", 0.5)
    above = w.builder.binary("greater", x, w.number(x, bound), "i1")
    positive = w.where(above, w.plus(x, -bias), w.number(x, 0.0))
    return w.where(w.below(x, -bound), w.plus(x, bias), positive)


def _gelu(w: Writer, x: Tensor) -> Tensor:
    builder = w.builder
    if w.node.text("approximate", "none") == "tanh" or w.node.op == "FastGelu":
        cube = w.times(builder.mul(builder.mul(x, x), x), 0.044715)
        curve = builder.unary("tanh", w.times(builder.add(x, cube), math.sqrt(2 / math.pi)))
    else:
        curve = builder.unary("erf", w.times(x, math.sqrt(0.5)))
    return builder.mul(w.times(x, 0.5), w.plus(curve, 1.0))


def _swish(w: Writer, x: Tensor) -> Tensor:
    alpha = w.node.real("alpha", 1.702 if w.node.op == "QuickGelu" else 1.0)
    return w.builder.mul(x, w.builder.unary("sigmoid", w.times(x, alpha)))


def _tan(w: Writer, x: Tensor) -> Tensor:
    return w.over(w.builder.unary("sin", x), w.builder.unary("cos", x))


def _hyperbolic(sign: float) -> Write:
    def write(w: Writer, x: Tensor) -> Tensor:
        grown = w.builder.unary("exp", x)
        shrunk = w.builder.unary("exp", w.times(x, -1.0))
        return w.times(w.builder.add(grown, w.times(shrunk, sign)), 0.5)

    return write


WRITTEN: dict[str, Write] = {
    "Abs": _plain("abs"),
    "Celu": _celu,
    "Ceil": _plain("ceil"),
    "Cos": _plain("cos"),
    "Cosh": _hyperbolic(1.0),
    "Elu": _elu,
    "Erf": _plain("erf"),
    "Exp": _plain("exp"),
    "FastGelu": _gelu,
    "Floor": _plain("floor"),
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _hard_swish,
    "LeakyRelu": _leaky_relu,
    "Log": _plain("log"),
    "Mish": _mish,
    "Neg": _neg,
    "QuickGelu": _swish,
    "Reciprocal": _plain("reciprocal"),
    "Round": _round,
    "Selu": _selu,
    "Shrink": _shrink,
    "Sigmoid": _plain("sigmoid"),
    "Sign": _sign,
    "Sin": _plain("sin"),
    "Sinh": _hyperbolic(-1.0),
    "Softplus": _softplus,
    "Softsign": _softsign,
    "Sqrt": _sqrt,
    "Swish": _swish,
    "Tan": _tan,
    "Tanh": _plain("tanh"),
    "ThresholdedRelu": _thresholded_relu,
}
