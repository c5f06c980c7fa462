"""What each TOSA operation of our conventions computes, in plain numpy.

An oracle for tests, written from the TOSA 1.0 specification and docs/tosa-conventions.md alone: it
shares no code with the compiler. Integers are exact; f32 rounds at every operation, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

INT_LIMITS = {np.dtype(t): (np.iinfo(t).min, np.iinfo(t).max) for t in ("i1", "u1", "i2", "i4")}


# --- convolutions and products -----------------------------------------------------------------


def windows(
    x: Array, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Array:
    """[N,OH,OW,C,KH,KW] view of the windows over padded NHWC x."""
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(x, extent, axis=(1, 2))
    return view[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]


def padded(x: Array, pad: Sequence[int], value: Any = 0) -> Array:
    """NHWC x with (top, bottom, left, right) added."""
    amounts = [(0, 0), (pad[0], pad[1]), (pad[2], pad[3]), (0, 0)]
    return np.pad(x, amounts, constant_values=value)


def centred(x: Array, zero_point: Array) -> Array:
    """x - zero point, in f64 where products and sums of int8 are exact."""
    return x.astype(np.float64) - float(zero_point.reshape(-1)[0])


def to_int32(x: Array) -> Array:
    """Exact integers in f64 or i64, wrapped to int32."""
    return x.astype(np.int64).astype(np.int32)


def accumulated(x: Array, like: Array) -> Array:
    """A convolution's f64 sums in its result's type: f32 of an f32 tensor, else int32."""
    return x.astype(np.float32) if like.dtype == np.float32 else to_int32(x)


def conv2d(
    x: Array, w: Array, bias: Array, x_zp: Array, w_zp: Array,
    pad: Sequence[int], stride: Sequence[int], dilation: Sequence[int],
) -> Array:  # fmt: skip
    """NHWC by OHWI to i32."""
    view = windows(padded(centred(x, x_zp), pad), w.shape[1:3], stride, dilation)
    columns = view.transpose(0, 1, 2, 4, 5, 3).reshape(-1, w[0].size)
    products = columns @ centred(w, w_zp).reshape(len(w), -1).T
    return accumulated(products.reshape(*view.shape[:3], len(w)) + bias, x)


def depthwise_conv2d(
    x: Array, w: Array, bias: Array, x_zp: Array, w_zp: Array,
    pad: Sequence[int], stride: Sequence[int], dilation: Sequence[int],
) -> Array:  # fmt: skip
    """NHWC by HWCM to i32."""
    view = windows(padded(centred(x, x_zp), pad), w.shape[:2], stride, dilation)
    weights = centred(w, w_zp)
    total = np.zeros((*view.shape[:4], w.shape[3]))
    for row in range(w.shape[0]):
        for column in range(w.shape[1]):
            total += view[..., row, column][..., None] * weights[row, column]
    return accumulated(total.reshape(*view.shape[:3], -1) + bias, x)


def transpose_conv2d(
    x: Array, w: Array, bias: Array, x_zp: Array, w_zp: Array,
    out_pad: Sequence[int], stride: Sequence[int],
) -> Array:  # fmt: skip
    """NHWC by OHWI to i32: every input element adds its weighted kernel."""
    batch, height, width, _ = x.shape
    out, kernel_height, kernel_width, _ = w.shape
    full = np.zeros(
        (
            batch,
            (height - 1) * stride[0] + kernel_height,
            (width - 1) * stride[1] + kernel_width,
            out,
        )
    )
    weights = centred(w, w_zp)
    for row in range(kernel_height):
        for column in range(kernel_width):
            rows = slice(row, row + (height - 1) * stride[0] + 1, stride[0])
            columns = slice(column, column + (width - 1) * stride[1] + 1, stride[1])
            full[:, rows, columns] += centred(x, x_zp) @ weights[:, row, column].T
    grown = padded(full, [max(0, amount) for amount in out_pad])
    top, bottom, left, right = (max(0, -amount) for amount in out_pad)
    cut = grown[:, top : grown.shape[1] - bottom, left : grown.shape[2] - right]
    return accumulated(cut + bias, x)


def matmul(a: Array, b: Array, a_zp: Array, b_zp: Array) -> Array:
    """[B,M,K] x [B,K,N]; i8 to i32, f32 in ascending order of K."""
    if a.dtype != np.float32:
        return to_int32(centred(a, a_zp) @ centred(b, b_zp))
    total = np.zeros((a.shape[0], a.shape[1], b.shape[2]), np.float32)
    for k in range(a.shape[2]):
        total += a[:, :, k, None] * b[:, None, k, :]
    return total


def max_pool2d(x: Array, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int]) -> Array:
    """Maximum over windows; padding never wins."""
    lowest = -np.inf if x.dtype.kind == "f" else INT_LIMITS[x.dtype][0]
    return windows(padded(x, pad, lowest), kernel, stride, (1, 1)).max(axis=(4, 5))


def avg_pool2d(x: Array, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int]) -> Array:
    """f32 mean over the taps that exist: sums of columns, added left to right, by their number."""
    taps = windows(padded(x, pad), kernel, stride, (1, 1))
    exists = windows(padded(np.ones_like(x), pad), kernel, stride, (1, 1))
    columns = np.add.accumulate(taps, axis=4, dtype=np.float32)[..., -1, :]
    total = np.add.accumulate(columns, axis=4, dtype=np.float32)[..., -1]
    return total / exists.sum(axis=(4, 5), dtype=np.float32)


def resize_nearest(x: Array, scale: Array, offset: Array, border: Array, mode: str) -> Array:
    """TOSA RESIZE NEAREST_NEIGHBOR: the nearest input, halves going up."""
    if mode != "NEAREST_NEIGHBOR":
        raise NotImplementedError(mode)
    picked = []
    for axis in (0, 1):
        numerator, denominator = int(scale[2 * axis]), int(scale[2 * axis + 1])
        span = (x.shape[1 + axis] - 1) * numerator - int(offset[axis]) + int(border[axis])
        if span % denominator:
            raise ValueError("the resized size is not whole")
        position = np.arange(span // denominator + 1) * denominator + int(offset[axis])
        whole, fraction = position // numerator, position % numerator
        index = whole + (2 * fraction >= numerator)
        picked.append(np.clip(index, 0, x.shape[1 + axis] - 1))
    return x[:, picked[0]][:, :, picked[1]]


# --- requantization and elementwise --------------------------------------------------------------


def rescale(
    x: Array, multiplier: Array, shift: Array, input_zp: Array, output_zp: Array,
    dtype: np.dtype[Any], rounding: str,
) -> Array:  # fmt: skip
    """TOSA RESCALE with a 32-bit multiplier, saturating as apply_clip does."""
    value = x.astype(np.int64) - int(input_zp.reshape(-1)[0])
    m, s = multiplier.astype(np.int64), shift.astype(np.int64)
    if m.size == 1:
        m, s = m.reshape(()), s.reshape(())
    if s.min() < 2 or s.max() > 62:
        raise ValueError(f"shift {s.min()}..{s.max()} outside 2..62")
    nudge = np.broadcast_to(np.int64(1) << (s - 1), value.shape).copy()
    if rounding == "DOUBLE_ROUND":
        double = np.where(value >= 0, np.int64(1) << 30, -(np.int64(1) << 30))
        nudge += np.where(np.broadcast_to(s > 31, value.shape), double, 0)
    elif rounding != "SINGLE_ROUND":
        raise ValueError(rounding)
    scaled = (value * m + nudge) >> s
    if np.abs(scaled).max(initial=0) > 1 << 31:
        raise ValueError("the result of a rescale does not fit 32 bits")
    low, high = INT_LIMITS[np.dtype(dtype)]
    return np.clip(scaled + int(output_zp.reshape(-1)[0]), low, high).astype(dtype)


def cast(x: Array, dtype: np.dtype[Any]) -> Array:
    """Float to integer rounds half to even and saturates; other casts keep or wrap the value."""
    if x.dtype.kind == "f" and np.dtype(dtype).kind in "iu":
        low, high = INT_LIMITS[np.dtype(dtype)]
        rounded = np.nan_to_num(np.rint(x.astype(np.float64)), nan=0.0)
        return np.clip(rounded, low, high).astype(dtype)
    if np.dtype(dtype) == np.bool_:
        return x != 0
    return x.astype(dtype)


def mul(x: Array, y: Array, shift: Array) -> Array:
    """f32 product; i32 product with a rounding right shift; i8 x i8 in i32."""
    if x.dtype == np.float32:
        return x * y
    amount = int(shift.reshape(-1)[0])
    product = x.astype(np.int64) * y.astype(np.int64)
    if amount:
        product = (product + (1 << (amount - 1))) >> amount
    return product.astype(np.int32)


def table(x: Array, values: Array) -> Array:
    """values[x + 128]."""
    return values[x.astype(np.int64) + 128]


def reduce_sum(x: Array, axis: int) -> Array:
    """Ascending order for f32; wrapping for i32."""
    if x.dtype == np.float32:
        last = np.add.accumulate(x, axis=axis, dtype=np.float32)
        return np.take(last, [x.shape[axis] - 1], axis=axis)
    return x.sum(axis=axis, keepdims=True, dtype=np.int64).astype(x.dtype)


def pad(x: Array, padding: Array, value: Array) -> Array:
    """Constant padding; `padding` are (before, after) per axis."""
    pairs = padding.reshape(-1, 2).tolist()
    return np.pad(x, pairs, constant_values=value.reshape(-1)[0])


def gather(values: Array, indices: Array) -> Array:
    """values [N,K,C], indices [N,W] to [N,W,C]."""
    return np.take_along_axis(values, indices[:, :, None].astype(np.int64), axis=1)


def arithmetic_right_shift(x: Array, amount: Array, *, rounds: bool) -> Array:
    """x >> amount; `rounds` adds the last bit that is shifted out."""
    shifted = np.right_shift(x, amount)
    if not rounds:
        return shifted
    last = np.right_shift(x, np.maximum(amount, 1) - 1) & 1
    return shifted + np.where(amount > 0, last, 0).astype(x.dtype)


def reduce_product(x: Array, axis: int) -> Array:
    """Ascending order; wrapping for i32."""
    products = np.multiply.accumulate(x, axis=axis, dtype=x.dtype)
    return products.take([-1], axis=axis)


def clz(x: Array) -> Array:
    """Leading zeros of i32; 32 for 0."""
    lengths = [32 - int(value).bit_length() for value in x.astype(np.uint32).reshape(-1)]
    return np.array(lengths, np.int32).reshape(x.shape)
