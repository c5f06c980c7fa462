"""Operators that move elements and leave their values alone."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


@operator("RESHAPE")
def reshape(node: Node) -> Tensor:
    """The new shape is a constant input, else an option; one -1 is worked out."""
    if node.has(1) and node.input(1).is_constant:
        target = node.int_list(1)
    else:
        options = node.options(tflite.ReshapeOptions)
        count = options.NewShapeLength()
        target = [int(options.NewShape(index)) for index in range(min(count, 16))]
        if not target:
            target = list(node.output().shape)
    x = node.value(0)
    return node.builder.reshape(x, _worked_out(node, x.shape, target))


def _worked_out(node: Node, shape: Sequence[int], target: Sequence[int]) -> list[int]:
    """`target` with its -1 replaced, checked against the number of elements."""
    known = prod(size for size in target if size != -1)
    elements = prod(shape)
    sizes = list(target)
    if sizes.count(-1) == 1 and known > 0:
        sizes[sizes.index(-1)] = elements // known
    if min(sizes, default=1) < 1 or prod(sizes) != elements:
        raise node.invalid(f"{list(shape)} does not reshape to {list(target)}")
    return sizes
