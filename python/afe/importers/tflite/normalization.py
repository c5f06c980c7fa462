"""L2_NORMALIZATION of 8-bit tensors: x divided by its length over the last axis, in integers.

The inverse root of the square sum is Newton's iteration in 32-bit fixed point, with a shift that
depends on the sum: each is an elementwise i32 operation on one number per row.
"""

from __future__ import annotations

import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator

MAX_DEPTH = 8192
"""Longest row: its square sum stays below 2^29."""

_OUTPUT_BITS = 7
"""The output's scale is 2^-7."""

_HALF_OF_ROOT_2 = 1518500250
"""1 / sqrt 2 in Q0."""


@operator("L2_NORMALIZATION")
def l2_normalization(node: Node) -> Tensor:
    """Results have scale 1/128 and zero point 0 (uint8: 128)."""
    if node.options(tflite.L2NormOptions).FusedActivationFunction():
        raise node.unsupported("a fused activation", "convert it as an operator of its own")
    x, output = node.int8_value(0), node.out_affine()
    if abs(float(output.scale) - 1 / 128) > 1e-9 or output.zero_point != 0:
        raise node.invalid("its output must have scale 1/128 and the zero point 0 (uint8: 128)")
    if not x.shape or x.shape[-1] > MAX_DEPTH:
        raise node.unsupported(f"rows of {list(x.shape)[-1:]}, at most {MAX_DEPTH} are normalized")
    b = node.builder
    centred = b.centred(x, node.in_affine(0).zero_point)
    total = b.reduce("sum", b.mul(centred, centred), len(x.shape) - 1)
    root, shift = _inverse_root(node, total)
    if node.input(0).is_unsigned:
        raised = b.shift_left(centred, _OUTPUT_BITS)
    else:
        # This kernel takes the output's scale from the shift before it multiplies.
        bits, zero = b.scalar(_OUTPUT_BITS, "i32"), b.scalar(0, "i32")
        left = b.binary("maximum", b.sub(bits, shift), zero)
        raised = b.binary("logical_left_shift", centred, left)
        shift = b.binary("maximum", b.sub(shift, bits), zero)
    product = _high(node, raised, root)
    return b.cast(b.clamp(_divided(node, product, shift), -128, 127), "i8")


def _high(node: Node, x: Tensor, y: Tensor) -> Tensor:
    """Q0 times Q0."""
    return node.builder.mul(x, y, 31)


def _inverse_root(node: Node, x: Tensor) -> tuple[Tensor, Tensor]:
    """Multiplier and right shift that stand for 1 / sqrt x, x from 0 to 2^29."""
    b = node.builder
    one = b.scalar(1, "i32")
    bits = b.sub(b.unary("clz", b.binary("maximum", x, one)), one)
    pairs = b.sub(b.shift_right(bits, 1), one)
    shift = b.sub(b.scalar(11, "i32"), pairs)
    scaled = b.binary("logical_left_shift", x, b.mul(pairs, b.scalar(2, "i32")))
    half = b.shift_right(b.shift_right(scaled, 1), 1, rounded=True)
    root = b.mul(b.scalar(1 << 28, "i32"), one)
    for _ in range(5):
        cube = b.shift_left(_high(node, _high(node, root, root), root), 6)
        step = b.sub(
            _high(node, b.scalar((1 << 28) + (1 << 27), "i32"), root), _high(node, half, cube)
        )
        root = b.shift_left(step, 3)
    root = _high(node, root, b.scalar(_HALF_OF_ROOT_2, "i32"))
    zero = b.scalar(0, "i32")
    root = b.binary("logical_left_shift", root, b.binary("maximum", b.sub(zero, shift), zero))
    shift = b.binary("maximum", shift, zero)
    is_tiny = _like(node, b.binary("greater", b.scalar(2, "i32"), x, "i1"), x)
    largest = _like(node, b.scalar((1 << 31) - 1, "i32"), x)
    return (
        b.select(is_tiny, largest, root),
        b.select(is_tiny, _like(node, zero, x), shift),
    )


def _like(node: Node, value: Tensor, x: Tensor) -> Tensor:
    """With the rank of x."""
    return node.builder.same_rank(value, x)[0]


def _divided(node: Node, x: Tensor, shift: Tensor) -> Tensor:
    """x / 2^shift, halves away from zero."""
    b, zero = node.builder, node.builder.scalar(0, "i32")
    moves = b.cast(b.binary("greater", shift, zero, "i1"), "i32")
    negative = b.mul(b.shift_right(x, 31), moves)
    x, shift = b.same_rank(b.add(x, negative), shift)
    attributes = {"round": b.attribute("true")}
    return b.op("tosa.arithmetic_right_shift", [x, shift], x.shape, x.dtype, attributes)
