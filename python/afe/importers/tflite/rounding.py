"""Multipliers with which TOSA's single rounding equals a product in double, rounded half away.

LiteRT's FULLY_CONNECTED requantizes as round(accumulator * factor) in double precision. TOSA has a
31-bit multiplier and rounds halves up, so the nearest multiplier is wrong on ties: all negative
ones where the factor is a power of two. But only the places where the result steps from one value
to the next matter, at most 255 of them, and the multiplier has room: one that is right at
every step is right for every accumulator.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from afe.importers.tflite.arithmetic import Scaling, quantize_multiplier

_CANDIDATES = (0, 1, -1, 2, -2, 3, -3)
_INT32_MAX = (1 << 31) - 1

Integers = NDArray[np.int64]


def round_product(accumulators: Integers, factors: NDArray[np.float64]) -> Integers:
    """round(accumulator * factor) in double, halves away from zero."""
    product = accumulators * factors
    return np.copysign(np.floor(np.abs(product) + 0.5), product).astype(np.int64)


def exact_scaling(
    factors: NDArray[np.float64], lowest: int, highest: int, bound: int
) -> tuple[Scaling, bool]:
    """Multipliers and shifts for positive factors, and whether all of them are exact.

    The result matters where it lies in `lowest`..`highest` (it is clamped to them) and for
    accumulators of magnitude up to `bound`. Raises ValueError for factors of 2^29 and more.
    """
    nearest = quantize_multiplier(factors)
    chosen = nearest.multiplier.astype(np.int64)
    values = np.arange(lowest + 1, highest + 1)
    limit = min(bound, _INT32_MAX)
    pending = np.flatnonzero(_has_close_steps(values, factors[:, None]))
    steps = _steps(values, factors[pending, None], limit)
    for change in _CANDIDATES:
        tried = np.clip(nearest.multiplier[pending].astype(np.int64) + change, 0, _INT32_MAX)
        shifts = nearest.shift[pending].astype(np.int64)
        fits = _is_exact(tried, shifts, values, steps, limit)
        chosen[pending[fits]] = tried[fits]
        pending, steps = pending[~fits], steps[~fits]
    return Scaling(chosen.astype(np.int32), nearest.shift), len(pending) == 0


def _has_close_steps(values: Integers, factors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Per channel: some step lies so close to an integer that 31 bits may miss its side."""
    with np.errstate(divide="ignore", over="ignore"):
        places = (values - 0.5) / factors
    close = np.abs(places - np.rint(places)) <= np.abs(places) * 2.0**-29
    return np.asarray(np.any(close, axis=1), np.bool_)


def _steps(values: Integers, factors: NDArray[np.float64], bound: int) -> Integers:
    """[channel, value]: the smallest accumulator whose result is `value` or more."""
    with np.errstate(divide="ignore", over="ignore"):
        guess = np.floor((values - 0.5) / factors)
    start = np.clip(guess, -bound - 2.0, bound + 2.0).astype(np.int64) - 1
    steps = start
    for _ in range(3):
        steps = np.where(round_product(steps, factors) < values, steps + 1, steps)
    return steps


def _is_exact(
    multipliers: Integers, shifts: Integers, values: Integers, steps: Integers, bound: int
) -> NDArray[np.bool_]:
    """Per channel: TOSA's result reaches each value at its step and not before."""

    def rescaled(accumulators: Integers) -> Integers:
        half = np.int64(1) << (shifts[:, None] - 1)
        return (accumulators * multipliers[:, None] + half) >> shifts[:, None]

    limited = np.clip(steps, -_INT32_MAX, _INT32_MAX)
    reaches = (rescaled(limited) >= values) | (np.abs(limited) > bound)
    before = (rescaled(limited - 1) < values) | (np.abs(limited - 1) > bound)
    return np.asarray(np.all(reaches & before, axis=1), np.bool_)
