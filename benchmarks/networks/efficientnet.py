"""EfficientNet-B0: inverted residuals with SiLU, squeeze and excitation."""

from __future__ import annotations

from benchmarks.networks.layers import Layers
from benchmarks.networks.mobilenet import classifier, squeeze
from benchmarks.networks.values import Activation

STAGES = (
    (1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2), (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2), (6, 3, 320, 1, 1),
)  # fmt: skip
"""Expansion, kernel, channels, repetitions, stride of the first."""


def efficientnet_b0(net: Layers) -> list[Activation]:
    """Sixteen blocks."""
    x = net.silu(net.conv(net.image(224, 224), 32, 3, 2))
    for expansion, kernel, width, count, stride in STAGES:
        for number in range(count):
            x = _block(net, x, expansion, kernel, width, 1 if number else stride)
    return [classifier(net, net.silu(net.conv(x, 1280)))]


def _block(
    net: Layers, x: Activation, expansion: int, kernel: int, width: int, stride: int
) -> Activation:
    y = net.silu(net.conv(x, expansion * x.shape[3])) if expansion > 1 else x
    y = net.silu(net.depthwise(y, kernel, stride))
    y = squeeze(net, y, max(1, x.shape[3] // 4), net.silu, net.sigmoid, relu=False)
    y = net.conv(y, width)
    return net.add(x, y) if stride == 1 and x.shape[3] == width else y
