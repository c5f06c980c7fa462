"""Networks of many families, quantized by onnxruntime in several ways: all layers are exact."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from onnx_families import FAMILIES, OWN_ORDER, images, quantized
from onnx_layers import compare_layers
from onnx_models import imported
from onnxruntime.quantization import QuantType
from reference.ortq import Oracle, kernels_are_exact

WAYS: dict[str, dict[str, Any]] = {
    "u8s8 per channel": {},
    "s8s8 per channel": {"activations": QuantType.QInt8},
    "u8u8 per tensor": {"weights": QuantType.QUInt8, "per_channel": False},
    "s8s8 symmetric": {
        "activations": QuantType.QInt8, "per_channel": False, "ActivationSymmetric": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("family", FAMILIES)
def test_family(family: str, way: str) -> None:
    """Every layer fed the oracle's inputs, and the outputs, differ in no element.

    (Where the f32 order is onnxruntime's own, in one element by one code.)
    """
    if way.startswith("u8") and not kernels_are_exact():
        pytest.skip("the u8s8 kernels of onnxruntime saturate on this processor")
    logging.getLogger().setLevel(logging.ERROR)  # onnxruntime's advice on preprocessing
    model = quantized(FAMILIES[family](3), **WAYS[way])
    (inputs,) = images(model, 1, 7)
    oracle = Oracle(model)
    wanted = oracle.run(inputs)
    found, outputs = compare_layers(imported(model), inputs, wanted)
    assert len(found) >= 5
    allowed = 1 if family in OWN_ORDER else 0
    different = {name: layer for name, layer in found.items() if layer.elements}
    assert len(different) <= allowed
    assert all(layer.elements <= 1 and layer.largest <= 1 for layer in different.values())
    for name, output in zip(oracle.outputs, outputs, strict=True):
        # What is float at the tail (Softmax) is equal to f32's own accuracy.
        assert output.shape == wanted[name].shape
        assert abs(output - wanted[name]).max() <= 1e-6 * abs(wanted[name]).max()
