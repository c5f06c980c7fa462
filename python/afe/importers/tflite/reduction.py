"""MEAN, SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX and ARG_MIN."""

from __future__ import annotations

from math import prod

import numpy as np
import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.arithmetic import Scaling, divide_scaling
from afe.importers.tflite.lookup import STORED
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


def _axes(node: Node, rank: int) -> list[int]:
    """The reduced axes, ascending and without repetitions."""
    return sorted({node.axis(axis, rank) for axis in node.int_list(1)})


def _finish(node: Node, x: Tensor, axes: list[int]) -> Tensor:
    """Drops the reduced axes where the operator does not keep them."""
    if node.options(tflite.ReducerOptions).KeepDims():
        return x
    return node.builder.reshape(x, [n for axis, n in enumerate(x.shape) if axis not in axes])


@operator("MEAN")
def mean(node: Node) -> Tensor:
    """Sum of x - zero point, requantized by a factor that holds the division."""
    x, source, target = node.int8_value(0), node.in_affine(0), node.out_affine()
    count = prod(x.shape[axis] for axis in _axes(node, len(x.shape)))
    scaling = divide_scaling(node.scaling(float(source.scale) / float(target.scale)), count)
    return _requantized_sum(node, scaling)


def _requantized_sum(node: Node, scaling: Scaling) -> Tensor:
    b, x = node.builder, node.int8_value(0)
    source, target = node.in_affine(0), node.out_affine()
    axes = _axes(node, len(x.shape))
    total = b.centred(x, source.zero_point)
    for axis in axes:
        total = b.reduce("sum", total, axis)
    result = b.rescale(total, "i8", scaling.multiplier, scaling.shift, output_zp=target.zero_point)
    return _finish(node, result, axes)


@operator("SUM")
def sum_(node: Node) -> Tensor:
    """Of int32 and uint8: the int8 kernel reads its operand as uint8."""
    if node.input(0).dtype == "i32":
        return _reduced(node, "sum")
    if not node.input(0).is_unsigned:
        raise node.unsupported(
            "LiteRT's kernel for int8 reads its operand as uint8",
            "write the sum as MEAN, or as a fully connected layer of ones",
        )
    source, target = node.in_affine(0), node.out_affine()
    return _requantized_sum(node, node.scaling(float(source.scale) / float(target.scale)))


@operator("REDUCE_MAX", "REDUCE_MIN")
def reduce_max(node: Node) -> Tensor:
    """Of the stored values: the kernels require one quantization."""
    if node.input(0).dtype != "i32":
        node.int8_value(0)
        if node.in_affine(0) != node.out_affine():
            raise node.invalid("input and output must have the same scale and zero point")
    return _reduced(node, node.info.code.removeprefix("REDUCE_").lower())


@operator("REDUCE_PROD")
def reduce_prod(node: Node) -> Tensor:
    """Of int32 alone."""
    if node.input(0).dtype != "i32":
        raise node.unsupported_type(node.input(0), "int32")
    return _reduced(node, "product")


def _reduced(node: Node, name: str) -> Tensor:
    """`tosa.reduce_<name>` of the stored values over the operator's axes."""
    x = node.value(0)
    axes = _axes(node, len(x.shape))
    for axis in axes:
        x = node.builder.reduce(name, x, axis)
    return _finish(node, x, axes)


@operator("ARG_MAX", "ARG_MIN")
def arg_max(node: Node) -> Tensor:
    """Index of the first maximum or minimum, int32 or int64."""
    x = node.int8_value(0)
    if node.info.code == "ARG_MIN":
        x = node.builder.table(x, (-1 - STORED).astype(np.int8))
    axes = node.int_list(1)
    if len(axes) != 1:
        raise node.invalid(f"{len(axes)} axes instead of one")
    index = node.builder.argmax(x, node.axis(axes[0], len(x.shape)))
    if node.output().dtype not in ("i32", "i64"):
        raise node.unsupported_type(node.output(), "int32 or int64")
    return node.builder.cast(index, node.output().dtype)
