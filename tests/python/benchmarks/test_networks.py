"""Layer lists are the networks they are called after, always the same, and not degenerate."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from afe.importers.tosa import import_tosa
from reference import tosa_numpy

from benchmarks.networks import NETWORKS, build, write

LITERATURE_MEGA_MACS = {
    "resnet18": 1814,
    "resnet50": 4089,
    "resnet152": 11514,
    "mobilenet_v1": 569,
    "mobilenet_v2": 301,
    "mobilenet_v3_large": 217,
    "efficientnet_b0": 390,
    "densenet121": 2850,
    "vgg16": 15470,
    "unet_256": 48170,
    "yolo_320": 1093,
    "yolo_640": 4372,
    "vit_ti": 1254,
    "vit_b": 17564,
    "bert_base_128": 11174,
    "mlperf_tiny_ic": 12.5,
    "mlperf_tiny_kws": 2.66,
    "mlperf_tiny_vww": 7.49,
    "mlperf_tiny_ad": 0.264,
}
"""Multiplications of one image in millions, as published or worked out from published shapes."""


def test_every_network_has_a_published_size():
    """A new layer list needs a number to be compared with."""
    assert LITERATURE_MEGA_MACS.keys() == NETWORKS.keys()


@pytest.mark.parametrize("name", NETWORKS)
def test_size_is_the_published_one_and_bytes_repeat(name, tmp_path):
    """As many multiplications as published, to 1.5%; the same seed gives the same file."""
    digests = []
    for _ in range(2):
        network = build(name)
        write(network, tmp_path / "network.mlirbc")
        digests.append(hashlib.sha256((tmp_path / "network.mlirbc").read_bytes()).digest())
    assert network.macs / 1e6 == pytest.approx(LITERATURE_MEGA_MACS[name], rel=0.015)
    assert digests[0] == digests[1]


def test_another_seed_is_another_network(tmp_path):
    """Weights come from the seed."""
    files = [tmp_path / "a.mlirbc", tmp_path / "b.mlirbc"]
    for seed, file in enumerate(files):
        write(build("mlperf_tiny_ad", seed), file)
    assert files[0].read_bytes() != files[1].read_bytes()


def test_files_are_what_the_compiler_reads(tmp_path):
    """The bytecode passes the importer, with the argument's name and quantization."""
    path = tmp_path / "network.mlirbc"
    network = build("mlperf_tiny_ic")
    write(network, path)
    imported = import_tosa(path.read_bytes(), name="network", path=path)
    assert imported.inputs == network.imported.inputs
    assert imported.inputs[0].quantization.zero_point == 128


@pytest.mark.parametrize("name", ["mlperf_tiny_ic", "mlperf_tiny_kws", "mlperf_tiny_vww"])
def test_activations_are_spread_over_the_range(name):
    """No layer's results die out, and few lie at the upper end."""
    imported = build(name).imported
    (port,) = imported.inputs
    raw = np.random.default_rng(7).integers(0, 256, port.shape, np.uint8)
    image = raw if port.dtype == "ui8" else raw.view(np.int8)
    values = tosa_numpy.evaluate(imported.module, [image], keep=True).by_location
    layers = {key: v for key, v in values.items() if key.startswith(("conv", "depth", "add"))}
    assert len(layers) > 8
    for key, value in layers.items():
        assert value.dtype == np.int8, key
        assert value.std() > 8, key
        assert np.mean(value == 127) < 0.15, key
