"""Where Resize reads: per output element of one axis, input indices and their weights.

The position of an output in the input follows coordinate_transformation_mode; nearest takes one
index, linear and cubic weigh the indices around it by a kernel of their distance, which antialias
stretches where the axis shrinks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from afe.importers.onnx.graph import Node
from afe.importers.onnx.problems import invalid_node, unsupported

MAX_SPAN = 64
"""Furthest input element that an interpolated one may depend on."""

Indices = NDArray[np.int64]
F64 = NDArray[np.float64]

_ROUNDINGS: dict[str, Callable[[F64], F64]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: sizes, new = scale * old, and the region [start, end] of tf_crop_and_resize."""

    old: int
    new: int
    scale: float
    region: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Taps:
    """Per output its indices [new, k] and weights [new, k]; `outside` marks outputs of no input."""

    indices: Indices
    weights: NDArray[np.float32]
    outside: NDArray[np.bool_]

    @property
    def is_identity(self) -> bool:
        """Whether every output is the input of the same index."""
        column = self.indices[:, 0]
        return self.indices.shape[1] == 1 and np.array_equal(column, np.arange(len(column)))


def taps(node: Node, axis: Axis, opset: int) -> Taps:
    """The taps of one axis for the attributes of `node`."""
    if axis.old == axis.new and axis.scale == 1 and axis.region == (0.0, 1.0):
        return _whole(np.arange(axis.old), np.zeros(axis.old, np.bool_))
    mode = node.text("coordinate_transformation_mode", "half_pixel" if opset > 10 else "asymmetric")
    position = _positions(node, mode, axis)
    outside = np.zeros(axis.new, np.bool_)
    if mode == "tf_crop_and_resize":
        outside = (position < 0) | (position > axis.old - 1)
    kind = node.text("mode", "nearest")
    if kind == "nearest":
        return _whole(_nearest(node, mode, axis, position, opset), outside)
    if kind == "linear":
        return _weighted(node, axis, position, outside, _triangle, 1)
    if kind == "cubic":
        coefficient = float(np.float32(node.real("cubic_coeff_a", -0.75)))
        return _weighted(node, axis, position, outside, _keys(coefficient), 2)
    raise invalid_node(node, "its mode is unknown")


def _positions(node: Node, mode: str, axis: Axis) -> F64:
    x, old, new, scale = np.arange(axis.new, dtype=np.float64), axis.old, axis.new, axis.scale
    if mode == "asymmetric":
        return np.asarray(x / scale)
    if mode == "align_corners":
        weighs = node.text("mode", "nearest") != "nearest"
        if weighs and abs(scale * old - new) > 1e-3:
            raise unsupported(
                node,
                f"align_corners with a scale that makes {scale * old:.4g} of {old} elements",
                "give sizes instead: ONNX and onnxruntime place the corners differently",
            )
        return x * (old - 1) / (new - 1) if new > 1 else x * 0
    if mode == "half_pixel":
        return np.asarray((x + 0.5) / scale - 0.5)
    if mode == "half_pixel_symmetric":
        adjustment = new / (scale * old)
        return np.asarray(old / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5)
    if mode == "pytorch_half_pixel":
        return (x + 0.5) / scale - 0.5 if new > 1 else x * 0
    if mode == "tf_half_pixel_for_nn":
        return np.asarray((x + 0.5) / scale)
    if mode == "tf_crop_and_resize":
        start, end = axis.region
        if new == 1:
            return np.array([0.5 * (start + end) * (old - 1)])
        return np.asarray(start * (old - 1) + x * (end - start) * (old - 1) / (new - 1))
    raise unsupported(node, f"coordinate_transformation_mode {mode[:24]!r}")


def _nearest(node: Node, mode: str, axis: Axis, position: F64, opset: int) -> Indices:
    default = "round_prefer_floor" if opset > 10 else "floor"
    name = node.text("nearest_mode", "floor" if mode == "tf_half_pixel_for_nn" else default)
    rounding = _ROUNDINGS.get(name)
    if rounding is None:
        raise invalid_node(node, "its nearest_mode is unknown")
    return np.clip(rounding(position), 0, axis.old - 1).astype(np.int64)


def _whole(indices: Indices, outside: NDArray[np.bool_]) -> Taps:
    return Taps(indices[:, None], np.ones((len(indices), 1), np.float32), outside)


def _triangle(distance: F64) -> F64:
    return np.asarray(np.maximum(1 - np.abs(distance), 0))


def _keys(a: float) -> Callable[[F64], F64]:
    """The cubic convolution kernel."""

    def kernel(distance: F64) -> F64:
        d = np.abs(distance)
        near = (a + 2) * d**3 - (a + 3) * d**2 + 1
        far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
        return np.asarray(np.where(d <= 1, near, np.where(d < 2, far, 0)))

    return kernel


def _weighted(
    node: Node,
    axis: Axis,
    position: F64,
    outside: NDArray[np.bool_],
    kernel: Callable[[F64], F64],
    reach: int,
) -> Taps:
    antialias = bool(node.integer("antialias", 0)) and axis.scale < 1
    stretch = axis.scale if antialias else 1.0
    span = math.ceil(reach / stretch)
    if span > MAX_SPAN:
        raise unsupported(node, f"antialias from {axis.old} to {axis.new} elements", "resize twice")
    offsets = np.arange(1 - span, span + 1)
    indices = np.floor(position).astype(np.int64)[:, None] + offsets[None]
    weights = kernel((indices - position[:, None]) * stretch)
    if node.integer("exclude_outside", 0):
        weights = np.where((indices < 0) | (indices >= axis.old), 0, weights)
    if antialias or node.integer("exclude_outside", 0):
        weights = weights / weights.sum(axis=1, keepdims=True)
    used = np.any(np.abs(weights) > 0, axis=0)
    indices = np.clip(indices[:, used], 0, axis.old - 1)
    return Taps(indices, weights[:, used].astype(np.float32), outside)
