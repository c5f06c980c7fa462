"""ONNX's bundled backend node tests: one operator each, with inputs and the outputs they must have.

Operands that a quantized network knows when it is compiled (weights, scales, shapes, axes) are
inputs in these tests; here they become initializers. What is left is compiled and run as an
archive, or evaluated right behind the importer. The outcome of a case is `passed`, or `refused`
with the importer's reason; anything else is a failure.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from afe import runtime
from afe.compiler import compile_model
from afe.errors import AfeError, ErrorCode
from afe.importers.onnx import import_onnx
from afe.options import CompileOptions
from afe.source import read_source
from numpy.typing import NDArray
from onnx import numpy_helper
from reference.tosa_numpy import evaluate

Array = NDArray[Any]
Runner = Callable[["Case"], list[Array]]

OPERATORS = (
    "QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger",
    "MatMulInteger", "Conv", "MaxPool", "AveragePool", "Gemm", "Resize", "Softmax",
    "LayerNormalization", "Transpose", "Slice", "Gather", "Concat", "Pad", "ReduceMean", "ArgMax",
)  # fmt: skip
"""The operators whose tests are shown in docs/onnx-coverage.md."""

COMPUTED: Mapping[str, Sequence[int] | None] = {
    "Concat": None, "Gather": (0, 1), "MatMulInteger": (0, 1), "QLinearMatMul": (0, 3),
}  # fmt: skip
"""Inputs that stay inputs, where these are others than the first (None: all)."""

KNOWN_TYPES = frozenset(
    {"bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"}
    | {"float16", "float32", "float64"}
)


@dataclass(frozen=True)
class Case:
    """One test: the model with its known operands bound, and what it must compute."""

    name: str
    operator: str
    model: onnx.ModelProto
    inputs: Sequence[Array]
    outputs: Sequence[Array]
    rtol: float
    atol: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a case passed; otherwise the reason for which it is refused."""

    passed: bool
    reason: str = ""


def cases(operators: Sequence[str] = OPERATORS) -> Iterator[Case]:
    """The tests of single operators, by name (not their expansions into functions)."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sorted(collect_testcases(None), key=lambda test: test.name)
    for test in found:
        nodes = test.model.graph.node
        if len(nodes) == 1 and nodes[0].op_type in operators and "_expanded" not in test.name:
            inputs, outputs = test.data_sets[0]
            yield _bound(test, nodes[0], [_array(value) for value in inputs], outputs)


def _array(value: Any) -> Array:
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value)


def _bound(test: Any, node: onnx.NodeProto, arrays: list[Array], outputs: Sequence[Any]) -> Case:
    model = onnx.ModelProto()
    model.CopyFrom(test.model)
    computed = COMPUTED.get(node.op_type, (0,))
    kept, inputs = [], []
    for info, array in zip(test.model.graph.input, arrays, strict=True):
        place = list(node.input).index(info.name)
        if computed is None or place in computed or array.dtype.name not in KNOWN_TYPES:
            kept.append(info)
            inputs.append(array)
        else:
            model.graph.initializer.append(numpy_helper.from_array(array, info.name))
    del model.graph.input[:]
    model.graph.input.extend(kept)
    wanted = [_array(value) for value in outputs]
    return Case(test.name, node.op_type, model, inputs, wanted, test.rtol, test.atol)


REFUSALS = frozenset(
    {ErrorCode.UNSUPPORTED_OPERATOR, ErrorCode.UNSUPPORTED_TYPE, ErrorCode.FLOAT_MODEL}
)
"""What an importer may answer to a valid model; any other error is a failure."""


def outcome(case: Case, run: Runner) -> Outcome:
    """Runs a case; AssertionError where the result is not the test's, AfeError where it fails."""
    try:
        got = run(case)
    except AfeError as error:
        if error.code not in REFUSALS:
            raise
        return Outcome(passed=False, reason=error.message)
    assert len(got) == len(case.outputs), f"{case.name}: {len(got)} outputs"
    for array, wanted in zip(got, case.outputs, strict=True):
        assert array.shape == wanted.shape and array.dtype == wanted.dtype, (
            f"{case.name}: {array.dtype}{array.shape}, not {wanted.dtype}{wanted.shape}"
        )
        if wanted.dtype.kind == "f":
            np.testing.assert_allclose(
                array, wanted, case.rtol, max(case.atol, 1e-6), err_msg=case.name
            )
        else:
            np.testing.assert_array_equal(array, wanted, err_msg=case.name)
    return Outcome(passed=True)


def behind_the_importer(case: Case) -> list[Array]:
    """The outputs of the imported module, evaluated with numpy."""
    data = case.model.SerializeToString()
    imported = import_onnx(data, name=case.name, path=Path(f"{case.name}.onnx"))
    return evaluate(imported.module, case.inputs).outputs


def through_an_archive(case: Case) -> list[Array]:
    """The outputs of the compiled archive, run on the host."""
    with tempfile.TemporaryDirectory(prefix="onnx-") as folder:
        path = Path(folder, f"{case.name}.onnx")
        path.write_bytes(case.model.SerializeToString())
        report = compile_model(lambda: read_source(path), folder, CompileOptions())
        return list(runtime.load(report.archive).run(list(case.inputs)).outputs)
