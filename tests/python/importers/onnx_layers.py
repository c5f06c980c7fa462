"""Compares an imported ONNX model with the `ortq` oracle layer by layer.

Every quantized tensor that the module computes is compared with the oracle's tensor of that name,
and then replaced by it: so each layer is judged on the oracle's own inputs.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from afe.importers import ImportedModel
from numpy.typing import NDArray
from reference.tosa_numpy import evaluate

Array = NDArray[Any]


@dataclass(frozen=True)
class Difference:
    """How many elements of a layer's result differ, and by how many codes at most."""

    elements: int
    largest: int
    total: int


def compare_layers(
    result: ImportedModel, inputs: Mapping[str, Array], oracle: Mapping[str, Array]
) -> tuple[dict[str, Difference], list[Array]]:
    """The differences by tensor name, and the model's outputs."""
    last = _last_operations(result)
    found: dict[str, Difference] = {}

    def observe(op: Any, array: Array) -> Array:
        name = tensor_name(op)
        if last.get(name) != op or name not in oracle or array.dtype != np.int8:
            return array
        wanted = _as_inside(oracle[name], array)
        distance = np.abs(wanted.astype(np.int32) - array)
        largest = int(distance.max(initial=0))
        found[name] = Difference(int(np.count_nonzero(distance)), largest, distance.size)
        return wanted

    evaluation = evaluate(result.module, inputs, observe=observe)
    return found, evaluation.outputs


def tensor_name(op: Any) -> str:
    """The tensor an operation computes: the last name of its location."""
    names = re.findall(r'"((?:[^"\\]|\\.)*)"\(', str(op.location))
    return names[-1] if names else ""


def _last_operations(result: ImportedModel) -> dict[str, Any]:
    """Of the operations that share a tensor's name, the last: the one that makes it."""
    function = next(iter(result.module.body.operations)).operation
    last = {}
    for view in function.regions[0].blocks[0].operations:
        op = view.operation
        if op.name not in ("tosa.const", "tosa.const_shape", "func.return"):
            last[tensor_name(op)] = op
    return last


def _as_inside(wanted: Array, like: Array) -> Array:
    """The oracle's tensor as int8, in the axis order the module keeps it in.

    Axes may be in any order inside, and not be reshaped yet; of the orders that fit the shape (of
    all orders where none does) the closest is taken.
    """
    if wanted.dtype == np.uint8:
        wanted = (wanted ^ np.uint8(128)).view(np.int8)
    moved = [wanted.transpose(perm) for perm in itertools.permutations(range(wanted.ndim))]
    fitting = [array for array in moved if _without_ones(array) == _without_ones(like)] or moved
    shaped = [np.ascontiguousarray(array).reshape(like.shape) for array in fitting]
    return min(shaped, key=lambda array: int(np.count_nonzero(array != like)))


def _without_ones(array: Array) -> list[int]:
    return [size for size in array.shape if size != 1]
