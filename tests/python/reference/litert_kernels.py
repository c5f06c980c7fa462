"""The custom operators of domain `afe`, in plain numpy, from docs/tosa-conventions.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tosa_kernels import INT_LIMITS, Array, padded, windows


def quantize(x: Array, scale: float, zero_point: int, rounding: str, dtype: np.dtype[Any]) -> Array:
    """saturate(round(x / scale) + zero_point), f32 division."""
    quotient = (x / np.float32(scale)).astype(np.float64)
    if rounding == "half_even":
        rounded = np.rint(quotient)
    else:
        rounded = np.copysign(np.trunc(np.abs(quotient) + 0.5), quotient)
    low, high = INT_LIMITS[np.dtype(dtype)]
    return np.clip(np.nan_to_num(rounded + zero_point), low, high).astype(dtype)


def dequantize(x: Array, scale: float, zero_point: int) -> Array:
    """f32(x - zero_point) * scale."""
    difference = (x.astype(np.int64) - zero_point).astype(np.float32)
    return difference * np.float32(scale)


def softmax(
    x: Array, beta: float, input_scale: float, output_scale: float, output_zero_point: int
) -> Array:
    """LiteRT's int8 softmax over the last axis: f32 throughout, ascending sum."""
    step = np.float32(-np.float32(input_scale) * np.float32(beta))
    arguments = (step * np.arange(256, dtype=np.float32)).astype(np.float64)
    exponentials = np.exp(arguments).astype(np.float32)
    wide = x.astype(np.int64)
    e = exponentials[wide.max(axis=-1, keepdims=True) - wide]
    total = np.add.accumulate(e, axis=-1, dtype=np.float32)[..., -1:]
    inverse = np.float32(1) / (total * np.float32(output_scale))
    probability = np.trunc(e * inverse + np.float32(0.5)).astype(np.int64) + output_zero_point
    return np.clip(probability, -128, 127).astype(np.int8)


def table_softmax(x: Array, table: Array) -> Array:
    """f32 softmax over the last axis: table[max - x], ascending sum, times its reciprocal."""
    wide = x.astype(np.int64)
    e = table[wide.max(axis=-1, keepdims=True) - wide]
    total = np.add.accumulate(e, axis=-1, dtype=np.float32)[..., -1:]
    return np.asarray(e * (np.float32(1) / total))


def average_pool_2d(
    x: Array, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int], low: int, high: int,
    unsigned: bool,
) -> Array:  # fmt: skip
    """Sum of the existing taps over their number: halves away from zero, or up if `unsigned`."""
    total = windows(padded(x.astype(np.int64), pad), kernel, stride, (1, 1)).sum(axis=(4, 5))
    ones = padded(np.ones((1, *x.shape[1:3], 1), np.int64), pad)
    count = windows(ones, kernel, stride, (1, 1)).sum(axis=(4, 5))
    if unsigned:
        mean = (total + count // 2) // count
    else:
        magnitude = (np.abs(total) + count // 2) // count
        mean = np.sign(total) * magnitude
    return np.clip(mean, low, high).astype(np.int8)


def div_f32(x: Array, y: Array) -> NDArray[np.float32]:
    """IEEE division."""
    with np.errstate(all="ignore"):
        return (x / y).astype(np.float32)


# --- resize --------------------------------------------------------------------------------------


def resize_bilinear(
    x: Array,
    size: Sequence[int],
    align_corners: bool,
    half_pixel_centers: bool,
    unsigned: bool = False,
) -> Array:
    """Integer interpolation with 10 fraction bits; in f32 on 0..255 if `unsigned`."""
    interpolate = _interpolated_f32 if unsigned else _interpolated_integer
    return interpolate(x, size, align_corners, half_pixel_centers)


def _integer_taps(
    count: int, length: int, align_corners: bool, half_pixel_centers: bool
) -> tuple[Array, Array, Array]:
    """Lower and upper input index and fraction (10 bits) per output index."""
    scale = ((1 << 10) * length + count // 2) // count
    if align_corners and count > 1:
        scale = ((1 << 10) * (length - 1) + (count - 1) // 2) // (count - 1)
    position = np.arange(count, dtype=np.int64) * scale
    if half_pixel_centers:
        position = position + scale // 2 - (1 << 9)
    low = np.maximum(np.trunc(position / 1024).astype(np.int64), 0)
    high = np.minimum(np.trunc((position + 1023) / 1024).astype(np.int64), length - 1)
    return low, high, position - 1024 * low


def _interpolated_integer(x: Array, size: Sequence[int], align: bool, half: bool) -> Array:
    y0, y1, fy = _integer_taps(size[0], x.shape[1], align, half)
    x0, x1, fx = _integer_taps(size[1], x.shape[2], align, half)
    fy, fx = fy[None, :, None, None], fx[None, None, :, None]
    wide = x.astype(np.int64)
    upper, lower = wide[:, y0], wide[:, y1]
    total = (upper[:, :, x0] * (1024 - fx) + upper[:, :, x1] * fx) * (1024 - fy)
    total += (lower[:, :, x0] * (1024 - fx) + lower[:, :, x1] * fx) * fy
    rounded = total + np.where(total > 0, 1 << 19, -(1 << 19))
    return (np.sign(rounded) * (np.abs(rounded) >> 20)).astype(np.int8)


def _float_taps(
    count: int, length: int, align_corners: bool, half_pixel_centers: bool
) -> tuple[Array, Array, Array]:
    f32 = np.float32
    scale = f32(length) / f32(count)
    if align_corners and count > 1:
        scale = f32(length - 1) / f32(count - 1)
    position = np.arange(count, dtype=f32)
    shift = f32(0.5 if half_pixel_centers else 0.0)
    position = (position + shift) * scale - shift
    low = np.maximum(np.floor(position).astype(np.int64), 0)
    high = np.minimum(np.ceil(position).astype(np.int64), length - 1)
    return low, high, position - low.astype(f32)


def _interpolated_f32(x: Array, size: Sequence[int], align: bool, half: bool) -> Array:
    y0, y1, fy = _float_taps(size[0], x.shape[1], align, half)
    x0, x1, fx = _float_taps(size[1], x.shape[2], align, half)
    one = np.float32(1)
    fy, fx = fy[None, :, None, None], fx[None, None, :, None]
    values = x.astype(np.float32) + np.float32(128)
    upper, lower = values[:, y0], values[:, y1]
    total = upper[:, :, x0] * (one - fy) * (one - fx) + lower[:, :, x0] * fy * (one - fx)
    total = total + upper[:, :, x1] * (one - fy) * fx + lower[:, :, x1] * fy * fx
    return (np.trunc(total + np.float32(0.5)).astype(np.int64) - 128).astype(np.int8)


def resize_nearest(
    x: Array, size: Sequence[int], align_corners: bool, half_pixel_centers: bool
) -> Array:
    """One input element per output element."""
    rows = _nearest(size[0], x.shape[1], align_corners, half_pixel_centers)
    columns = _nearest(size[1], x.shape[2], align_corners, half_pixel_centers)
    return x[:, rows][:, :, columns]


def _nearest(count: int, length: int, align_corners: bool, half_pixel_centers: bool) -> Array:
    f32 = np.float32
    scale = f32(length) / f32(count)
    if align_corners and count > 1:
        scale = f32(length - 1) / f32(count - 1)
    position = (np.arange(count, dtype=f32) + f32(0.5 if half_pixel_centers else 0.0)) * scale
    index = np.floor(position + f32(0.5)) if align_corners else np.floor(position)
    return np.clip(index.astype(np.int64), 0, length - 1)


def detection_postprocess(
    encodings: Array, scores: Array, anchors: Array, *, max_detections: int, max_classes: int,
    detections_per_class: int, num_classes: int, regular: bool, score_threshold: float,
    iou_threshold: float, y_scale: float, x_scale: float, h_scale: float, w_scale: float,
) -> tuple[Array, Array, Array, Array]:  # fmt: skip
    """Boxes, classes, scores and counts; candidates are sorted and visited in order."""
    scales = np.array([y_scale, x_scale, h_scale, w_scale], np.float32).astype(np.float64)
    batch, rows = encodings.shape[0], max_detections * max_classes
    boxes = np.zeros((batch, rows, 4), np.float32)
    classes, kept = np.zeros((2, batch, rows), np.float32)
    counts = np.zeros(batch, np.float32)
    for image in range(batch):
        corners = _decoded_boxes(encodings[image], anchors, scales)
        table = scores[image][:, scores.shape[2] - num_classes :]
        limits = np.float32(score_threshold), np.float32(iou_threshold)
        if regular:
            found = _regular(corners, table, limits, min(detections_per_class, max_detections))
            found = found[:max_detections]
            counts[image] = len(found)
        else:
            chosen = _suppressed(corners, table.max(axis=1), limits, max_detections)
            best = np.argsort(-table, axis=1, kind="stable")[:, :max_classes]
            found = [(table[i, c], i, c) for i in chosen for c in best[i]]
            counts[image] = len(chosen)
        columns = best.shape[1] if not regular else 1
        stride = 1 if regular else max_classes
        for number, (score, box, label) in enumerate(found):
            row = number // columns * stride + number % columns
            boxes[image, row], classes[image, row], kept[image, row] = corners[box], label, score
    return boxes, classes, kept, counts


def _decoded_boxes(encodings: Array, anchors: Array, scales: Array) -> Array:
    wide, where = encodings[:, :4].astype(np.float64), anchors.astype(np.float64)
    centre = (wide[:, :2] / scales[:2] * where[:, 2:] + where[:, :2]).astype(np.float32)
    half = (0.5 * np.exp(wide[:, 2:] / scales[2:]) * where[:, 2:]).astype(np.float32)
    return np.concatenate([centre - half, centre + half], axis=1)


def _suppressed(corners: Array, scores: Array, limits: tuple[Any, Any], most: int) -> list[int]:
    """Boxes by falling score, without those that overlap one before them."""
    threshold, overlap = limits
    order = [i for i in np.argsort(-scores, kind="stable") if scores[i] >= threshold]
    chosen: list[int] = []
    for i in order:
        if len(chosen) == most:
            break
        if all(_overlap(corners[i], corners[j]) <= overlap for j in chosen):
            chosen.append(int(i))
    return chosen


def _overlap(a: Array, b: Array) -> np.float32:
    """Intersection over union in f32."""
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    if min(areas) <= 0:
        return np.float32(0)
    sides = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), np.float32(0))
    common = sides[0] * sides[1]
    return np.float32(common / (areas[0] + areas[1] - common))


def _regular(
    corners: Array, table: Array, limits: tuple[Any, Any], most: int
) -> list[tuple[Any, int, int]]:
    """(score, box, class) of all classes by falling score; equal ones by class."""
    found = [
        (table[i, c], i, c)
        for c in range(table.shape[1])
        for i in _suppressed(corners, table[:, c], limits, most)
    ]
    return sorted(found, key=lambda entry: -entry[0])
