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
