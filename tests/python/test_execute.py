"""`Model.execute`: the network on the host equals the references, and keeps what it is asked to."""

from __future__ import annotations

import numpy as np
import pytest
from afe.apis.model import Model
from afe.errors import AfeError, ErrorCode
from afe.runtime.npz import read_npz

MODEL = "kws_dscnn_int8.tflite"


@pytest.fixture(scope="module")
def golden(models):
    """Inputs and reference outputs."""
    with np.load(models / "golden" / f"{MODEL}.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def model(models):
    """A network of convolutions, depthwise convolutions and a softmax."""
    return Model.from_file(models / MODEL)


def test_outputs_are_the_reference_s(model, golden):
    """By position, by name, and by place; the model stays as it was."""
    x, wanted = golden["s0_in0"], golden["s0_out0_ref"]
    for inputs in ([x], {model.inputs[0].name: x}, {"in0": x}):
        (got,) = model.execute(inputs)
        np.testing.assert_array_equal(got, wanted)
        assert got.dtype == wanted.dtype


def test_floats_are_quantized(model, golden):
    """Real numbers of a quantized input mean the codes nearest to them."""
    (port,) = model.inputs
    x = golden["s0_in0"]
    real = (x.astype(np.float32) - port.quantization.zero_point) * port.quantization.scale
    (got,) = model.execute([real.astype(np.float32)])
    np.testing.assert_array_equal(got, golden["s0_out0_ref"])


def test_any_number_of_images(model, golden):
    """Each image's outputs are those of the image alone."""
    x = np.concatenate([golden[f"s{i}_in0"] for i in range(3)])
    wanted = np.concatenate([golden[f"s{i}_out0_ref"] for i in range(3)])
    (got,) = model.execute([x])
    np.testing.assert_array_equal(got, wanted)


def test_layers_are_kept(model, golden, tmp_path):
    """All of them, or those that are named; in a file as well."""
    path = tmp_path / "layers.npz"
    (got,) = model.execute([golden["s0_in0"]], keep_layer_outputs="all", output_file_path=path)
    np.testing.assert_array_equal(got, golden["s0_out0_ref"])
    kept = dict(model.layer_outputs)
    assert len(kept) > 8 and all(array.dtype == np.int8 for array in kept.values())
    read = read_npz(path)
    assert list(read) == list(kept)
    name = list(kept)[3]
    np.testing.assert_array_equal(read[name], kept[name])
    model.execute([golden["s0_in0"]], keep_layer_outputs=[name])
    assert list(model.layer_outputs) == [name]
    np.testing.assert_array_equal(model.layer_outputs[name], kept[name])


def test_layers_are_the_reference_s(model, models, golden):
    """Every kept layer that LiteRT has under that name is equal."""
    from afe.verify.litert import LiteRtOracle

    x = golden["s1_in0"]
    model.execute([x], keep_layer_outputs="all")
    tensors = LiteRtOracle(models / MODEL).run([x]).tensors
    common = [name for name in model.layer_outputs if name in tensors]
    assert len(common) > 8
    for name in common:
        got = model.layer_outputs[name]
        np.testing.assert_array_equal(got.ravel(), tensors[name].ravel(), err_msg=name)


def test_what_does_not_fit_is_named(model, golden, tmp_path):
    """Inputs, names of layers, and a file without layers; nothing is written."""
    x = golden["s0_in0"]
    path = tmp_path / "layers.npz"
    cases = [
        (ErrorCode.INVALID_INPUT, "no input 'y'", lambda: model.execute({"y": x})),
        (ErrorCode.INVALID_INPUT, "dtype int32", lambda: model.execute([x.astype(np.int32)])),
        (ErrorCode.INVALID_INPUT, "has shape", lambda: model.execute([x[:, 1:]])),
        (ErrorCode.INVALID_OPTION, "keep_layer_outputs",
         lambda: model.execute([x], output_file_path=path)),
        (ErrorCode.INVALID_OPTION, "'conv'", lambda: model.execute([x], keep_layer_outputs="conv")),
        (ErrorCode.INVALID_INPUT, "no layer 'conv'",
         lambda: model.execute([x], keep_layer_outputs=["conv"], output_file_path=path)),
    ]  # fmt: skip
    for code, text, call in cases:
        with pytest.raises(AfeError, match=text) as raised:
            call()
        assert raised.value.code == code
    assert not path.exists()
