"""TFLite operators that run on the Cortex-A65: emulated code equals LiteRT's reference kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from forced import run_on_a65
from litert_oracle import import_bytes
from test_tflite_floating import ISLANDS, LAYERS, island_file
from tflite_files import run_reference

CASES = [*((case, []) for case in ISLANDS), *LAYERS]


@pytest.mark.parametrize(("case", "weights"), CASES, ids=lambda value: getattr(value, "code", ""))
def test_island(case: Any, weights: Any) -> None:
    """Float operators on dequantized tensors; libm may differ in the last place."""
    data, inputs = island_file(case, weights)
    expected = run_reference(data, inputs)
    actual = run_on_a65(import_bytes(data).module, inputs)
    for mine, theirs in zip(actual, expected, strict=True):
        assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(mine, theirs, rtol=2e-6, atol=1e-6)
