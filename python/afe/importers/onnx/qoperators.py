"""Quantized operators (QLinearConv, QGemm, ConvInteger…) as the QDQ form of the same arithmetic.

Each becomes DequantizeLinear, the plain operator, QuantizeLinear. Convolutions and products between
them are requantized exactly as onnxruntime's quantized kernels do. The others mean what their
documentation says, computed in f32; onnxruntime's own kernels of QLinearAdd and its kin take
shortcuts that may be one code off where a result lies between two codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from afe.importers.onnx.node import INTERNAL, Node
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.registry import MICROSOFT

ONE = "afe/one"
"""The f32 number 1, an initializer of expanded graphs."""


@dataclass
class Expansion:
    """The nodes that replace one node, under construction."""

    node: Node
    taken: set[str]
    nodes: list[Node] = field(default_factory=list)

    def add(
        self, op: str, inputs: Sequence[str], output: str = "", domain: str = "", **attributes: int
    ) -> str:
        """Appends an operator; its output's name."""
        name = output or self._fresh(op)
        made = {key: helper.make_attribute(key, value) for key, value in attributes.items()}
        self.nodes.append(
            replace(
                self.node,
                op=op,
                domain=domain,
                inputs=tuple(inputs),
                outputs=(name,),
                attributes=made,
                part_of=self.node.outputs[0],
            )
        )
        return name

    def core(self, op: str, inputs: Sequence[str], output: str = "", domain: str = "") -> str:
        """Appends the operator proper, with the attributes of the expanded node."""
        name = self.add(op, inputs, output, domain)
        self.nodes[-1] = replace(self.nodes[-1], attributes=dict(self.node.attributes))
        return name

    def dequantized(self, first: int, *, axis: int = 1) -> str:
        """Inputs first (tensor), first + 1 (scale), first + 2 (zero point) in f32."""
        return self.add("DequantizeLinear", self._three(first), axis=axis)

    def bare(self, tensor: int, zero_point: int, *, axis: int = 1) -> str:
        """Input `tensor` minus input `zero_point`, of scale 1."""
        operands = [self._need(tensor), ONE, self.node.input(zero_point)]
        return self.add("DequantizeLinear", operands, axis=axis)

    def quantize(self, tensor: str, scale: int) -> None:
        """The node's result: `tensor` quantized by inputs scale, scale + 1."""
        operands = [tensor, self._need(scale), self.node.input(scale + 1)]
        self.add("QuantizeLinear", operands, self.node.outputs[0])

    def _three(self, first: int) -> list[str]:
        return [self._need(first), self._need(first + 1), self.node.input(first + 2)]

    def _need(self, index: int) -> str:
        name = self.node.input(index)
        if not name:
            raise invalid_node(self.node, f"input {index} is missing")
        return name

    def _fresh(self, op: str) -> str:
        stem = f"{self.node.outputs[0]}/{op}"
        name, count = stem, 0
        while name in self.taken:
            count += 1
            name = f"{stem}.{count}"
        self.taken.add(name)
        return name


Expand = Callable[[Expansion], None]


def expanded(
    nodes: Sequence[Node], initializers: dict[str, TensorProto], tensors: Iterable[str]
) -> list[Node]:
    """`nodes` with every quantized operator expanded (renumbered then); may add an initializer."""
    if not any((node.domain, node.op) in _EXPANSIONS for node in nodes):
        return list(nodes)
    taken = {*initializers, *tensors, *(name for node in nodes for name in node.outputs)}
    result: list[Node] = []
    for node in nodes:
        expand = _EXPANSIONS.get((node.domain, node.op))
        if expand is None:
            result.append(node)
            continue
        if not node.outputs or not node.outputs[0]:
            raise invalid_node(node, "it has no output")
        expansion = Expansion(node, taken)
        expand(expansion)
        result += expansion.nodes
    initializers.setdefault(ONE, numpy_helper.from_array(np.array(1, np.float32), ONE))
    return [replace(node, index=index, source=node.index) for index, node in enumerate(result)]


# --- convolutions and products -------------------------------------------------------------------


def _conv(operator: str, axis: int) -> Expand:
    def expand(e: Expansion) -> None:
        operands = [e.dequantized(0), e.dequantized(3, axis=axis), e.node.input(8)]
        e.quantize(e.core(operator, operands), 6)

    return expand


def _matmul(e: Expansion) -> None:
    operands = [e.dequantized(0, axis=-2), e.dequantized(3, axis=-1)]
    e.quantize(e.core("MatMul", operands), 6)


def _gemm(e: Expansion) -> None:
    axis = 0 if e.node.integer("transB", 0) else 1
    operands = [e.dequantized(0), e.dequantized(3, axis=axis), e.node.input(6)]
    if e.node.input(7):
        e.quantize(e.core("Gemm", operands), 7)
    else:
        e.core("Gemm", operands, e.node.outputs[0])


def _conv_integer(e: Expansion) -> None:
    product = e.core("Conv", [e.bare(0, 2), e.bare(1, 3, axis=0)])
    e.add("Accumulated", [product], e.node.outputs[0], INTERNAL)


def _matmul_integer(e: Expansion) -> None:
    product = e.core("MatMul", [e.bare(0, 2, axis=-2), e.bare(1, 3, axis=-1)])
    e.add("Accumulated", [product], e.node.outputs[0], INTERNAL)


def _matmul_integer_to_float(e: Expansion) -> None:
    a, b, a_scale, b_scale, a_zero, b_zero, bias = (e.node.input(index) for index in range(7))
    left = e.add("DequantizeLinear", [a, a_scale, a_zero], axis=-2)
    right = e.add("DequantizeLinear", [b, b_scale, b_zero], axis=-1)
    output = e.node.outputs[0]
    product = e.add("MatMul", [left, right], "" if bias else output)
    if bias:
        e.add("Add", [product, bias], output)


# --- everything else -----------------------------------------------------------------------------


def _unary(operator: str) -> Expand:
    def expand(e: Expansion) -> None:
        _check_order(e.node)
        e.quantize(e.core(operator, [e.dequantized(0)]), 3)

    return expand


def _binary(operator: str) -> Expand:
    def expand(e: Expansion) -> None:
        e.quantize(e.core(operator, [e.dequantized(0), e.dequantized(3)]), 6)

    return expand


def _concat(e: Expansion) -> None:
    count, rest = divmod(len(e.node.inputs) - 2, 3)
    if count < 1 or rest:
        raise invalid_node(e.node, f"{len(e.node.inputs)} inputs are no list of threes")
    pieces = [e.dequantized(2 + 3 * index) for index in range(count)]
    e.quantize(e.core("Concat", pieces), 0)


def _where(e: Expansion) -> None:
    operands = [e.node.input(0), e.dequantized(1), e.dequantized(4)]
    e.quantize(e.core("Where", operands), 7)


def _check_order(node: Node) -> None:
    if node.integer("channels_last", 0):
        raise unsupported(
            node, "channels_last is set", "save the model before onnxruntime optimizes its layout"
        )


_EXPANSIONS: dict[tuple[str, str], Expand] = {
    ("", "QLinearConv"): _conv("Conv", 0),
    ("", "QLinearMatMul"): _matmul,
    ("", "ConvInteger"): _conv_integer,
    ("", "MatMulInteger"): _matmul_integer,
    (MICROSOFT, "QLinearConv"): _conv("Conv", 0),
    (MICROSOFT, "QLinearConvTranspose"): _conv("ConvTranspose", 1),
    (MICROSOFT, "QGemm"): _gemm,
    (MICROSOFT, "MatMulIntegerToFloat"): _matmul_integer_to_float,
    (MICROSOFT, "QLinearAdd"): _binary("Add"),
    (MICROSOFT, "QLinearMul"): _binary("Mul"),
    (MICROSOFT, "QLinearSigmoid"): _unary("Sigmoid"),
    (MICROSOFT, "QLinearLeakyRelu"): _unary("LeakyRelu"),
    (MICROSOFT, "QLinearAveragePool"): _unary("AveragePool"),
    (MICROSOFT, "QLinearGlobalAveragePool"): _unary("GlobalAveragePool"),
    (MICROSOFT, "QLinearReduceMean"): _unary("ReduceMean"),
    (MICROSOFT, "QLinearSoftmax"): _unary("Softmax"),
    (MICROSOFT, "QLinearConcat"): _concat,
    (MICROSOFT, "QLinearWhere"): _where,
}

QUANTIZED_OPERATORS = frozenset(op for _, op in _EXPANSIONS)
"""Operators whose presence makes a model a quantized one."""
