"""BATCH_MATMUL: a product of two activations, both with a zero point."""

from __future__ import annotations

from math import prod

import numpy as np
import tflite

from afe.importers.builder import Tensor, broadcast_shape
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


@operator("BATCH_MATMUL")
def batch_matmul(node: Node) -> Tensor:
    """[…,M,K] x […,K,N], either of them possibly transposed, leading axes broadcast."""
    options = node.options(tflite.BatchMatMulOptions)
    b = node.builder
    x = _adjoint(node, 0, options.AdjX())
    y = _adjoint(node, 1, options.AdjY())
    x, y = b.same_rank(x, y)
    if x.shape[-1] != y.shape[-2]:
        raise node.invalid(f"{list(x.shape)} by {list(y.shape)}")
    leading = broadcast_shape(x.shape[:-2], y.shape[:-2])
    source, other, output = node.in_affine(0), node.in_affine(1), node.out_affine()
    product = b.matmul(
        _stacked(node, x, leading), _stacked(node, y, leading),
        a_zp=source.zero_point, b_zp=other.zero_point,
    )  # fmt: skip
    factor = np.float64(np.float32(source.scale * other.scale)) / np.float64(output.scale)
    scaling = node.scaling(float(factor))
    result = b.rescale(
        product, "i8", scaling.multiplier, scaling.shift, output_zp=output.zero_point
    )
    return b.reshape(result, (*leading, x.shape[-2], y.shape[-1]))


def _adjoint(node: Node, position: int, transposed: bool) -> Tensor:
    x = node.int8_value(position)
    rank = len(x.shape)
    if rank < 2:
        raise node.invalid(f"tensor '{node.input(position).name}' has shape {list(x.shape)}")
    if not transposed:
        return x
    return node.builder.transpose(x, [*range(rank - 2), rank - 1, rank - 2])


def _stacked(node: Node, x: Tensor, leading: tuple[int, ...]) -> Tensor:
    """[B,rows,columns], leading axes of size 1 repeated as the other operand needs."""
    multiples = [n // have for n, have in zip(leading, x.shape[:-2], strict=True)]
    x = node.builder.tile(x, [*multiples, 1, 1])
    return node.builder.reshape(x, (prod(leading), *x.shape[-2:]))
