"""ResNet-18, 50 and 152: residual blocks, the second generation's strides (in the 3x3 layer)."""

from __future__ import annotations

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import Activation

WIDTHS = (64, 128, 256, 512)


def basic(net: Layers, x: Activation, width: int, stride: int) -> Activation:
    """Two 3x3 layers."""
    y = net.conv(x, width, 3, stride, pad=1, relu=True)
    y = net.conv(y, width, 3, pad=1)
    return net.add(y, _shortcut(net, x, width, stride), relu=True)


def bottleneck(net: Layers, x: Activation, width: int, stride: int) -> Activation:
    """1x1, 3x3, 1x1 to four times the width."""
    y = net.conv(x, width, relu=True)
    y = net.conv(y, width, 3, stride, pad=1, relu=True)
    y = net.conv(y, 4 * width)
    return net.add(y, _shortcut(net, x, 4 * width, stride), relu=True)


def _shortcut(net: Layers, x: Activation, channels: int, stride: int) -> Activation:
    if stride == 1 and x.shape[3] == channels:
        return x
    return net.conv(x, channels, 1, stride, pad=0)


def resnet(net: Layers, depths: tuple[int, ...], *, is_deep: bool) -> list[Activation]:
    """ImageNet classifier with `depths` blocks per stage, of three layers if `is_deep`."""
    block = bottleneck if is_deep else basic
    x = net.conv(net.image(224, 224), 64, 7, 2, pad=3, relu=True)
    x = net.max_pool(x, 3, 2, 1)
    for stage, (width, depth) in enumerate(zip(WIDTHS, depths, strict=True)):
        for number in range(depth):
            x = block(net, x, width, 2 if stage and not number else 1)
    x = net.mean(x)
    return [net.dense(net.reshape(x, (1, x.shape[3])), 1000)]
