"""Transformer encoders: ViT-Ti and ViT-B as TFLite models are, BERT-base as ONNX models are."""

from __future__ import annotations

import numpy as np
from afe.importers.tflite.node import Affine

from benchmarks.networks.layers import Layers
from benchmarks.networks.values import LINEAR, Activation

Heads = tuple[Activation, Activation, Activation]
"""Queries [B,S,D], transposed keys [B,D,S] and values [B,S,D] of B heads."""


def vit(net: Layers, width: int, heads: int) -> list[Activation]:
    """224x224 pixels in patches of 16, a class token, twelve blocks, normalization before."""
    x = _patches(net, net.conv(net.image(224, 224), width, 16, 16, pad=0))
    x = net.concat([net.random_constant((1, 1, width), LINEAR), x], 1)
    x = net.add(x, net.random_constant(x.shape, Affine(np.float32(0.005), 0)))
    for _ in range(12):
        query, key, value = _heads_of_vit(net, net.layer_norm(x), heads)
        scores = net.matmul(query, key)
        scores = net.mul(scores, _root(net, width // heads))
        x = net.add(x, _mixed(net, scores, value, width))
        x = net.add(x, _feed_forward(net, net.layer_norm(x)))
    first = net.reshape(net.slice(net.layer_norm(x), 1, 0, 1), (1, width))
    return [net.dense(first, 1000)]


def bert(net: Layers, layers: int, tokens: int, width: int, heads: int) -> list[Activation]:
    """An encoder of embedded tokens, normalization behind every sum."""
    x = net.layer_norm(net.argument((1, tokens, width), "i8", LINEAR))
    for _ in range(layers):
        query, key, value = _heads_of_bert(net, x, heads)
        scores = _scaled(net.matmul(query, key), width // heads)
        x = net.layer_norm(net.add(x, _mixed(net, scores, value, width)))
        x = net.layer_norm(net.add(x, _feed_forward(net, x)))
    return [x]


def _patches(net: Layers, x: Activation) -> Activation:
    """Pixels as tokens, by way of channels first, as models from PyTorch have it."""
    _, rows, columns, width = x.shape
    flat = net.reshape(net.transpose(x, (0, 3, 1, 2)), (1, width, rows * columns))
    return net.transpose(flat, (0, 2, 1))


def _heads_of_vit(net: Layers, x: Activation, heads: int) -> Heads:
    """The joined product is transposed as a whole, then cut."""
    _, tokens, width = x.shape
    depth = width // heads
    packed = net.reshape(net.dense(x, 3 * width), (1, tokens, 3, heads, depth))
    packed = net.transpose(packed, (2, 0, 3, 1, 4))
    query, key, value = (net.slice(packed, 0, part, 1) for part in range(3))
    key = net.transpose(net.reshape(key, (1, heads, tokens, depth)), (0, 1, 3, 2))
    rows = (heads, tokens, depth)
    return (
        net.reshape(query, rows),
        net.reshape(key, (heads, depth, tokens)),
        net.reshape(value, rows),
    )


def _heads_of_bert(net: Layers, x: Activation, heads: int) -> Heads:
    """The joined product is cut, and every part transposed by itself."""
    _, tokens, width = x.shape
    depth = width // heads
    packed = net.reshape(net.dense(x, 3 * width), (1, tokens, 3, heads, depth))
    query, key, value = (
        net.reshape(net.slice(packed, 2, part, 1), (1, tokens, heads, depth)) for part in range(3)
    )
    rows = (heads, tokens, depth)
    return (
        net.reshape(net.transpose(query, (0, 2, 1, 3)), rows),
        net.reshape(net.transpose(key, (0, 2, 3, 1)), (heads, depth, tokens)),
        net.reshape(net.transpose(value, (0, 2, 1, 3)), rows),
    )


def _root(net: Layers, depth: int) -> Activation:
    """The reciprocal of the depth's root, to multiply with."""
    affine = Affine(np.float32(depth**-0.5 / 127), 0)
    return net.constant(np.array([127], np.int8), affine)


def _scaled(scores: Activation, depth: int) -> Activation:
    """The same codes, meaning values smaller by the root of the depth: a table of no effect."""
    scale = np.float32(scores.affine.scale / np.float32(depth**0.5))
    return Activation(scores.tensor, Affine(scale, scores.affine.zero_point), scores.rms)


def _mixed(net: Layers, scores: Activation, value: Activation, width: int) -> Activation:
    """Values weighted by the scores' softmax, heads side by side, one more product."""
    heads, tokens, depth = value.shape
    weights = net.softmax(net.reshape(scores, (1, *scores.shape)))
    # A weighted mean of alike tokens spreads as they do.
    mixed = net.matmul(net.reshape(weights, scores.shape), value, value.affine)
    joined = net.transpose(net.reshape(mixed, (1, heads, tokens, depth)), (0, 2, 1, 3))
    return net.dense(net.reshape(joined, (1, tokens, width)), width)


def _feed_forward(net: Layers, x: Activation) -> Activation:
    return net.dense(net.gelu(net.dense(x, 4 * x.shape[-1])), x.shape[-1])
