"""Whole TFLite models, imported and evaluated, equal LiteRT's reference kernels."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from afe.importers import import_model
from litert_oracle import import_bytes
from reference.tosa_numpy import evaluate
from tflite_files import reference_interpreter

SMALL = ["ad01_int8", "resnet8_int8", "kws_dscnn_int8", "vww_96_int8"]
LARGE = [
    "mobilenet_v2_224_uint8",
    "tf2_mobilenet_v2_224_ptq",
    "deeplabv3_mnv2_dm05_uint8",
    "vit_tiny_int8",
]


@pytest.mark.parametrize("model", SMALL + LARGE)
def test_golden_outputs(models: Path, model: str) -> None:
    """0 of all output elements of the recorded samples differ."""
    golden = np.load(models / "golden" / f"{model}.tflite.npz")
    module = import_model(models / f"{model}.tflite").module
    for sample in range(3 if model in SMALL else 1):
        names = sorted(name for name in golden.files if name.startswith(f"s{sample}_in"))
        outputs = evaluate(module, [golden[name] for name in names]).outputs
        for index, output in enumerate(outputs):
            np.testing.assert_array_equal(output, golden[f"s{sample}_out{index}_ref"])


@pytest.mark.parametrize("model", ["resnet8_int8", "vww_96_int8", "mobilenet_v2_224_uint8"])
def test_every_layer(models: Path, model: str) -> None:
    """Not only the result: every tensor of the model that TOSA still has by name."""
    data = (models / f"{model}.tflite").read_bytes()
    x = np.load(models / "golden" / f"{model}.tflite.npz")["s1_in0"]
    values = evaluate(import_bytes(data).module, [x], keep=True).by_location
    interpreter = reference_interpreter(data, keep_all=True)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    compared = sum(_compare(values, detail, interpreter) for detail in _layer_tensors(interpreter))
    assert compared >= len(interpreter._get_ops_details()) * 0.8


def _layer_tensors(interpreter: Any) -> list[Any]:
    made = {int(index) for op in interpreter._get_ops_details() for index in op["outputs"]}
    return [detail for detail in interpreter.get_tensor_details() if detail["index"] in made]


def _compare(values: Any, detail: Any, interpreter: Any) -> bool:
    mine = values.get(detail["name"])
    if mine is None:
        return False
    theirs = interpreter.get_tensor(detail["index"]).astype(np.int64)
    is_shifted = detail["dtype"] == np.uint8 and mine.dtype == np.int8
    np.testing.assert_array_equal(mine.astype(np.int64) + (128 if is_shifted else 0), theirs)
    return True


def test_ports_keep_names_types_and_quantization(models: Path) -> None:
    """What a user sees of the interface is the model's own."""
    imported = import_model(models / "mobilenet_v2_224_uint8.tflite", name="mine")
    port = imported.inputs[0]
    assert (imported.name, imported.producer) == ("mine", "tflite")
    assert (port.name, port.dtype, port.shape) == ("input", "ui8", (1, 224, 224, 3))
    assert port.quantization is not None
    assert (port.quantization.scale, port.quantization.zero_point) == (0.0078125, 128)
    assert imported.outputs[0].dtype == "ui8"
    assert 'afe.producer = "tflite"' in str(imported.module)[:200]


def test_signatures_are_kept(models: Path) -> None:
    """Signature names and the order of their inputs survive in the metadata."""
    metadata = import_model(models / "vit_tiny_int8.tflite").metadata
    signature = metadata["signatures"][0]  # type: ignore[index]
    assert signature["key"] == "serving_default"
    assert list(signature["inputs"]) == ["args_0"]


def test_import_is_deterministic(models: Path) -> None:
    """Two imports of one file print the same text."""
    texts = {str(import_model(models / "kws_dscnn_int8.tflite").module) for _ in range(2)}
    assert len(texts) == 1


def test_import_is_fast(models: Path) -> None:
    """MobileNetV2 takes 0.1 s; the bound leaves room for a slow machine."""
    import_model(models / "mobilenet_v2_224_uint8.tflite")
    start = time.process_time()
    import_model(models / "mobilenet_v2_224_uint8.tflite")
    assert time.process_time() - start < 0.3
