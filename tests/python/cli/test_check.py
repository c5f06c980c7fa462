"""`afe check`: fallbacks and lints with their places, and the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_files import Op, T, make_file

CONV = {"padding": 0, "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}


def model(*, channels: int, float_tail: bool, saturated: bool) -> bytes:
    """A convolution; behind it, with `float_tail`, a normalization in float."""
    random = np.random.default_rng(2)
    weights = random.integers(-90, 90, (channels, 1, 1, 8)).astype(np.int8)
    if saturated:
        weights[::3] = 127
    tensors = [
        T((1, 3, 5, 8), np.int8, 0.1, name="x"),
        T(data=weights, scale=0.02, name="w"),
        T((1, 3, 5, channels), np.int8, 0.3, name="convolved"),
        T((1, 3, 5, channels), np.float32, name="real"),
        T((1, 3, 5, channels), np.float32, name="sine"),
    ]
    ops = [Op("CONV_2D", [0, 1], [2], "Conv2DOptions", CONV)]
    if float_tail:
        ops += [Op("DEQUANTIZE", [2], [3], version=2), Op("L2_NORMALIZATION", [3], [4])]
    return make_file(tensors, ops, [0], [4 if float_tail else 2])


def check(folder: Path, data: bytes, *flags: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the JSON object."""
    path = folder / "m.tflite"
    path.write_bytes(data)
    command = [sys.executable, "-m", "afe", "check", str(path), "--json", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def kinds(result: dict[str, Any]) -> list[str]:
    return [finding["kind"] for finding in result["findings"]]


def test_nothing_to_remark(tmp_path: Path) -> None:
    """Status 0, also with --strict."""
    data = model(channels=32, float_tail=False, saturated=False)
    status, result = check(tmp_path, data, "--strict")
    assert (status, result["findings"]) == (0, [])
    assert result["segments"] == {"MLA": 1, "A65": 0}


def test_lints_alone_are_no_failure(tmp_path: Path) -> None:
    """Channels just over a multiple of 16 and saturated weights; a failure with --strict."""
    data = model(channels=33, float_tail=False, saturated=True)
    status, result = check(tmp_path, data)
    assert status == 0
    assert sorted(kinds(result)) == ["channels", "saturated"]
    (channels,) = [f for f in result["findings"] if f["kind"] == "channels"]
    assert "33 channels take the time of 48" in channels["reason"]
    assert "m.tflite:0" in channels["location"]
    assert check(tmp_path, data, "--strict")[0] == 1


def test_fallbacks_are_named(tmp_path: Path) -> None:
    """With operator, place, constraint and hint; status 1."""
    status, result = check(tmp_path, model(channels=32, float_tail=True, saturated=False))
    assert status == 1
    fallbacks = [f for f in result["findings"] if f["kind"] == "fallback"]
    assert fallbacks
    for finding in fallbacks:
        assert finding["reason"]
        assert finding["hint"]
        assert "m.tflite:" in finding["location"]
    assert result["segments"] == {"MLA": 1, "A65": 1}


def test_text(tmp_path: Path) -> None:
    """One line per finding."""
    path = tmp_path / "m.tflite"
    path.write_bytes(model(channels=33, float_tail=False, saturated=False))
    command = [sys.executable, "-m", "afe", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    first, line = done.stdout.splitlines()
    assert first == "m: segments: 1 MLA, 0 A65"
    assert line.startswith("channels: mla.conv2d at convolved (m.tflite:0): ")


@pytest.mark.parametrize("text", [b"", b"no model"])
def test_what_is_no_model_is_an_error(tmp_path: Path, text: bytes) -> None:
    """Status 2, as for every command."""
    path = tmp_path / "m.tflite"
    path.write_bytes(text)
    command = [sys.executable, "-m", "afe", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("afe: error: ")


def test_the_weight_that_sets_a_channels_scale_is_not_cut_off(tmp_path: Path) -> None:
    """One in eight per channel is what symmetric scales per channel look like."""
    weights = np.random.default_rng(2).integers(-90, 90, (32, 1, 1, 8)).astype(np.int8)
    weights[:, 0, 0, 0] = 127
    tensors = [
        T((1, 3, 5, 8), np.int8, 0.1, name="x"),
        T(data=weights, scale=0.02, name="w"),
        T((1, 3, 5, 32), np.int8, 0.3, name="y"),
    ]
    ops = [Op("CONV_2D", [0, 1], [2], "Conv2DOptions", CONV)]
    assert kinds(check(tmp_path, make_file(tensors, ops, [0], [2]))[1]) == []
