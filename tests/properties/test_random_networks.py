"""Random networks compile, validate, run bit for bit as numpy says, and cost what was predicted."""

from __future__ import annotations

import pytest
from check import Case, check

SEEDS = range(14)


@pytest.mark.parametrize("target", ["mlsoc", "tiny", "edge"])
@pytest.mark.parametrize("seed", SEEDS)
def test_random_network_is_exact(seed: int, target: str) -> None:
    """The seed is in the test's name; `shrink.py SEED` makes a failing network small."""
    check(Case(seed, target))


@pytest.mark.parametrize("seed", [14, 37])
def test_residuals_of_dense_inputs_are_padded(seed: int) -> None:
    """OUTPUT reads whole channel blocks of a residual: a dense input is padded before."""
    check(Case(seed, "mlsoc"))
