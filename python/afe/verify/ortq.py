"""The `ortq` oracle: what a QDQ model means, computed by onnxruntime's own quantized kernels.

Every Conv, Gemm and MatMul between DequantizeLinear and QuantizeLinear is replaced by QLinearConv,
QGemm (com.microsoft) or QLinearMatMul; everything else stays as written, and nothing is optimised.
All integer tensors are exposed, so that a layer can be checked on the oracle's own inputs.

    oracle = Oracle(model)                       # an onnx.ModelProto
    values = oracle.run({"x": array})            # every exposed tensor by name; outputs too
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper

Array = NDArray[Any]

MICROSOFT = "com.microsoft"
_REPLACED = ("Conv", "Gemm", "MatMul")


class Oracle:
    """The rewritten model and a session on it."""

    def __init__(self, model: onnx.ModelProto, *, expose: bool = True) -> None:
        """With `expose`, the results of all QuantizeLinear and quantized kernels are outputs."""
        self.model = quantized_kernels(model)
        self.outputs = [output.name for output in model.graph.output]
        self.layers = {
            node.output[0]: node for node in self.model.graph.node if node.op_type in _KERNELS
        }
        if expose:
            _expose(self.model)
        self.session = _session(self.model)
        self._names = [output.name for output in self.session.get_outputs()]

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every exposed tensor by its name in the model."""
        return dict(zip(self._names, self.session.run(None, dict(inputs)), strict=True))


_KERNELS = ("QLinearConv", "QGemm", "QLinearMatMul")


def _session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def quantized_kernels(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of `model` with Conv, Gemm and MatMul as onnxruntime's quantized operators."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    producers = {name: node for node in graph.node for name in node.output}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    nodes = []
    replaced: set[str] = set()
    for node in graph.node:
        kernel = _kernel(node, producers, readers) if node.op_type in _REPLACED else None
        if kernel is not None:
            nodes.append(kernel)
            replaced.add(kernel.output[0])
        elif not (node.op_type == "QuantizeLinear" and node.output[0] in replaced):
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    if MICROSOFT not in {entry.domain for entry in result.opset_import}:
        result.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return result


def _kernel(
    node: onnx.NodeProto,
    producers: Mapping[str, onnx.NodeProto],
    readers: Mapping[str, list[onnx.NodeProto]],
) -> onnx.NodeProto | None:
    """The quantized operator of `node` and the QuantizeLinear behind it, if it is between DQ/Q."""
    sources = [producers.get(name) for name in node.input if name]
    behind = readers.get(node.output[0], [])
    dequantized = all(s is not None and s.op_type == "DequantizeLinear" for s in sources)
    if not dequantized or len(behind) != 1 or behind[0].op_type != "QuantizeLinear":
        return None
    operands = [list(source.input) for source in sources if source is not None]
    target = list(behind[0].input[1:])
    name, outputs = f"{node.name}_quantized", [behind[0].output[0]]
    attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    bias = operands[2][:1] if len(operands) > 2 else []
    if node.op_type == "Conv":
        inputs = [*operands[0], *operands[1], *target, *bias]
        return helper.make_node("QLinearConv", inputs, outputs, name, **attributes)
    if node.op_type == "MatMul":
        inputs = [*operands[0], *operands[1], *target]
        return helper.make_node("QLinearMatMul", inputs, outputs, name)
    attributes.pop("beta", None)
    inputs = [*operands[0], *operands[1], *(bias or [""]), *target]
    return helper.make_node("QGemm", inputs, outputs, name, domain=MICROSOFT, **attributes)


_ZERO_POINTS = {
    "QuantizeLinear": 2, "QLinearConv": 7, "QLinearMatMul": 7, "QGemm": 8, "QLinearAdd": 7,
    "QLinearMul": 7, "QLinearSigmoid": 4, "QLinearLeakyRelu": 4, "QLinearAveragePool": 4,
    "QLinearGlobalAveragePool": 4, "QLinearReduceMean": 4, "QLinearSoftmax": 4, "QLinearConcat": 1,
}  # fmt: skip
"""Operators that make 8-bit tensors, and which input says of what type."""

_MOVERS = frozenset(
    {"MaxPool", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Split"}
    | {"Gather", "Identity", "Pad", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Resize"}
)
"""Operators whose results have the type of their first input."""


def _expose(model: onnx.ModelProto) -> None:
    """Makes every 8-bit tensor that the model computes an output."""
    shown = {output.name for output in model.graph.output}
    dtypes = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    bytes_of: dict[str, int] = {}
    for node in model.graph.node:
        place = _ZERO_POINTS.get(node.op_type)
        if place is not None:
            named = node.input[place] if len(node.input) > place else ""
            bytes_of[node.output[0]] = dtypes.get(named, TensorProto.UINT8)
        elif node.op_type in _MOVERS and node.input[0] in bytes_of:
            bytes_of.update(dict.fromkeys(node.output, bytes_of[node.input[0]]))
    for name, dtype in bytes_of.items():
        if name and name not in shown:
            model.graph.output.append(helper.make_tensor_value_info(name, dtype, None))


@cache
def kernels_are_exact() -> bool:
    """Whether this machine's u8s8 kernels sum exactly (without VNNI they saturate at 16 bits)."""
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "one", "u0"], ["xr"]),
        helper.make_node("DequantizeLinear", ["w", "one", "s0"], ["wr"]),
        helper.make_node("MatMul", ["xr", "wr"], ["yr"]),
        helper.make_node("QuantizeLinear", ["yr", "big", "u0"], ["y"]),
    ]
    tensors = [
        helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
        helper.make_tensor("big", TensorProto.FLOAT, [], [64 * 255 * 127 / 200]),
        helper.make_tensor("u0", TensorProto.UINT8, [], [0]),
        helper.make_tensor("s0", TensorProto.INT8, [], [0]),
        helper.make_tensor("w", TensorProto.INT8, [64, 16], [127] * 1024),
    ]
    graph = helper.make_graph(
        nodes,
        "saturation",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 64])],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, [1, 16])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    result = Oracle(model).run({"x": np.full((1, 64), 255, np.uint8)})["y"]
    return bool(np.all(result == 200))
