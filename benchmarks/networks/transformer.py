"""Transformer encoders: ViT-Ti and ViT-B as TFLite models are, BERT-base as ONNX models are."""

from __future__ import annotations

import numpy as np
from afe.importers.tflite.node import Affine

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import LINEAR, Activation


def vit(net: Layers, width: int, heads: int) -> list[Activation]:
    """224x224 pixels in patches of 16, a class token, twelve blocks, normalization before."""
    x = net.conv(net.image(224, 224), width, 16, 16, pad=0)
    patches = net.reshape(x, (1, x.shape[1] * x.shape[2], width))
    token = net.random_constant((1, 1, width), LINEAR)
    x = net.concat([token, patches], 1)
    x = net.add(x, net.random_constant(x.shape, Affine(np.float32(0.005), 0)))
    for _ in range(12):
        x = net.add(x, _attention(net, net.layer_norm(x), heads))
        x = net.add(x, _feed_forward(net, net.layer_norm(x)))
    first = net.reshape(net.slice(net.layer_norm(x), 1, 0, 1), (1, width))
    return [net.dense(first, 1000)]


def bert(net: Layers, layers: int, tokens: int, width: int, heads: int) -> list[Activation]:
    """An encoder of embedded tokens, normalization behind every sum."""
    x = net.layer_norm(net.argument((1, tokens, width), "i8", LINEAR))
    for _ in range(layers):
        x = net.layer_norm(net.add(x, _attention(net, x, heads)))
        x = net.layer_norm(net.add(x, _feed_forward(net, x)))
    return [x]


def _attention(net: Layers, x: Activation, heads: int) -> Activation:
    """Of all tokens to all tokens; the square root of the depth is a part of the first product."""
    _, tokens, width = x.shape
    depth = width // heads
    packed = net.reshape(net.dense(x, 3 * width), (1, tokens, 3, heads, depth))
    packed = net.transpose(packed, (2, 0, 3, 1, 4))
    query, key, value = (
        net.reshape(net.slice(packed, 0, part, 1), (heads, tokens, depth)) for part in range(3)
    )
    scores = net.matmul(query, net.transpose(key, (0, 2, 1)))
    # A weighted mean of alike tokens spreads as they do.
    mixed = net.matmul(net.softmax(_scaled(scores, depth)), value, value.affine)
    joined = net.transpose(net.reshape(mixed, (1, heads, tokens, depth)), (0, 2, 1, 3))
    return net.dense(net.reshape(joined, (1, tokens, width)), width)


def _scaled(scores: Activation, depth: int) -> Activation:
    """The same codes, meaning values smaller by the root of the depth."""
    scale = np.float32(scores.affine.scale / np.float32(depth**0.5))
    return Activation(scores.tensor, Affine(scale, scores.affine.zero_point), scores.rms)


def _feed_forward(net: Layers, x: Activation) -> Activation:
    return net.dense(net.gelu(net.dense(x, 4 * x.shape[-1])), x.shape[-1])
