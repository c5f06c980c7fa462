"""Which tensors become integers, so that the network ends up on the MLA.

A pair of QuantizeLinear and DequantizeLinear stands wherever the MLA would write a tensor anyway:
behind a convolution, product or sum and the activation it ends in, before and behind what is
computed in f32 inside (softmax, normalization, means), at the network's edges. None stands inside
a function of one tensor (GELU, x * sigmoid(x), hard swish written step by step): that is one table
of 256 entries, exact as long as nothing is rounded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto

from afe.importers.onnx.functions import FUNCTIONS
from afe.quantize.config import invalid_option

LINEAR = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
SAME_CODES = frozenset(
    {"Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "MaxPool", "Slice", "Split"}
    | {"Resize", "Gather", "AveragePool"}
)
"""Operators whose result takes its input's scale."""
_MOVEMENT = SAME_CODES | {"Identity", "Dropout", "Expand", "Tile", "DepthToSpace", "SpaceToDepth"}
_LIMITS = frozenset({"Relu", "Clip"})
_BINARY = frozenset({"Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "PRelu", "Sum", "Mean"})
_JOINING = frozenset({"Concat", "Pad", "Where"})
_FUNCTIONS = frozenset(FUNCTIONS) | _LIMITS
_FLOAT_INSIDE = frozenset(
    {"Softmax", "LogSoftmax", "LayerNormalization", "RMSNormalization", "InstanceNormalization"}
    | {"GroupNormalization", "SimplifiedLayerNormalization", "MeanVarianceNormalization"}
    | {"BatchNormalization", "GlobalAveragePool", "GlobalMaxPool", "LpNormalization"}
    | {"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare"}
    | {"ReduceProd", "ReduceL1", "CumSum", "Einsum", "GridSample"}
)
"""Computed in f32 between their input's codes and their result's."""


@dataclass
class Selection:
    """`nodes` by name: what onnxruntime's quantizer visits. `tensors`: get a pair; in order.

    `fixed` maps a tensor to one whose range it has to share, so that joining them costs nothing.
    """

    nodes: list[str] = field(default_factory=list)
    tensors: dict[str, None] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)


class Selector:
    """The decisions for one prepared model: named nodes in order, shapes of all tensors known."""

    def __init__(self, model: ModelProto, excluded: Collection[str]) -> None:
        """`excluded` are operators that stay in float, by name or result; INVALID_OPTION if none
        is called so."""
        graph = model.graph
        self._nodes = list(graph.node)
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._types = {
            info.name: info.type.tensor_type.elem_type
            for info in (*graph.input, *graph.value_info, *graph.output)
        }
        self._outputs = [info.name for info in graph.output]
        self._readers: dict[str, list[NodeProto]] = {}
        for node in self._nodes:
            for name in dict.fromkeys(node.input):
                self._readers.setdefault(name, []).append(node)
        self._excluded = self._names_of(excluded)
        self._roots: dict[str, str] = {}
        self._selection = Selection()

    def run(self) -> Selection:
        """Visits the nodes in order."""
        for node in self._nodes:
            if node.name in self._excluded:
                continue
            self._visit(node)
        for name in self._outputs:
            self._pair(name)
        return self._selection

    def _visit(self, node: NodeProto) -> None:
        if node.op_type in _FUNCTIONS | _BINARY and self._is_function(node):
            return
        visit: Callable[[NodeProto], None] = self._float_inside
        if node.op_type in LINEAR | _BINARY:
            visit = self._computing
        elif node.op_type in SAME_CODES:
            visit = self._moving
        elif node.op_type in _MOVEMENT:
            return
        elif node.op_type in _JOINING:
            visit = self._joining
        elif node.op_type not in _FLOAT_INSIDE and not self._all_float(node):
            return
        visit(node)

    # --- functions of one tensor -----------------------------------------------------------------

    def _is_function(self, node: NodeProto) -> bool:
        """Notes that the result is a function of one tensor's elements, if it is one."""
        tensors = [name for name in node.input if name and not self._is_number(name)]
        roots = {self._roots.get(name, name) for name in tensors}
        if len(roots) != 1 or not self._is_float(node.output[0]):
            return False
        (root,) = roots
        if root in self._constants:
            return False
        self._roots[node.output[0]] = root
        # Limits of a whole result are limits of its codes: the pair stands behind them.
        if not (node.op_type in _LIMITS and root == node.input[0] and self._is_only_reader(node)):
            self._pair(root)
        return True

    def _is_only_reader(self, node: NodeProto) -> bool:
        tensor = node.input[0]
        return len(self._readers[tensor]) == 1 and tensor not in self._outputs

    def _is_number(self, name: str) -> bool:
        tensor = self._constants.get(name)
        return tensor is not None and int(np.prod(tensor.dims)) == 1

    # --- everything else -------------------------------------------------------------------------

    def _computing(self, node: NodeProto) -> None:
        """A convolution, product or elementwise operator of several tensors."""
        if not self._is_float(node.output[0]):
            return
        for name in node.input[:2] if node.op_type in LINEAR else node.input:
            self._pair(name)
        self._selection.nodes.append(node.name)
        self._pair_behind(node.output[0])

    def _pair_behind(self, tensor: str) -> None:
        """A pair on a result, or on what limits it where nothing else reads it."""
        readers = self._readers.get(tensor, [])
        only = len(readers) == 1 and tensor not in self._outputs
        if only and readers[0].op_type in _LIMITS and readers[0].name not in self._excluded:
            self._pair(readers[0].output[0])
        else:
            self._pair(tensor)

    def _moving(self, node: NodeProto) -> None:
        """The result has the input's codes."""
        if not self._is_float(node.input[0]) or not self._is_float(node.output[0]):
            return
        self._pair(node.input[0])
        self._selection.nodes.append(node.name)

    def _joining(self, node: NodeProto) -> None:
        """Inputs that nobody else reads are written with the result's range at once."""
        if not self._is_float(node.output[0]):
            return
        result = node.output[0]
        for name in node.input:
            self._pair(name)
            if self._is_float(name) and len(self._readers[name]) == 1:
                self._selection.fixed[name] = result
        self._selection.nodes.append(node.name)
        self._pair(result)

    def _float_inside(self, node: NodeProto) -> None:
        """Codes go in and come out; factors and offsets stay what they are."""
        for name in (*node.input[:1], *node.output[:1]):
            if self._is_float(name):
                self._pair(name)

    def _all_float(self, node: NodeProto) -> bool:
        """An operator nothing is known of, of floats only."""
        return all(self._is_float(name) for name in (*node.input, *node.output) if name)

    def _pair(self, name: str) -> None:
        if self._is_float(name) and name not in self._constants:
            self._selection.tensors[name] = None

    def _is_float(self, name: str) -> bool:
        if name in self._constants:
            return bool(self._constants[name].data_type == TensorProto.FLOAT)
        return bool(self._types.get(name) == TensorProto.FLOAT)

    def _names_of(self, excluded: Collection[str]) -> set[str]:
        named = {node.name: node.name for node in self._nodes}
        named |= {output: node.name for node in self._nodes for output in node.output if output}
        for name in sorted(excluded):
            if name not in named:
                known = ", ".join(list(named)[:12])
                raise invalid_option("unquantized node", name, f"operators, such as {known}")
        return {named[name] for name in excluded}
