"""The benchmarks' smallest networks compute, bit for bit, what a numpy evaluator of TOSA says."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest
from afe.importers.common import ImportedModel
from afe.options import CompileOptions
from check import compare

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.networks import NETWORKS, build
from benchmarks.networks.layers import Layers
from benchmarks.networks.qdq import Qdq
from benchmarks.networks.transformer import bert

SMALL = [name for name in NETWORKS if name.startswith("mlperf_tiny")]


@pytest.mark.parametrize("target", ["mlsoc", "tiny", "edge"])
@pytest.mark.parametrize("name", SMALL)
def test_small_networks_are_exact(name, target):
    """In groups of two, the last one padded, in the predicted cycles, not below the bound."""
    options = CompileOptions(target=target, batch_size=2)
    report = compare(build(name).imported, options, 11, f"{name} on {target}")
    assert report.segments["MLA"] == 1 and not report.fallbacks


def encoder(layers: int, tokens: int, width: int, heads: int) -> ImportedModel:
    """A small transformer."""
    net = Layers("encoder", Qdq)
    with net.builder.context:
        return net.finish(bert(net, layers, tokens, width, heads))


@pytest.mark.parametrize("target", ["mlsoc", "edge", "tiny"])
def test_staggered_halves_of_a_batch_are_exact(target):
    """As single images are; and without them the schedule is no shorter."""
    options = CompileOptions(target=target, batch_size=16)
    usual = dataclasses.replace(options, disable=("staggered-batch",))
    reports = [
        compare(encoder(2, 48, 128, 4), chosen, 12, f"encoder on {target}, {chosen.disable}")
        for chosen in (options, usual)
    ]
    staggered, in_turn = (report.cycles["total"].wall for report in reports)
    assert staggered < in_turn if target == "mlsoc" else staggered <= in_turn
