"""Random networks compute, bit for bit, what a numpy evaluator of TOSA says, in the predicted time.

The schedule validator is a part of each compilation. `shrink.py` searches further and makes a
failing network small.
"""

from __future__ import annotations

import pytest
from check import Case, build, check

TARGETS = ("mlsoc", "tiny", "edge")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("seed", range(9))
def test_small_networks(seed, target):
    """Eight random operators each."""
    check(Case(100 + seed, target))


@pytest.mark.parametrize("seed", range(6))
def test_batches(seed):
    """Three images per run, of four: the last group is padded."""
    check(Case(200 + seed, TARGETS[seed % 3], batch=3))


@pytest.mark.parametrize("target", ["tiny", "edge"])
@pytest.mark.parametrize("seed", [509, 510, 522, 530, 538])
def test_batches_that_are_reduced(seed, target):
    """Six images are asked for and do not fit L2 together; fewer than six, more than one, do."""
    case = Case(seed, target, steps=tuple(range(5)), large=True, batch=6)
    report = check(case)
    assert 1 < report.actual_batch_size < 6, str(case)
    assert "of L2 at MLA_0/" in report.batch_limit_reason
    (found,) = (entry for entry in report.batches_tried if entry.scheduled_cycles_per_image)
    assert found.batch == report.actual_batch_size and found.is_feasible


@pytest.mark.parametrize("seed", range(6))
def test_large_tensors(seed):
    """Beyond L1, and beyond L2 of the small targets: split and spilled."""
    check(Case(300 + seed, TARGETS[1 + seed % 2], steps=tuple(range(5)), large=True))


def test_a_seed_is_always_the_same_network():
    """Else a failure that is reported could not be looked into."""
    (first, _), (second, _) = build(Case(5)), build(Case(5))
    assert str(first.module) == str(second.module)


def test_leaving_out_a_step_keeps_the_others():
    """What a search for a smaller failing network relies on."""
    _, whole = build(Case(5))
    _, fewer = build(Case(5, steps=tuple(range(4))))
    assert whole[: len(fewer)] == fewer
