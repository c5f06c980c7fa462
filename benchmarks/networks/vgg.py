"""VGG-16: 3x3 layers in a row, and three large dense ones."""

from __future__ import annotations

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import Activation

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and layers before each pooling."""


def vgg_16(net: Layers) -> list[Activation]:
    """Sixteen layers with weights."""
    x = net.image(224, 224)
    for width, count in STAGES:
        for _ in range(count):
            x = net.conv(x, width, 3, relu=True)
        x = net.max_pool(x, 2, 2)
    x = net.reshape(x, (1, 7 * 7 * 512))
    x = net.dense(net.dense(x, 4096, relu=True), 4096, relu=True)
    return [net.dense(x, 1000)]
