"""Damaged float models: loaded, run and quantized, or refused by an AfeError; nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from afe.apis.loaded_net import load_model
from afe.errors import AfeError
from afe.load.importers.general_importer import onnx_source
from small_nets import image, model_of

MUTATIONS = 60


@pytest.mark.parametrize("seed", [5, 11])
def test_a_few_bytes_changed(seed, tmp_path):
    """Mostly where the structure is: the ends of the file; seeded."""
    data = model_of(lambda net, x: net.node("Relu", x)).SerializeToString()
    rng = np.random.default_rng(seed)
    path, ended = tmp_path / "m.onnx", {"run": 0, "refused": 0}
    for _ in range(MUTATIONS):
        damaged = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            near_end = int(rng.integers(420)) * (-1) ** int(rng.integers(2))
            place = near_end if rng.random() < 0.9 else int(rng.integers(len(data)))
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            net = load_model(onnx_source(path))
            name = net.inputs[0].name
            net.execute({name: image(1)})
            net.quantize({name: image(1)})
            ended["run"] += 1
        except AfeError:
            ended["refused"] += 1
    assert min(ended.values()) > MUTATIONS / 10, ended
