"""QDQ models against onnxruntime's quantized kernels, layer by layer and as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from afe import runtime
from afe.apis.model import Model
from afe.options import CompileOptions
from afe.verify.compare import verify_model
from golden import differing, samples

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits_cnn_qdq.onnx"


@pytest.mark.parametrize("name", ["mobilenetv2_s8_qdq.onnx", "resnet50_u8_qdq.onnx"])
def test_every_layer_fed_the_oracles_inputs_is_exact(models, name):
    """Conv, Gemm and Add: not one element differs."""
    (sample, *_) = samples(models, name)
    options = CompileOptions(isolate_layers=True)
    verification = verify_model(models / name, options, [sample.inputs])
    exact = [layer for layer in verification.layers if layer.operator in ("Conv", "Gemm", "Add")]
    assert len(exact) >= 60 and {layer.operator for layer in exact} == {"Conv", "Gemm", "Add"}
    assert [layer for layer in exact if layer.differing] == []


OWN_ORDER = {"Softmax", "LayerNormalization", "Erf", "ReduceMean"}
"""Operators whose f32 order or polynomial is onnxruntime's own."""


@pytest.mark.parametrize("name", ["bert_tiny_s8_qdq.onnx", "yolo_c2f_320_u8_qdq.onnx"])
def test_every_layer_of_a_network_with_float_islands(models, name):
    """Exact but for what onnxruntime adds in an order of its own: there one code, in 0.01 %."""
    (sample, *_) = samples(models, name)
    options = CompileOptions(isolate_layers=True)
    verification = verify_model(models / name, options, [sample.inputs])
    assert len(verification.layers) >= 40
    for layer in verification.layers:
        if layer.operator in OWN_ORDER:
            assert layer.maximum <= 1 and layer.differing <= 1e-4 * layer.elements, layer
        else:
            assert layer.differing == 0, layer


def test_a_transformer_runs_on_the_mla_from_its_first_product_to_its_last(models, tmp_path):
    """Only the gather of token embeddings is the host's; the outputs are those of the oracle."""
    name = "bert_tiny_s8_qdq.onnx"
    report = Model.from_file(models / name).compile(output_path=tmp_path)
    assert report.segments["MLA"] == 1 and report.segments["A65"] == 1
    assert {fallback.location.split(" ")[0] for fallback in report.fallbacks} == {"embedding"}
    loaded = runtime.load(report.archive)
    for sample in samples(models, name):
        (logits,) = loaded.run(sample.inputs).outputs
        (wanted,) = sample.outputs["ortq"]
        assert np.abs(logits - wanted).max() <= 1e-5 * np.abs(wanted).max()


def test_the_digits_example_equals_the_oracle_image_for_image(tmp_path):
    """All test images in batches, the last of them not full."""
    import sys

    sys.path.insert(0, str(DIGITS.parent))
    import onnx
    from afe.verify.ortq import Oracle
    from data import load_split

    _, test = load_split()
    report = Model.from_file(DIGITS).compile(output_path=tmp_path, batch_size=8)
    assert report.actual_batch_size == 8 and len(test.images) % 8 != 0
    (logits,) = runtime.load(report.archive).run([test.images]).outputs
    oracle = Oracle(onnx.load(DIGITS))
    wanted = np.concatenate(
        [oracle.run({"image": test.images[i : i + 1]})["logits"] for i in range(len(test.images))]
    )
    assert differing(logits, wanted) == 0
