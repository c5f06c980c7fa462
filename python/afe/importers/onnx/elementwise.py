"""Elementwise operators between DequantizeLinear and QuantizeLinear.

Any function of one 8-bit tensor (also x * sigmoid(x), or x + 3 with a known 3) becomes a table.
Relu and Clip become limits, which the quantization behind turns into its own. Everything else is
written as f32 operations in the model's order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.builder import INT_RANGE
from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, is_known, known_floats
from afe.importers.onnx.float_functions import WRITTEN, write_function
from afe.importers.onnx.functions import FUNCTIONS
from afe.importers.onnx.graph import Node
from afe.importers.onnx.integers import narrowed, of_integers, wide
from afe.importers.onnx.problems import unsupported
from afe.importers.onnx.registry import MICROSOFT, operator
from afe.importers.onnx.values import (
    F32,
    Accumulator,
    Codes,
    Computed,
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
    """min(max(x, low), high)."""
    limits = [ctx.optional(node, index) for index in (1, 2)]
    if any(value is not None and not is_known(value) for value in limits):
        return _clipped_by_tensors(ctx, node, limits)
    low, high = _limit(ctx, node, 1, "min", -np.inf), _limit(ctx, node, 2, "max", np.inf)
    return _limited(ctx, node, min(low, high), high)


def _clipped_by_tensors(ctx: Context, node: Node, limits: Sequence[Value | None]) -> Value:
    result = ctx.value(node, 0)
    for kind, limit in zip(("Max", "Min"), limits, strict=True):
        if limit is not None:
            result = combined(ctx, node, kind, result, limit)
    return result


def _limit(ctx: Context, node: Node, index: int, attribute: str, default: float) -> float:
    array = ctx.known(node, index)
    if array is None:
        return node.real(attribute, default)
    if array.size != 1 or np.isnan(array).any():
        raise unsupported(node, f"input {index} is no number")
    return float(array.reshape(()))


def _limited(ctx: Context, node: Node, low: float, high: float) -> Value:
    value = ctx.computed(node, 0)
    if isinstance(value, Codes):
        table = np.clip(value.table, np.float32(low), np.float32(high))
        parent, bounds = value, (float(np.float32(low)), float(np.float32(high)))
        return value.then(
            table, lambda codes: ctx.builder.clamp(ctx.decoded(parent, codes), *bounds)
        )
    if isinstance(value, Stored):
        widened = wide(ctx, node, value)
        assert isinstance(widened, Stored)
        bounds32 = np.clip([low, high], *INT_RANGE["i32"])
        tensor = ctx.builder.clamp(widened.tensor, *map(int, bounds32))
        dtype = value.tensor.dtype
        return narrowed(ctx, tensor, value.layout, dtype, unsigned=value.unsigned)
    return limited(value, float(np.float32(low)), float(np.float32(high)))


@operator(*(FUNCTIONS.keys() - {"FastGelu", "QuickGelu"}))
@operator("Gelu", "QuickGelu", domain=MICROSOFT)
def function(ctx: Context, node: Node) -> Value:
    """A function of each element."""
    return _function(ctx, node, ctx.computed(node, 0))


@operator("FastGelu", "BiasGelu", domain=MICROSOFT)
def biased_gelu(ctx: Context, node: Node) -> Value:
    """The Gelu of x + bias, where a bias is given."""
    value: Value = ctx.value(node, 0)
    bias = ctx.optional(node, 1)
    if bias is not None:
        value = combined(ctx, node, "Add", value, bias)
    named = replace(node, op="Gelu") if node.op == "BiasGelu" else node
    return _function(ctx, named, ctx.written(node, value))


_SIMPLE = frozenset(
    {"Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "LeakyRelu", "Log"}
    | {"Neg", "Reciprocal", "Sigmoid", "Sin", "Tanh"}
)
"""Functions of codes that are written as f32 operations where no table holds them; the others are
looked up in an f32 table."""


def _function(ctx: Context, node: Node, value: Computed) -> Value:
    if isinstance(value, Codes):
        codes = value
        with np.errstate(all="ignore"):
            table = FUNCTIONS[node.op](node)(codes.table)

        def write(tensor: Tensor) -> Tensor:
            return write_function(ctx, node, ctx.decoded(codes, tensor))

        return codes.then(table, write if node.op in _SIMPLE else None)
    if isinstance(value, Stored):
        return _of_integers(ctx, node, value)
    if node.op not in WRITTEN:
        raise unsupported(
            node,
            "its input is not an 8-bit tensor",
            "quantize its input: put QuantizeLinear and DequantizeLinear before it",
        )
    floats = ctx.floats_of(value)
    return Floats(write_function(ctx, node, floats.tensor), floats.layout)


def _of_integers(ctx: Context, node: Node, value: Stored) -> Value:
    """Functions of integers that are functions of integers again, in 32 bits."""
    if node.op in ("Floor", "Ceil", "Round"):
        return value
    if node.op not in ("Abs", "Neg", "Sign") or value.unsigned or value.tensor.dtype == "i1":
        raise unsupported(node, f"its input is a tensor of {value.tensor.dtype}")
    builder = ctx.builder
    x = builder.cast(value.tensor, "i32")
    zero = builder.const(np.zeros((1,) * len(x.shape), np.int32))
    if node.op == "Abs":
        result = builder.unary("abs", x)
    elif node.op == "Neg":
        result = builder.sub(zero, x)
    else:
        result = builder.clamp(x, -1, 1)
    return Stored(builder.cast(result, value.tensor.dtype), value.layout)


def _number(ctx: Context, like: Tensor, value: float) -> Tensor:
    return ctx.builder.const(np.full((1,) * len(like.shape), value, np.float32))


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
    return combined(ctx, node, node.op, ctx.value(node, 0), ctx.value(node, 1))


@operator("Min", "Max", "Sum", "Mean")
def variadic(ctx: Context, node: Node) -> Value:
    """x0 op x1 op …, broadcast, from the left; a mean is the sum divided by the number."""
    kind = "Add" if node.op in ("Sum", "Mean") else node.op
    result = ctx.value(node, 0)
    for index in range(1, len(node.inputs)):
        result = combined(ctx, node, kind, result, ctx.value(node, index))
    if node.op == "Mean":
        count = Constant(np.array(len(node.inputs), np.float32))
        return combined(ctx, node, "Div", result, count)
    return result


def combined(ctx: Context, node: Node, kind: str, left: Value, right: Value) -> Value:
    """left op right for the operator called `kind`."""
    codes = _one_table(ctx, node, kind, left, right)
    if codes is not None:
        return codes
    if isinstance(left, Stored) or isinstance(right, Stored):
        return of_integers(ctx, node, kind, left, right)
    power = _known_power(right) if kind == "Pow" else None
    if power is not None and not is_known(left):
        floats = ctx.floats_of(_real(ctx, node, left))
        return Floats(_to_the(ctx, floats.tensor, power), floats.layout)
    (x, y), layout = ctx.aligned(node, [left, right])
    return Floats(_written(ctx, kind, x, y), layout)


_POWERS = (1.0, 2.0, 3.0, 0.5, -1.0, -0.5)
"""Exponents that are products, quotients and square roots."""


def _known_power(exponent: Value) -> float | None:
    if not isinstance(exponent, Constant) or exponent.array.size != 1:
        return None
    power = float(exponent.array.reshape(()))
    return power if power in _POWERS and len(exponent.shape) <= 1 else None


def _to_the(ctx: Context, x: Tensor, power: float) -> Tensor:
    """x ** power for one of _POWERS."""
    builder = ctx.builder
    if power < 0:
        return builder.unary("reciprocal", _to_the(ctx, x, -power))
    if power == 0.5:
        return builder.custom("sqrt_f32", [x], x.shape, "f32")
    result = x
    for _ in range(int(power) - 1):
        result = builder.mul(result, x)
    return result


def _real(ctx: Context, node: Node, value: Value) -> Codes | Floats | Accumulator:
    computed = ctx.written(node, value)
    assert not isinstance(computed, Stored)
    return computed


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

    other = right if isinstance(right, Codes) else None
    return codes.then(table, write, other)


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
