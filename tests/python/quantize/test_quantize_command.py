"""`afe import` and `afe quantize`: files in, a `.sima` out, sentences for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from afe import cli
from afe.apis.model import Model
from small_nets import image, model_of, written

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits_cnn_qdq.onnx"


@pytest.fixture
def float_file(tmp_path):
    """small.onnx, in float."""
    return written(model_of(lambda net, x: net.node("Relu", x)), tmp_path)


@pytest.fixture
def samples(tmp_path):
    """samples.npz with six images."""
    np.savez(tmp_path / "samples.npz", image=image(6))
    return tmp_path / "samples.npz"


def _run(*arguments):
    return cli.run([str(argument) for argument in arguments])


def test_a_quantized_model_becomes_a_sima_file(tmp_path, capsys):
    """In a folder, or under the file's own name."""
    assert _run("import", DIGITS, "-o", tmp_path / "models") == 0
    assert "digits_cnn_qdq.sima" in capsys.readouterr().out
    assert Model.load("digits_cnn_qdq", tmp_path / "models").inputs[0].name == "image"
    assert _run("import", DIGITS, "-o", tmp_path / "d.sima", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["name"], result["file"]) == ("d", str(tmp_path / "d.sima"))
    assert result["inputs"] == [{"name": "image", "dtype": "f32", "shape": [1, 1, 8, 8]}]


def test_a_float_model_is_quantized(float_file, samples, tmp_path, capsys):
    """By any method, with corrections; the calibration is printed and saved."""
    flags = ["--method", "percentile", "--percentile", "99.5", "--bins", "512", "--json"]
    more = ["--bias-correction", "regular", "--channel-equalization", "--requantization", "tflite"]
    command = ["quantize", float_file, "--calibration", samples, "-o", tmp_path, *flags, *more]
    assert _run(*command) == 0
    result = json.loads(capsys.readouterr().out)
    calibration = Model.load("small", tmp_path).calibration
    assert result["calibration"] == calibration
    assert calibration["parameters"] == {"percentile_value": 99.5, "num_bins": 512}
    assert (calibration["bias_correction"], calibration["requantization"]) == ("regular", "tflite")
    assert calibration["channel_equalization"] and calibration["samples"] == 6


def test_a_folder_of_samples_is_one_calibration(float_file, tmp_path, capsys):
    """.npz and .npy files, in the order of their names."""
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "b.npy", image(2, seed=1))
    np.savez(folder / "a.npz", image=image(3))
    (folder / "notes.txt").write_text("no sample")
    together = tmp_path / "together.npz"
    np.savez(together, image=np.concatenate([image(3), image(2, seed=1)]))
    found = []
    for data in (folder, together):
        assert _run("quantize", float_file, "--calibration", data, "-o", tmp_path, "--json") == 0
        found.append(json.loads(capsys.readouterr().out)["calibration"])
    assert found[0] == found[1] and found[0]["samples"] == 5


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--method", "min_max", "--bins", "512"], "'--bins' is not one of method min_max"),
        (["--percentile", "99"], "'--percentile' is not one of method mse"),
        (["--bins", "1"], "num_bins"),
        (["--activation-bits", "4"], "8 or 16"),
        (["--input", "image"], "image=1,3,224,224"),
        (["--input", "image=1,2,3"], "4 dimensions"),
        (["--dim", "batch=0"], "batch"),
        (["--name", "a/b"], "a/b"),
        (["--float-node", "nothing"], "nothing"),
    ],
)
def test_wrong_flags(flags, words, float_file, samples, tmp_path, capsys):
    """Status 2, one sentence, nothing written."""
    out = tmp_path / "out"
    command = ["quantize", float_file, "--calibration", samples, "-o", out, *flags]
    assert _run(*command) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("afe: error: ") and words in captured.err
    assert not out.exists() and not captured.out


def test_wrong_files(float_file, tmp_path, capsys):
    """Missing, of another kind, an empty folder; a model that is quantized already."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    for data, words in [
        ("none.npz", "there is no file"),
        ("none.npy", "there is no file"),
        ("bad.npz", "not an .npz"),
        ("bad.npy", "not an .npy"),
        ("empty", "no calibration data"),
    ]:
        assert _run("quantize", float_file, "--calibration", tmp_path / data, "-o", tmp_path) == 2
        assert words in capsys.readouterr().err
    assert _run("quantize", DIGITS, "--calibration", tmp_path / "bad.npz", "-o", tmp_path) == 2
    assert _run("import", float_file, "-o", tmp_path) == 2
    assert "afe quantize" in capsys.readouterr().err
