"""U-Net on 256x256 pixels: 64 channels at full size, doubled four times on the way down."""

from __future__ import annotations

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import Activation

LEVELS = 4


def unet_256(net: Layers, width: int = 64) -> list[Activation]:
    """Two classes per pixel."""
    x = net.image(256, 256)
    skipped = []
    for level in range(LEVELS):
        x = _double(net, x, width << level)
        skipped.append(x)
        x = net.max_pool(x, 2, 2)
    x = _double(net, x, width << LEVELS)
    for level in reversed(range(LEVELS)):
        x = net.upconv(x, width << level, relu=True)
        x = _double(net, net.concat([skipped[level], x]), width << level)
    return [net.conv(x, 2)]


def _double(net: Layers, x: Activation, channels: int) -> Activation:
    return net.conv(net.conv(x, channels, 3, relu=True), channels, 3, relu=True)
