"""The range of an activation from the values it took: one function per method of calibration.

A range is (low, high) with low <= 0 <= high, since 0 has to have a code. Values outside of it are
cut off; the narrower it is, the finer are the codes inside.
"""

from __future__ import annotations

import numpy as np

from afe.quantize.config import (
    CalibrationMethod,
    HistogramEntropyMethod,
    HistogramMSEMethod,
    HistogramPercentileMethod,
    MovingAverageMinMaxMethod,
    QuantizationScheme,
)
from afe.quantize.statistics import F64, Spread

Range = tuple[float, float]

_SHRINKS = np.linspace(1.0, 0.05, 96)
"""Fractions of the whole range that are tried."""
_TRIM_STEPS = 20
_TRIM = np.linspace(1.0, 0.6, _TRIM_STEPS + 1)
"""Fractions by which one end is trimmed after both were shrunk alike."""


def bins_of(method: CalibrationMethod) -> int:
    """How many bins a method counts in; 0 where it needs no counts."""
    bins: int = getattr(method, "num_bins", 0)
    return bins


def range_of(method: CalibrationMethod, scheme: QuantizationScheme, spread: Spread) -> Range:
    """The range of one tensor; symmetric where the scheme is."""
    if spread.low == spread.high:
        found: Range = (spread.low, spread.high)
    elif isinstance(method, MovingAverageMinMaxMethod):
        found = _averaged(spread, method.averaging_constant)
    elif isinstance(method, HistogramPercentileMethod):
        found = _percentile(spread, method.percentile_value, scheme)
    elif isinstance(method, HistogramMSEMethod):
        found = _least_error(spread, scheme)
    elif isinstance(method, HistogramEntropyMethod):
        found = _least_entropy(spread, scheme)
    else:
        found = (spread.low, spread.high)
    low, high = min(found[0], 0.0), max(found[1], 0.0)
    if not scheme.asymmetric:
        low, high = -max(-low, high), max(-low, high)
    return low, high


def _averaged(spread: Spread, constant: float) -> Range:
    low, high = spread.lows[0], spread.highs[0]
    for number, (sample_low, sample_high) in enumerate(
        zip(spread.lows[1:], spread.highs[1:], strict=True), start=2
    ):
        weight = max(constant, 1 / number)
        low += weight * (sample_low - low)
        high += weight * (sample_high - high)
    return low, high


def _percentile(spread: Spread, percentile: float, scheme: QuantizationScheme) -> Range:
    """The bins that hold all but a share of the values, cut off at both ends alike."""
    assert spread.counts is not None
    centres = spread.centres()
    half = (centres[1] - centres[0]) / 2
    if not scheme.asymmetric:
        order = np.argsort(np.abs(centres), kind="stable")
        held = np.cumsum(spread.counts[order]) / spread.counts.sum()
        bound = float(np.abs(centres[order][np.searchsorted(held, percentile / 100)]) + half)
        return -bound, bound
    held = np.cumsum(spread.counts) / spread.counts.sum()
    share = (100 - percentile) / 200
    last = len(centres) - 1
    first = int(np.searchsorted(held, share, side="right"))
    end = min(int(np.searchsorted(held, 1 - share)), last)
    return float(centres[first] - half), float(centres[end] + half)


# --- least squared error -------------------------------------------------------------------------


def _least_error(spread: Spread, scheme: QuantizationScheme) -> Range:
    """Both ends shrunk alike, then each by itself."""
    assert spread.counts is not None
    centres, weights = spread.centres(), spread.counts.astype(np.float64)
    taken = weights > 0
    centres, weights = centres[taken], weights[taken]
    low, high = min(spread.low, 0.0), max(spread.high, 0.0)
    if not scheme.asymmetric:
        low, high = -max(-low, high), max(-low, high)
    low, high = _best(centres, weights, scheme, low * _SHRINKS, high * _SHRINKS)
    if scheme.asymmetric:
        low, high = _best(centres, weights, scheme, low * _TRIM, np.full_like(_TRIM, high))
        low, high = _best(centres, weights, scheme, np.full_like(_TRIM, low), high * _TRIM)
    return low, high


def _best(centres: F64, weights: F64, scheme: QuantizationScheme, lows: F64, highs: F64) -> Range:
    """The candidate of least error, the widest of equal ones."""
    levels = 2**scheme.bits - 1
    scales = (highs - lows) / levels
    codes = np.rint(centres[None, :] / scales[:, None])
    first = np.rint(lows / scales)[:, None]
    reals = np.clip(codes, first, first + levels) * scales[:, None]
    errors = ((reals - centres) ** 2) @ weights
    best = int(np.argmin(errors))
    return float(lows[best]), float(highs[best])


# --- least relative entropy ----------------------------------------------------------------------


def _least_entropy(spread: Spread, scheme: QuantizationScheme) -> Range:
    """Both ends shrunk alike until the distribution of codes differs least from that of values."""
    assert spread.counts is not None
    centres, counts = spread.centres(), spread.counts.astype(np.float64)
    low, high = min(spread.low, 0.0), max(spread.high, 0.0)
    if not scheme.asymmetric:
        low, high = -max(-low, high), max(-low, high)
    levels = min(2**scheme.bits - 1, len(counts) // 2)
    losses = [_divergence(centres, counts, low * s, high * s, levels) for s in _SHRINKS]
    shrink = float(_SHRINKS[int(np.argmin(losses))])
    return low * shrink, high * shrink


def _divergence(centres: F64, counts: F64, low: float, high: float, levels: int) -> float:
    """Relative entropy of the values, outliers at the ends, to what `levels` codes can tell.

    Within a code values are taken to be spread evenly over the bins that hold any.
    """
    inside = (centres >= low) & (centres <= high)
    if not inside.any():
        return float("inf")
    held = counts[inside]
    places = np.flatnonzero(inside)
    actual = held.copy()
    actual[0] += counts[: places[0]].sum()
    actual[-1] += counts[places[-1] + 1 :].sum()
    codes = np.rint((centres[inside] - low) / ((high - low) / levels)).astype(np.int64)
    filled = actual > 0
    total = np.bincount(codes, weights=held, minlength=levels + 1)
    share = np.bincount(codes, weights=filled, minlength=levels + 1)
    coded = np.where(filled, total[codes] / np.maximum(share[codes], 1), 0.0)
    p, q = actual[filled] / actual.sum(), coded[filled] / max(coded.sum(), 1.0)
    # A filled bin that no code tells of counts like one value.
    q = np.maximum(q, 1 / (counts.sum() + 1))
    return float(np.sum(p * np.log(p / q)))
