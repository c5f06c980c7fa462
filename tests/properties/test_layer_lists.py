"""The benchmarks' smallest networks compute, bit for bit, what a numpy evaluator of TOSA says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from afe.options import CompileOptions
from check import compare

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.networks import NETWORKS, build

SMALL = [name for name in NETWORKS if name.startswith("mlperf_tiny")]


@pytest.mark.parametrize("target", ["mlsoc", "tiny", "edge"])
@pytest.mark.parametrize("name", SMALL)
def test_small_networks_are_exact(name, target):
    """In groups of two, the last one padded, in the predicted cycles, not below the bound."""
    options = CompileOptions(target=target, batch_size=2)
    report = compare(build(name).imported, options, 11, f"{name} on {target}")
    assert report.segments["MLA"] == 1 and not report.fallbacks
