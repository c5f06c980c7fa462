"""DenseNet-121: every layer reads all layers of its block.

The normalization before a layer reads a concatenation and cannot be folded into a convolution
before it: it stays as a multiplication and an addition per channel, as converters leave it.
"""

from __future__ import annotations

import numpy as np
from afe.importers.tflite.node import Affine

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import LINEAR, Activation

GROWTH = 32
BLOCKS = (6, 12, 24, 16)


def densenet_121(net: Layers) -> list[Activation]:
    """Four blocks of pairs of a 1x1 and a 3x3 layer."""
    x = net.conv(net.image(224, 224), 2 * GROWTH, 7, 2, pad=3, relu=True)
    x = net.max_pool(x, 3, 2, 1)
    for number, depth in enumerate(BLOCKS):
        for _ in range(depth):
            y = net.conv(_normalized(net, x), 4 * GROWTH, relu=True)
            x = net.concat([x, net.conv(y, GROWTH, 3, pad=1, out=_scale_of(x))])
        if number + 1 < len(BLOCKS):
            x = net.average_pool(net.conv(_normalized(net, x), x.shape[3] // 2), 2, 2, 2)
    x = net.mean(_normalized(net, x))
    return [net.dense(net.reshape(x, (1, x.shape[3])), 1000)]


def _scale_of(x: Activation) -> Affine:
    """Concatenated tensors have one scale; the first one's, with room for negative values."""
    return LINEAR if x.affine.zero_point == -128 else x.affine


def _normalized(net: Layers, x: Activation) -> Activation:
    """relu(x * factor + offset) per channel."""
    shape = (1, 1, 1, x.shape[3])
    factor = net.random_constant(shape, Affine(np.float32(0.01), -100))
    offset = net.random_constant(shape, Affine(np.float32(0.01), 0))
    return net.add(net.mul(x, factor), offset, relu=True)
