"""Small QDQ models for tests, and both readings of them: onnxruntime's and the importer's.

m = Qdq()
x = m.input((1, 3, 7, 5), 0.05, 3)                     # f32 input -> Q -> DQ
w = m.weights(array, scales, axis=0)                   # int8 constant -> DQ
y = m.quantized(m.node("Conv", [x, w]), 0.1, -4)       # node -> Q -> DQ
differences(m.model(y), seed=1)                        # 0 where the importer is exact
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from afe.importers import ImportedModel
from afe.importers.onnx import import_onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from reference.ortq import Oracle
from reference.tosa_numpy import evaluate

Array = NDArray[Any]


class Qdq:
    """A QDQ model under construction; methods return tensor names."""

    def __init__(self, *, unsigned: bool = False, opset: int = 17) -> None:
        self.dtype = np.dtype(np.uint8 if unsigned else np.int8)
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self._count = 0

    def name(self, stem: str) -> str:
        """A name not used before."""
        self._count += 1
        return f"{stem}_{self._count}"

    def constant(self, array: Any, stem: str = "c") -> str:
        """An initializer."""
        name = self.name(stem)
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def floats(self, values: Any) -> str:
        """An f32 initializer."""
        return self.constant(np.asarray(values, np.float32))

    def ints(self, values: Any) -> str:
        """An i64 initializer."""
        return self.constant(np.asarray(values, np.int64))

    def node(self, op: str, inputs: Sequence[str], count: int = 1, **attributes: Any) -> Any:
        """An operator; its output's name, or a list of them."""
        outputs = [self.name(op) for _ in range(count)]
        self.nodes.append(helper.make_node(op, inputs, outputs, self.name("node"), **attributes))
        return outputs[0] if count == 1 else outputs

    def raw_input(self, shape: Sequence[Any], dtype: int = TensorProto.FLOAT) -> str:
        """A model input."""
        name = self.name("x")
        self.inputs.append(helper.make_tensor_value_info(name, dtype, list(shape)))
        return name

    def input(self, shape: Sequence[Any], scale: float, zero_point: int) -> str:
        """An f32 model input, quantized and dequantized."""
        return self.quantized(self.raw_input(shape), scale, zero_point)

    def quantized(self, tensor: str, scale: float, zero_point: int) -> str:
        """`tensor` through QuantizeLinear and DequantizeLinear."""
        factors = [self.floats(scale), self.constant(np.array(zero_point, self.dtype))]
        codes = self.node("QuantizeLinear", [tensor, *factors])
        return str(self.node("DequantizeLinear", [codes, *factors]))

    def weights(self, array: Array, scale: Any, zero_point: Any = 0, axis: int = 0) -> str:
        """A dequantized constant, per tensor or per channel of `axis`."""
        scales = np.asarray(scale, np.float32)
        points = np.broadcast_to(np.asarray(zero_point, array.dtype), scales.shape)
        operands = [self.constant(array, "w"), self.floats(scales), self.constant(points.copy())]
        return str(self.node("DequantizeLinear", operands, axis=axis))

    def model(self, *outputs: str, types: Mapping[str, int] | None = None) -> onnx.ModelProto:
        """The finished model; outputs are f32 unless `types` says otherwise."""
        results = [
            helper.make_tensor_value_info(name, (types or {}).get(name, TensorProto.FLOAT), None)
            for name in outputs
        ]
        graph = helper.make_graph(self.nodes, "test", self.inputs, results, self.constants)
        opsets = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def imported(model: onnx.ModelProto) -> ImportedModel:
    """The model as TOSA."""
    return import_onnx(model.SerializeToString(), name="test", path=Path("test.onnx"))


def operations(result: ImportedModel) -> list[str]:
    """Names of the operations of `@main` but constants; custom ones by their own name."""
    function = next(iter(result.module.body.operations)).operation
    names = []
    for view in function.regions[0].blocks[0].operations:
        op = view.operation
        if op.name == "tosa.custom":
            names.append(str(op.attributes["operator_name"]).strip('"'))
        elif op.name not in ("tosa.const", "tosa.const_shape", "func.return"):
            names.append(op.name.removeprefix("tosa."))
    return names


def samples(model: onnx.ModelProto, seed: int) -> dict[str, Array]:
    """Random arrays for the inputs, beyond the range that is quantized; a symbolic batch is 1."""
    rng = np.random.default_rng(seed)
    arrays: dict[str, Array] = {}
    for info in model.graph.input:
        tensor = info.type.tensor_type
        shape = [dim.dim_value or 1 for dim in tensor.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        if dtype == np.float32:
            arrays[info.name] = rng.normal(0, 3, shape).astype(np.float32)
        else:
            limits = np.iinfo(dtype)
            arrays[info.name] = rng.integers(limits.min, limits.max + 1, shape, dtype)
    return arrays


def both(model: onnx.ModelProto, seed: int = 0) -> tuple[list[Array], list[Array]]:
    """The outputs of the oracle, and those of the imported module."""
    arrays = samples(model, seed)
    oracle = Oracle(model, expose=False)
    wanted = oracle.run(arrays)
    result = imported(model)
    got = evaluate(result.module, [arrays[info.name] for info in model.graph.input]).outputs
    return [wanted[name] for name in oracle.outputs], got


def assert_equal(model: onnx.ModelProto, seed: int = 0) -> None:
    """The importer's reading equals onnxruntime's, in every element, shape and type."""
    for wanted, got in zip(*both(model, seed), strict=True):
        assert got.shape == wanted.shape and got.dtype == wanted.dtype
        assert np.ptp(wanted.astype(np.float64)) > 0, "the test's own result is constant"
        different = np.count_nonzero(got != wanted)
        assert different == 0, f"{different} of {wanted.size} elements differ"
