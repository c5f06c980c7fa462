"""SAME and VALID padding of windows, as LiteRT computes it."""

from __future__ import annotations

from collections.abc import Sequence

import tflite

from afe.importers.tflite.node import Node


def window_padding(
    node: Node,
    padding: int,
    shape: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of windows over NHWC `shape`; AfeError where none fits."""
    if padding not in (tflite.Padding.SAME, tflite.Padding.VALID):
        raise node.invalid(f"padding {padding} is neither SAME nor VALID")
    pads: list[int] = []
    for axis in (0, 1):
        size = shape[1 + axis]
        extent = (kernel[axis] - 1) * dilation[axis] + 1
        if padding == tflite.Padding.VALID:
            if extent > size:
                raise node.invalid(f"a window of {extent} does not fit into {size} rows or columns")
            pads += [0, 0]
            continue
        count = (size + stride[axis] - 1) // stride[axis]
        total = max(0, (count - 1) * stride[axis] + extent - size)
        pads += [total // 2, total - total // 2]
    return (pads[0], pads[1], pads[2], pads[3])
