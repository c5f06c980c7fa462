"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

from dataclasses import dataclass

import tflite

from afe.importers.builder import Tensor, window_count
from afe.importers.tflite.node import Node
from afe.importers.tflite.padding import window_padding
from afe.importers.tflite.registry import operator

MAX_SCALE_DIFFERENCE = 1e-6
"""How far apart the kernels let the scales of a pooling's input and output be."""


@dataclass(frozen=True, slots=True)
class Window:
    """(height, width) pairs, padding (top, bottom, left, right)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    pad: tuple[int, int, int, int]


def window_of(node: Node, options: tflite.Pool2DOptions, x: Tensor) -> Window:
    """The window of a pooling over NHWC `x`, of any type."""
    if len(x.shape) != 4:
        raise node.invalid(f"tensor '{node.input(0).name}' has shape {list(x.shape)}, not rank 4")
    kernel = (options.FilterHeight(), options.FilterWidth())
    stride = (options.StrideH(), options.StrideW())
    if min(*kernel, *stride) < 1:
        raise node.invalid(f"window {list(kernel)} and stride {list(stride)} must be positive")
    return Window(
        kernel,
        stride,
        window_padding(node, options.Padding(), x.shape, kernel, stride, (1, 1)),
    )


def _quantized(node: Node) -> tuple[Tensor, Window, tuple[int, int]]:
    """Operand, window and limits of the output of a pooling of int8 tensors."""
    options = node.options(tflite.Pool2DOptions)
    x = node.int8_value(0, rank=4)
    window = window_of(node, options, x)
    _require_one_quantization(node)
    limits = node.activation_range(options.FusedActivationFunction(), node.out_affine())
    return x, window, limits


def _require_one_quantization(node: Node) -> None:
    """As the kernels do: equal zero points, scales at most 1e-6 apart."""
    source, target = node.in_affine(0), node.out_affine()
    apart = abs(float(source.scale) - float(target.scale))
    if source.zero_point != target.zero_point or apart > MAX_SCALE_DIFFERENCE:
        raise node.invalid("input and output of a pooling must have the same scale and zero point")


@operator("AVERAGE_POOL_2D")
def average_pool_2d(node: Node) -> Tensor:
    """Mean of the taps that exist; halves away from zero (int8) or up (uint8)."""
    x, window, limits = _quantized(node)
    batch, height, width, channels = x.shape
    top, bottom, left, right = window.pad
    rows = window_count(height + top + bottom, window.kernel[0], window.stride[0], 1)
    columns = window_count(width + left + right, window.kernel[1], window.stride[1], 1)
    facts: dict[str, object] = {"unsigned": True} if node.input(0).is_unsigned else {}
    return node.builder.custom(
        "litert.average_pool_2d",
        [x],
        (batch, rows, columns, channels),
        "i8",
        kernel=window.kernel,
        stride=window.stride,
        pad=window.pad,
        min=limits[0],
        max=limits[1],
        **facts,
    )


@operator("MAX_POOL_2D")
def max_pool_2d(node: Node) -> Tensor:
    """Maximum of the taps that exist."""
    x, window, limits = _quantized(node)
    pooled = node.builder.max_pool2d(x, kernel=window.kernel, stride=window.stride, pad=window.pad)
    return node.builder.clamp(pooled, *limits)
