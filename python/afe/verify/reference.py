"""What a reference implementation computed, and which of it a compiled layer should equal.

The compiler keeps all 8-bit tensors as int8 (docs/tosa-conventions.md) and images channels last, so
a reference's tensor is brought into that form before it is compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from afe.layer_outputs import LayerName

Array = NDArray[Any]


MAX_REORDERED = 5
"""Most axes of a tensor whose every order is tried."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of the model: its kind and the names of its results."""

    kind: str
    results: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """The model's outputs, all tensors by name, and the operators by index.

    `channels_first` says that the model's images are NCHW.
    """

    outputs: Sequence[Array]
    tensors: Mapping[str, Array]
    operators: Mapping[int, Operator]
    channels_first: bool = False

    def kind(self, layer: LayerName) -> str:
        """The layer's operator in the model's format; empty for a conversion of an input."""
        operator = self._operator(layer)
        return operator.kind if operator else ""

    def candidates(self, layer: LayerName, shape: tuple[int, ...]) -> list[Array]:
        """The layer's value as int8 of the given shape, in every order that gives the shape.

        A result is found by the operator where the layer bears its name, else by the tensor's name.
        Empty where the reference has no such value, or of another size.
        """
        operator = self._operator(layer)
        names = operator.results if operator else (layer.name,)
        arrays = [as_int8(self.tensors[name]) for name in names if name in self.tensors]
        size, ordinal = int(np.prod(shape)), layer.ordinal
        fitting = [array for array in arrays if array.size == size]
        if ordinal < len(arrays) and arrays[ordinal].size == size:
            fitting = arrays
        if ordinal >= len(fitting):
            return []
        array = fitting[ordinal]
        orders = [array]
        if self.channels_first and array.ndim > 2:
            # Where both orders fit, images are channels last, tokens [batch, token, channel] as is.
            orders.insert(0 if array.ndim > 3 else 1, np.moveaxis(array, 1, -1))
        fitting = [order for order in orders if _inner(order.shape) == _inner(shape)]
        if not fitting and array.ndim <= MAX_REORDERED:
            perms = itertools.permutations(range(array.ndim))
            orders = [array.transpose(perm) for perm in perms]
            fitting = [order for order in orders if _inner(order.shape) == _inner(shape)]
        if not fitting and len(shape) < 4:
            # A flatten that is still to be done: of tokens, whose order inside is the model's.
            fitting = [array]
        return [order.reshape(shape) for order in fitting]

    def _operator(self, layer: LayerName) -> Operator | None:
        operator = self.operators.get(layer.operator)
        return operator if operator and layer.name in operator.results[:1] else None


class Oracle(Protocol):
    """Runs a model with all its intermediate values."""

    name: str

    def run(self, inputs: Sequence[Array]) -> Reference:
        """The values for one sample, inputs in the model's order."""


def as_int8(array: Array) -> Array:
    """uint8 as the int8 that stands for it; other types unchanged."""
    if array.dtype == np.uint8:
        return (array.astype(np.int16) - 128).astype(np.int8)
    return array


def _inner(shape: Sequence[int]) -> list[int]:
    """Dimensions of 1 come and go in the compiler."""
    return [size for size in shape if size != 1]
