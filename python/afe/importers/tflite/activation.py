"""Functions of one quantized tensor: 256-entry tables by the kernels' formulas, and SOFTMAX."""

from __future__ import annotations

import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


@operator("SOFTMAX")
def softmax(node: Node) -> Tensor:
    """Over the last axis; float inside, see the custom operator."""
    x = node.int8_value(0)
    source, target = node.in_affine(0), node.out_affine()
    return node.builder.custom(
        "litert.softmax",
        [x],
        x.shape,
        "i8",
        beta=float(node.options(tflite.SoftmaxOptions).Beta()),
        input_scale=float(source.scale),
        output_scale=float(target.scale),
        output_zero_point=target.zero_point,
    )
