"""Arrays of any number of images, cut into groups of the archive's batch and joined again.

The first dimension counts images. The last image repeats where a group is not full; what comes out
for the padding is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.runtime.schema import InputNode

Array = NDArray[Any]
Inputs = Sequence[Array] | Mapping[str, Array]


@dataclass(frozen=True)
class Batches:
    """Full groups of arrays in the order of the model's inputs, and how many images are real."""

    groups: Sequence[Sequence[Array]]
    image_count: int
    group_size: int

    def join(self, outputs: Sequence[Sequence[Array]]) -> list[Array]:
        """Every group's outputs behind one another, without what came of the padding."""
        joined = [
            np.concatenate(parts) if len(parts) > 1 and parts[0].ndim else parts[0]
            for parts in zip(*outputs, strict=True)
        ]
        padded = len(self.groups) * self.group_size
        if padded == self.image_count:
            return joined
        # An output may have several rows per image, or none.
        return [
            array[: len(array) * self.image_count // padded] if array.ndim else array
            for array in joined
        ]


def ordered_inputs(inputs: Inputs, nodes: Sequence[InputNode]) -> list[Array]:
    """The arrays in the model's order; AfeError INVALID_INPUT for a wrong name or number."""
    if not isinstance(inputs, Mapping):
        arrays = [np.asarray(array) for array in inputs]
        if len(arrays) != len(nodes):
            raise _invalid(f"{len(arrays)} arrays were given; {_expected(nodes)}")
        return arrays
    positions = {node.name: f"in{index}" for index, node in enumerate(nodes)}
    for name in inputs:
        if name not in positions and name not in positions.values():
            raise _invalid(f"there is no input '{name}'; {_expected(nodes)}")
    arrays = []
    for name, position in positions.items():
        key = name if name in inputs else position
        if key not in inputs:
            raise _invalid(f"input '{name}' is missing; {_expected(nodes)}")
        arrays.append(np.asarray(inputs[key]))
    return arrays


def make_batches(arrays: Sequence[Array], nodes: Sequence[InputNode]) -> Batches:
    """Checked arrays cut into groups; AfeError INVALID_INPUT for dtypes, shapes or counts."""
    checked = [_checked(array, node) for array, node in zip(arrays, nodes, strict=True)]
    sizes = [node.type.shape[0] if node.type.shape else 1 for node in nodes]
    if len({size for size, node in zip(sizes, nodes, strict=True) if node.type.shape}) > 1:
        return _whole_groups(checked, sizes)
    counts = {len(array) for array in checked if array.ndim}
    if len(counts) > 1:
        raise _invalid(f"the inputs hold different numbers of images: {sorted(counts)}")
    image_count = counts.pop() if counts else 1
    size = max([node.type.shape[0] for node in nodes if node.type.shape], default=1)
    groups = [
        [_group(array, first, size) for array in checked] for first in range(0, image_count, size)
    ]
    return Batches(groups, image_count, size)


def _whole_groups(arrays: Sequence[Array], sizes: Sequence[int]) -> Batches:
    """Inputs of different first dimensions: each holds so many times its own, all as many times."""
    counts = set()
    for array, size in zip(arrays, sizes, strict=True):
        if array.ndim:
            count, rest = divmod(len(array), size)
            counts.add(0 if rest else count)
    if len(counts) != 1 or 0 in counts:
        raise _invalid(
            f"the inputs' first dimensions are {[len(a) for a in arrays if a.ndim]}, expected "
            f"{list(sizes)}, or the same multiple of each"
        )
    (count,) = counts
    groups = [
        [
            array[number * size : (number + 1) * size] if array.ndim else array
            for array, size in zip(arrays, sizes, strict=True)
        ]
        for number in range(count)
    ]
    return Batches(groups, count, 1)


def _checked(array: Array, node: InputNode) -> Array:
    """The array in a dtype the chain takes, of the model's shape but for the number of images."""
    accepted = (node.type.scalar, node.entry_scalar)
    if array.dtype.kind == "f" and "float32" in accepted:
        array = array.astype(np.float32, copy=False)
    if array.dtype.name not in accepted:
        expected = " or ".join(dict.fromkeys(accepted))
        raise _invalid(f"input '{node.name}' has dtype {array.dtype}, expected {expected}")
    shape = node.type.shape
    if array.ndim != len(shape) or array.shape[1:] != shape[1:] or 0 in array.shape:
        raise _invalid(
            f"input '{node.name}' has shape {list(array.shape)}, expected {_shape_text(shape)}"
        )
    return array


def _group(array: Array, first: int, size: int) -> Array:
    part = array[first : first + size] if array.ndim else array
    if not array.ndim or len(part) == size:
        return part
    return np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])


def _expected(nodes: Sequence[InputNode]) -> str:
    described = ", ".join(
        f"'{node.name}' (or in{index}) {node.type.scalar} {_shape_text(node.type.shape)}"
        for index, node in enumerate(nodes)
    )
    return f"the archive takes {described}"


def _shape_text(shape: Sequence[int]) -> str:
    return f"[{', '.join(['n', *(str(size) for size in shape[1:])])}]" if shape else "[]"


def _invalid(text: str) -> AfeError:
    return AfeError(ErrorCode.INVALID_INPUT, text)
