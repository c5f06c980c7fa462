"""Convolutions and products of known weights in a float model, and their constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Weighted:
    """A Conv or Gemm that alone reads its constant weights, and its bias if it has one.

    Weights are handed out as [outputs, inputs per group, taps…].
    """

    node: NodeProto
    groups: int
    is_turned: bool
    """Whether the constant is [inputs, outputs]."""

    @property
    def is_depthwise(self) -> bool:
        """Whether every channel is filtered by itself."""
        return self.groups > 1

    @property
    def bias(self) -> str:
        """The name of the bias, empty where there is none."""
        return self.node.input[2] if len(self.node.input) > 2 else ""


class Constants:
    """The f32 constants of a model, to read and to replace."""

    def __init__(self, model: ModelProto) -> None:
        self._tensors = {
            tensor.name: tensor
            for tensor in model.graph.initializer
            if tensor.data_type == TensorProto.FLOAT
        }
        self._model = model

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def __getitem__(self, name: str) -> F32:
        return np.asarray(numpy_helper.to_array(self._tensors[name]), np.float32)

    def __setitem__(self, name: str, values: F32) -> None:
        if name not in self._tensors:
            self._tensors[name] = self._model.graph.initializer.add()
        array = np.ascontiguousarray(values, np.float32)
        self._tensors[name].CopyFrom(numpy_helper.from_array(array, name))

    def weights(self, layer: Weighted) -> F32:
        """[outputs, inputs per group, taps…]."""
        array = self[layer.node.input[1]]
        return array.T if layer.is_turned else array

    def set_weights(self, layer: Weighted, weights: F32) -> None:
        """Replaces them."""
        self[layer.node.input[1]] = weights.T if layer.is_turned else weights


def weighted_layers(model: ModelProto, constants: Constants) -> Iterator[Weighted]:
    """Every Conv and Gemm of constant weights that no other operator reads, in order.

    Of grouped convolutions only depthwise ones.
    """
    readers: dict[str, int] = {}
    for node in model.graph.node:
        for name in node.input:
            readers[name] = readers.get(name, 0) + 1
    for node in model.graph.node:
        if node.op_type not in ("Conv", "Gemm") or node.input[1] not in constants:
            continue
        if any(readers[name] > 1 for name in node.input[1:] if name):
            continue
        if len(node.input) > 2 and node.input[2] and node.input[2] not in constants:
            continue
        attributes = {attribute.name: attribute for attribute in node.attribute}
        groups = attributes["group"].i if "group" in attributes else 1
        if node.op_type == "Conv":
            shape = constants[node.input[1]].shape
            if groups == 1 or (groups == shape[0] and shape[1] == 1):
                yield Weighted(node, groups, False)
            continue
        plain = all(attributes[n].f == 1.0 for n in ("alpha", "beta") if n in attributes)
        if plain and not ("transA" in attributes and attributes["transA"].i):
            is_turned = not ("transB" in attributes and attributes["transB"].i)
            yield Weighted(node, 1, is_turned)
