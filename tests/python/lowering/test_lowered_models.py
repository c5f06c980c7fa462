"""Whole models, lowered and evaluated layer operation by layer operation, equal their oracles."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import lowered
import numpy as np
import pytest
from afe.importers import import_model
from onnx_families import FAMILIES, images, quantized
from onnx_models import imported
from reference import mla_numpy, tosa_numpy

EXACT = {
    "ad01_int8.tflite": 3,
    "resnet8_int8.tflite": 3,
    "kws_dscnn_int8.tflite": 3,
    "vww_96_int8.tflite": 3,
    "mobilenet_v2_224_uint8.tflite": 1,
    "tf2_mobilenet_v2_224_ptq.tflite": 1,
    "deeplabv3_mnv2_dm05_uint8.tflite": 1,
    "vit_tiny_int8.tflite": 1,
    "mobilenetv2_s8_qdq.onnx": 1,
    "resnet50_u8_qdq.onnx": 1,
    "yolo_c2f_320_u8_qdq.onnx": 1,
}
"""Number of recorded samples to compare, per model."""

SECONDS = {"mobilenet_v2_224_uint8.tflite": 0.05, "resnet50_u8_qdq.onnx": 0.3}


@pytest.mark.parametrize("model", EXACT)
def test_golden_outputs(models: Path, model: str) -> None:
    """0 of all output elements of the recorded samples differ."""
    golden = np.load(models / "golden" / f"{model}.npz")
    oracle = "ref" if model.endswith("tflite") else "ortq"
    module = lowered.lower(import_model(models / model).module)
    for sample in range(EXACT[model]):
        names = sorted(name for name in golden.files if name.startswith(f"s{sample}_in"))
        outputs = mla_numpy.evaluate(module, [golden[name] for name in names]).outputs
        for index, output in enumerate(outputs):
            np.testing.assert_array_equal(output, golden[f"s{sample}_out{index}_{oracle}"])


@pytest.mark.parametrize("model", [name for name in EXACT if "yolo" not in name])
def test_nothing_is_left_to_the_host(models: Path, model: str) -> None:
    """Networks of 8-bit layers are one segment."""
    module = lowered.lower(import_model(models / model).module)
    assert lowered.fallbacks(module) == []
    assert str(module).count("mla.segment @") == 1


@pytest.mark.parametrize("model", ["kws_dscnn_int8", "vit_tiny_int8"])
def test_a_batch_is_its_images(models: Path, model: str) -> None:
    """Three images in one batch give what each gives alone."""
    golden = np.load(models / "golden" / f"{model}.tflite.npz")
    module = import_model(models / f"{model}.tflite").module
    passes = f"afe-canonicalize,afe-set-batch{{batch-size=3 strict=true}},{lowered.PASSES}"
    batch = np.concatenate([golden[f"s{sample}_in0"] for sample in range(3)])
    (together,) = mla_numpy.evaluate(lowered.lower(module, passes), [batch]).outputs
    alone = np.concatenate([golden[f"s{sample}_out0_ref"] for sample in range(3)])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("model", SECONDS)
def test_lowering_is_quick(models: Path, model: str) -> None:
    """All passes up to the named layers, the best of three runs."""
    module = import_model(models / model).module
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        lowered.lower(module)
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) <= SECONDS[model]


@pytest.mark.parametrize("family", FAMILIES)
def test_families(family: str) -> None:
    """Networks quantized by onnxruntime: lowered or not, every output element is the same."""
    logging.getLogger().setLevel(logging.ERROR)  # onnxruntime's advice on preprocessing
    model = quantized(FAMILIES[family](3))
    (inputs,) = images(model, 1, 7)
    module = imported(model).module
    wanted = tosa_numpy.evaluate(module, list(inputs.values())).outputs
    found = mla_numpy.evaluate(lowered.lower(module), list(inputs.values())).outputs
    for expected, output in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(output, expected)


def test_locations_keep_every_operator(models: Path) -> None:
    """Each operator that computes is named in the location of a layer or an edge."""
    module = import_model(models / "resnet8_int8.tflite").module
    with module.context:
        names = {
            name
            for name in map(tosa_numpy.location_name, _operations(module))
            if name and "const" not in name
        }
    text = lowered.lower(module).operation.get_asm(enable_debug_info=True)
    assert names
    assert {name for name in names if name not in text} == set()


def _operations(module: object) -> list[object]:
    """The operations of `@main` that are more than a constant or another shape."""
    function = next(iter(module.body.operations)).operation  # type: ignore[attr-defined]
    operations = [view.operation for view in function.regions[0].blocks[0].operations]
    idle = ("tosa.const", "tosa.const_shape", "tosa.reshape", "func.return")
    return [op for op in operations if op.name not in idle]
