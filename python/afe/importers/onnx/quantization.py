"""QuantizeLinear and DequantizeLinear.

DequantizeLinear only names what an integer tensor means. QuantizeLinear writes what its input
asks for: the requantization of an accumulator, a table, or a `quantize` of an f32 tensor. All are
exact: real values are divided by the scale in f32 and rounded half to even, and limits (Relu,
Clip) become limits of the integers, since quantization never changes an order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.importers.module_builder import Tensor
from afe.importers.onnx.context import Context, is_known, known_floats, spread_last
from afe.importers.onnx.graph import Node
from afe.importers.onnx.integers import narrowed, wide
from afe.importers.onnx.layout import Shape
from afe.importers.onnx.problems import (
    invalid,
    invalid_node,
    shown,
    unsupported_type,
)
from afe.importers.onnx.registry import MICROSOFT, operator
from afe.importers.onnx.values import (
    F32,
    UNLIMITED,
    Accumulator,
    Affine,
    Codes,
    Computed,
    Constant,
    Floats,
    Limits,
    Part,
    QuantizedConstant,
    Stored,
    Value,
)
from afe.importers.tflite.arithmetic import quantize_multiplier

INT8_CODES = np.arange(-128, 128).astype(np.int8)


@operator("DequantizeLinear")
@operator("DequantizeLinear", domain=MICROSOFT)
def dequantize_linear(ctx: Context, node: Node) -> Value:
    """y = f32(x - zero_point) * scale: nothing is written for 8 bits and one scale."""
    value = ctx.value(node, 0)
    scale = scale_of(ctx, node)
    if isinstance(value, Constant):
        return _known_dequantized(ctx, node, value.array, scale)
    if not isinstance(value, Stored):
        raise invalid_node(node, f"its input {shown(node.input(0))} is a float tensor")
    dtype = DTYPES_OF_STORED.get((value.tensor.dtype, value.unsigned))
    if dtype is None:
        raise unsupported_type(
            f"the activation of {node.label}", value.tensor.dtype, ["8, 16 or 32 bits"]
        )
    zero_point = zero_point_of(ctx, node, dtype)
    if scale.ndim or zero_point.ndim:
        return dequantized_by_channel(ctx, node, value, scale, zero_point)
    affine = _affine(scale, zero_point)
    if value.tensor.dtype == "i8":
        return Codes(value.tensor, value.layout, affine.table(), affine)
    tensor = ctx.builder.custom(
        "dequantize", [value.tensor], value.tensor.shape, "f32",
        scale=float(affine.scale), zero_point=affine.zero_point,
    )  # fmt: skip
    return Floats(tensor, value.layout)


@operator("QuantizeLinear")
@operator("QuantizeLinear", domain=MICROSOFT)
def quantize_linear(ctx: Context, node: Node) -> Value:
    """y = saturate(rint(x / scale) + zero_point), in the form its input asks for."""
    value = ctx.value(node, 0)
    scale, dtype = scale_of(ctx, node), target_dtype(ctx, node)
    if is_known(value):
        assert isinstance(value, Constant | QuantizedConstant)
        return _known_quantized(ctx, node, known_floats(node, value), scale, dtype)
    assert not isinstance(value, Constant | QuantizedConstant)
    if dtype not in (np.int8, np.uint8, np.int16):
        raise unsupported_type(
            f"the result of {node.label}", dtype.name, ["int8", "uint8", "int16"]
        )
    zero_point = zero_point_of(ctx, node, dtype)
    if isinstance(value, Stored):
        value = _as_real(ctx, node, value)
    if scale.ndim or zero_point.ndim:
        return quantized_by_channel(ctx, node, value, scale, zero_point)
    if dtype == np.int16:
        floats = ctx.floats_of(value)
        return Stored(
            _quantize(ctx, floats.tensor, _affine(scale, zero_point), "i16"), floats.layout
        )
    return quantized(ctx, node, value, _affine(scale, zero_point), unsigned=dtype == np.uint8)


DTYPES_OF_STORED: dict[tuple[str, bool], np.dtype[Any]] = {
    ("i8", False): np.dtype(np.int8),
    ("i8", True): np.dtype(np.uint8),
    ("i16", False): np.dtype(np.int16),
    ("i32", False): np.dtype(np.int32),
}
"""The model's type of stored integers that can be dequantized."""


def _as_real(ctx: Context, node: Node, value: Stored) -> Floats:
    """int32 sums, which QuantizeLinear takes as the numbers they are."""
    if value.tensor.dtype != "i32":
        raise invalid_node(node, "it quantizes an integer tensor")
    return Floats(ctx.builder.cast(value.tensor, "f32"), value.layout)


def quantized(
    ctx: Context, node: Node, value: Computed, affine: Affine, *, unsigned: bool
) -> Stored:
    """`value` quantized to int8 codes (of uint8 values minus 128 where `unsigned`)."""
    if isinstance(value, Stored):
        value = _as_real(ctx, node, value)
    if isinstance(value, Codes):
        tensor = _through_table(ctx, value, affine)
    elif isinstance(value, Accumulator):
        tensor = _requantized(ctx, value, affine)
    else:
        tensor = _quantized_floats(ctx, value, affine)
    return Stored(tensor, value.layout, unsigned, affine)


def codes_of(reals: F32, affine: Affine) -> NDArray[np.int8]:
    """saturate(rint(x / scale) + zero_point), f32 division, half to even; NaN becomes -128."""
    with np.errstate(all="ignore"):
        codes = np.rint(reals / affine.scale) + np.float32(affine.zero_point)
        limited = np.clip(np.nan_to_num(codes, nan=-128), -128, 127)
        return np.asarray(limited, np.float32).astype(np.int8)


def lookahead(ctx: Context, node: Node) -> tuple[Affine, bool] | None:
    """What the only reader of the node's result quantizes it to, and whether to uint8."""
    reader = ctx.graph.only_consumer(node.outputs[0])
    if reader is None or reader.op != "QuantizeLinear" or reader.input(0) != node.outputs[0]:
        return None
    dtype, scale = target_dtype(ctx, reader), scale_of(ctx, reader)
    if dtype not in (np.int8, np.uint8):
        return None
    zero_point = zero_point_of(ctx, reader, dtype)
    if scale.ndim or zero_point.ndim:
        return None
    return _affine(scale, zero_point), dtype == np.uint8


# --- parameters ----------------------------------------------------------------------------------


def scale_of(ctx: Context, node: Node) -> F32:
    """Input 1 as f32 [], [n] or blocks, checked to be positive and finite."""
    scale = ctx.known(node, 1)
    blocked = bool(node.integer("block_size", 0))
    if scale is None or scale.dtype not in (np.float32, np.float16):
        raise invalid_node(node, "its scale is no float, or list of floats")
    if scale.ndim > 1 and not blocked:
        raise invalid_node(node, f"its scale has shape {list(scale.shape)[:8]}")
    scale = scale.astype(np.float32)
    if scale.size == 0 or not np.all(np.isfinite(scale) & (scale > 0)):
        raise invalid_node(node, f"its scale {shown(node.input(1))} is not positive")
    return scale.reshape(()) if scale.size == 1 and not blocked else scale


def zero_point_of(ctx: Context, node: Node, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Input 2, or 0; of the shape of the scale, one number as []."""
    zero_point = ctx.known(node, 2)
    if zero_point is None:
        return np.zeros((), dtype)
    if zero_point.dtype != dtype or zero_point.size == 0:
        raise invalid_node(node, f"its zero point is {zero_point.dtype}, its tensor {dtype.name}")
    blocked = bool(node.integer("block_size", 0))
    if zero_point.ndim > 1 and not blocked:
        raise invalid_node(node, f"its zero point has shape {list(zero_point.shape)[:8]}")
    return zero_point.reshape(()) if zero_point.size == 1 and not blocked else zero_point


def _affine(scale: F32, zero_point: NDArray[Any]) -> Affine:
    """The parameters of an activation, in terms of the signed codes inside."""
    offset = 128 if zero_point.dtype == np.uint8 else 0
    return Affine(np.float32(scale), int(zero_point) - offset)


def target_dtype(ctx: Context, node: Node) -> np.dtype[Any]:
    """The integer type a QuantizeLinear makes."""
    zero_point = ctx.known(node, 2)
    if zero_point is not None:
        return zero_point.dtype
    named = {0: np.uint8, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32}
    kind = named.get(node.integer("output_dtype", 0))
    if kind is None:
        raise unsupported_type(f"the result of {node.label}", "no integer", ["int8", "uint8"])
    return np.dtype(kind)


def spread(node: Node, shape: Shape, factor: NDArray[Any]) -> NDArray[Any]:
    """Scales or zero points, one per channel of `axis` or per block, to broadcast over `shape`."""
    axis, rank = node.integer("axis", 1), len(shape)
    axis += rank if axis < 0 else 0
    if factor.ndim == 0:
        return factor.reshape((1,) * rank)
    block = node.integer("block_size", 0)
    if block:
        blocks = tuple(-(-n // block) if i == axis else n for i, n in enumerate(shape))
        if block < 1 or factor.shape != blocks:
            raise invalid_node(node, f"{list(factor.shape)[:8]} scales for blocks {list(blocks)}")
        return factor.repeat(block, axis)[tuple(slice(n) for n in shape)]
    if not 0 <= axis < rank or factor.size != shape[axis]:
        raise invalid_node(node, f"{factor.size} scales for axis {axis} of {list(shape)}")
    return factor.reshape([-1 if place == axis else 1 for place in range(rank)])


# --- known tensors -------------------------------------------------------------------------------


def _known_dequantized(ctx: Context, node: Node, array: NDArray[Any], scale: F32) -> Value:
    if array.dtype not in (np.int8, np.uint8, np.int32, np.int16, np.uint16):
        raise unsupported_type(f"the constant of {node.label}", array.dtype.name, ["int8", "uint8"])
    zero_point = zero_point_of(ctx, node, array.dtype)
    if node.integer("block_size", 0):
        scales, points = (spread(node, array.shape, factor) for factor in (scale, zero_point))
        centred = array.astype(np.int64) - points.astype(np.int64)
        return Constant(centred.astype(np.float32) * scales)
    axis = _channel_axis(node, array, scale, zero_point)
    return QuantizedConstant(array, scale, zero_point, axis)


def _known_quantized(
    ctx: Context, node: Node, reals: F32, scale: F32, dtype: np.dtype[Any]
) -> Value:
    zero_point = zero_point_of(ctx, node, dtype)
    if dtype.kind not in "iu":
        raise unsupported_type(f"the result of {node.label}", dtype.name, ["int8", "uint8"])
    scales, points = (spread(node, reals.shape, factor) for factor in (scale, zero_point))
    limits = np.iinfo(dtype)
    with np.errstate(all="ignore"):
        codes = np.rint(reals / scales).astype(np.float64) + points
    return Constant(np.clip(np.nan_to_num(codes), limits.min, limits.max).astype(dtype))


def _channel_axis(node: Node, array: NDArray[Any], *factors: NDArray[Any]) -> int:
    """The axis of per-channel factors, checked against their lengths."""
    axis = node.integer("axis", 1)
    lengths = {factor.size for factor in factors if factor.ndim}
    if not lengths:
        return 0
    axis += array.ndim if axis < 0 else 0
    if not 0 <= axis < array.ndim or lengths != {array.shape[axis]}:
        raise invalid_node(node, f"{max(lengths)} scales for axis {axis} of {list(array.shape)}")
    return axis


# --- activations with several scales -------------------------------------------------------------


def dequantized_by_channel(
    ctx: Context, node: Node, value: Stored, scale: F32, zero_point: NDArray[Any]
) -> Floats:
    """f32(x - zero_point) * scale with factors per channel or block."""
    points = spread(node, value.shape, zero_point).astype(np.int32)
    scales = Constant(spread(node, value.shape, scale))
    (x, offset), layout = ctx.aligned_stored(node, [wide(ctx, node, value), Constant(points)])
    centred = Floats(ctx.builder.cast(ctx.builder.sub(x, offset), "f32"), layout)
    (x, factor), layout = ctx.aligned(node, [centred, scales])
    return Floats(ctx.builder.mul(x, factor), layout)


def quantized_by_channel(
    ctx: Context, node: Node, value: Computed, scale: F32, zero_point: NDArray[Any]
) -> Stored:
    """saturate(rint(x / scale) + zero_point) with factors per channel or block."""
    dtype, builder = zero_point.dtype, ctx.builder
    points = spread(node, value.shape, zero_point).astype(np.int32)
    divisors = Constant(spread(node, value.shape, scale))
    (x, divisor), layout = ctx.aligned(node, [value, divisors])
    quotient = builder.custom("div_f32", [x, divisor], x.shape, "f32")
    # Far below and above the 16-bit range nothing changes, and the sum cannot overflow.
    whole = builder.cast(builder.clamp(quotient, -(2.0**20), 2.0**20), "i32")
    stored = Stored(whole, layout)
    (x, offset), layout = ctx.aligned_stored(node, [stored, Constant(points)])
    limits = np.iinfo(dtype)
    codes = builder.clamp(builder.add(x, offset), int(limits.min), int(limits.max))
    unsigned = dtype == np.uint8
    return narrowed(
        ctx, codes, layout, "i8" if unsigned else _NARROW[dtype.name], unsigned=unsigned
    )


_NARROW = {"int8": "i8", "int16": "i16"}


# --- computed tensors ----------------------------------------------------------------------------


def _through_table(ctx: Context, codes: Codes, affine: Affine) -> Tensor:
    table = codes_of(codes.table, affine)
    if np.array_equal(table, INT8_CODES):
        return codes.tensor
    return ctx.builder.table(codes.tensor, table)


def _requantized(ctx: Context, value: Accumulator, affine: Affine) -> Tensor:
    low, high = _limits(value.limits, affine)
    pieces = [_requantized_part(ctx, part, affine, low, high) for part in value.parts]
    return ctx.builder.concat(pieces, len(pieces[0].shape) - 1)


def _requantized_part(ctx: Context, part: Part, affine: Affine, low: int, high: int) -> Tensor:
    """clamp(rint(f32(accumulator) * (s_in * s_w / s_out)) + zero point), as QLinearConv."""
    builder = ctx.builder
    if ctx.fixed_point:
        return _rescaled_part(ctx, part, affine, low, high)
    ones = (1,) * len(part.tensor.shape)
    scale = spread_last(part.scale / affine.scale, len(ones))
    product = builder.mul(builder.cast(part.tensor, "f32"), builder.const(scale))
    zero_point = builder.const(np.full(ones, affine.zero_point, np.int32))
    shifted = builder.add(builder.cast(product, "i32"), zero_point)
    return builder.cast(builder.clamp(shifted, low, high), "i8")


def _rescaled_part(ctx: Context, part: Part, affine: Affine, low: int, high: int) -> Tensor:
    """The same by an integer factor and a shift, rounded twice, as LiteRT's convolutions."""
    factors = part.scale.astype(np.float64) / float(affine.scale)
    try:
        scaling = quantize_multiplier(factors)
    except ValueError as error:
        raise invalid(
            f"a tensor with scale {affine.scale} cannot be requantized: {error}"
        ) from error
    codes = ctx.builder.rescale(
        part.tensor, "i8", scaling.multiplier, scaling.shift, output_zp=affine.zero_point
    )
    return ctx.builder.clamp(codes, low, high)


def _quantized_floats(ctx: Context, value: Floats, affine: Affine) -> Tensor:
    codes = _quantize(ctx, value.tensor, affine, "i8")
    return ctx.builder.clamp(codes, *_limits(value.limits, affine))


def _quantize(ctx: Context, x: Tensor, affine: Affine, dtype: str) -> Tensor:
    return ctx.builder.custom(
        "quantize", [x], x.shape, dtype,
        rounding="half_even", scale=float(affine.scale), zero_point=affine.zero_point,
    )  # fmt: skip


def _limits(limits: Limits, affine: Affine) -> tuple[int, int]:
    """The codes of the limits; the whole range where there are none."""
    if limits == UNLIMITED:
        return -128, 127
    low, high = codes_of(np.array(limits, np.float32), affine)
    return int(low), int(high)
