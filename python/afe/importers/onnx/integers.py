"""Operators of integers and bools: arithmetic, comparisons, logic, Where.

Integers are computed in 32 bits, whatever the model's type (indices and masks fit), and stored in
the model's type again. Comparisons of real numbers are comparisons of f32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, is_known
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.values import (
    Accumulator,
    Codes,
    Constant,
    Floats,
    QuantizedConstant,
    Stored,
    Value,
)

INTEGERS = ("i8", "i32", "i64")


# --- arithmetic ----------------------------------------------------------------------------------


def of_integers(ctx: Context, node: Node, kind: str, left: Value, right: Value) -> Stored:
    """left op right of integers of one type, truncated to it."""
    write = _ARITHMETIC.get(kind)
    if write is None:
        raise unsupported(node, f"{kind} of integer tensors")
    like = left if isinstance(left, Stored) else right
    assert isinstance(like, Stored)
    if like.tensor.dtype not in INTEGERS:
        raise unsupported(node, f"{kind} of a tensor of {like.tensor.dtype}")
    (x, y), layout = ctx.aligned_stored(node, [wide(ctx, node, v) for v in (left, right)])
    return narrowed(ctx, write(ctx, node, x, y), layout, like.tensor.dtype, unsigned=like.unsigned)


def wide(ctx: Context, node: Node, value: Value) -> Value:
    """An integer or bool tensor with its real values in i32; constants as i32 arrays."""
    if isinstance(value, Constant):
        if value.array.dtype.kind not in "iub":
            raise invalid_node(node, f"it mixes integers and {value.array.dtype}")
        limits = np.iinfo(np.int32)
        return Constant(np.clip(value.array, limits.min, limits.max).astype(np.int32))
    if not isinstance(value, Stored):
        raise invalid_node(node, "it mixes integers and floats")
    tensor = ctx.builder.cast(value.tensor, "i32")
    if value.unsigned:
        tensor = ctx.builder.add(tensor, number(ctx, tensor, 128))
    return Stored(tensor, value.layout)


def narrowed(ctx: Context, x: Tensor, layout: Layout, dtype: str, *, unsigned: bool) -> Stored:
    """i32 values in another type; those that do not fit lose their high bits."""
    if unsigned:
        x = ctx.builder.sub(x, number(ctx, x, 128))
    return Stored(ctx.builder.cast(x, dtype), layout, unsigned)


def number(ctx: Context, like: Tensor, value: int) -> Tensor:
    """An i32 constant of the rank of `like`."""
    return ctx.builder.const(np.full((1,) * len(like.shape), value, np.int32))


Write = Callable[[Context, Node, Tensor, Tensor], Tensor]


def _binary(name: str) -> Write:
    return lambda ctx, node, x, y: ctx.builder.binary(name, x, y)


def _modulo(ctx: Context, node: Node, x: Tensor, y: Tensor) -> Tensor:
    """The remainder of the sign of y; with fmod that of x."""
    builder = ctx.builder
    rest = builder.sub(x, builder.mul(builder.binary("intdiv", x, y), y))
    if node.integer("fmod", 0):
        return rest
    zero = number(ctx, rest, 0)
    signs = builder.binary("bitwise_xor", rest, y)
    differs = builder.binary("greater", zero, signs, "i1")
    is_exact = builder.binary("equal", rest, zero, "i1")
    wrong = builder.binary("logical_and", differs, builder.unary("logical_not", is_exact))
    return builder.select(wrong, builder.add(rest, y), rest)


_ARITHMETIC: dict[str, Write] = {
    "Add": _binary("add"),
    "Sub": _binary("sub"),
    "Mul": lambda ctx, node, x, y: ctx.builder.mul(x, y),
    "Div": _binary("intdiv"),
    "Mod": _modulo,
    "Min": _binary("minimum"),
    "Max": _binary("maximum"),
    "BitwiseAnd": _binary("bitwise_and"),
    "BitwiseOr": _binary("bitwise_or"),
    "BitwiseXor": _binary("bitwise_xor"),
}


@operator("Mod", "BitwiseAnd", "BitwiseOr", "BitwiseXor")
def integer_binary(ctx: Context, node: Node) -> Value:
    """x op y of integers."""
    left, right = ctx.value(node, 0), ctx.value(node, 1)
    if not isinstance(left, Stored) and not isinstance(right, Stored):
        raise unsupported(node, "its inputs are float tensors")
    return of_integers(ctx, node, node.op, left, right)


# --- comparisons and logic -----------------------------------------------------------------------


@operator("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
def comparison(ctx: Context, node: Node) -> Value:
    """x op y as bools."""
    operands = [ctx.value(node, 0), ctx.value(node, 1)]
    if any(isinstance(value, Stored) for value in operands):
        (x, y), layout = ctx.aligned_stored(node, [wide(ctx, node, value) for value in operands])
    else:
        (x, y), layout = ctx.aligned(node, operands)
    if node.op.startswith("Less"):
        x, y = y, x
    name = {"Equal": "equal"}.get(node.op, "greater")
    name += "_equal" if node.op.endswith("OrEqual") else ""
    return Stored(ctx.builder.binary(name, x, y, "i1"), layout)


@operator("And", "Or", "Xor")
def logic(ctx: Context, node: Node) -> Value:
    """x op y of bools."""
    operands = [_condition(ctx, node, index) for index in (0, 1)]
    (x, y), layout = ctx.aligned_stored(node, operands)
    return Stored(ctx.builder.binary(f"logical_{node.op.lower()}", x, y), layout)


@operator("Not")
def negation(ctx: Context, node: Node) -> Value:
    """The opposite of bools."""
    value = _condition(ctx, node, 0)
    return Stored(ctx.builder.unary("logical_not", value.tensor), value.layout)


@operator("IsNaN", "IsInf")
def is_special(ctx: Context, node: Node) -> Value:
    """Whether an f32 is no number, or infinite."""
    floats = ctx.floats(node, 0)
    x, builder = floats.tensor, ctx.builder
    if node.op == "IsNaN":
        equal = builder.binary("equal", x, x, "i1")
        return Stored(builder.unary("logical_not", equal), floats.layout)
    signs = [np.inf] * node.integer("detect_positive", 1)
    signs += [-np.inf] * node.integer("detect_negative", 1)
    if len(signs) != 2:
        raise unsupported(node, "it looks for one sign only", "look for both")
    infinite = builder.const(np.full((1,) * len(x.shape), np.inf, np.float32))
    return Stored(builder.binary("equal", builder.unary("abs", x), infinite, "i1"), floats.layout)


def _condition(ctx: Context, node: Node, index: int) -> Stored:
    """Input `index`, which must be of bools."""
    value = ctx.value(node, index)
    if isinstance(value, Constant) and value.array.dtype == np.bool_:
        return _known_condition(ctx, value)
    if isinstance(value, Stored) and value.tensor.dtype == "i1":
        return value
    raise invalid_node(node, f"input {index} is no tensor of bools")


def _known_condition(ctx: Context, value: Constant) -> Stored:
    """Known bools, as bytes above 0: the MLA reads no constants of bools."""
    layout = Layout.plain(value.shape)
    codes = ctx.builder.cast(ctx.builder.const(value.array.astype(np.int8)), "i32")
    mask = ctx.builder.binary("greater", codes, number(ctx, codes, 0), "i1")
    return Stored(mask, layout)


# --- choices -------------------------------------------------------------------------------------


@operator("Where")
def where(ctx: Context, node: Node) -> Value:
    """condition ? x : y, broadcast; of codes where x and y mean the same by theirs."""
    choices = [ctx.value(node, 1), ctx.value(node, 2)]
    return _chosen(ctx, node, _condition(ctx, node, 0), choices)


@operator("Trilu")
def triangle(ctx: Context, node: Node) -> Value:
    """The upper or lower triangle of the last two axes; the rest is 0."""
    value = ctx.value(node, 0)
    offset = ctx.known(node, 1)
    if len(value.shape) < 2 or (offset is not None and offset.size != 1):
        raise invalid_node(node, f"its input has shape {list(value.shape)}")
    diagonal = 0 if offset is None else int(np.clip(offset.item(), -(1 << 30), 1 << 30))
    upper = bool(node.integer("upper", 1))
    rows, columns = value.shape[-2:]
    lower = np.tri(rows, columns, diagonal - int(upper), dtype=np.bool_)
    dtype = np.int64 if isinstance(value, Stored) else np.float32
    zero = Constant(np.zeros((), dtype))
    mask = _known_condition(ctx, Constant(lower != upper))
    return _chosen(ctx, node, mask, [value, zero])


def _chosen(ctx: Context, node: Node, condition: Stored, choices: list[Value]) -> Value:
    if any(isinstance(value, Stored) for value in choices):
        like = next(value for value in choices if isinstance(value, Stored))
        widened = [wide(ctx, node, value) for value in choices]
        (c, x, y), layout = ctx.aligned_stored(node, [condition, *widened])
        chosen = ctx.builder.select(c, x, y)
        return narrowed(ctx, chosen, layout, like.tensor.dtype, unsigned=like.unsigned)
    same = _same_codes(choices)
    if same is not None:
        (c, x, y), layout = ctx.aligned_stored(node, [condition, *same])
        codes = next(value for value in choices if isinstance(value, Codes))
        return Codes(ctx.builder.select(c, x, y), layout, codes.table, codes.affine)
    floats = [v if is_known(v) else ctx.floats_of(_real(ctx, node, v)) for v in choices]
    (c, x, y), layout = ctx.aligned_stored(node, [condition, *floats])
    return Floats(ctx.builder.select(c, x, y), layout)


def _real(ctx: Context, node: Node, value: Value) -> Codes | Floats | Accumulator:
    computed = ctx.written(node, value)
    assert not isinstance(computed, Stored)
    return computed


def _same_codes(choices: Sequence[Value]) -> list[Value] | None:
    """Both choices as stored codes of one table; known numbers as the code that means them."""
    codes = next((value for value in choices if isinstance(value, Codes)), None)
    if codes is None:
        return None
    result: list[Value] = []
    for value in choices:
        if isinstance(value, Codes) and np.array_equal(value.table, codes.table):
            result.append(Stored(value.tensor, value.layout))
        elif isinstance(value, Constant | QuantizedConstant):
            array = value.floats() if isinstance(value, QuantizedConstant) else value.array
            places = [np.flatnonzero(codes.table == item) for item in np.unique(array)[:257]]
            if any(place.size == 0 for place in places):
                return None
            order = np.argsort(codes.table, kind="stable")
            found = order[np.searchsorted(codes.table, array, sorter=order)]
            result.append(Constant((found - 128).astype(np.int8)))
        else:
            return None
    return result
