"""Biases that make up for what rounding changes in the mean of a layer's results.

Rounded weights shift the mean of every output channel by (W - W') · E[x]; that can be added to the
bias, whose 32 bits are fine enough. REGULAR computes the shift of every layer from the means of its
inputs in the float network. ITERATIVE compares means of results of both networks layer after
layer, so that it sees what rounded and cut off activations shift, too; it runs the network as often
as it has layers, on the first few samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

from afe.quantize.config import BiasCorrectionType
from afe.quantize.statistics import Observer, Progress
from afe.quantize.tools import Feeds
from afe.quantize.weighted import Constants, Weighted, weighted_layers

ITERATIVE_SAMPLES = 16
"""Samples whose means ITERATIVE compares."""

F64 = NDArray[np.float64]


def add_missing_biases(model: ModelProto) -> None:
    """Biases of 0 for layers without one, so that there is something to correct."""
    constants = Constants(model)
    for layer in list(weighted_layers(model, constants)):
        if layer.bias:
            continue
        name = f"{layer.node.name}/bias"
        constants[name] = np.zeros(len(constants.weights(layer)), np.float32)
        del layer.node.input[2:]
        layer.node.input.append(name)


def correct_biases(
    quantized: ModelProto,
    model: ModelProto,
    samples: Sequence[Feeds],
    kind: BiasCorrectionType,
    title: str,
    progress: Progress | None,
) -> None:
    """Changes the biases of `quantized` in place; `model` is the float model it was made from."""
    biases = QuantizedBiases(quantized)
    layers = [
        layer
        for layer in weighted_layers(model, Constants(model))
        if biases.is_quantized(layer.node.name)
    ]
    if kind is BiasCorrectionType.REGULAR:
        sources = [layer.node.input[0] for layer in layers]
        means = _means(Observer(model, dict.fromkeys(sources), title), samples, _axes(layers, 0))
        for layer in layers:
            shift = _shift(Constants(model), biases, layer, means[layer.node.input[0]])
            biases.add(layer.node.name, shift)
    elif kind is BiasCorrectionType.ITERATIVE:
        _iterate(biases, model, layers, samples[:ITERATIVE_SAMPLES], title, progress)


def _shift(constants: Constants, biases: QuantizedBiases, layer: Weighted, means: F64) -> F64:
    """(W - W') · E[x] per output channel."""
    weights = constants.weights(layer)
    kept = biases.weights(layer.node.name)
    lost = weights - (kept.T if layer.is_turned else kept)
    lost = lost.reshape(*lost.shape[:2], -1).sum(axis=2).astype(np.float64)
    return np.asarray(lost[:, 0] * means if layer.is_depthwise else lost @ means)


def _iterate(
    biases: QuantizedBiases,
    model: ModelProto,
    layers: Sequence[Weighted],
    samples: Sequence[Feeds],
    title: str,
    progress: Progress | None,
) -> None:
    results = [layer.node.output[0] for layer in layers]
    wanted = _means(Observer(model, dict.fromkeys(results), title), samples, _axes(layers, 1))
    for number, layer in enumerate(layers):
        if progress is not None:
            progress(f"biases: layer {number + 1} of {len(layers)}")
        tensor = biases.node(layer.node.name).output[0]
        axis = 1 if layer.node.op_type == "Conv" else -1
        found = _means(Observer(biases.model, [tensor], title), samples, {tensor: axis})
        biases.add(layer.node.name, wanted[layer.node.output[0]] - found[tensor])


def _axes(layers: Sequence[Weighted], edge: int) -> dict[str, int]:
    """The channel axis of every layer's input (`edge` 0) or result (1), by name."""
    return {
        (layer.node.output if edge else layer.node.input)[0]: 1
        if layer.node.op_type == "Conv"
        else -1
        for layer in layers
    }


def _means(observer: Observer, samples: Sequence[Feeds], axes: dict[str, int]) -> dict[str, F64]:
    """The mean of every channel over all samples and places."""
    totals: dict[str, F64] = {}
    for feeds in samples:
        for name, values in observer.run(feeds).items():
            channels = np.moveaxis(values, axes[name], 0)
            mean = channels.reshape(len(channels), -1).mean(axis=1, dtype=np.float64)
            totals[name] = totals.get(name, np.zeros_like(mean)) + mean / len(samples)
    return totals


class QuantizedBiases:
    """The int32 biases of a QDQ model."""

    def __init__(self, model: ModelProto) -> None:
        self.model = model
        self._nodes = {node.name: node for node in model.graph.node}
        self._producers = {name: node for node in model.graph.node for name in node.output}
        self._tensors = {tensor.name: tensor for tensor in model.graph.initializer}

    def node(self, name: str) -> NodeProto:
        """The layer called `name`."""
        node: NodeProto = self._nodes[name]
        return node

    def is_quantized(self, name: str) -> bool:
        """Whether weights and bias of the layer called `name` are dequantized constants."""
        return all(
            source in self._producers and self._producers[source].input[0] in self._tensors
            for source in self._nodes[name].input[1:3]
        )

    def weights(self, name: str) -> NDArray[np.float32]:
        """The rounded weights of a layer, as its constant has them."""
        codes, scale, zero_point, axis = self._dequantized(self._nodes[name].input[1])
        shape = [1] * codes.ndim
        if scale.ndim:
            shape[axis] = -1
        centred = codes.astype(np.float32) - zero_point.astype(np.float32).reshape(shape)
        return np.asarray(centred * scale.reshape(shape), np.float32)

    def add(self, name: str, shift: F64) -> None:
        """Adds real numbers, one per channel, to a layer's bias; what overflows is cut off."""
        source = self._producers[self._nodes[name].input[2]]
        codes, scale, _, _ = self._dequantized(self._nodes[name].input[2])
        limits = np.iinfo(np.int32)
        moved = codes.astype(np.float64) + np.rint(shift / scale.astype(np.float64))
        moved = np.clip(moved, limits.min, limits.max).astype(np.int32)
        tensor: TensorProto = self._tensors[source.input[0]]
        tensor.CopyFrom(numpy_helper.from_array(moved, tensor.name))

    def _dequantized(self, name: str) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], int]:
        """Codes, scale, zero point and axis of a constant behind DequantizeLinear."""
        node = self._producers[name]
        codes, scale = (numpy_helper.to_array(self._tensors[n]) for n in node.input[:2])
        has_zero_point = len(node.input) > 2 and node.input[2]
        zero_point = (
            numpy_helper.to_array(self._tensors[node.input[2]])
            if has_zero_point
            else np.zeros_like(scale)
        )
        axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
        return codes, scale, zero_point, axis
