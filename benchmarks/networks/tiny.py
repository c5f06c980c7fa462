"""The four networks of MLPerf Tiny: bound by latency rather than by any throughput."""

from __future__ import annotations

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import LINEAR, Activation


def image_classification(net: Layers) -> list[Activation]:
    """ResNet-8 on 32x32 pixels."""
    x = net.conv(net.image(32, 32), 16, 3, relu=True)
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        y = net.conv(net.conv(x, width, 3, stride, relu=True), width, 3)
        shortcut = net.conv(x, width, 1, stride) if stride > 1 else x
        x = net.add(shortcut, y, relu=True)
    x = net.average_pool(x, 8, 8, 1)
    return [_probabilities(net, x, 10)]


def keyword_spotting(net: Layers) -> list[Activation]:
    """DS-CNN on 49 frames of 10 coefficients."""
    x = net.argument((1, 49, 10, 1), "i8", LINEAR)
    x = net.conv(x, 64, (10, 4), 2, relu=True)
    for _ in range(4):
        x = net.conv(net.depthwise(x, 3, relu=True), 64, relu=True)
    x = net.average_pool(x, x.shape[1], x.shape[2], 1)
    return [_probabilities(net, x, 12)]


def visual_wake_words(net: Layers) -> list[Activation]:
    """MobileNetV1 of a quarter of the channels on 96x96 pixels."""
    x = net.conv(net.image(96, 96), 8, 3, 2, relu=True)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    widths = (16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256)
    for width, stride in zip(widths, strides, strict=True):
        x = net.conv(net.depthwise(x, 3, stride, relu=True), width, relu=True)
    x = net.average_pool(x, 3, 3, 1)
    return [_probabilities(net, x, 2)]


def anomaly_detection(net: Layers) -> list[Activation]:
    """An autoencoder of 640 features."""
    x = net.argument((1, 640), "i8", LINEAR)
    for width in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = net.dense(x, width, relu=True)
    return [net.dense(x, 640)]


def _probabilities(net: Layers, x: Activation, classes: int) -> Activation:
    return net.softmax(net.dense(net.reshape(x, (1, x.shape[3])), classes))
