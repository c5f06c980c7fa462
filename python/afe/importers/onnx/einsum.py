"""Einsum of one or two tensors, as transposes, sums and one matrix product.

The labels of two operands are of four kinds: in both and in the result (batches), in both only
(contracted), in one and in the result (rows or columns). A label of one operand alone that the
result lacks would have to be summed first, which is done in f32.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.products import product, real_of
from afe.importers.onnx.reduction import reduced
from afe.importers.onnx.registry import operator
from afe.importers.onnx.shapes import reshaped, transposed
from afe.importers.onnx.values import Value

_EQUATION = re.compile(r"([A-Za-z]*)(?:,([A-Za-z]*))?(?:->([A-Za-z]*))?")


@dataclass(frozen=True, slots=True)
class Operand:
    """A tensor and the label of each of its axes."""

    value: Value
    labels: str

    def sizes(self) -> dict[str, int]:
        """The size behind every label."""
        return dict(zip(self.labels, self.value.shape, strict=True))


@operator("Einsum")
def einsum(ctx: Context, node: Node) -> Value:
    """The sum of products that `equation` says, of one or two inputs without an ellipsis."""
    equation = node.text("equation", "").replace(" ", "")
    found = _EQUATION.fullmatch(equation)
    if found is None:
        raise unsupported(
            node, f"equation {equation[:40]!r}", "name every axis of at most two inputs"
        )
    texts = [text for text in found.groups()[:2] if text is not None]
    if len(texts) != len(node.inputs):
        raise invalid_node(node, f"equation {equation[:40]!r} for {len(node.inputs)} inputs")
    operands = [_operand(ctx, node, index, text) for index, text in enumerate(texts)]
    result = found.group(3)
    if result is None:
        joined = "".join(texts)
        result = "".join(sorted(label for label in joined if joined.count(label) == 1))
    _check(node, operands, result)
    if len(operands) == 1:
        summed = _without(ctx, node, operands[0], result)
        return _ordered(ctx, summed, result).value
    return _product(ctx, node, operands[0], operands[1], result)


def _operand(ctx: Context, node: Node, index: int, labels: str) -> Operand:
    value = ctx.value(node, index)
    if len(labels) != len(value.shape):
        raise invalid_node(node, f"labels {labels[:20]!r} for axes {list(value.shape)}")
    if len(set(labels)) != len(labels):
        raise unsupported(node, f"{labels[:20]!r} takes a diagonal", "take it with Gather")
    return Operand(value, labels)


def _check(node: Node, operands: list[Operand], result: str) -> None:
    sizes: dict[str, int] = {}
    for operand in operands:
        for label, size in operand.sizes().items():
            if sizes.setdefault(label, size) != size:
                raise invalid_node(node, f"label {label!r} is {sizes[label]} and {size}")
    if not set(result) <= set(sizes) or len(set(result)) != len(result):
        raise invalid_node(node, f"its result {result[:20]!r} makes no sense")


def _product(ctx: Context, node: Node, left: Operand, right: Operand, result: str) -> Value:
    left = _without(ctx, node, left, result + right.labels)
    right = _without(ctx, node, right, result + left.labels)
    sizes = left.sizes() | right.sizes()
    batch = [x for x in left.labels if x in right.labels and x in result]
    inner = [x for x in left.labels if x in right.labels and x not in result]
    rows = [x for x in left.labels if x not in right.labels]
    columns = [x for x in right.labels if x not in left.labels]

    def count(labels: list[str]) -> int:
        return math.prod(sizes[label] for label in labels)

    a = _ordered(ctx, left, "".join(batch + rows + inner)).value
    b = _ordered(ctx, right, "".join(batch + inner + columns)).value
    outer = [count(batch)] if batch else []
    a = reshaped(ctx, node, a, [*outer, count(rows), count(inner)])
    b = reshaped(ctx, node, b, [*outer, count(inner), count(columns)])
    labels = batch + rows + columns
    made = product(ctx, node, a, b)
    shaped = reshaped(ctx, node, made, [sizes[label] for label in labels])
    return _ordered(ctx, Operand(shaped, "".join(labels)), result).value


def _without(ctx: Context, node: Node, operand: Operand, kept: str) -> Operand:
    """Summed in f32 over the axes whose label is not in `kept`."""
    axes = [axis for axis, label in enumerate(operand.labels) if label not in kept]
    if not axes:
        return operand
    floats = real_of(ctx, node, operand.value)
    summed = reduced(ctx, floats, "sum", axes)
    shape = [n for axis, n in enumerate(operand.value.shape) if axis not in axes]
    labels = "".join(label for label in operand.labels if label in kept)
    return Operand(ctx.reshaped(summed, shape), labels)


def _ordered(ctx: Context, operand: Operand, labels: str) -> Operand:
    """The axes in the order of `labels`."""
    perm = [operand.labels.index(label) for label in labels]
    return Operand(transposed(ctx, operand.value, perm), labels)
