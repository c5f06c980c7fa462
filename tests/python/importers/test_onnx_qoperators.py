"""Models of quantized operators (QLinearConv, QGemm, ConvInteger…) equal onnxruntime's kernels."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from afe.errors import AfeError, ErrorCode
from afe.options import CompileOptions
from afe.verify.compare import verify_model
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_families import FAMILIES, Calibration, images
from onnx_models import imported, operations
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
from reference.ortq import kernels_are_exact
from reference.tosa_numpy import evaluate

Array = NDArray[Any]
RNG = np.random.default_rng(17)
WAYS = {
    "u8s8 per channel": (QuantType.QUInt8, QuantType.QInt8, True),
    "u8u8 per tensor": (QuantType.QUInt8, QuantType.QUInt8, False),
    "s8s8 per channel": (QuantType.QInt8, QuantType.QInt8, True),
}


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """onnxruntime without graph optimizations."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("family", FAMILIES)
def test_family(family: str, way: str) -> None:
    """Whole networks as onnxruntime quantizes them with QuantFormat.QOperator: equal outputs."""
    if way.startswith("u8") and not kernels_are_exact():
        pytest.skip("the u8s8 kernels of onnxruntime saturate on this processor")
    network = FAMILIES[family](3)
    model = quantized_operators(network, way)
    assert any(node.op_type.startswith("QLinear") for node in model.graph.node)
    (inputs,) = images(network, 1, 7)
    (wanted,) = session(model).run(None, inputs)
    (got,) = evaluate(imported(model).module, [inputs["x"]]).outputs
    assert np.ptp(wanted) > 0
    assert np.abs(got - wanted).max() <= 1e-5 * np.abs(wanted).max()


def quantized_operators(network: onnx.ModelProto, way: str) -> onnx.ModelProto:
    """What onnxruntime makes of a float network with QuantFormat.QOperator."""
    logging.getLogger().setLevel(logging.ERROR)  # onnxruntime's advice on preprocessing
    activations, weights, per_channel = WAYS[way]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "float.onnx"), Path(folder, "quantized.onnx")
        onnx.save(network, source)
        quantize_static(
            source, target, Calibration(images(network, 8, 99)),
            quant_format=QuantFormat.QOperator, activation_type=activations,
            weight_type=weights, per_channel=per_channel,
        )  # fmt: skip
        return onnx.load(target)


@pytest.mark.parametrize("family", ["mobilenet_v3", "mixer", "yolo"])
def test_layers_are_verified_one_by_one(family: str, tmp_path: Path) -> None:
    """`afe verify` finds every layer among the tensors of onnxruntime, and no difference."""
    path = tmp_path / "model.onnx"
    onnx.save(quantized_operators(FAMILIES[family](3), "s8s8 per channel"), path)
    verification = verify_model(path, CompileOptions(isolate_layers=True), [])
    assert len(verification.layers) >= 10 and verification.unmatched == []
    assert [layer for layer in verification.layers if layer.differing] == []
    assert any(layer.operator.startswith("QLinear") for layer in verification.layers)


def model_of(
    op: str, inputs: dict[str, Array], constants: dict[str, Array], out: int, **more: Any
) -> onnx.ModelProto:
    """A model of one operator whose operands are, in order, `inputs` and `constants`."""
    domain = more.pop("domain", "")
    order = more.pop("order", [*inputs, *constants])
    node = helper.make_node(op, order, ["y"], "node", domain=domain, **more)
    graph = helper.make_graph(
        [node],
        "test",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in inputs.items()
        ],
        [helper.make_tensor_value_info("y", out, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def integers(dtype: Any, *shape: int) -> Array:
    """Random integers of the whole range."""
    limits = np.iinfo(dtype)
    return RNG.integers(limits.min, limits.max + 1, shape, dtype)


def number(value: float, dtype: Any = np.float32) -> Array:
    """A scalar."""
    return np.array(value, dtype)


def assert_equal(model: onnx.ModelProto, inputs: dict[str, Array]) -> None:
    """The importer's reading equals onnxruntime's in every element."""
    (wanted,) = session(model).run(None, inputs)
    (got,) = evaluate(imported(model).module, list(inputs.values())).outputs
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    assert np.ptp(wanted.astype(np.float64)) > 0, "the test's own result is constant"
    assert np.count_nonzero(got != wanted) == 0


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_integer_convolution(dtype: Any) -> None:
    """ConvInteger gives the accumulator itself, padding included."""
    if dtype == np.uint8 and not kernels_are_exact():
        pytest.skip("the u8s8 kernels of onnxruntime saturate on this processor")
    x = {"x": integers(np.uint8, 1, 3, 7, 5)}
    constants = {
        "w": integers(dtype, 4, 3, 3, 2), "xz": number(131, np.uint8), "wz": number(7, dtype),
    }  # fmt: skip
    model = model_of("ConvInteger", x, constants, TensorProto.INT32, pads=[1, 0, 2, 1])
    assert_equal(model, x)


def test_integer_product_of_two_activations() -> None:
    """MatMulInteger of batches, with both zero points."""
    x = {"a": integers(np.uint8, 2, 3, 5), "b": integers(np.uint8, 2, 5, 7)}
    constants = {"az": number(3, np.uint8), "bz": number(200, np.uint8)}
    assert_equal(model_of("MatMulInteger", x, constants, TensorProto.INT32), x)


def test_weights_with_a_zero_point_per_channel() -> None:
    """Zero points that fit one byte together are shifted to one; others are refused by name."""
    x = {"a": integers(np.uint8, 3, 6)}
    weights = RNG.integers(-60, 60, (6, 4), np.int8)
    points = np.array([-3, 0, 5, 9], np.int8)
    constants = {
        "as": number(0.05), "az": number(120, np.uint8), "b": weights,
        "bs": RNG.uniform(0.01, 0.03, 4).astype(np.float32), "bz": points,
        "ys": number(0.2), "yz": number(100, np.uint8),
    }  # fmt: skip
    assert_equal(model_of("QLinearMatMul", x, constants, TensorProto.UINT8), x)
    constants["b"], constants["bz"] = integers(np.int8, 6, 4), np.array([-9, 0, 5, 9], np.int8)
    constants["b"][0], constants["b"][1] = -128, 127
    with pytest.raises(AfeError) as caught:
        imported(model_of("QLinearMatMul", x, constants, TensorProto.UINT8))
    assert caught.value.code == ErrorCode.UNSUPPORTED_OPERATOR
    assert "zero point per channel" in str(caught.value) and "MatMul 'node'" in str(caught.value)


def test_gemm_without_an_output_scale_is_float() -> None:
    """QGemm leaves its result in f32 where no scale is given."""
    x = {"a": integers(np.uint8, 3, 6)}
    constants = {
        "as": number(0.05), "az": number(120, np.uint8), "b": integers(np.int8, 4, 6),
        "bs": number(0.02), "bz": number(0, np.int8), "c": integers(np.int8, 4).astype(np.int32),
    }  # fmt: skip
    model = model_of(
        "QGemm", x, constants, TensorProto.FLOAT, domain="com.microsoft", transB=1, alpha=1.0
    )
    (wanted,) = session(model).run(None, x)
    (got,) = evaluate(imported(model).module, list(x.values())).outputs
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
def test_elementwise(op: str) -> None:
    """Sums and products mean what their documentation says, by onnxruntime within one code."""
    x = {"a": integers(np.uint8, 2, 5, 7), "b": integers(np.uint8, 5, 1)}
    constants = {
        "as": number(0.0517), "az": number(120, np.uint8), "bs": number(0.0313),
        "bz": number(9, np.uint8), "ys": number(0.1137), "yz": number(77, np.uint8),
    }  # fmt: skip
    order = ["a", "as", "az", "b", "bs", "bz", "ys", "yz"]
    model = model_of(op, x, constants, TensorProto.UINT8, order=order, domain="com.microsoft")
    (wanted,) = session(model).run(None, x)
    (got,) = evaluate(imported(model).module, list(x.values())).outputs
    distance = np.abs(got.astype(int) - wanted.astype(int))
    assert np.ptp(wanted) > 99 and distance.max() <= 1 and distance.mean() < 0.02


def test_choice_of_quantized_tensors() -> None:
    """QLinearWhere requantizes what it chooses from."""
    x = {"c": RNG.integers(0, 2, (3, 5)).astype(bool), "a": integers(np.uint8, 3, 5),
         "b": integers(np.uint8, 3, 5)}  # fmt: skip
    constants = {
        "as": number(0.05), "az": number(120, np.uint8), "bs": number(0.03),
        "bz": number(9, np.uint8), "ys": number(0.11), "yz": number(77, np.uint8),
    }  # fmt: skip
    order = ["c", "a", "as", "az", "b", "bs", "bz", "ys", "yz"]
    model = model_of(
        "QLinearWhere", x, constants, TensorProto.UINT8, order=order, domain="com.microsoft"
    )
    assert "select" in operations(imported(model))
    assert_equal(model, x)


def test_what_is_refused_by_name() -> None:
    """Layouts of onnxruntime's own, and operands that are missing."""
    x = {"x": integers(np.uint8, 1, 5, 4, 3)}
    constants = {
        "xs": number(0.05), "xz": number(120, np.uint8), "ys": number(0.05),
        "yz": number(120, np.uint8),
    }  # fmt: skip
    more = {"domain": "com.microsoft", "channels_last": 1}
    model = model_of("QLinearGlobalAveragePool", x, constants, TensorProto.UINT8, **more)
    with pytest.raises(AfeError, match="QLinearGlobalAveragePool 'node': channels_last is set"):
        imported(model)
    del constants["ys"]
    with pytest.raises(AfeError, match="ConvInteger 'node': input 1 is missing"):
        imported(model_of("ConvInteger", x, {}, TensorProto.INT32))
