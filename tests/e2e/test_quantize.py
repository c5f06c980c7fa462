"""Float networks through quantizer, compiler and simulator: what the archive computes is what
the float network does."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES / "quantize"))

import run as example  # noqa: E402


def test_trained_digits_keep_their_accuracy(tmp_path):
    """Within half a point of float on all 449 test images, all of it on the MLA."""
    task = example.digits_task(tmp_path, 64, 0)
    row = example.measure("digits", task, "mse", tmp_path)
    assert row.float_accuracy > 98 and row.accuracy >= row.float_accuracy - 0.5
    assert row.fallbacks == 0 and row.is_good


@pytest.mark.parametrize("name", ["mobilenet_v2", "vit"])
def test_outputs_correlate_with_float(name, tmp_path):
    """By 0.98 over all outputs, and by 0.9 in what differs between images."""
    task = example.seeded_task(name, tmp_path, 4, 3)
    row = example.measure(name, task, "mse", tmp_path)
    assert row.correlation >= 0.98 and row.residual >= 0.9
    assert row.fallbacks == 0 and row.is_good


def test_the_documented_steps_run_as_they_are(tmp_path):
    """Load, quantize, save, load, compile, execute: the simulator and the host agree to the bit."""
    from afe import runtime
    from afe.apis.defines import default_quantization, gen1_target
    from afe.apis.loaded_net import load_model
    from afe.apis.model import Model
    from afe.load.importers.general_importer import onnx_source

    params = onnx_source(
        str(EXAMPLES / "digits" / "digits_cnn.onnx"), {"image": (1, 1, 8, 8)}, {"image": "float32"}
    )
    net = load_model(params, target=gen1_target)
    images = np.random.default_rng(0).uniform(0, 1, (4, 8, 8, 1)).astype(np.float32)
    samples = [{"image": image[None]} for image in images]
    net.quantize(samples, default_quantization, model_name="digits").save("digits", str(tmp_path))
    model = Model.load("digits", str(tmp_path))
    report = model.compile(output_path=str(tmp_path / "out"), batch_size=16)
    assert Path(report.archive).name == "digits_mpk.tar.gz"
    (simulated,) = runtime.load(report.archive).run([images]).outputs
    (executed,) = model.execute({"image": images})
    np.testing.assert_array_equal(simulated, executed)
    (wanted,) = net.execute({"image": images})
    assert example.correlation(wanted, executed) > 0.99
