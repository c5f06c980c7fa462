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
from afe.importers.onnx.problems import (
    invalid_node,
    shown,
    unsupported,
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

INT8_CODES = np.arange(-128, 128).astype(np.int8)


@operator("DequantizeLinear")
@operator("DequantizeLinear", domain=MICROSOFT)
def dequantize_linear(ctx: Context, node: Node) -> Value:
    """y = f32(x - zero_point) * scale: nothing is written."""
    value = ctx.value(node, 0)
    scale = scale_of(ctx, node)
    if isinstance(value, Constant):
        return _known_dequantized(ctx, node, value.array, scale)
    if not isinstance(value, Stored):
        raise invalid_node(node, f"its input {shown(node.input(0))} is a float tensor")
    if value.tensor.dtype != "i8":
        raise unsupported_type(f"the activation of {node.label}", value.tensor.dtype, ["8 bits"])
    dtype = np.dtype(np.uint8 if value.unsigned else np.int8)
    affine = _affine(ctx, node, scale, dtype)
    return Codes(value.tensor, value.layout, affine.table(), affine)


@operator("QuantizeLinear")
@operator("QuantizeLinear", domain=MICROSOFT)
def quantize_linear(ctx: Context, node: Node) -> Value:
    """y = saturate(rint(x / scale) + zero_point), in the form its input asks for."""
    value = ctx.value(node, 0)
    scale, dtype = scale_of(ctx, node), _target_dtype(ctx, node)
    if is_known(value):
        assert isinstance(value, Constant | QuantizedConstant)
        return _known_quantized(ctx, node, known_floats(node, value), scale, dtype)
    if dtype not in (np.int8, np.uint8):
        raise unsupported_type(f"the result of {node.label}", dtype.name, ["int8", "uint8"])
    assert not isinstance(value, Constant | QuantizedConstant)
    affine = _affine(ctx, node, scale, dtype)
    return quantized(ctx, node, value, affine, unsigned=dtype == np.uint8)


def quantized(
    ctx: Context, node: Node, value: Computed, affine: Affine, *, unsigned: bool
) -> Stored:
    """`value` quantized to int8 codes (of uint8 values minus 128 where `unsigned`)."""
    if isinstance(value, Stored):
        raise invalid_node(node, "it quantizes an integer tensor")
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
    dtype = _target_dtype(ctx, reader)
    if dtype not in (np.int8, np.uint8):
        return None
    return _affine(ctx, reader, scale_of(ctx, reader), dtype), dtype == np.uint8


# --- parameters ----------------------------------------------------------------------------------


def scale_of(ctx: Context, node: Node) -> F32:
    """Input 1 as f32 [] or [n], checked to be positive and finite."""
    scale = ctx.known(node, 1)
    if scale is None or scale.dtype not in (np.float32, np.float16) or scale.ndim > 1:
        raise invalid_node(node, "its scale is no float, or list of floats")
    if node.integer("block_size", 0):
        raise unsupported(node, "blocked quantization", "quantize per tensor or per channel")
    scale = scale.astype(np.float32)
    if scale.size == 0 or not np.all(np.isfinite(scale) & (scale > 0)):
        raise invalid_node(node, f"its scale {shown(node.input(1))} is not positive")
    return scale.reshape(()) if scale.size == 1 else scale


def _zero_point_of(ctx: Context, node: Node, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Input 2, or 0; [] or [n]."""
    zero_point = ctx.known(node, 2)
    if zero_point is None:
        return np.zeros((), dtype)
    if zero_point.dtype != dtype or zero_point.ndim > 1 or zero_point.size == 0:
        raise invalid_node(node, f"its zero point is {zero_point.dtype}, its tensor {dtype.name}")
    return zero_point.reshape(()) if zero_point.size == 1 else zero_point


def _affine(ctx: Context, node: Node, scale: F32, dtype: np.dtype[Any]) -> Affine:
    """The parameters of an activation, in terms of the int8 codes inside."""
    zero_point = _zero_point_of(ctx, node, dtype)
    if scale.ndim or zero_point.ndim:
        raise unsupported(
            node, "an activation quantized per channel", "quantize activations per tensor"
        )
    return Affine(np.float32(scale), int(zero_point) - (128 if dtype == np.uint8 else 0))


def _target_dtype(ctx: Context, node: Node) -> np.dtype[Any]:
    zero_point = ctx.known(node, 2)
    if zero_point is not None:
        return zero_point.dtype
    named = {0: np.uint8, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32}
    kind = named.get(node.integer("output_dtype", 0))
    if kind is None:
        raise unsupported_type(f"the result of {node.label}", "no integer", ["int8", "uint8"])
    return np.dtype(kind)


# --- known tensors -------------------------------------------------------------------------------


def _known_dequantized(ctx: Context, node: Node, array: NDArray[Any], scale: F32) -> Value:
    if array.dtype not in (np.int8, np.uint8, np.int32, np.int16, np.uint16):
        raise unsupported_type(f"the constant of {node.label}", array.dtype.name, ["int8", "uint8"])
    zero_point = _zero_point_of(ctx, node, array.dtype)
    axis = _channel_axis(node, array, scale, zero_point)
    return QuantizedConstant(array, scale, zero_point, axis)


def _known_quantized(
    ctx: Context, node: Node, reals: F32, scale: F32, dtype: np.dtype[Any]
) -> Value:
    zero_point = _zero_point_of(ctx, node, dtype)
    axis = _channel_axis(node, reals, scale, zero_point)
    spread = [1] * reals.ndim
    if scale.ndim or zero_point.ndim:
        spread[axis] = -1
    limits = np.iinfo(dtype)
    with np.errstate(all="ignore"):
        codes = np.rint(reals / (scale.reshape(spread) if scale.ndim else scale))
        codes = codes.astype(np.float64) + zero_point.reshape(spread if zero_point.ndim else ())
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
    ones = (1,) * len(part.tensor.shape)
    scale = spread_last(part.scale / affine.scale, len(ones))
    product = builder.mul(builder.cast(part.tensor, "f32"), builder.const(scale))
    zero_point = builder.const(np.full(ones, affine.zero_point, np.int32))
    shifted = builder.add(builder.cast(product, "i32"), zero_point)
    return builder.cast(builder.clamp(shifted, low, high), "i8")


def _quantized_floats(ctx: Context, value: Floats, affine: Affine) -> Tensor:
    scale, zero_point = float(affine.scale), affine.zero_point
    codes = ctx.builder.custom(
        "quantize", [value.tensor], value.tensor.shape, "i8",
        rounding="half_even", scale=scale, zero_point=zero_point,
    )  # fmt: skip
    return ctx.builder.clamp(codes, *_limits(value.limits, affine))


def _limits(limits: Limits, affine: Affine) -> tuple[int, int]:
    """The codes of the limits; the whole range where there are none."""
    if limits == UNLIMITED:
        return -128, 127
    low, high = codes_of(np.array(limits, np.float32), affine)
    return int(low), int(high)
