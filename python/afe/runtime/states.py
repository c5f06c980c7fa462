"""States of a network: tensors that one call leaves behind for the next.

Every image of a call belongs to a sequence of its own; its states go on with the image at the same
place of the next call. A reset starts all sequences anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode
from afe.runtime.schema import ChainDescription, InputNode

Array = NDArray[Any]


class States:
    """The states of one loaded network, all reset at first."""

    def __init__(self, inputs: Sequence[InputNode], output_states: Sequence[str | None]) -> None:
        """`output_states`: for every output the name of the state that it is, or None."""
        self._inputs = inputs
        self._output_states = output_states
        self._values: dict[str, Array] = {}

    @staticmethod
    def of_chain(chain: ChainDescription) -> States:
        """The states of an archive."""
        return States(chain.inputs, chain.output_states)

    def reset(self) -> None:
        """The next call starts new sequences."""
        self._values = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the states, in the order of the inputs."""
        return tuple(node.state.name for node in self._inputs if node.state)

    def values(self) -> dict[str, Array]:
        """What the last call left behind, by name; empty after a reset."""
        return dict(self._values)

    def restore(self, values: Mapping[str, Array]) -> None:
        """Continues from what `values` gave; AfeError INVALID_INPUT if of another network."""
        if values and set(values) != set(self.names):
            raise AfeError(
                ErrorCode.INVALID_INPUT,
                f"the states are {sorted(values)}, this network has {sorted(self.names)}",
            )
        for node in self._inputs:
            if node.state and values:
                array, shape = values[node.state.name], node.type.shape
                if array.dtype.name != node.type.scalar or array.shape[1:] != shape[1:]:
                    raise AfeError(
                        ErrorCode.INVALID_INPUT,
                        f"state '{node.state.name}' is {array.dtype} of shape {list(array.shape)}, "
                        f"expected {node.type.scalar} of shape {['n', *shape[1:]]}",
                    )
        self._values = dict(values)

    def with_inputs(self, arrays: Sequence[Array]) -> list[Array]:
        """`arrays` of the inputs that are no states, and the states between them."""
        own = iter(arrays)
        plain = {node.name: next(own) for node in self._inputs if not node.state}
        first = next((node for node in self._inputs if not node.state), None)
        images = len(plain[first.name]) if first and plain[first.name].ndim else 1
        group = first.type.shape[0] if first and first.type.shape else 1
        return [
            self._rows(node, images * node.type.shape[0] // group)
            if node.state
            else plain[node.name]
            for node in self._inputs
        ]

    def _rows(self, node: InputNode, count: int) -> Array:
        assert node.state is not None
        shape = (max(count, 1), *node.type.shape[1:])
        known = self._values.get(node.state.name)
        if known is None:
            return np.resize(np.array(node.state.initial, node.type.scalar), shape)
        if known.shape != shape:
            raise AfeError(
                ErrorCode.INVALID_INPUT,
                f"the last call left the states of {len(known)} sequences, this one has {count}; "
                "reset the states before another number of images",
            )
        return known

    def take(self, outputs: Sequence[Array]) -> list[Array]:
        """The outputs that are no states; those that are, are kept for the next call."""
        own = []
        for array, state in zip(outputs, self._output_states, strict=True):
            if state is None:
                own.append(array)
            else:
                self._values[state] = array
        return own
