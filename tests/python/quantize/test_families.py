"""Kinds of networks quantized by default: all of it on the MLA, and close to float."""

from __future__ import annotations

import numpy as np
import pytest
from afe import runtime
from families import FAMILIES, SIZE
from small_nets import correlation, loaded


def _samples(net, count, seed):
    """Images, or token numbers."""
    rng = np.random.default_rng(seed)
    (edge,) = net.inputs
    if edge.dtype.kind == "i":
        return {edge.name: rng.integers(0, 50, (count, *edge.shape[1:]))}
    return {edge.name: rng.normal(0, 1, (count, SIZE, SIZE, 3)).astype(np.float32)}


@pytest.mark.parametrize("name", FAMILIES)
def test_a_network_of_this_kind_runs_on_the_mla_as_in_float(name, tmp_path):
    """What differs between images correlates, too: the mean over images is taken off."""
    net = loaded(FAMILIES[name](), tmp_path)
    model = net.quantize(_samples(net, 8, 0), model_name=name)
    report = model.compile(tmp_path, log_level=100)
    elsewhere = [f for f in report.fallbacks if not f.location.startswith("Gather")]
    assert not elsewhere  # embeddings are gathered by the A65
    images = _samples(net, 6, 1)
    (found,) = runtime.load(report.archive).run(images).outputs
    (wanted,) = net.execute(images)
    assert found.shape == wanted.shape
    assert correlation(found, wanted) > 0.99
    assert correlation(found - found.mean(axis=0), wanted - wanted.mean(axis=0)) > 0.95
