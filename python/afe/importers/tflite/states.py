"""Tensors that live between inferences: variable tensors and resource variables.

Each becomes an argument and a result of the network, paired by name: what the result holds is the
argument of the next inference. Arguments must exist before the first operator is imported, so that
all states are found first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afe.errors import AfeError, ErrorCode
from afe.importers.builder import Tensor
from afe.importers.common import Port, State

if TYPE_CHECKING:
    from afe.importers.tflite.model import Model, TensorInfo

StateKey = int | str
"""A variable tensor's index, or a resource variable's name."""


@dataclass(frozen=True, slots=True)
class StateInfo:
    """One state as the file describes it; `initial` repeated fills the tensor."""

    key: StateKey
    name: str
    shape: tuple[int, ...]
    dtype: str
    initial: tuple[int, ...] | tuple[float, ...]


class States:
    """The states of one network and the values they have while it is imported."""

    def __init__(self, infos: Sequence[StateInfo], taken: Sequence[str]) -> None:
        """`taken`: names of the model's own inputs and outputs."""
        self._infos = infos
        self._names = _distinct([info.name for info in infos], taken)
        self._values: dict[StateKey, Tensor] = {}

    def ports(self) -> list[Port]:
        """The arguments, and in the same order the results, that carry the states."""
        return [
            Port(name, info.shape, info.dtype, state=State(name, info.initial))
            for info, name in zip(self._infos, self._names, strict=True)
        ]

    def begin(self, arguments: Sequence[Tensor]) -> None:
        """The values at the start of an inference."""
        self._values = {info.key: value for info, value in zip(self._infos, arguments, strict=True)}

    def results(self) -> list[Tensor]:
        """The values at the end."""
        return [self._values[info.key] for info in self._infos]

    def read(self, key: StateKey) -> Tensor:
        """The value now."""
        if key not in self._values:
            raise ValueError(f"state {key!r} has no known type and shape")
        return self._values[key]

    def write(self, key: StateKey, value: Tensor) -> None:
        """The value from now on; ValueError where its type or shape is another."""
        old = self.read(key)
        if (old.shape, old.dtype) != (value.shape, value.dtype):
            raise ValueError(
                f"a state of type {old.dtype} and shape {list(old.shape)} gets a value of type "
                f"{value.dtype} and shape {list(value.shape)}"
            )
        self._values[key] = value


def variable_tensors(model: Model) -> list[StateInfo]:
    """The variable tensors that operators use, in the order of their first use.

    A reset fills them with their zero point, as the interpreter does.
    """
    used = dict.fromkeys(
        index
        for operator in model.operators
        for index in operator.inputs
        if index >= 0 and model.tensors[index].is_variable
    )
    return [_variable(model.tensors[index]) for index in used]


def _variable(tensor: TensorInfo) -> StateInfo:
    if not tensor.dtype or 0 in tensor.shape:
        raise AfeError(
            ErrorCode.UNSUPPORTED_TYPE,
            f"state '{tensor.name}' is {tensor.type_name} of shape {list(tensor.shape)}",
        )
    initial = int(tensor.zero_points[0]) if len(tensor.zero_points) else 0
    values = (float(initial),) if tensor.dtype == "f32" else (initial,)
    return StateInfo(tensor.index, tensor.name, tensor.shape, tensor.dtype, values)


def _distinct(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    seen = set(taken)
    distinct = []
    for name in names:
        candidate, number = name, 0
        while candidate in seen:
            number += 1
            candidate = f"{name}_{number}"
        seen.add(candidate)
        distinct.append(candidate)
    return distinct
