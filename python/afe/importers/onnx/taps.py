"""Pools that TOSA has no operation for: dilated windows, padding that counts in part.

The input is padded and shifted once per tap of the window; the shifted tensors are combined, and
every stride-th result is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from afe.importers.builder import INT_RANGE, TosaBuilder
from afe.importers.module_builder import Tensor
from afe.importers.onnx.windows import Window


def maximum(builder: TosaBuilder, source: Tensor, frame: Window) -> Tensor:
    """The maximum over the taps of NHWC codes or f32; padding never wins."""
    lowest = -np.inf if source.dtype == "f32" else INT_RANGE[source.dtype][0]
    result: Tensor | None = None
    for shifted in _shifted(builder, source, frame, lowest):
        result = shifted if result is None else builder.binary("maximum", result, shifted)
    assert result is not None
    return _every(builder, result, frame)


def average(
    builder: TosaBuilder, source: Tensor, frame: Window, counted: Sequence[int] | None
) -> Tensor:
    """The sum over the taps of NHWC f32 divided by the number of existing ones.

    `counted`: rows and columns of padding (top, bottom, left, right) that exist too, with value 0.
    """
    total: Tensor | None = None
    for shifted in _shifted(builder, source, frame, 0.0):
        total = shifted if total is None else builder.add(total, shifted)
    assert total is not None
    total = _every(builder, total, frame)
    divisors = builder.const(_counts(source.shape, frame, counted))
    return builder.custom("div_f32", [total, divisors], total.shape, "f32")


def _shifted(
    builder: TosaBuilder, source: Tensor, frame: Window, filler: float
) -> Iterator[Tensor]:
    """The padded input from each tap of the window on, all of one size."""
    top, bottom, left, right = frame.pad
    padded = builder.pad(source, [(0, 0), (top, bottom), (left, right), (0, 0)], filler)
    n, h, w, c = padded.shape
    (kh, kw), (dh, dw) = frame.kernel, frame.dilation
    rows, columns = h - (kh - 1) * dh, w - (kw - 1) * dw
    for i in range(kh):
        for j in range(kw):
            yield builder.slice(padded, (0, i * dh, j * dw, 0), (n, rows, columns, c))


def _every(builder: TosaBuilder, x: Tensor, frame: Window) -> Tensor:
    """Every stride-th row and column: a maximum over windows of one element."""
    if frame.stride == (1, 1):
        return x
    return builder.max_pool2d(x, kernel=(1, 1), stride=frame.stride, pad=(0, 0, 0, 0))


def _counts(
    shape: Sequence[int], frame: Window, counted: Sequence[int] | None
) -> NDArray[np.float32]:
    """The number of existing taps of every window, [1, rows, columns, 1]."""
    numbers = []
    for axis in (0, 1):
        size, before, after = shape[1 + axis], frame.pad[2 * axis], frame.pad[2 * axis + 1]
        exists = np.zeros(before + size + after, np.float32)
        extra = (0, 0) if counted is None else counted[2 * axis : 2 * axis + 2]
        exists[max(before - extra[0], 0) : before + size + extra[1]] = 1
        step, reach = frame.stride[axis], (frame.kernel[axis] - 1) * frame.dilation[axis]
        starts = np.arange(0, len(exists) - reach, step)
        places = starts[:, None] + np.arange(frame.kernel[axis])[None] * frame.dilation[axis]
        numbers.append(exists[places].sum(axis=1))
    counts = numbers[0][:, None] * numbers[1][None]
    divisors: NDArray[np.float32] = np.maximum(counts, 1).astype(np.float32)[None, :, :, None]
    return divisors
