"""A YOLO detector of the eighth generation's nano size: C2f blocks, SPPF, decoupled heads.

The results are the heads' maps (64 box bins and 80 classes per cell) of three levels.
"""

from __future__ import annotations

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import Activation

BOX_BINS = 64
CLASSES = 80


def yolo(net: Layers, size: int) -> list[Activation]:
    """On size x size pixels, a multiple of 32."""
    x = _conv(net, net.image(size, size), 16, 3, 2)
    x = _c2f(net, _conv(net, x, 32, 3, 2), 32, 1)
    fine = _c2f(net, _conv(net, x, 64, 3, 2), 64, 2)
    middle = _c2f(net, _conv(net, fine, 128, 3, 2), 128, 2)
    coarse = _sppf(net, _c2f(net, _conv(net, middle, 256, 3, 2), 256, 1), 256)
    up = _c2f(net, net.concat([net.upsample(coarse), middle]), 128, 1, has_shortcut=False)
    first = _c2f(net, net.concat([net.upsample(up), fine]), 64, 1, has_shortcut=False)
    down = net.concat([_conv(net, first, 64, 3, 2), up])
    second = _c2f(net, down, 128, 1, has_shortcut=False)
    down = net.concat([_conv(net, second, 128, 3, 2), coarse])
    third = _c2f(net, down, 256, 1, has_shortcut=False)
    return [_head(net, level) for level in (first, second, third)]


def _conv(
    net: Layers, x: Activation, channels: int, kernel: int = 1, stride: int = 1
) -> Activation:
    return net.silu(net.conv(x, channels, kernel, stride, pad=kernel // 2))


def _c2f(
    net: Layers, x: Activation, channels: int, count: int, *, has_shortcut: bool = True
) -> Activation:
    """Half of the channels pass, half go through `count` pairs of 3x3 layers; all are joined."""
    half = channels // 2
    x = _conv(net, x, channels)
    parts = [net.slice(x, 3, 0, half), net.slice(x, 3, half, half)]
    for _ in range(count):
        y = _conv(net, _conv(net, parts[-1], half, 3), half, 3)
        parts.append(net.add(parts[-1], y) if has_shortcut else y)
    return _conv(net, net.concat(parts), channels)


def _sppf(net: Layers, x: Activation, channels: int) -> Activation:
    """Maxima over windows of 5, 9 and 13 pixels."""
    parts = [_conv(net, x, channels // 2)]
    for _ in range(3):
        parts.append(net.max_pool(parts[-1], 5, 1, 2))
    return _conv(net, net.concat(parts), channels)


def _head(net: Layers, x: Activation) -> Activation:
    boxes = net.conv(_conv(net, _conv(net, x, 64, 3), 64, 3), BOX_BINS)
    classes = net.conv(_conv(net, _conv(net, x, CLASSES, 3), CLASSES, 3), CLASSES)
    return net.concat([boxes, net.sigmoid(classes)])
