"""Steps of random networks: pooling, reductions, softmax, resize and data movement."""

from __future__ import annotations

from math import prod

import numpy as np
from afe.importers.builder import Tensor
from networks import Network
from operators import Rng, clamped, fixed_point, window, zero_point


def max_pool(n: Network, rng: Rng) -> Tensor | None:
    """Odd windows with padding."""
    x = n.pick(rng, rank=4)
    w = None if x is None else window(rng, x, 3)
    if x is None or w is None or max(w["dilation"]) > 1:
        return None
    pooled = n.builder.max_pool2d(x, kernel=w["kernel"], stride=w["stride"], pad=w["pad"])
    return clamped(n.builder, rng, pooled)


def average_pool(n: Network, rng: Rng) -> Tensor | None:
    """Of the taps that exist."""
    x = n.pick(rng, rank=4)
    w = None if x is None else window(rng, x, 3)
    if x is None or w is None or max(w["dilation"]) > 1:
        return None
    sizes = [
        (x.shape[1 + a] + w["pad"][2 * a] + w["pad"][2 * a + 1] - w["kernel"][a]) // w["stride"][a]
        + 1
        for a in (0, 1)
    ]
    low, high = sorted(int(value) for value in rng.integers(-128, 128, 2))
    facts: dict[str, object] = {"unsigned": True} if rng.random() < 0.4 else {}
    return n.builder.custom(
        "litert.average_pool_2d", [x], (x.shape[0], *sizes, x.shape[3]), "i8",
        kernel=w["kernel"], stride=w["stride"], pad=w["pad"], min=low, max=high, **facts,
    )  # fmt: skip


def mean(n: Network, rng: Rng) -> Tensor | None:
    """Over rows and columns, or channels."""
    x = n.pick(rng, rank=4)
    if x is None:
        return None
    b, axes = n.builder, [(1, 2), (1, 2), (3,), (1,), (2,), (1, 2, 3)][int(rng.integers(6))]
    total = b.centred(x, zero_point(rng))
    for axis in axes:
        total = b.reduce("sum", total, axis)
    count = prod(x.shape[axis] for axis in axes)
    multiplier, shift = fixed_point(rng.uniform(0.5, 2, 1) / count)
    return b.rescale(total, "i8", multiplier, shift, output_zp=zero_point(rng))


def largest(n: Network, rng: Rng) -> Tensor | None:
    """Maximum over one axis."""
    x = n.pick(rng, rank=4)
    return None if x is None else n.builder.reduce("max", x, int(rng.integers(1, 4)))


def softmax(n: Network, rng: Rng) -> Tensor | None:
    """LiteRT's, over the last axis."""
    x = n.pick(rng)
    if x is None:
        return None
    return n.builder.custom(
        "litert.softmax", [x], x.shape, "i8", beta=1.0,
        input_scale=float(np.float32(rng.uniform(0.01, 0.3))), output_scale=1 / 256,
        output_zero_point=-128,
    )  # fmt: skip


def resize(n: Network, rng: Rng) -> Tensor | None:
    """Nearest or bilinear, up or down."""
    x = n.pick(rng, rank=4)
    if x is None:
        return None
    sizes = [int(rng.integers(1, 2 * size + 2)) for size in x.shape[1:3]]
    if not n.fits((x.shape[0], *sizes, x.shape[3])) or tuple(sizes) == x.shape[1:3]:
        return None
    align = bool(rng.random() < 0.4)
    return n.builder.custom(
        str(rng.choice(["litert.resize_bilinear", "litert.resize_nearest"])), [x],
        (x.shape[0], *sizes, x.shape[3]), "i8", align_corners=align,
        half_pixel_centers=not align and bool(rng.random() < 0.5),
    )  # fmt: skip


def argmax(n: Network, rng: Rng) -> Tensor | None:
    """A result of the network: i32 cannot go on."""
    x = n.pick(rng, rank=4)
    return None if x is None else n.builder.argmax(x, 3)


def concat(n: Network, rng: Rng) -> Tensor | None:
    """Tensors that agree but for one axis; slices of one where no others do."""
    x = n.pick(rng)
    if x is None or len(x.shape) < 2:
        return None
    axis = len(x.shape) - 1 if rng.random() < 0.6 else int(rng.integers(1, len(x.shape)))
    fitting = [
        k for k, y in enumerate(n.tensors)
        if len(y.shape) == len(x.shape)
        and all(a == b for k, (a, b) in enumerate(zip(x.shape, y.shape, strict=True)) if k != axis)
    ]  # fmt: skip
    chosen = [int(k) for k in rng.choice(fitting, int(rng.integers(1, 4)))]
    n.used.update(chosen)
    parts = [x, *(n.tensors[k] for k in chosen)]
    total = sum(part.shape[axis] for part in parts)
    if not n.fits((*x.shape[:axis], total, *x.shape[axis + 1 :])):
        return None
    return n.builder.concat(parts, axis)


def slice_(n: Network, rng: Rng) -> Tensor | None:
    """Any box that keeps the batch."""
    x = n.pick(rng)
    if x is None:
        return None
    start, size = [0], [x.shape[0]]
    for extent in x.shape[1:]:
        first = int(rng.integers(0, extent)) if rng.random() < 0.5 else 0
        start.append(first)
        size.append(int(rng.integers(1, extent - first + 1)))
    return None if tuple(size) == x.shape else n.builder.slice(x, start, size)


def pad(n: Network, rng: Rng) -> Tensor | None:
    """Rows, columns or channels, with any value."""
    x = n.pick(rng)
    if x is None:
        return None
    amounts = [(0, 0)] + [
        (int(rng.integers(0, 4)), int(rng.integers(0, 4))) if rng.random() < 0.5 else (0, 0)
        for _ in x.shape[1:]
    ]
    shape = [size + sum(pair) for size, pair in zip(x.shape, amounts, strict=True)]
    if not n.fits(shape) or shape == list(x.shape):
        return None
    return n.builder.pad(x, amounts, zero_point(rng))


def transpose(n: Network, rng: Rng) -> Tensor | None:
    """Any order that keeps the batch first."""
    x = n.pick(rng)
    if x is None or len(x.shape) < 3:
        return None
    order = [0, *(1 + int(axis) for axis in rng.permutation(len(x.shape) - 1))]
    return None if order == sorted(order) else n.builder.transpose(x, order)


def reshape(n: Network, rng: Rng) -> Tensor | None:
    """Two, three or four dimensions, the batch kept."""
    x = n.pick(rng)
    if x is None:
        return None
    left, shape = prod(x.shape[1:]), [x.shape[0]]
    for _ in range(int(rng.integers(0, 3))):
        divisors = [k for k in range(1, left + 1) if left % k == 0]
        shape.append(int(rng.choice(divisors)))
        left //= shape[-1]
    shape.append(left)
    return None if tuple(shape) == x.shape else n.builder.reshape(x, shape)


MOVEMENTS = (
    max_pool, max_pool, average_pool, mean, largest, softmax, resize, argmax, concat, concat,
    concat, slice_, slice_, pad, pad, transpose, reshape, reshape,
)  # fmt: skip
"""Steps of this file, the common ones more than once."""
