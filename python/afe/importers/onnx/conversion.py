"""Cast and CastLike between the types a model may compute in.

An 8-bit integer read as a real number is a code that means itself, so that what follows can become
a table. Real numbers are cut towards zero, as ONNX demands; TOSA rounds.
"""

from __future__ import annotations

import numpy as np

from afe.importers.module_builder import DTYPE_OF_NUMPY, Tensor
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.integers import narrowed, wide
from afe.importers.onnx.problems import unsupported
from afe.importers.onnx.registry import operator
from afe.importers.onnx.tensors import dtype_of
from afe.importers.onnx.values import (
    Affine,
    Codes,
    Constant,
    Floats,
    QuantizedConstant,
    Stored,
    Value,
)

_INTEGERS = ("int8", "uint8", "int32", "int64")


@operator("Cast")
def cast(ctx: Context, node: Node) -> Value:
    """The same numbers in the type `to`."""
    return _cast(ctx, node, dtype_of(node.integer("to", 1), node.label))


@operator("CastLike")
def cast_like(ctx: Context, node: Node) -> Value:
    """The same numbers in the type of the second input."""
    like = ctx.value(node, 1)
    if isinstance(like, Constant):
        return _cast(ctx, node, like.array.dtype)
    if not isinstance(like, Stored):
        return _cast(ctx, node, np.dtype(np.float32))
    if like.unsigned:
        return _cast(ctx, node, np.dtype(np.uint8))
    dtypes = {text: dtype for dtype, text in DTYPE_OF_NUMPY.items()}
    return _cast(ctx, node, dtypes[like.tensor.dtype])


def _cast(ctx: Context, node: Node, target: np.dtype[np.generic]) -> Value:
    value = ctx.value(node, 0)
    if isinstance(value, QuantizedConstant):
        value = Constant(value.floats())
    if isinstance(value, Constant):
        with np.errstate(all="ignore"):
            return Constant(value.array.astype(target))
    if target.name not in ("float32", "bool", *_INTEGERS):
        raise unsupported(node, f"a cast to {target.name}", "cast to float or a whole-byte integer")
    if isinstance(value, Stored):
        return _of_integers(ctx, node, value, target)
    if target.name == "float32":
        return value
    settled = ctx.shaped(value)
    assert not isinstance(settled, Stored)
    floats = ctx.floats_of(settled)
    return _of_floats(ctx, floats, target)


def _of_integers(ctx: Context, node: Node, value: Stored, target: np.dtype[np.generic]) -> Value:
    if target.name == "float32" and value.tensor.dtype == "i8":
        affine = Affine(np.float32(1), -128 if value.unsigned else 0)
        return Codes(value.tensor, value.layout, affine.table(), affine)
    widened = wide(ctx, node, value)
    assert isinstance(widened, Stored)
    if target.name == "float32":
        return Floats(ctx.builder.cast(widened.tensor, "f32"), widened.layout)
    if target.name == "bool":
        return Stored(_differs_from_zero(ctx, widened.tensor), widened.layout)
    unsigned = target.name == "uint8"
    dtype = "i8" if unsigned else DTYPE_OF_NUMPY[target]
    return narrowed(ctx, widened.tensor, widened.layout, dtype, unsigned=unsigned)


def _of_floats(ctx: Context, value: Floats, target: np.dtype[np.generic]) -> Value:
    builder, x = ctx.builder, value.tensor
    if target.name == "bool":
        return Stored(_differs_from_zero(ctx, x), value.layout)
    zero = builder.const(np.zeros((1,) * len(x.shape), np.float32))
    negative = builder.binary("greater", zero, x, "i1")
    cut = builder.select(negative, builder.unary("ceil", x), builder.unary("floor", x))
    whole = builder.cast(cut, "i32")
    unsigned = target.name == "uint8"
    dtype = "i8" if unsigned else DTYPE_OF_NUMPY[target]
    return narrowed(ctx, whole, value.layout, dtype, unsigned=unsigned)


def _differs_from_zero(ctx: Context, x: Tensor) -> Tensor:
    dtype = np.float32 if x.dtype == "f32" else np.int32
    zero = ctx.builder.const(np.zeros((1,) * len(x.shape), dtype))
    return ctx.builder.unary("logical_not", ctx.builder.binary("equal", x, zero, "i1"))
