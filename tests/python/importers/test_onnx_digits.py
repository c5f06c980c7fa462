"""The digits example: its committed model, its split, its trainer, and what the importer reads."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from afe.importers import import_model
from onnx_layers import compare_layers
from onnx_models import operations
from reference.ortq import Oracle
from reference.tosa_numpy import evaluate

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits"
MODEL = EXAMPLE / "digits_cnn_qdq.onnx"

sys.path.insert(0, str(EXAMPLE))

import layers  # noqa: E402
from data import accuracy, load_split  # noqa: E402
from network import DigitsNetwork, cross_entropy  # noqa: E402


def test_every_image_equals_the_oracle() -> None:
    """All 449 test images: the imported model's logits are the oracle's, bit for bit."""
    _, test = load_split()
    oracle = Oracle(onnx.load(MODEL), expose=False)
    wanted = oracle.run({"image": test.images})["logits"]
    module = import_model(MODEL).module
    got = np.concatenate([evaluate(module, [image[None]]).outputs[0] for image in test.images])
    assert np.array_equal(got, wanted)
    assert accuracy(got, test.labels) >= 0.97


def test_every_layer_equals_the_oracle() -> None:
    """Every quantized tensor of one image, fed the oracle's inputs, and its location's name."""
    _, test = load_split()
    inputs = {"image": test.images[:1]}
    found, _ = compare_layers(import_model(MODEL), inputs, Oracle(onnx.load(MODEL)).run(inputs))
    assert len(found) == 7
    assert {difference.elements for difference in found.values()} == {0}


def test_it_is_integer_inside() -> None:
    """Inside there are integer convolutions, pools, and a residual of two dequantized tensors."""
    names = operations(import_model(MODEL))
    assert names.count("conv2d") == 4 and names.count("depthwise_conv2d") == 1
    assert names.count("dequantize") == 3 and names.count("quantize") == 2
    assert "transpose" not in names


def test_the_split_is_fixed() -> None:
    """Every fourth image is a test image; none is in both."""
    training, test = load_split()
    assert len(training.labels) == 1348 and len(test.labels) == 449
    assert np.bincount(test.labels).min() > 30
    assert test.images.dtype == np.float32 and test.images.max() == 1.0


@pytest.mark.parametrize("name", ["stem", "depthwise", "pointwise", "body", "fc"])
def test_gradients_are_exact(name: str) -> None:
    """The trainer's gradients equal finite differences, in double precision."""
    rng = np.random.default_rng(3)
    network = DigitsNetwork(rng)
    for layer in network.layers.values():
        for key, values in layer.parameters.items():
            # No bias is 0: a Relu's input must not stand on its kink.
            shift = rng.normal(0, 0.1, values.shape) if key == "bias" else 0
            layer.parameters[key] = values.astype(np.float64) + shift
    images, labels = rng.random((3, 1, 8, 8)), np.array([1, 7, 4])
    _, gradient = cross_entropy(network.forward(images), labels)
    network.backward(gradient)
    layer: layers.Layer = network.layers[name]
    for key, values in layer.parameters.items():
        place = tuple(int(rng.integers(size)) for size in values.shape)
        losses = []
        for step in (1e-6, -2e-6):
            values[place] += step
            losses.append(cross_entropy(network.forward(images), labels)[0])
        values[place] += 1e-6
        measured = (losses[0] - losses[1]) / 2e-6
        assert abs(measured - layer.gradients[key][place]) < 1e-6 * max(1, abs(measured))
