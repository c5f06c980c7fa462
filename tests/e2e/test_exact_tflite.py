"""Archives of real int8 and uint8 models equal LiteRT's reference kernels in every element."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from afe import runtime
from afe.apis.model import Model
from golden import differing, samples

MODELS = [
    "ad01_int8",
    "resnet8_int8",
    "kws_dscnn_int8",
    "vww_96_int8",
    "mobilenet_v2_224_uint8",
    "tf2_mobilenet_v2_224_ptq",
]


@pytest.fixture(scope="module", params=["mlsoc", "tiny"])
def compiled(request, models, tmp_path_factory):
    """Compiles a model for the target and keeps the archive for the other tests."""
    reports = {}

    def compile_once(name):
        if name not in reports:
            folder = tmp_path_factory.mktemp(f"{name}-{request.param}")
            model = Model.from_file(models / f"{name}.tflite")
            reports[name] = model.compile(output_path=folder, target=request.param)
        return reports[name]

    return compile_once


@pytest.mark.parametrize("name", MODELS)
def test_outputs_equal_the_reference_kernels(compiled, models, name):
    """Every sample, every element, in the model's own dtype; nothing runs on the A65."""
    report = compiled(name)
    assert report.segments["A65"] == 0 and list(report.fallbacks) == []
    loaded = runtime.load(report.archive)
    for sample in samples(models, f"{name}.tflite"):
        result = loaded.run(sample.inputs)
        for got, wanted in zip(result.outputs, sample.outputs["ref"], strict=True):
            assert differing(got, wanted) == 0


@pytest.mark.parametrize("name", MODELS)
def test_predicted_cycles_are_the_simulated_ones_and_above_the_bound(compiled, models, name):
    """Every figure of the report, per segment and in total."""
    report = compiled(name)
    (sample, *_) = samples(models, f"{name}.tflite")
    result = runtime.load(report.archive).run(sample.inputs, accelerator=True)
    assert result.cycles == report.cycles
    for cycles in result.cycles.values():
        assert cycles.wall == cycles.deterministic + cycles.stalls
        assert cycles.deterministic == cycles.busy + cycles.planned_wait
        assert cycles.wall >= cycles.lower_bound == max(cycles.bound_terms.values()) > 0


@pytest.mark.parametrize("name", ["resnet8_int8.tflite", "kws_dscnn_int8.tflite"])
@pytest.mark.parametrize("flags", [[], ["--isolated"], ["--target", "tiny"]])
def test_verify_finds_no_differing_layer(models, name, flags):
    """`afe verify`, whole and layer by layer on the reference's own values."""
    command = [sys.executable, "-m", "afe", "verify", models / name, "--json", *flags]
    process = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stderr
    verification = json.loads(process.stdout)
    assert verification["first_difference"] is None and verification["unmatched"] == []
    assert len(verification["layers"]) >= 10
