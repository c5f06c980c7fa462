"""Compressed weights: as small as the entropy allows, the same results, and never slower."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tflite
from afe import runtime
from afe.apis.model import Model
from golden import differing, samples

TRAINED = ["ad01_int8", "kws_dscnn_int8", "resnet8_int8", "vww_96_int8"]
BYTE_TYPES = (tflite.TensorType.INT8, tflite.TensorType.UINT8)


def _weights(file: Path) -> list[np.ndarray]:
    """The constant bytes of a model, per tensor."""
    model = tflite.Model.GetRootAs(file.read_bytes(), 0)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
    constants = [model.Buffers(t.Buffer()).DataAsNumpy() for t in tensors if t.Type() in BYTE_TYPES]
    return [data for data in constants if isinstance(data, np.ndarray) and data.size]


def _entropy_bytes(data: np.ndarray) -> float:
    counts = np.unique(data, return_counts=True)[1]
    return float(-(counts * np.log2(counts / data.size)).sum() / 8)


def _compiled(file: Path, folder: Path, compress: bool):
    return Model.from_file(file).compile(folder, compress=compress, log_level=50)


@pytest.mark.parametrize("name", TRAINED)
def test_weights_are_as_small_as_their_entropy(models, tmp_path, name):
    """Within 3 % and 128 bytes per tensor, never more than they are, in no more cycles."""
    file = models / f"{name}.tflite"
    packed = _compiled(file, tmp_path / "packed", compress=True)
    plain = _compiled(file, tmp_path / "plain", compress=False)
    limit = sum(1.03 * _entropy_bytes(data) + 128 for data in _weights(file))
    assert packed.weights.stored <= min(limit, plain.weights.stored)
    assert packed.weights.raw == plain.weights.raw <= sum(data.size for data in _weights(file))
    assert packed.cycles["total"].wall <= plain.cycles["total"].wall
    assert packed.cycles["total"].lower_bound <= plain.cycles["total"].lower_bound


def test_results_are_the_same(models, tmp_path):
    """A network whose weights become a fifth of their bytes, with cycles as predicted."""
    file = models / "vww_96_int8.tflite"
    report = _compiled(file, tmp_path, compress=True)
    assert report.weights.ratio < 0.25
    for sample in samples(models, file.name):
        result = runtime.load(report.archive).run(sample.inputs, accelerator=True)
        assert result.cycles["total"].wall == report.cycles["total"].wall
        for got, wanted in zip(result.outputs, sample.outputs["ref"], strict=True):
            assert differing(got, wanted) == 0
