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
    x, y = node.builder.same_rank(node.int8_value(0), node.int8_value(1))
    x_affine, y_affine, output = node.in_affine(0), node.in_affine(1), node.out_affine()
    limits = node.activation_range(activation, output)
    common = 2.0 * max(float(x_affine.scale), float(y_affine.scale))
    total = node.builder.binary(
        name,
        _raised(node, x, x_affine, common, LEFT_SHIFT),
        _raised(node, y, y_affine, common, LEFT_SHIFT),
    )
    denominator = np.float32(1 << LEFT_SHIFT) * output.scale
    scaling = node.scaling(common / float(denominator))
    result = node.builder.rescale(
        total, "i8", scaling.multiplier, scaling.shift, output_zp=output.zero_point
    )
    return node.builder.clamp(result, *limits)


def _raised(node: Node, x: Tensor, affine: Affine, common: float, left_shift: int) -> Tensor:
    """(x - zero point) * 2^left_shift * scale / common, rounded as the kernels do."""
    raised = node.builder.rescale(
        x, "i32", 1 << 30, 30 - left_shift, input_zp=affine.zero_point, rounding=SINGLE_ROUND
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
    x, y = node.builder.same_rank(node.int8_value(0), node.int8_value(1))
    x_affine, y_affine, output = node.in_affine(0), node.in_affine(1), node.out_affine()
    limits = node.activation_range(activation, output)
    product = b.mul(b.centred(x, x_affine.zero_point), b.centred(y, y_affine.zero_point))
    scaling = node.scaling(float(np.float32(x_affine.scale * y_affine.scale) / output.scale))
    result = b.rescale(
        product, "i8", scaling.multiplier, scaling.shift, output_zp=output.zero_point
    )
    return b.clamp(result, *limits)


@operator("SQUARED_DIFFERENCE")
def squared_difference(node: Node) -> Tensor:
    """(x - y)^2, operands raised by 7 bits."""
    b, left_shift = node.builder, 7
    _same_signedness(node)
    x, y = node.builder.same_rank(node.int8_value(0), node.int8_value(1))
    x_affine, y_affine, output = node.in_affine(0), node.in_affine(1), node.out_affine()
    common = 2.0 * max(float(x_affine.scale), float(y_affine.scale))
    difference = b.sub(
        _raised(node, x, x_affine, common, left_shift),
        _raised(node, y, y_affine, common, left_shift),
    )
    denominator = np.float32(1 << 2 * left_shift) * output.scale
    scaling = node.scaling(common * common / float(denominator))
    return b.rescale(
        b.mul(difference, difference), "i8", scaling.multiplier, scaling.shift,
        output_zp=output.zero_point,
    )  # fmt: skip


_COMPARISONS = {
    "EQUAL": ("equal", False, False),
    "NOT_EQUAL": ("equal", False, True),
    "GREATER": ("greater", False, False),
    "GREATER_EQUAL": ("greater_equal", False, False),
    "LESS": ("greater", True, False),
    "LESS_EQUAL": ("greater_equal", True, False),
}
"""TFLite's comparison to TOSA's, whether operands are swapped, whether the result is negated."""


@operator(*_COMPARISONS)
def comparison(node: Node) -> Tensor:
    """Quantized operands are compared as x * scale with 8 more bits."""
    b = node.builder
    name, swapped, negated = _COMPARISONS[node.info.code]
    x, y = (_comparable(node, position) for position in (0, 1))
    if x.dtype != y.dtype:
        raise node.unsupported_type(node.input(1), node.input(0).type_name)
    result = b.binary(name, y, x, "i1") if swapped else b.binary(name, x, y, "i1")
    return b.unary("logical_not", result) if negated else result


def _comparable(node: Node, position: int) -> Tensor:
    tensor = node.input(position)
    if tensor.dtype == "i32":
        return node.value(position)
    affine = node.in_affine(position)
    if not affine.scale < 1:
        raise node.invalid(
            f"tensor '{tensor.name}' has a scale of 1 or more, which the kernel refuses"
        )
    return _raised(node, node.int8_value(position), affine, 1.0, 8)


@operator("LOGICAL_AND", "LOGICAL_OR")
def logical(node: Node) -> Tensor:
    """Of booleans."""
    return node.builder.binary(node.info.code.lower(), _boolean(node, 0), _boolean(node, 1))


@operator("LOGICAL_NOT")
def logical_not(node: Node) -> Tensor:
    """Of booleans."""
    return node.builder.unary("logical_not", _boolean(node, 0))


def _boolean(node: Node, position: int) -> Tensor:
    if node.input(position).dtype != "i1":
        raise node.unsupported_type(node.input(position), "bool")
    return node.value(position)


@operator("SELECT", "SELECT_V2")
def select(node: Node) -> Tensor:
    """condition ? x : y; all three of x, y and the output have one quantization."""
    tensors = (node.input(1), node.input(2), node.output())
    if len({(t.type_name, tuple(t.scales), tuple(t.zero_points)) for t in tensors}) != 1:
        raise node.unsupported("its tensors differ in type or quantization")
    b, condition = node.builder, _boolean(node, 0)
    x, y = b.same_rank(node.value(1), node.value(2))
    condition, x = b.same_rank(condition, x)
    x, y = b.same_rank(x, y)
    return b.select(condition, x, y)


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
