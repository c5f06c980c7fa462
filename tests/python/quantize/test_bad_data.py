"""Calibration data, models and options that cannot be right: each error names what and where."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from afe.apis.defines import (
    BiasCorrectionType,
    CalibrationMethod,
    HistogramMSEMethod,
    HistogramPercentileMethod,
    MovingAverageMinMaxMethod,
    QuantizationParams,
    default_quantization,
    quantization_scheme,
)
from afe.apis.loaded_net import load_model
from afe.apis.model import Model
from afe.errors import AfeError, ErrorCode
from afe.load.importers import general_importer
from afe.load.importers.general_importer import (
    ImporterParams,
    ModelFormat,
    onnx_source,
    pytorch_source,
    tflite_source,
)
from small_nets import SIZE, image, loaded, model_of, written


def _refused(code, *words, call):
    with pytest.raises(AfeError) as error:
        call()
    assert error.value.code is code
    assert all(word in str(error.value) for word in words), str(error.value)


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    """A network of one input, `image` [1, 8, 8, 3]."""
    return loaded(model_of(lambda net, x: net.node("Relu", x)), tmp_path_factory.mktemp("net"))


def _holding(value):
    images = image(2)
    images[1, 2, 3, 1] = value
    return images


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"imag": image(1)}, ["'imag'", "did you mean 'image'"]),
        ({"image": image(1), "other": image(1)}, ["'other'", "inputs are 'image'"]),
        ([{"image": image(1)}, {}], ["sample 1", "'image' is missing"]),
        ({"image": image(1)[:, :7]}, ["'image'", "[1, 7, 8, 3]", "expected [1, 8, 8, 3]"]),
        ({"image": image(1)[0]}, ["'image'", "[8, 8, 3]", "[n, 8, 8, 3] for n images"]),
        ({"image": image(1).transpose(0, 3, 1, 2)}, ["'image'", "channels come last"]),
        ({"image": image(1).astype(np.int32)}, ["'image'", "int32", "float32"]),
        ({"image": image(1).astype(np.complex64)}, ["'image'", "complex64", "float32"]),
        ({"image": np.full((1, 8, 8, 3), "x")}, ["'image'", "<U1", "float32"]),
        ({"image": image(1).tolist()}, ["'image'", "list", "numpy array"]),
        ({"image": image(0)}, ["'image'", "empty", "[0, 8, 8, 3]"]),
        ({"image": _holding(np.nan)}, ["'image'", "nan", "[1, 2, 3, 1]"]),
        ({"image": _holding(-np.inf)}, ["'image'", "-inf", "[1, 2, 3, 1]"]),
        ({"image": image(1).astype(np.float64) * 1e300}, ["'image'", "too large for float32"]),
        ([], ["no calibration data"]),
        (image(1), ["ndarray", "dict of arrays"]),
        ([image(1)], ["sample 0", "ndarray", "dict of arrays"]),
        (None, ["NoneType", "dict of arrays"]),
    ],
)
def test_wrong_calibration_data(net, data, words):
    """Name, shape, type, emptiness, numbers that are none."""
    _refused(ErrorCode.INVALID_INPUT, *words, call=lambda: net.quantize(data))


def test_float64_data_is_taken(net):
    """It is what numpy's generators make."""
    assert net.quantize({"image": image(2).astype(np.float64)}).calibration["samples"] == 2


def test_data_that_makes_activations_infinite_is_named(net):
    """By the tensor where it happens first."""
    huge = np.full((1, SIZE, SIZE, 3), 3e38, np.float32)
    _refused(
        ErrorCode.INVALID_INPUT, "sample 0", "finite", call=lambda: net.quantize({"image": huge})
    )


def test_inputs_of_different_numbers_of_images(tmp_path):
    """Counted by name."""
    kind = onnx.TensorProto.FLOAT
    infos = [onnx.helper.make_tensor_value_info(n, kind, ["batch", 4]) for n in ("a", "b", "c")]
    node = onnx.helper.make_node("Add", ["a", "b"], ["c"])
    graph = onnx.helper.make_graph([node], "sum", infos[:2], infos[2:])
    opsets = [onnx.helper.make_opsetid("", 17)]
    net = loaded(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path)
    data = {"a": np.ones((2, 4), np.float32), "b": np.ones((3, 4), np.float32)}
    _refused(ErrorCode.INVALID_INPUT, "'a': 2", "'b': 3", call=lambda: net.execute(data))


def test_execute_checks_its_inputs_too(net):
    """By the same rules."""
    _refused(ErrorCode.INVALID_INPUT, "'imag'", call=lambda: net.execute({"imag": image(1)}))


@pytest.mark.parametrize(
    ("shapes", "dtypes", "words"),
    [
        ({"picture": (1, 3, 8, 8)}, None, ["'picture'", "'image'"]),
        ({"image": (1, 8, 8, 3)}, None, ["'image'", "[1, 8, 8, 3]", "the model's own layout"]),
        ({"image": (1, 3, 8)}, None, ["'image'", "4 dimensions"]),
        ({"image": (1, 3, 8, -8)}, None, ["-8"]),
        ({"image": (1, 3, 8, 8.0)}, None, ["8.0"]),
        ({"image": (1, 3, 8, 8)}, {"image": "int8"}, ["'image'", "float32", "int8"]),
        ({"image": (1, 3, 8, 8)}, {"image": "nothing"}, ["nothing", "dtype"]),
        ({"image": (1, 3, 8, 8)}, {"other": "float32"}, ["other", "image"]),
        (["image"], None, ["shape_dict"]),
    ],
)
def test_shapes_and_types_that_contradict_the_model(tmp_path, shapes, dtypes, words):
    """Or that are none."""
    path = written(model_of(lambda net, x: net.node("Relu", x)), tmp_path)
    call = lambda: load_model(onnx_source(path, shapes, dtypes))  # noqa: E731
    _refused(ErrorCode.INVALID_OPTION, *words, call=call)


def test_files_that_are_no_models(tmp_path):
    """Missing, empty, of another format."""
    _refused(
        ErrorCode.FILE_NOT_FOUND, "none.onnx",
        call=lambda: load_model(onnx_source(tmp_path / "none.onnx")),
    )  # fmt: skip
    (tmp_path / "bad.onnx").write_bytes(b"\x00\xff" * 40)
    _refused(
        ErrorCode.FILE_INVALID, "bad.onnx",
        call=lambda: load_model(onnx_source(tmp_path / "bad.onnx")),
    )  # fmt: skip
    with pytest.raises(AfeError):
        load_model(tflite_source(tmp_path / "bad.onnx"))


def test_a_model_whose_shapes_do_not_fit(tmp_path):
    """onnxruntime's reason is passed on."""
    model = model_of(lambda net, x: net.node("Relu", x))
    gemm = next(node for node in model.graph.node if node.op_type == "Gemm")
    weights = next(t for t in model.graph.initializer if t.name == gemm.input[1])
    weights.CopyFrom(onnx.numpy_helper.from_array(np.ones((5, 9), np.float32), weights.name))
    with pytest.raises(AfeError) as error:
        loaded(model, tmp_path).execute({"image": image(1)})
    assert error.value.code is ErrorCode.INVALID_MODEL


def test_a_float_model_given_to_compile_is_told_how_to_quantize(tmp_path):
    """In the words of the command line and of the API."""
    path = written(model_of(lambda net, x: net.node("Relu", x)), tmp_path)
    _refused(
        ErrorCode.FLOAT_MODEL, "afe quantize", "load_model", call=lambda: Model.from_file(path)
    )


@pytest.mark.parametrize("name", ["tensorflow_source", "tensorflow2_source", "keras_source"])
def test_formats_that_are_not_read_name_the_way(name):
    """To TFLite or ONNX."""
    source = getattr(general_importer, name)
    _refused(
        ErrorCode.UNSUPPORTED_FORMAT, "m.pb", "TFLiteConverter", "tf2onnx",
        call=lambda: source("m.pb", {"x": (1, 2)}),
    )  # fmt: skip


def test_pytorch_models_need_torch(tmp_path):
    """Or are exported where it is installed."""
    (tmp_path / "m.pt").write_bytes(b"nothing")
    params = pytorch_source(tmp_path / "m.pt", ["x"], [(1, 3, 8, 8)])
    try:
        import torch  # noqa: F401
    except ImportError:
        _refused(ErrorCode.MISSING_DEPENDENCY, "pip install torch", call=lambda: load_model(params))
    else:
        _refused(ErrorCode.INVALID_MODEL, "m.pt", call=lambda: load_model(params))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CalibrationMethod.from_str("mean"), ["'mean'", "mse", "min_max"]),
        (lambda: HistogramMSEMethod(3), ["num_bins", "3", "256"]),
        (lambda: HistogramMSEMethod(True), ["num_bins"]),
        (lambda: HistogramPercentileMethod(120.0), ["percentile_value", "120"]),
        (lambda: MovingAverageMinMaxMethod(0.0), ["averaging_constant"]),
        (lambda: quantization_scheme(True, False, 4), ["bits", "8 or 16"]),
        (lambda: quantization_scheme(1, False), ["asym"]),
        (
            lambda: default_quantization.with_activation_quantization(
                quantization_scheme(True, True)
            ),
            ["per channel", "per tensor"],
        ),
        (
            lambda: default_quantization.with_weight_quantization(
                quantization_scheme(False, True, 16)
            ),
            ["16 bits", "8 bits"],
        ),
        (lambda: default_quantization.with_calibration("mse"), ["CalibrationMethod"]),
        (lambda: default_quantization.with_unquantized_nodes("conv"), ["list of names"]),
        (lambda: QuantizationParams(channel_equalization="yes"), ["channel_equalization"]),
        (lambda: ImporterParams("onnx", ["m.onnx"]), ["format", "ModelFormat"]),
        (lambda: ImporterParams(ModelFormat.onnx, []), ["file_paths"]),
        (lambda: ImporterParams(ModelFormat.onnx, ["m"], layout="CHWN"), ["layout", "NCHW"]),
        (lambda: ImporterParams(ModelFormat.onnx, ["m"], ["x"], [(1,), (2,)]), ["input_shapes"]),
        (lambda: load_model("m.onnx"), ["ImporterParams", "str"]),
    ],
)
def test_wrong_options(make, words):
    """Each says what is allowed."""
    _refused(ErrorCode.INVALID_OPTION, *words, call=make)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"arm_only": True}, ["arm_only"]),
        ({"model_name": "a/b"}, ["a/b"]),
        ({"quantization_config": "default"}, ["QuantizationParams"]),
    ],
)
def test_wrong_arguments_of_quantize(net, keywords, words):
    """Before anything is computed."""
    _refused(
        ErrorCode.INVALID_OPTION, *words, call=lambda: net.quantize({"image": image(1)}, **keywords)
    )


def test_builders_change_copies():
    """The default stays what it is."""
    changed = default_quantization.with_bias_correction(True).with_channel_equalization(True)
    assert changed.biascorr_type is BiasCorrectionType.REGULAR and changed.channel_equalization
    assert default_quantization == QuantizationParams()
    assert not default_quantization.channel_equalization
