"""Quantized arithmetic of two tensors: ADD, SUB, MUL, MINIMUM, MAXIMUM, comparisons.

ADD and SUB bring both operands to a common scale: shifted left by 20 bits, then multiplied; both
steps are rescales of their own because the kernels round after the second one only.
"""

from __future__ import annotations

import numpy as np
import tflite

from afe.importers.builder import SINGLE_ROUND, Tensor
from afe.importers.tflite.node import Affine, Node
from afe.importers.tflite.registry import operator

LEFT_SHIFT = 20
"""Bits by which the kernels raise the operands of ADD and SUB."""


@operator("ADD")
def add(node: Node) -> Tensor:
    """x + y."""
    return _sum(node, "add", node.options(tflite.AddOptions).FusedActivationFunction())


@operator("SUB")
def sub(node: Node) -> Tensor:
    """x - y."""
    return _sum(node, "sub", node.options(tflite.SubOptions).FusedActivationFunction())


def _sum(node: Node, name: str, activation: int) -> Tensor:
    if node.input(0).dtype == "i32":
        return _int32(node, name, activation)
    _same_signedness(node)
    x, y = node.int8_value(0), node.int8_value(1)
    x_affine, y_affine, output = node.in_affine(0), node.in_affine(1), node.out_affine()
    limits = node.activation_range(activation, output)
    common = 2.0 * max(float(x_affine.scale), float(y_affine.scale))
    total = node.builder.binary(
        name, _raised(node, x, x_affine, common), _raised(node, y, y_affine, common)
    )
    denominator = np.float32(1 << LEFT_SHIFT) * output.scale
    scaling = node.scaling(common / float(denominator))
    result = node.builder.rescale(
        total, "i8", scaling.multiplier, scaling.shift, output_zp=output.zero_point
    )
    return node.builder.clamp(result, *limits)


def _raised(node: Node, x: Tensor, affine: Affine, common: float) -> Tensor:
    """(x - zero point) * 2^20 * scale / common, rounded as the kernels do."""
    raised = node.builder.rescale(
        x, "i32", 1 << 30, 30 - LEFT_SHIFT, input_zp=affine.zero_point, rounding=SINGLE_ROUND
    )
    scaling = node.scaling(float(affine.scale) / common)
    return node.builder.rescale(raised, "i32", scaling.multiplier, scaling.shift)


def _int32(node: Node, name: str, activation: int) -> Tensor:
    if activation != tflite.ActivationFunctionType.NONE:
        raise node.unsupported("int32 arithmetic with a fused activation")
    if node.input(1).dtype != "i32":
        raise node.unsupported_type(node.input(1), "int32")
    return node.builder.binary(name, node.value(0), node.value(1))


@operator("MUL")
def mul(node: Node) -> Tensor:
    """x * y."""
    activation = node.options(tflite.MulOptions).FusedActivationFunction()
    b = node.builder
    if node.input(0).dtype == "i32":
        if activation != tflite.ActivationFunctionType.NONE or node.input(1).dtype != "i32":
            raise node.unsupported("int32 arithmetic with a fused activation or another type")
        return b.mul(node.value(0), node.value(1))
    _same_signedness(node)
    x, y = node.int8_value(0), node.int8_value(1)
    x_affine, y_affine, output = node.in_affine(0), node.in_affine(1), node.out_affine()
    limits = node.activation_range(activation, output)
    product = b.mul(b.centred(x, x_affine.zero_point), b.centred(y, y_affine.zero_point))
    scaling = node.scaling(float(np.float32(x_affine.scale * y_affine.scale) / output.scale))
    result = b.rescale(
        product, "i8", scaling.multiplier, scaling.shift, output_zp=output.zero_point
    )
    return b.clamp(result, *limits)


@operator("MINIMUM", "MAXIMUM")
def minimum_maximum(node: Node) -> Tensor:
    """Stored values are compared: the kernels assume one quantization for all three tensors."""
    _same_type(node)
    return node.builder.binary(node.info.code.lower(), node.value(0), node.value(1))


def _same_signedness(node: Node) -> None:
    tensors = (node.input(0), node.input(1), node.output())
    if len({tensor.is_unsigned for tensor in tensors}) != 1:
        names = ", ".join(tensor.type_name for tensor in tensors)
        raise node.unsupported(f"its tensors mix signedness ({names})")


def _same_type(node: Node) -> None:
    if node.input(0).type_name != node.input(1).type_name:
        raise node.unsupported_type(node.input(1), node.input(0).type_name)
    if node.input(0).dtype not in ("i8", "i32"):
        raise node.unsupported_type(node.input(0), "int8, uint8 or int32")
