"""Random places in DRAM: the values of the untouched program, and a program that is legal."""

from __future__ import annotations

import random

import numpy as np
import pytest
from afe import runtime
from afe.apis.defines import TensorDRAMLayout, TensorTessellateParameters
from afe.apis.model import Model
from afe.commands.inspect_command import describe
from hand_made_tosa import pointwise

HWC, HWC16 = TensorDRAMLayout.HWC, TensorDRAMLayout.HWC16


def _wish(draw, rows, columns, channels, *, is_input):
    """Any tile, layout and processor that the tensor can have."""
    layout, by_mla = draw.choice([None, HWC, HWC16]), draw.random() < 0.4
    if is_input and by_mla and channels % 16 and layout is HWC16:
        layout = HWC
    parts = [size for size in (16, 32) if size < channels]
    tile = (0, draw.randint(0, rows + 3), draw.randint(0, columns + 3), draw.choice([0, *parts]))
    return TensorTessellateParameters(tile, by_mla, layout)


@pytest.mark.parametrize("seed", range(16))
def test_random_tessellations_change_no_value(tmp_path, seed):
    """Small tensors, and every other time ones that do not stay in L2; batches of up to 2."""
    draw = random.Random(seed)
    low, high = ((60, 120), (1, 40))[seed % 2]
    count, rows, columns = draw.choice([1, 2]), draw.randint(low, high), draw.randint(low, high)
    channels, results = draw.choice([1, 3, 16, 17, 40, 48]), draw.choice([1, 7, 16, 24, 40])
    model = Model.from_file(pointwise(tmp_path, (1, rows, columns, channels), results))
    tensors = model.mla_tensors()["MLA_0"]
    wished = {
        tensors.input_names[0]: _wish(draw, rows, columns, channels, is_input=True),
        tensors.output_names[0]: _wish(draw, rows, columns, results, is_input=False),
    }
    options = {"target": draw.choice(["tiny", "edge"]), "batch_size": count, "log_level": 50}
    plain = model.compile(tmp_path / "plain", **options)
    asked = model.compile(tmp_path / "asked", tessellate_parameters=wished, **options)
    describe(asked.archive, strict=True)
    shape = (count, rows, columns, channels)
    images = np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)
    expected = runtime.load(plain.archive).run([images]).outputs[0]
    assert np.array_equal(runtime.load(asked.archive).run([images]).outputs[0], expected), wished
