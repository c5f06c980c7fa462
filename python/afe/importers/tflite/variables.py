"""Resource variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE; CALL_ONCE sets them first.

A handle is known while importing: the operator that reads or assigns names the variable directly.
The subgraph of a CALL_ONCE may only assign constants; they are the values after a reset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import tflite

from afe.errors import AfeError, ErrorCode
from afe.importers.builder import Tensor
from afe.importers.tflite.model import Model, OperatorInfo, TensorInfo, initializer_of
from afe.importers.tflite.node import Node
from afe.importers.tflite.states import StateInfo

OPERATORS = frozenset({"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"})

MAX_INITIAL_VALUES = 1 << 20
"""Values after a reset that are kept one by one, over all variables."""


class ResourceVariables:
    """The variables of one subgraph, by the tensor that holds their handle."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._names = dict(_handles(model))

    def states(self) -> list[StateInfo]:
        """Every variable that is read or assigned, in the order of its handle.

        Raises AfeError INVALID_MODEL or UNSUPPORTED_OPERATOR.
        """
        first = self._initial_tensors()
        used = self._used_tensors()
        kept = 0
        states = []
        for name in dict.fromkeys(self._names.values()):
            tensor = first.get(name) or used.get(name)
            if tensor is None:
                continue
            states.append(_state(name, tensor, tensor if name in first else None))
            kept += len(states[-1].initial)
        if kept > MAX_INITIAL_VALUES:
            raise AfeError(
                ErrorCode.SIZE_LIMIT_EXCEEDED,
                f"the variables of the model start from {kept} values that are not all alike, "
                f"{MAX_INITIAL_VALUES} are allowed",
            )
        return states

    def run(self, node: Node) -> list[Tensor]:
        """Imports one of `OPERATORS`; the value of a READ_VARIABLE."""
        if node.info.code == "ASSIGN_VARIABLE":
            value = node.value(1)
            node.states.write(self._name(node.info), _of_rank(node, value, value.shape or (1,)))
        if node.info.code == "READ_VARIABLE":
            value = node.states.read(self._name(node.info))
            return [_of_rank(node, value, node.output().shape)]
        return []

    # --- what the file says ----------------------------------------------------------------------

    def _name(self, operator: OperatorInfo) -> str:
        return _name_of(operator, self._names)

    def _used_tensors(self) -> dict[str, TensorInfo]:
        """The first tensor that is read from, or assigned to, every variable."""
        found: dict[str, TensorInfo] = {}
        for operator in self._model.operators:
            if operator.code == "READ_VARIABLE" and operator.outputs:
                found.setdefault(self._name(operator), self._model.tensors[operator.outputs[0]])
            elif operator.code == "ASSIGN_VARIABLE" and len(operator.inputs) > 1:
                found.setdefault(self._name(operator), self._model.tensors[operator.inputs[1]])
        return found

    def _initial_tensors(self) -> dict[str, TensorInfo]:
        found: dict[str, TensorInfo] = {}
        for operator in self._model.operators:
            if operator.code == "CALL_ONCE":
                found |= _assigned_constants(operator, self._model.initializers)
        return found


def _handles(model: Model) -> Iterator[tuple[int, str]]:
    for operator in model.operators:
        if operator.code != "VAR_HANDLE" or not operator.outputs:
            continue
        options = tflite.VarHandleOptions()
        if operator.options is None:
            yield operator.outputs[0], ""
            continue
        options.Init(operator.options.Bytes, operator.options.Pos)
        parts = (options.Container(), options.SharedName())
        texts = [(part or b"").decode("utf-8", errors="replace") for part in parts]
        yield operator.outputs[0], "/".join(text for text in texts if text)


def _name_of(operator: OperatorInfo, names: Mapping[int, str]) -> str:
    handle = operator.inputs[0] if operator.inputs else -1
    if handle not in names:
        raise AfeError(
            ErrorCode.UNSUPPORTED_OPERATOR,
            f"operator {operator.index} {operator.code}: its variable is no VAR_HANDLE of the "
            "same subgraph",
            notes=["handles that are passed on or chosen at run time are not followed"],
        )
    return names[handle]


def _assigned_constants(
    call: OperatorInfo, initializers: Mapping[int, Model]
) -> dict[str, TensorInfo]:
    """What the subgraph of a CALL_ONCE assigns, by variable."""
    index = initializer_of(call)
    graph = initializers.get(index)
    if graph is None:
        raise AfeError(
            ErrorCode.INVALID_MODEL,
            f"operator {call.index} CALL_ONCE: subgraph {index} does not exist",
        )
    names = dict(_handles(graph))
    assigned: dict[str, TensorInfo] = {}
    for operator in graph.operators:
        if operator.code == "VAR_HANDLE":
            continue
        value = operator.inputs[1] if len(operator.inputs) > 1 else -1
        if operator.code != "ASSIGN_VARIABLE" or not graph.tensors[value].is_constant:
            raise AfeError(
                ErrorCode.UNSUPPORTED_OPERATOR,
                f"operator {call.index} CALL_ONCE: its subgraph computes with {operator.code}",
                notes=["only constants can be assigned before the first inference"],
            )
        assigned[_name_of(operator, names)] = graph.tensors[value]
    return assigned


def _state(name: str, tensor: TensorInfo, first: TensorInfo | None) -> StateInfo:
    """A variable of the type of `tensor`, at first the constant `first`, or zeros."""
    if not tensor.dtype or 0 in tensor.shape:
        raise AfeError(
            ErrorCode.UNSUPPORTED_TYPE,
            f"variable '{name}' is {tensor.type_name} of shape {list(tensor.shape)}",
        )
    values = [0] if first is None else first.values().reshape(-1).tolist()
    if len(set(values)) == 1:
        values = values[:1]
    return StateInfo(name, name, tensor.shape or (1,), tensor.dtype, tuple(values))


def _of_rank(node: Node, value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A scalar variable is kept as a tensor of one element; all others keep their shape."""
    if value.shape != shape and prod(value.shape) == prod(shape) == 1:
        return node.builder.reshape(value, shape)
    return value
