"""Layouts: which reshapes and transposes of channels-last tensors cost nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from afe.importers.onnx.layout import Layout, keeps_order, runs_of

SHAPE = (2, 6, 3, 5)


def inside(array: np.ndarray, layout: Layout) -> np.ndarray:
    """The tensor kept inside for the model's `array`."""
    return array.reshape(layout.base).transpose(layout.perm)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 6, 15), (0, 2, 1)),  # rows and columns merged
        ((2, 2, 3, 3, 5), (0, 3, 4, 1, 2)),  # channels split
        ((1, 2, 6, 3, 5), (0, 1, 3, 4, 2)),  # an axis of size one in front
        ((2, 6, 3, 1, 5), (0, 2, 3, 4, 1)),  # and in between
    ],
)
def test_reshape_keeps_channels_last(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Merging neighbours and splitting axes keeps the memory order."""
    layout = Layout.channels_last(SHAPE).reshaped(shape)
    assert not layout.pending and layout.perm == expected
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    before = inside(array, Layout.channels_last(SHAPE)).reshape(-1)
    assert np.array_equal(inside(array.reshape(shape), layout).reshape(-1), before)


@pytest.mark.parametrize("shape", [(2, 90), (12, 3, 5), (180,), (2, 9, 2, 5)])
def test_reshape_across_channels_is_pending(shape: tuple[int, ...]) -> None:
    """A reshape that mixes channels with pixels cannot be said in the order at hand."""
    layout = Layout.channels_last(SHAPE).reshaped(shape)
    assert layout.pending and layout.shape == shape
    assert layout.physical == Layout.channels_last(SHAPE).physical
    assert layout.reshaped(SHAPE) == Layout.channels_last(SHAPE)


def test_flatten_of_single_pixels_is_free() -> None:
    """[n, c, 1, 1] flattens to [n, c] in any order."""
    layout = Layout.channels_last((3, 7, 1, 1)).reshaped((3, 7))
    assert layout == Layout.plain((3, 7))


def test_every_transpose_moves_nothing() -> None:
    """A transpose changes the layout such that the tensor inside stays as it is."""
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    layout = Layout.channels_last(SHAPE)
    for perm in itertools.permutations(range(4)):
        moved = layout.transposed(perm)
        assert moved.shape == array.transpose(perm).shape
        assert np.array_equal(inside(array.transpose(perm), moved), inside(array, layout))


def test_reshapes_at_random() -> None:
    """Whatever layout a reshape gives, it stands for the same elements."""
    rng = np.random.default_rng(11)
    for _ in range(300):
        sizes = [int(n) for n in rng.choice([1, 2, 3, 4], rng.integers(1, 5))]
        perm = [int(axis) for axis in rng.permutation(len(sizes))]
        primes = [p for size in sizes for p in {4: [2, 2]}.get(size, [size]) if p > 1]
        target = [1] * int(rng.integers(1, 5))
        for prime in primes:
            target[int(rng.integers(len(target)))] *= prime
        array = rng.permutation(int(np.prod(sizes))).reshape(sizes)
        layout = Layout.permuted(sizes, perm)
        moved = layout.reshaped(target)
        assert np.array_equal(
            inside(array.reshape(target), moved).reshape(-1), inside(array, layout).reshape(-1)
        )


def test_channel_shuffle_stays_channels_last() -> None:
    """Two axes of channels swapped and merged: only they are brought together."""
    layout = Layout.channels_last(SHAPE).reshaped((2, 2, 3, 3, 5)).transposed((0, 2, 1, 3, 4))
    pending = layout.reshaped(SHAPE)
    assert pending.pending and pending.regrouped() is None
    assert pending.arranged().perm == (0, 3, 4, 1, 2)
    assert pending.arranged().regrouped() == Layout.channels_last(SHAPE)


def test_runs_of_a_permutation() -> None:
    """Axes that stay together can be merged for a transpose."""
    assert runs_of((0, 1, 2, 4, 3)) == [(0, 1, 2), (4,), (3,)]
    assert runs_of((3, 4, 0, 1, 2)) == [(3, 4), (0, 1, 2)]


def test_order_of_axes_of_size_one() -> None:
    """Only axes larger than one have an order in memory."""
    assert keeps_order((1, 5, 1, 7), (2, 1, 0, 3))
    assert not keeps_order((1, 5, 1, 7), (0, 3, 2, 1))
