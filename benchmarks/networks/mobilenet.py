"""MobileNetV1, V2 and V3-Large: depthwise separable layers, inverted residuals."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import Activation

V2_STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels, repetitions, stride of the first."""

V3_BLOCKS = (
    (3, 16, 16, False, "relu", 1), (3, 64, 24, False, "relu", 2), (3, 72, 24, False, "relu", 1),
    (5, 72, 40, True, "relu", 2), (5, 120, 40, True, "relu", 1), (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "swish", 2), (3, 200, 80, False, "swish", 1),
    (3, 184, 80, False, "swish", 1), (3, 184, 80, False, "swish", 1),
    (3, 480, 112, True, "swish", 1), (3, 672, 112, True, "swish", 1),
    (5, 672, 160, True, "swish", 2), (5, 960, 160, True, "swish", 1),
    (5, 960, 160, True, "swish", 1),
)  # fmt: skip
"""Kernel, expanded channels, channels, squeeze and excitation, activation, stride."""


def mobilenet_v1(net: Layers) -> list[Activation]:
    """Thirteen separable layers."""
    x = net.conv(net.image(224, 224), 32, 3, 2, relu=True)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    widths = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    for width, stride in zip(widths, strides, strict=True):
        x = net.depthwise(x, 3, stride, relu=True)
        x = net.conv(x, width, relu=True)
    return [classifier(net, x)]


def mobilenet_v2(net: Layers) -> list[Activation]:
    """Seventeen inverted residuals."""
    x = net.conv(net.image(224, 224), 32, 3, 2, relu=True)
    for expansion, width, count, stride in V2_STAGES:
        for number in range(count):
            x = _inverted_residual(net, x, expansion, width, 1 if number else stride)
    return [classifier(net, net.conv(x, 1280, relu=True))]


def _inverted_residual(
    net: Layers, x: Activation, expansion: int, width: int, stride: int
) -> Activation:
    y = net.conv(x, expansion * x.shape[3], relu=True) if expansion > 1 else x
    y = net.depthwise(y, 3, stride, relu=True)
    y = net.conv(y, width)
    return net.add(x, y) if stride == 1 and x.shape[3] == width else y


def mobilenet_v3_large(net: Layers) -> list[Activation]:
    """Fifteen inverted residuals, hard swish, squeeze and excitation."""
    x = net.hard_swish(net.conv(net.image(224, 224), 16, 3, 2))
    for block in V3_BLOCKS:
        x = _v3_block(net, x, *block)
    x = net.hard_swish(net.conv(x, 960))
    x = net.hard_swish(net.conv(net.mean(x), 1280))
    return [net.dense(net.reshape(x, (1, 1280)), 1000)]


def _v3_block(
    net: Layers,
    x: Activation,
    kernel: int,
    expanded: int,
    width: int,
    has_squeeze: bool,
    activation: str,
    stride: int,
) -> Activation:
    relu = activation == "relu"
    y = x
    if expanded != x.shape[3]:
        y = net.conv(x, expanded, relu=relu)
        y = y if relu else net.hard_swish(y)
    y = net.depthwise(y, kernel, stride, relu=relu)
    y = y if relu else net.hard_swish(y)
    if has_squeeze:
        y = squeeze(net, y, _divisible(expanded // 4), lambda z: z, net.hard_sigmoid, relu=True)
    y = net.conv(y, width)
    return net.add(x, y) if stride == 1 and x.shape[3] == width else y


def _divisible(channels: int) -> int:
    """The nearest multiple of 8 that is not more than 10% below."""
    rounded = max(8, (channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


def squeeze(
    net: Layers,
    x: Activation,
    width: int,
    middle: Callable[[Activation], Activation],
    gate: Callable[[Activation], Activation],
    *,
    relu: bool,
) -> Activation:
    """Channels weighted by two 1x1 layers of their means."""
    y = middle(net.conv(net.mean(x), width, relu=relu))
    return net.mul(x, gate(net.conv(y, x.shape[3])))


def classifier(net: Layers, x: Activation, classes: int = 1000) -> Activation:
    """The mean of every channel and one dense layer."""
    return net.dense(net.reshape(net.mean(x), (1, x.shape[3])), classes)
