"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR, as custom operators.

The reference kernels interpolate int8 in integers and uint8 in float: `unsigned` tells which.
"""

from __future__ import annotations

import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator


@operator("RESIZE_BILINEAR")
def resize_bilinear(node: Node) -> Tensor:
    """Rows and columns to a constant size."""
    options = node.options(tflite.ResizeBilinearOptions)
    return _resize(
        node, "litert.resize_bilinear", options.AlignCorners(), options.HalfPixelCenters()
    )


@operator("RESIZE_NEAREST_NEIGHBOR")
def resize_nearest_neighbor(node: Node) -> Tensor:
    """Rows and columns to a constant size."""
    options = node.options(tflite.ResizeNearestNeighborOptions)
    return _resize(
        node, "litert.resize_nearest", options.AlignCorners(), options.HalfPixelCenters()
    )


def _resize(node: Node, name: str, align_corners: bool, half_pixel_centers: bool) -> Tensor:
    x, size = node.int8_value(0, rank=4), node.int_list(1)
    node.require_int8_output()
    if len(size) != 2 or min(size) < 1:
        raise node.invalid(f"new size {size}")
    if align_corners and half_pixel_centers:
        raise node.invalid("align_corners and half_pixel_centers exclude each other")
    if (size[0], size[1]) == x.shape[1:3]:
        return x
    is_float = name == "litert.resize_bilinear" and node.input(0).is_unsigned
    facts: dict[str, object] = {"unsigned": True} if is_float else {}
    return node.builder.custom(
        name, [x], (x.shape[0], *size, x.shape[3]), "i8",
        align_corners=bool(align_corners), half_pixel_centers=bool(half_pixel_centers), **facts,
    )  # fmt: skip
