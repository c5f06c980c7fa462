"""Elementwise operators between DequantizeLinear and QuantizeLinear.

Any function of one 8-bit tensor (also x * sigmoid(x), or x + 3 with a known 3) becomes a table.
Relu and Clip become limits, which the quantization behind turns into its own. Everything else is
written as f32 operations in the model's order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, known_floats
from afe.importers.onnx.functions import FUNCTIONS
from afe.importers.onnx.graph import Node
from afe.importers.onnx.problems import unsupported
from afe.importers.onnx.registry import MICROSOFT, operator
from afe.importers.onnx.values import (
    F32,
    Codes,
    Constant,
    Floats,
    QuantizedConstant,
    Stored,
    Value,
    limited,
)

# --- one operand ---------------------------------------------------------------------------------


@operator("Relu")
def relu(ctx: Context, node: Node) -> Value:
    """max(x, 0)."""
    return _limited(ctx, node, 0.0, np.inf)


@operator("Clip")
def clip(ctx: Context, node: Node) -> Value:
    """min(max(x, low), high), the limits being constant."""
    low, high = _limit(ctx, node, 1, "min", -np.inf), _limit(ctx, node, 2, "max", np.inf)
    low = min(low, high)
    return _limited(ctx, node, low, high)


def _limit(ctx: Context, node: Node, index: int, attribute: str, default: float) -> float:
    array = ctx.known(node, index)
    if array is None:
        return node.real(attribute, default)
    if array.size != 1 or array.dtype != np.float32 or np.isnan(array).any():
        raise unsupported(node, f"input {index} is no float number")
    return float(array.reshape(()))


def _limited(ctx: Context, node: Node, low: float, high: float) -> Value:
    value = ctx.computed(node, 0)
    if isinstance(value, Codes):
        table = np.clip(value.table, np.float32(low), np.float32(high))
        parent, bounds = value, (float(np.float32(low)), float(np.float32(high)))
        return Codes(
            value.tensor,
            value.layout,
            table,
            write=lambda codes: ctx.builder.clamp(ctx.decoded(parent, codes), *bounds),
        )
    if isinstance(value, Stored):
        raise unsupported(node, "its input is an integer tensor, expected a float one")
    return limited(value, float(np.float32(low)), float(np.float32(high)))


@operator(*FUNCTIONS)
@operator("Gelu", domain=MICROSOFT)
def function(ctx: Context, node: Node) -> Value:
    """A function of each element."""
    value = ctx.computed(node, 0)
    write = _WRITTEN.get(node.op)
    if isinstance(value, Codes):
        with np.errstate(all="ignore"):
            table = FUNCTIONS[node.op](node)(value.table)
        rewrite = None if write is None else _rewriting(ctx, node, write, value)
        return Codes(value.tensor, value.layout, table, write=rewrite)
    if write is None or isinstance(value, Stored):
        raise unsupported(
            node,
            "its input is not an 8-bit tensor",
            "quantize its input: put QuantizeLinear and DequantizeLinear before it",
        )
    floats = ctx.floats_of(value)
    return Floats(write(ctx, node, floats.tensor), floats.layout)


def _rewriting(
    ctx: Context, node: Node, write: Callable[[Context, Node, Tensor], Tensor], parent: Codes
) -> Callable[[Tensor], Tensor]:
    """The f32 operations of a function of codes, from the codes on."""
    return lambda codes: write(ctx, node, ctx.decoded(parent, codes))


def _number(ctx: Context, like: Tensor, value: float) -> Tensor:
    return ctx.builder.const(np.full((1,) * len(like.shape), value, np.float32))


def _plain(name: str) -> Callable[[Context, Node, Tensor], Tensor]:
    return lambda ctx, node, x: ctx.builder.unary(name, x)


def _write_neg(ctx: Context, node: Node, x: Tensor) -> Tensor:
    return ctx.builder.sub(_number(ctx, x, 0.0), x)


def _write_leaky_relu(ctx: Context, node: Node, x: Tensor) -> Tensor:
    builder = ctx.builder
    alpha = _number(ctx, x, float(np.float32(node.real("alpha", 0.01))))
    below = builder.mul(builder.clamp(x, -np.inf, 0.0), alpha)
    return builder.add(builder.clamp(x, 0.0, np.inf), below)


def _write_hard_sigmoid(ctx: Context, node: Node, x: Tensor) -> Tensor:
    alpha, beta = node.real("alpha", 0.2), node.real("beta", 0.5)
    return _ramp(ctx, x, alpha, beta)


def _write_hard_swish(ctx: Context, node: Node, x: Tensor) -> Tensor:
    return ctx.builder.mul(x, _ramp(ctx, x, 1 / 6, 0.5))


def _ramp(ctx: Context, x: Tensor, alpha: float, beta: float) -> Tensor:
    builder = ctx.builder
    line = builder.add(builder.mul(x, _number(ctx, x, alpha)), _number(ctx, x, beta))
    return builder.clamp(line, 0.0, 1.0)


_WRITTEN: dict[str, Callable[[Context, Node, Tensor], Tensor]] = {
    "Abs": _plain("abs"),
    "Floor": _plain("floor"),
    "Ceil": _plain("ceil"),
    "Reciprocal": _plain("reciprocal"),
    "Sigmoid": _plain("sigmoid"),
    "Tanh": _plain("tanh"),
    "Exp": _plain("exp"),
    "Log": _plain("log"),
    "Erf": _plain("erf"),
    "Sin": _plain("sin"),
    "Cos": _plain("cos"),
    "Neg": _write_neg,
    "LeakyRelu": _write_leaky_relu,
    "HardSigmoid": _write_hard_sigmoid,
    "HardSwish": _write_hard_swish,
}
"""How functions of f32 tensors that are no function of one 8-bit tensor are written."""

# --- several operands ----------------------------------------------------------------------------

_NUMPY: dict[str, Callable[[F32, F32], NDArray[Any]]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Min": np.minimum,
    "Max": np.maximum,
    "Pow": lambda x, y: np.power(x.astype(np.float64), y.astype(np.float64)),
    "PRelu": lambda x, slope: np.where(x < 0, slope * x, x),
}

_TOSA = {"Add": "add", "Sub": "sub", "Min": "minimum", "Max": "maximum", "Pow": "pow"}


@operator("Add", "Sub", "Mul", "Div", "Pow", "PRelu")
def binary(ctx: Context, node: Node) -> Value:
    """x op y, broadcast."""
    return _combined(ctx, node, ctx.value(node, 0), ctx.value(node, 1))


@operator("Min", "Max", "Sum")
def variadic(ctx: Context, node: Node) -> Value:
    """x0 op x1 op …, broadcast, from the left."""
    result = ctx.value(node, 0)
    for index in range(1, len(node.inputs)):
        result = _combined(ctx, node, result, ctx.value(node, index))
    return result


def _combined(ctx: Context, node: Node, left: Value, right: Value) -> Value:
    kind = "Add" if node.op == "Sum" else node.op
    codes = _one_table(ctx, node, kind, left, right)
    if codes is not None:
        return codes
    (x, y), layout = ctx.aligned(node, [left, right])
    return Floats(_written(ctx, kind, x, y), layout)


def _written(ctx: Context, kind: str, x: Tensor, y: Tensor) -> Tensor:
    builder = ctx.builder
    if kind == "Mul":
        return builder.mul(x, y)
    if kind == "Div":
        shape = tuple(int(n) for n in np.broadcast_shapes(x.shape, y.shape))
        return builder.custom("div_f32", [x, y], shape, "f32")
    if kind == "PRelu":
        below = builder.mul(builder.clamp(x, -np.inf, 0.0), y)
        return builder.add(builder.clamp(x, 0.0, np.inf), below)
    return builder.binary(_TOSA[kind], x, y)


def _one_table(ctx: Context, node: Node, kind: str, left: Value, right: Value) -> Codes | None:
    """The table of `left op right` where both are functions of the same codes, or numbers."""
    codes = left if isinstance(left, Codes) else right
    if not isinstance(codes, Codes):
        return None
    x, y = (_table_of(node, value, codes) for value in (left, right))
    if x is None or y is None:
        return None
    with np.errstate(all="ignore"):
        table = _NUMPY[kind](x, y).astype(np.float32)

    def write(tensor: Tensor) -> Tensor:
        return _written(ctx, kind, _operand(ctx, left, x, tensor), _operand(ctx, right, y, tensor))

    return Codes(codes.tensor, codes.layout, table, write=write)


def _operand(ctx: Context, value: Value, table: F32, codes: Tensor) -> Tensor:
    """One operand of a function of codes: decoded, or the number it is for every code."""
    if isinstance(value, Codes):
        return ctx.decoded(value, codes)
    return _number(ctx, codes, float(table[0]))


def _table_of(node: Node, value: Value, codes: Codes) -> F32 | None:
    if isinstance(value, Codes):
        same = value.tensor.value == codes.tensor.value and value.layout == codes.layout
        return value.table if same else None
    if isinstance(value, Constant | QuantizedConstant):
        single = np.prod(value.shape) == 1 and len(value.shape) <= len(codes.shape)
        return np.broadcast_to(known_floats(node, value).reshape(()), (256,)) if single else None
    return None
