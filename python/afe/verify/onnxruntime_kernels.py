"""onnxruntime's quantized kernels as the oracle of ONNX QDQ models (see ortq)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from afe.errors import AfeError, ErrorCode
from afe.importers.common import clean_name
from afe.verify.reference import Array, Operator, Reference


class OnnxOracle:
    """Conv, Gemm and MatMul by onnxruntime's quantized kernels, everything else as written."""

    name = "onnxruntime quantized kernels"

    def __init__(self, path: Path) -> None:
        """Raises AfeError UNSUPPORTED_FORMAT where onnx or onnxruntime is not installed."""
        try:
            import onnx

            from afe.verify import ortq
        except ImportError as error:
            raise AfeError(
                ErrorCode.UNSUPPORTED_FORMAT,
                "comparing an .onnx model needs onnxruntime: pip install onnx onnxruntime",
            ) from error
        model = onnx.load(str(path))
        self._inputs = _fed_inputs(model)
        self._operators = _operators(model)
        self._quantized_as = _quantized_as(model)
        self._oracle = ortq.Oracle(model)

    def run(self, inputs: Sequence[Array]) -> Reference:
        """One inference."""
        fed = dict(zip(self._inputs, inputs, strict=True))
        values = self._oracle.run(fed) | fed
        outputs = [values[name] for name in self._oracle.outputs]
        for name, quantized in self._quantized_as.items():
            # What only moves values (pooling, reshaping) works on bytes, under its own name.
            if name not in values and quantized in values:
                values[name] = values[quantized]
        tensors = {clean_name(name, name): array for name, array in values.items()}
        return Reference(outputs, tensors, self._operators, channels_first=True)


def _fed_inputs(model: Any) -> list[str]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value.name for value in model.graph.input if value.name not in constants]


def _quantized_as(model: Any) -> dict[str, str]:
    """For every float tensor that is quantized, the name it then has."""
    return {
        node.input[0]: node.output[0]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear"
    }


def _operators(model: Any) -> dict[int, Operator]:
    """By node index; QuantizeLinear bears the kind of what it quantizes."""
    kinds = {name: node.op_type for node in model.graph.node for name in node.output}
    operators = {}
    for index, node in enumerate(model.graph.node):
        kind = node.op_type
        if kind == "QuantizeLinear":
            kind = kinds.get(node.input[0], kind)
        operators[index] = Operator(kind, tuple(clean_name(name, name) for name in node.output))
    return operators
