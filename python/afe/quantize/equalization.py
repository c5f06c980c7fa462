"""Channels of a layer and of the one behind it brought to like ranges, before quantizing.

Where a layer's channel i only passes through operators that keep positive factors (Relu, pools),
its weights may be divided by s_i and the next layer's weights of that input multiplied by s_i: the
network stays what it is. With s_i = sqrt(r1_i / r2_i), r the largest weights of the channel on
either side, both sides get the range sqrt(r1_i r2_i). Chains of layers need several sweeps.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto

from afe.quantize.weighted import F32, Constants, Weighted, weighted_layers

SWEEPS = 20
TOLERANCE = 1e-3
LARGEST_FACTOR = 1e4

_HOMOGENEOUS = frozenset(
    {"Relu", "LeakyRelu", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"}
    | {"Identity", "Dropout"}
)


def equalize(model: ModelProto) -> int:
    """Changes the weights of `model` in place; returns the number of pairs of layers."""
    constants = Constants(model)
    pairs = _pairs(model, list(weighted_layers(model, constants)))
    for _ in range(SWEEPS):
        changes = [_equalize_pair(constants, first, second) for first, second in pairs]
        if not changes or max(changes) < TOLERANCE:
            break
    return len(pairs)


def _pairs(model: ModelProto, layers: Sequence[Weighted]) -> list[tuple[Weighted, Weighted]]:
    """Layers of which one alone reads the other's result, through homogeneous operators."""
    outputs = {info.name for info in model.graph.output}
    readers: dict[str, list[int]] = {}
    nodes = list(model.graph.node)
    for number, node in enumerate(nodes):
        for name in node.input:
            readers.setdefault(name, []).append(number)
    by_name = {layer.node.name: layer for layer in layers}
    pairs = []
    for layer in layers:
        tensor = layer.node.output[0]
        while True:
            found = readers.get(tensor, [])
            if len(found) != 1 or tensor in outputs:
                break
            node = nodes[found[0]]
            if node.op_type in _HOMOGENEOUS and node.input[0] == tensor:
                tensor = node.output[0]
                continue
            second = by_name.get(node.name)
            if second is not None and node.input[0] == tensor:
                pairs.append((layer, second))
            break
    return pairs


def _equalize_pair(constants: Constants, first: Weighted, second: Weighted) -> float:
    """Returns by how much the factors differ from 1 at most."""
    before, behind = constants.weights(first), constants.weights(second)
    r1 = _largest(before)
    r2 = _largest(behind if second.is_depthwise else np.moveaxis(behind, 1, 0))
    if r1.shape != r2.shape:
        return 0.0
    usable = (r1 > 0) & (r2 > 0)
    factors = np.sqrt(np.divide(r1, r2, out=np.ones_like(r1), where=usable))
    factors = np.clip(np.where(usable, factors, 1), 1 / LARGEST_FACTOR, LARGEST_FACTOR)
    constants.set_weights(first, before / _along(factors, 0, before.ndim))
    if first.bias:
        constants[first.bias] = (constants[first.bias] / factors).astype(np.float32)
    axis = 0 if second.is_depthwise else 1
    constants.set_weights(second, behind * _along(factors, axis, behind.ndim))
    return float(np.abs(factors - 1).max())


def _largest(weights: F32) -> F32:
    """The largest magnitude per entry of the first axis."""
    return np.asarray(np.abs(weights).reshape(len(weights), -1).max(axis=1), np.float32)


def _along(factors: F32, axis: int, rank: int) -> F32:
    return factors.reshape([-1 if place == axis else 1 for place in range(rank)])
