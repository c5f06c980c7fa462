"""Whole QDQ networks: every layer, fed the oracle's own inputs, equals it in every element."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from afe.importers import ImportedModel, import_model
from onnx_layers import compare_layers
from onnx_models import operations
from reference.ortq import Oracle, kernels_are_exact

NETWORKS = {
    "mobilenetv2_s8_qdq": {"Conv": 52, "Gemm": 1, "Add": 10},
    "resnet50_u8_qdq": {"Conv": 53, "Gemm": 1, "Add": 16},
    "yolo_c2f_320_u8_qdq": {"Conv": 64, "Sigmoid": 58, "Mul": 57, "Add": 6},
    "bert_tiny_s8_qdq": {"Gemm": 10, "MatMul": 4, "Softmax": 2, "LayerNormalization": 5, "Erf": 2},
}


@pytest.mark.parametrize("name", NETWORKS)
def test_layers(models: Path, name: str) -> None:
    """Every layer of a network differs from the oracle in no element, and so does its output."""
    path = models / f"{name}.onnx"
    golden = np.load(models / "golden" / f"{path.name}.npz")
    if "u8" in name and not kernels_are_exact():
        pytest.skip("the u8s8 kernels of onnxruntime saturate on this processor")
    model = onnx.load(path)
    result = import_model(path)
    inputs = {result.inputs[0].name: golden["s0_in0"]}
    oracle = Oracle(model)
    wanted = oracle.run(inputs)
    assert np.array_equal(wanted[oracle.outputs[0]], golden["s0_out0_ortq"])
    found, outputs = compare_layers(result, inputs, wanted)
    different = {tensor: d for tensor, d in found.items() if d.elements}
    assert not different
    assert np.array_equal(outputs[0], golden["s0_out0_ortq"])
    assert layers_compared(model, set(found)) >= Counter(NETWORKS[name])


def layers_compared(model: onnx.ModelProto, names: set[str]) -> Counter[str]:
    """How many operators of each type make, through QuantizeLinear, a tensor of `names`."""
    sources = {node.output[0]: node.op_type for node in model.graph.node}
    return Counter(
        sources[node.input[0]]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear" and node.output[0] in names and node.input[0] in sources
    )


def test_only_the_edges_are_transposed(models: Path) -> None:
    """Channels-first at the edges, channels-last inside: one transpose at the input."""
    for name in ("mobilenetv2_s8_qdq", "resnet50_u8_qdq"):
        result = import_model(models / f"{name}.onnx")
        assert operations(result).count("transpose") == 1
        assert operations(result)[0] == "transpose"


def test_names_and_types_at_the_edges(models: Path) -> None:
    """Arguments and results keep the model's names, shapes and types."""
    result = import_model(models / "resnet50_u8_qdq.onnx")
    assert isinstance(result, ImportedModel) and result.producer == "onnx"
    assert [(port.name, port.shape, port.dtype) for port in result.inputs] == [
        ("x", (1, 3, 224, 224), "f32")
    ]
    assert [(port.name, port.shape, port.dtype) for port in result.outputs] == [
        ("y", (1, 1000), "f32")
    ]


def test_import_is_fast(models: Path) -> None:
    """ResNet-50 (26 MB) is imported in little more than the time `import onnx` takes."""
    path = models / "resnet50_u8_qdq.onnx"
    script = (
        "import resource; from afe.importers import import_model; "
        f"import_model({str(path)!r}); print(resource.getrusage(resource.RUSAGE_SELF).ru_utime)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = [sys.executable, "-c", script]
    done = [
        subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert min(float(result.stdout) for result in done) <= 1.2
