"""QUANTIZE, DEQUANTIZE and CAST."""

from __future__ import annotations

import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.model import TensorInfo
from afe.importers.tflite.node import Affine, Node
from afe.importers.tflite.registry import operator


@operator("QUANTIZE")
def quantize(node: Node) -> Tensor:
    """From f32, or from one int8/uint8 quantization to another."""
    source, target = node.input(0), node.out_affine()
    if source.dtype == "f32":
        return node.builder.custom(
            "quantize",
            [node.value(0)],
            node.value(0).shape,
            "i8",
            scale=float(target.scale),
            zero_point=target.zero_point,
            rounding="half_away",
        )
    x = node.int8_value(0)
    return requantize(node, x, node.in_affine(0), target)


def requantize(node: Node, x: Tensor, source: Affine, target: Affine) -> Tensor:
    """int8 of one scale and zero point to another, as the Requantize kernel does."""
    if source == target:
        return x
    scaling = node.scaling(float(source.scale) / float(target.scale))
    return node.builder.rescale(
        x, "i8", scaling.multiplier, scaling.shift,
        input_zp=source.zero_point, output_zp=target.zero_point,
    )  # fmt: skip


@operator("DEQUANTIZE")
def dequantize(node: Node) -> Tensor:
    """(x - zero point) * scale in f32."""
    x = node.int8_value(0)
    affine = node.in_affine(0)
    return node.builder.custom(
        "dequantize", [x], x.shape, "f32",
        scale=float(affine.scale), zero_point=affine.zero_point,
    )  # fmt: skip


@operator("CAST")
def cast(node: Node) -> Tensor:
    """Stored numbers to another type; uint8 stands for 0..255."""
    node.options(tflite.CastOptions)
    source, target = node.input(0), node.output()
    wide = _widened(node, source)
    if target.dtype == "i8":
        raise node.unsupported("a cast to an 8-bit type", "use QUANTIZE")
    if not target.dtype:
        raise node.unsupported_type(target, "a plain number type")
    if wide.dtype == "f32" and target.dtype != "f32":
        raise node.unsupported("a cast from float truncates, which TOSA cannot say", "use QUANTIZE")
    return node.builder.cast(wide, target.dtype)


def _widened(node: Node, source: TensorInfo) -> Tensor:
    """The stored values, uint8 as i32."""
    x = node.value(0)
    return node.builder.centred(x, -128) if source.is_unsigned else x
