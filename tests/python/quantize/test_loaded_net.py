"""Float networks loaded, run and quantized by the documented API."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from afe import runtime
from afe.apis.defines import (
    CalibrationMethod,
    RequantizationMode,
    default_quantization,
    quantization_scheme,
)
from afe.apis.loaded_net import load_model
from afe.apis.model import Model
from afe.archive import find_document, read_archive
from afe.errors import AfeError, ErrorCode
from afe.load.importers.general_importer import ImporterParams, ModelFormat, onnx_source
from afe.package.validation import validate_members
from small_nets import SIZE, correlation, image, loaded, model_of, written

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits_cnn_qdq.onnx"


def _relu(net, x):
    return net.node("Relu", x)


def test_a_network_runs_channels_last_as_onnxruntime_runs_it_channels_first(tmp_path):
    """Any number of images; outputs in order."""
    path = written(model_of(_relu), tmp_path)
    net = load_model(onnx_source(path, {"image": (1, 3, SIZE, SIZE)}, {"image": "float32"}))
    (edge,) = net.inputs
    assert (edge.name, edge.shape, edge.dtype) == ("image", (1, SIZE, SIZE, 3), np.float32)
    images = image(3)
    session = onnxruntime.InferenceSession(path)
    (wanted,) = session.run(None, {"image": images.transpose(0, 3, 1, 2)})
    (found,) = net.execute({"image": images})
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_four_dimensional_outputs_are_channels_last(tmp_path):
    """Also of the quantized model, unless it is to keep the layout of its file."""
    model = model_of(_relu)
    del model.graph.output[:]
    kind = onnx.TensorProto.FLOAT
    name = next(node.output[0] for node in model.graph.node if node.op_type == "Relu")
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, None))
    net = loaded(model, tmp_path)
    (found,) = net.execute({"image": image(1)})
    assert found.shape == net.outputs[0].shape == (1, SIZE, SIZE, 8)
    ports = [net.quantize({"image": image(2)}).outputs[0].shape]
    kept = net.quantize({"image": image(2)}, automatic_layout_conversion=True)
    assert [*ports, kept.outputs[0].shape] == [(1, SIZE, SIZE, 8), (1, 8, SIZE, SIZE)]
    assert kept.inputs[0].shape == (1, 3, SIZE, SIZE)


def test_a_model_whose_own_layout_is_channels_last_is_left_so(tmp_path):
    """`layout` of ImporterParams."""
    path = written(model_of(_relu), tmp_path)
    net = load_model(ImporterParams(ModelFormat.onnx, [path], layout="NHWC"))
    assert net.inputs[0].shape == (1, 3, SIZE, SIZE)


@pytest.mark.parametrize("method", ["min_max", "mse", "moving_average", "entropy", "percentile"])
def test_every_method_gives_a_network_like_the_float_one(method, tmp_path):
    """Through archive and simulator."""
    net = loaded(model_of(_relu), tmp_path)
    config = default_quantization.with_calibration(CalibrationMethod.from_str(method))
    model = net.quantize([{"image": image(1, seed)} for seed in range(6)], config, model_name="q")
    report = model.compile(tmp_path, log_level=100)
    assert not report.fallbacks
    images = image(4, seed=9)
    (found,) = runtime.load(report.archive).run([images]).outputs
    assert correlation(found, net.execute({"image": images})[0]) > 0.99


@pytest.mark.parametrize(
    "config",
    [
        default_quantization.with_activation_quantization(quantization_scheme(False, False)),
        default_quantization.with_weight_quantization(quantization_scheme(False, False)),
        default_quantization.with_weight_quantization(quantization_scheme(True, False)),
        default_quantization.with_requantization_mode(RequantizationMode.tflite),
    ],
    ids=["symmetric activations", "weights per tensor", "asymmetric weights", "tflite"],
)
def test_every_scheme_runs_on_the_mla(config, tmp_path):
    """A residual, a product and limits."""
    net = loaded(model_of(lambda net, x: net.relu6(net.node("Add", x, _relu(net, x)))), tmp_path)
    model = net.quantize({"image": image(6)}, config)
    report = model.compile(tmp_path, log_level=100)
    assert not report.fallbacks
    images = image(4, seed=9)
    (found,) = runtime.load(report.archive).run([images]).outputs
    assert correlation(found, net.execute({"image": images})[0]) > 0.99


def test_the_requantization_mode_changes_the_arithmetic(tmp_path):
    """f32 factors, or TOSA's rescale."""
    net = loaded(model_of(_relu), tmp_path)
    texts = {}
    for mode in RequantizationMode:
        config = default_quantization.with_requantization_mode(mode)
        module = net.quantize({"image": image(2)}, config)._source.module
        texts[mode] = module.operation.get_asm()
    assert "tosa.rescale" in texts[RequantizationMode.tflite]
    assert "tosa.rescale" not in texts[RequantizationMode.sima]


def test_the_calibration_is_recorded_in_the_model_and_in_the_archive(tmp_path):
    """Method, samples, ranges and hashes; both are JSON that validates."""
    net = loaded(model_of(_relu), tmp_path)
    model = net.quantize({"image": image(6)}, model_name="q")
    model.save("q", tmp_path)
    kept = Model.load("q", tmp_path).calibration
    assert kept == model.calibration
    assert (kept["method"], kept["parameters"], kept["samples"]) == ("mse", {"num_bins": 2048}, 6)
    low, high = kept["extremes"]["image"]
    assert low == pytest.approx(image(6).min()) and high == pytest.approx(image(6).max())
    assert low <= kept["ranges"]["image"][0] < 0 < kept["ranges"]["image"][1] <= high
    other = net.quantize({"image": image(6, seed=1)}).calibration
    assert other["data_sha256"] != kept["data_sha256"]

    archive = model.compile(tmp_path, log_level=100).archive
    members = read_archive(tmp_path / archive)
    name = find_document(tmp_path / archive, members).replace("_mpk", "_manifest")
    manifest = json.loads(members[name])
    assert manifest["provenance"]["calibration"] == kept
    assert len(manifest["provenance"]["calibration_sha256"]) == 64
    assert name in validate_members(members)


def test_a_network_is_compiled_for_the_target_it_was_loaded_for(tmp_path):
    """Also after saving; another target can be said at the compilation."""
    net = load_model(onnx_source(written(model_of(_relu), tmp_path)), target="tiny")
    net.quantize({"image": image(2)}, model_name="q").save("q", tmp_path)
    model = Model.load("q", tmp_path)
    for keywords, wanted in (({}, "tiny"), ({"target": "edge"}, "edge")):
        archive = Path(model.compile(tmp_path, log_level=100, **keywords).archive)
        manifest = json.loads(read_archive(archive)["q_manifest.json"])
        assert manifest["provenance"]["target"]["name"] == wanted
    with pytest.raises(AfeError, match="afe targets"):
        load_model(onnx_source(tmp_path / "small.onnx"), target="")


def test_quantizing_twice_gives_the_same_bytes(tmp_path):
    """Saved models are equal."""
    for name in ("a", "b"):
        net = loaded(model_of(_relu), tmp_path)
        net.quantize({"image": image(3)}, model_name="m").save("m", tmp_path / name)
    assert (tmp_path / "a" / "m.sima").read_bytes() == (tmp_path / "b" / "m.sima").read_bytes()


def test_operators_can_be_left_in_float(tmp_path):
    """By name; they run on the A65 then. An unknown name is refused."""
    net = loaded(model_of(_relu), tmp_path)
    gemm = next(node.name for node in net._network.net.model.graph.node if node.op_type == "Gemm")
    config = default_quantization.with_unquantized_nodes({gemm})
    report = net.quantize({"image": image(2)}, config).compile(tmp_path, log_level=100)
    assert report.fallbacks
    with pytest.raises(AfeError, match="nonsense") as error:
        net.quantize({"image": image(2)}, default_quantization.with_unquantized_nodes(["nonsense"]))
    assert error.value.code is ErrorCode.INVALID_OPTION


def test_a_quantized_model_is_converted_not_quantized(tmp_path):
    """And a float one the other way round; the errors say so."""
    digits = tmp_path / "digits.onnx"
    digits.write_bytes(DIGITS.read_bytes())
    net = load_model(onnx_source(digits))
    assert net.is_quantized
    model = net.convert_to_sima_quantization(model_name="d")
    assert (model.name, model.inputs[0].shape) == ("d", (1, 1, 8, 8))
    assert not model.calibration
    with pytest.raises(AfeError, match="convert_to_sima_quantization"):
        net.quantize({"image": np.zeros((1, 8, 8, 1), np.float32)})
    float_net = loaded(model_of(_relu), tmp_path)
    with pytest.raises(AfeError, match=r"LoadedNet\.quantize") as error:
        float_net.convert_to_sima_quantization()
    assert error.value.code is ErrorCode.FLOAT_MODEL
