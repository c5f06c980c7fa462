"""Ranges from values: what each method means, and how well the default does."""

from __future__ import annotations

import numpy as np
import pytest
from afe.apis.defines import (
    HistogramEntropyMethod,
    HistogramMSEMethod,
    HistogramPercentileMethod,
    MinMaxMethod,
    MovingAverageMinMaxMethod,
    quantization_scheme,
)
from afe.quantize.ranges import range_of
from afe.quantize.statistics import Spread

ASYMMETRIC, SYMMETRIC = quantization_scheme(True, False), quantization_scheme(False, False)


def spread(*samples, bins=2048):
    """The statistics of some samples' values."""
    lows, highs = [float(s.min()) for s in samples], [float(s.max()) for s in samples]
    counts = np.histogram(np.concatenate(samples), bins, (min(lows), max(highs)))[0]
    return Spread(lows, highs, counts)


def error(values, low, high, levels=255):
    """Mean squared error of `values` in codes from low to high."""
    scale = (high - low) / levels
    first = np.rint(low / scale)
    return float(
        np.mean((np.clip(np.rint(values / scale), first, first + levels) * scale - values) ** 2)
    )


def normal(seed, size=20000, deviation=1.0):
    """Seeded values."""
    return np.random.default_rng(seed).normal(0, deviation, size)


def test_min_max_is_the_extremes_with_zero():
    """Of all samples; 0 has a code even where no value is near it."""
    low, high = range_of(MinMaxMethod(), ASYMMETRIC, spread(np.array([2.0, 3.0]), np.array([5.0])))
    assert (low, high) == (0.0, 5.0)
    assert range_of(MinMaxMethod(), SYMMETRIC, spread(np.array([-1.0, 3.0]))) == (-3.0, 3.0)


def test_a_moving_average_is_the_average_of_few_samples():
    """Of their extremes; later ones count more once the constant rules."""
    samples = [np.array([-1.0, 1.0]), np.array([-2.0, 3.0]), np.array([-3.0, 8.0])]
    assert range_of(MovingAverageMinMaxMethod(), ASYMMETRIC, spread(*samples)) == (-2.0, 4.0)
    low, high = range_of(MovingAverageMinMaxMethod(1.0), ASYMMETRIC, spread(*samples))
    assert (low, high) == (-3.0, 8.0)


@pytest.mark.parametrize("percent", [90.0, 99.0, 99.9])
def test_a_percentile_keeps_that_share(percent):
    """To a bin's width, at both ends alike."""
    values = normal(1)
    low, high = range_of(HistogramPercentileMethod(percent), ASYMMETRIC, spread(values))
    inside = np.mean((values >= low) & (values <= high)) * 100
    assert inside == pytest.approx(percent, abs=0.3)
    assert low == pytest.approx(-high, rel=0.1)
    low, high = range_of(HistogramPercentileMethod(percent), SYMMETRIC, spread(values))
    assert low == -high
    assert np.mean(np.abs(values) <= high) * 100 == pytest.approx(percent, abs=0.3)


@pytest.mark.parametrize("scheme", [ASYMMETRIC, SYMMETRIC], ids=["asymmetric", "symmetric"])
@pytest.mark.parametrize("kind", ["normal", "relu", "outlier", "far", "softmax"])
def test_least_error_is_near_the_best_range_there_is(kind, scheme):
    """Found by trying a grid of both ends; never worse than min-max."""
    values = {
        "normal": normal(2),
        "relu": np.maximum(normal(3), 0),
        "outlier": np.append(normal(4), [40.0]),
        "far": normal(5, deviation=0.1) + 3,
        "softmax": np.exp(normal(6)) / 500,
    }[kind]
    low, high = range_of(HistogramMSEMethod(), scheme, spread(values))
    found = error(values, low, high)
    ends = np.linspace(0.02, 1, 50)
    smallest, largest = min(values.min(), 0.0), max(values.max(), 0.0)
    if scheme is SYMMETRIC:
        bound = max(-smallest, largest)
        best = min(error(values, -bound * s, bound * s) for s in ends)
        assert low == -high
    else:
        best = min(error(values, smallest * s, largest * t) for s in ends for t in ends)
        assert found <= error(values, smallest, largest) * 1.01
    assert found <= best * 1.1


def test_entropy_cuts_off_an_outlier_and_keeps_what_is_even():
    """An outlier costs more codes than it is worth."""
    even = np.random.default_rng(7).uniform(-1, 1, 20000)
    low, high = range_of(HistogramEntropyMethod(), ASYMMETRIC, spread(even))
    assert low < -0.9 and high > 0.9
    low, high = range_of(
        HistogramEntropyMethod(), ASYMMETRIC, spread(np.append(normal(8), [100.0]))
    )
    assert 4 < high < 90


@pytest.mark.parametrize("value", [0.0, 2.5, -3.0])
@pytest.mark.parametrize(
    "method",
    [
        MinMaxMethod(), MovingAverageMinMaxMethod(), HistogramMSEMethod(),
        HistogramEntropyMethod(), HistogramPercentileMethod(),
    ],
    ids=lambda method: method.name,
)  # fmt: skip
def test_a_constant_tensor_keeps_its_value(method, value):
    """No division by a width of nothing."""
    low, high = range_of(method, ASYMMETRIC, spread(np.full(9, value)))
    assert (low, high) == (min(value, 0.0), max(value, 0.0))
