"""Windows of convolutions and pools: kernel, stride, dilation, padding in two dimensions.

One-dimensional operators become two-dimensional ones of height 1. TOSA wants the last window to end
where the padded input ends, so unreached padding is taken away here (unreached rows of the input
are sliced off by the builder).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from afe.importers.builder import window_count
from afe.importers.onnx.context import Context
from afe.importers.onnx.graph import Node
from afe.importers.onnx.layout import Layout, Shape
from afe.importers.onnx.problems import invalid_node, unsupported
from afe.importers.onnx.values import Codes, Floats, Stored

V = TypeVar("V", bound=Codes | Floats | Stored)

MAX_WINDOW = 8192
"""TOSA's limit on kernels, strides, dilations and padding (level 8K)."""


@dataclass(frozen=True, slots=True)
class Window:
    """Height and width of everything; `pad` is top, bottom, left, right."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pad: tuple[int, int, int, int]

    def counts(self, size: Sequence[int]) -> tuple[int, int]:
        """Output height and width for an input of height and width `size`."""
        top, bottom, left, right = self.pad
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.stride, self.dilation
        return (
            window_count(size[0] + top + bottom, kh, sh, dh),
            window_count(size[1] + left + right, kw, sw, dw),
        )

    def trimmed(self, size: Sequence[int]) -> Window:
        """Without the padding at the end that no window reaches."""
        pad = list(self.pad)
        for axis in (0, 1):
            extent = (self.kernel[axis] - 1) * self.dilation[axis] + 1
            surplus = (size[axis] + pad[2 * axis] + pad[2 * axis + 1] - extent) % self.stride[axis]
            pad[2 * axis + 1] -= min(surplus, pad[2 * axis + 1])
        return replace(self, pad=(pad[0], pad[1], pad[2], pad[3]))


def window(node: Node, size: Sequence[int], kernel: Sequence[int]) -> Window:
    """The window `node` describes over spatial axes of `size` (one or two), checked."""
    rank = len(size)
    stride = per_axis(node, "strides", rank)
    dilation = per_axis(node, "dilations", rank)
    pad = _padding(node, size, kernel, stride, dilation)
    ends = (0, 0, *pad) if rank == 1 else (pad[0], pad[2], pad[1], pad[3])
    result = Window(
        two_dimensional(kernel),
        two_dimensional(stride),
        two_dimensional(dilation),
        (ends[0], ends[1], ends[2], ends[3]),
    )
    if min(pad) < 0 or max(*pad, *kernel, *stride, *dilation) > MAX_WINDOW:
        raise unsupported(node, "negative padding or a window beyond 8192")
    if min(result.counts(two_dimensional(size))) < 1:
        raise invalid_node(node, f"its kernel is larger than its padded input {list(size)}")
    return result


def two_dimensional(size: Sequence[int]) -> tuple[int, int]:
    """Height and width of one (which is the width) or two spatial axes."""
    return (1, size[0]) if len(size) == 1 else (size[0], size[1])


def spatial(node: Node, shape: Shape) -> Shape:
    """The spatial axes of [n, c, …], one or two."""
    if len(shape) not in (3, 4):
        raise unsupported(
            node, f"an input of rank {len(shape)}", "one and two spatial dimensions are supported"
        )
    return shape[2:]


def kernel_shape(node: Node, rank: int) -> tuple[int, ...]:
    """The attribute `kernel_shape`, which pools must have."""
    kernel = node.integers("kernel_shape")
    if kernel is None or len(kernel) != rank or min(kernel) < 1:
        raise invalid_node(node, "its kernel_shape does not fit its input")
    return kernel


def nhwc(ctx: Context, value: V) -> V:
    """[n, c, h, w] or [n, c, l] as a value of shape [n, h, w, c] (h = 1), in that order inside."""
    layout = Layout.channels_last(value.shape)
    tensor = ctx.in_layout(value, layout)
    if len(value.shape) == 3:
        n, c, length = value.shape
        tensor = ctx.builder.reshape(tensor, (n, 1, length, c))
    return replace(value, tensor=tensor, layout=Layout.plain(tensor.shape))


def spatial_layout(rank: int, physical: Shape) -> Layout:
    """The layout of a result [n, h, w, c] of an operator of rank 3 (h = 1) or 4."""
    n, h, w, c = physical
    if rank == 4:
        return Layout.channels_last((n, c, h, w))
    return Layout((n, c, h, w), (0, 2, 3, 1), (n, c, w))


def per_axis(node: Node, name: str, rank: int) -> list[int]:
    """A list of one positive integer per spatial axis; ones where it is left out."""
    values = node.integers(name)
    if values is None:
        return [1] * rank
    if len(values) != rank or min(values) < 1:
        raise invalid_node(node, f"its {name} {list(values)[:8]} do not fit its input")
    return list(values)


def _padding(
    node: Node, size: Sequence[int], kernel: Sequence[int], stride: list[int], dilation: list[int]
) -> list[int]:
    """Beginnings, then ends, per spatial axis."""
    automatic = node.text("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        return _same_padding(size, kernel, stride, dilation, upper=automatic == "SAME_UPPER")
    if automatic not in ("NOTSET", "VALID", ""):
        raise invalid_node(node, "its auto_pad is unknown")
    pads = node.integers("pads")
    if pads is None or automatic == "VALID":
        return [0] * (2 * len(size))
    if len(pads) != 2 * len(size):
        raise invalid_node(node, f"its pads {list(pads)[:8]} do not fit its input")
    return list(pads)


def _same_padding(
    size: Sequence[int],
    kernel: Sequence[int],
    stride: list[int],
    dilation: list[int],
    *,
    upper: bool,
) -> list[int]:
    before, after = [], []
    for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        small, large = total // 2, total - total // 2
        before.append(small if upper else large)
        after.append(large if upper else small)
    return before + after
