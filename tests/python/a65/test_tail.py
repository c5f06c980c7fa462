"""A quantized ONNX model with a float softmax at its tail, from its file to the results."""

from __future__ import annotations

import tarfile

import numpy as np
import onnx
import onnxruntime
import pytest
from afe import runtime
from afe.apis.model import Model
from onnx import TensorProto, helper, numpy_helper

CLASSES = 11


def _constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def softmax_model() -> onnx.ModelProto:
    """uint8-quantized x [1,3,9,7] -> convolution -> Flatten -> Softmax in f32."""
    generator = np.random.default_rng(3)
    weights = generator.integers(-127, 128, (CLASSES, 3, 9, 7)).astype(np.int8)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "xs", "xz"], ["xd"]),
        helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wd"]),
        helper.make_node("DequantizeLinear", ["b", "bs", "bz"], ["bd"]),
        helper.make_node("Conv", ["xd", "wd", "bd"], ["c"], "conv"),
        helper.make_node("QuantizeLinear", ["c", "cs", "cz"], ["cq"]),
        helper.make_node("DequantizeLinear", ["cq", "cs", "cz"], ["cd"]),
        helper.make_node("Flatten", ["cd"], ["f"]),
        helper.make_node("Softmax", ["f"], ["y"], "softmax", axis=1),
    ]
    scale = {"xs": 0.017, "ws": 0.009, "bs": np.float32(0.017) * np.float32(0.009), "cs": 0.11}
    constants = [_constant(name, np.float32(value)) for name, value in scale.items()]
    constants += [
        _constant("xz", np.uint8(131)),
        _constant("wz", np.int8(0)),
        _constant("bz", np.int32(0)),
        _constant("cz", np.uint8(119)),
        _constant("w", weights),
        _constant("b", generator.integers(-9000, 9000, CLASSES).astype(np.int32)),
    ]
    graph = helper.make_graph(
        nodes,
        "tail",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 9, 7])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, CLASSES])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The model's path, its report and its archive."""
    folder = tmp_path_factory.mktemp("tail")
    path = folder / "tail.onnx"
    onnx.save(softmax_model(), path)
    return path, Model.from_file(path).compile(output_path=folder)


def test_probabilities_are_onnxruntime_s(compiled):
    """Five inputs; 1e-5 relative, as two libraries' exponentials may differ in the last place."""
    path, report = compiled
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    archive = runtime.load(report.archive)
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal((1, 3, 9, 7)).astype(np.float32)
        (wanted,) = session.run(None, {"x": x})
        (got,) = archive.run({"x": x}).outputs
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_the_report_names_the_operators_that_are_not_on_the_mla(compiled):
    """One A65 segment, with a reason for each operator in it."""
    _, report = compiled
    assert report.segments["A65"] == 1
    assert "qdq.softmax" in {fallback.operator for fallback in report.fallbacks}
    assert all(fallback.reason and fallback.hint for fallback in report.fallbacks)


def test_the_archive_holds_the_shared_object(compiled):
    """As the stage's executable."""
    _, report = compiled
    with tarfile.open(report.archive) as archive:
        names = archive.getnames()
    assert [name for name in names if name.endswith("_a65.so")] == ["tail_stage2_a65.so"]


def test_two_compilations_give_the_same_bytes(compiled, tmp_path):
    """Objects and links hold no time, path or address."""
    path, report = compiled
    again = Model.from_file(path).compile(output_path=tmp_path)
    with open(report.archive, "rb") as one, open(again.archive, "rb") as other:
        assert one.read() == other.read()
