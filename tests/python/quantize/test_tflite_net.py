"""TFLite models by the same API: run by LiteRT's reference kernels, converted, not quantized."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from afe.apis.loaded_net import load_model
from afe.errors import AfeError, ErrorCode
from afe.load.importers.general_importer import tflite_source

sys.path.insert(0, str(Path(__file__).parents[1] / "importers"))

from tflite_files import Op, T, make_file


def _file(folder, dtype):
    """x + x in int8 or f32, [1, 2, 3, 4]."""
    scale = {"scale": 0.1} if dtype == np.int8 else {}
    tensors = [T((1, 2, 3, 4), dtype, name="x", **scale), T((1, 2, 3, 4), dtype, name="y", **scale)]
    ops = [Op("ADD", [0, 0], [1], "AddOptions", {"fusedActivationFunction": 0})]
    path = folder / "sum.tflite"
    path.write_bytes(make_file(tensors, ops, [0], [1]))
    return path


def test_a_quantized_model_runs_and_is_converted(tmp_path):
    """Its inputs and outputs are integers; the host's execution agrees to the bit."""
    net = load_model(tflite_source(_file(tmp_path, np.int8), {"x": (1, 2, 3, 4)}, {"x": "int8"}))
    x = np.arange(-24, 24).reshape(2, 2, 3, 4).astype(np.int8)
    (found,) = net.execute({"x": x})
    np.testing.assert_array_equal(found, 2 * x)
    model = net.convert_to_sima_quantization(model_name="sum")
    np.testing.assert_array_equal(model.execute({"x": x})[0], found)
    with pytest.raises(AfeError, match="convert_to_sima_quantization"):
        net.quantize({"x": x})


def test_a_float_model_runs_and_is_refused_with_the_way_to_go(tmp_path):
    """The converter quantizes it, or ONNX does."""
    net = load_model(tflite_source(_file(tmp_path, np.float32)))
    x = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 2, 3, 4)
    np.testing.assert_array_equal(net.execute({"x": x})[0], 2 * x)
    with pytest.raises(AfeError, match="representative_dataset") as error:
        net.quantize({"x": x})
    assert error.value.code is ErrorCode.UNSUPPORTED_FORMAT


def test_shapes_that_are_not_the_models_own(tmp_path):
    """Names, shapes and types of a TFLite file are fixed."""
    path = _file(tmp_path, np.int8)
    for shapes, dtypes in (({"z": (1, 2, 3, 4)}, None), ({"x": (1, 2, 3, 5)}, None)):
        with pytest.raises(AfeError, match="'x' int8") as error:
            load_model(tflite_source(path, shapes, dtypes))
        assert error.value.code is ErrorCode.INVALID_OPTION
