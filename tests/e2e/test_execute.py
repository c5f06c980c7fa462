"""`Model.execute` gives the bits of LiteRT's reference kernels, which are the simulator's."""

from __future__ import annotations

import pytest
from afe.apis.model import Model
from golden import differing, samples

MODELS = [
    "ad01_int8",
    "resnet8_int8",
    "vww_96_int8",
    "mobilenet_v2_224_uint8",
    "tf2_mobilenet_v2_224_ptq",
    "deeplabv3_mnv2_dm05_uint8",
    "ssd_mobilenet_v1_coco_uint8",
]


@pytest.mark.parametrize("name", MODELS)
def test_the_host_computes_what_the_reference_kernels_do(models, name):
    """Every sample, every element, floats of the post-processing too."""
    model = Model.from_file(models / f"{name}.tflite")
    for sample in samples(models, f"{name}.tflite"):
        for got, wanted in zip(model.execute(sample.inputs), sample.outputs["ref"], strict=True):
            assert differing(got, wanted) == 0
