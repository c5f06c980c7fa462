"""Whole int8 networks forced onto the Cortex-A65 give LiteRT's reference results, bit for bit."""

import numpy as np
import pytest
from afe.importers import import_model
from forced import run_on_a65


def _samples(models, name):
    with np.load(models / "golden" / f"{name}.npz") as arrays:
        return [arrays["s0_in0"]], [arrays["s0_out0_ref"]]


@pytest.mark.parametrize("name", ["ad01_int8.tflite", "resnet8_int8.tflite"])
def test_reference_outputs(models, name):
    """Fully connected layers; convolutions, residual additions, a mean and an int8 softmax."""
    inputs, wanted = _samples(models, name)
    got = run_on_a65(import_model(models / name).module, inputs)
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
