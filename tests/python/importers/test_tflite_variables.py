"""Resource variables keep their values between calls as in LiteRT; signatures choose a subgraph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from afe.importers.tflite import import_tflite
from litert_oracle import Cases, assert_exact_calls, import_bytes
from tflite_files import RESOURCE, Graph, Op, T, make_model

HANDLE = T((1,), RESOURCE)


def handle(name: str, output: int) -> Op:
    """The handle of variable `name`."""
    return Op("VAR_HANDLE", [], [output], "VarHandleOptions", {"sharedName": name})


def counter(initial: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> list[Graph]:
    """y = x + variable; variable := y."""
    like = {"dtype": np.int8, "scale": 0.5, "zero_point": 3}
    shape = initial.shape
    main = Graph(
        [HANDLE, T(shape, **like), T(shape, **like), T(shape, **like)],
        [
            Op("CALL_ONCE", [], [], "CallOnceOptions", {"initSubgraphIndex": 1}),
            handle("sum", 0),
            Op("READ_VARIABLE", [0], [1]),
            Op("ADD", [2, 1], [3], "AddOptions", {}),
            Op("ASSIGN_VARIABLE", [0, 3], []),
        ],
        [2],
        [3],
    )
    first = T(data=initial, scale=0.5, zero_point=3)
    init = Graph([HANDLE, first], [handle("sum", 0), Op("ASSIGN_VARIABLE", [0, 1], [])])
    return [main, init]


@pytest.mark.parametrize("shape", [(1, 4), (2, 3, 5)])
def test_variable(shape: tuple[int, ...]) -> None:
    """Starts from values that differ, changes with every call."""
    cases = Cases(5)
    data = make_model(counter(cases.random.integers(-9, 9, shape).astype(np.int8)))
    calls = [[cases.random.integers(0, 9, shape).astype(np.int8)] for _ in range(4)]
    assert_exact_calls(data, calls)
    (state,) = [port for port in import_bytes(data).inputs if port.state]
    assert state.state is not None and state.state.name == "sum"
    assert len(state.state.initial) == np.prod(shape)


def test_initial_values_that_are_alike_are_one() -> None:
    """So that large states cost nothing."""
    model = import_bytes(make_model(counter(np.full((1, 500), 3, np.int8))))
    assert [port.state.initial for port in model.inputs if port.state] == [(3,)]


def test_a_subgraph_that_computes_initial_values_is_refused() -> None:
    """By the operator's name."""
    main, init = counter(np.zeros((1, 4), np.int8))
    tensors = [*init.tensors, T((1, 4), np.int8, 0.5, 3)]
    add = Op("ADD", [1, 1], [2], "AddOptions", {})
    ops = [init.ops[0], add, Op("ASSIGN_VARIABLE", [0, 2], [])]
    with pytest.raises(AfeError, match="computes with ADD") as caught:
        import_bytes(make_model([main, Graph(tensors, ops)]))
    assert caught.value.code == ErrorCode.UNSUPPORTED_OPERATOR


def test_a_missing_subgraph_is_refused() -> None:
    """CALL_ONCE of a subgraph that does not exist."""
    with pytest.raises(AfeError, match="subgraph 1 does not exist") as caught:
        import_bytes(make_model(counter(np.zeros((1, 4), np.int8))[:1]))
    assert caught.value.code == ErrorCode.INVALID_MODEL


def test_signatures_choose_the_subgraph() -> None:
    """Each key imports its own; an unknown one is told what there is."""
    unary = [T((1, 4), np.int8, 0.1), T((1, 4), np.int8, 0.1)]
    relu = Graph(unary, [Op("RELU", [0], [1])], [0], [1])
    both = [T((1, 6), np.int8, 0.1), T((1, 6), np.int8, 0.1), T((1, 6), np.int8, 0.2)]
    add = Graph(both, [Op("ADD", [0, 1], [2], "AddOptions", {})], [0, 1], [2])
    data = make_model([relu, add], {"encode": 0, "decode": 1})

    def inputs(signature: str | None) -> list[tuple[int, ...]]:
        model = import_tflite(data, name="m", path=Path("m.tflite"), signature=signature)
        return [port.shape for port in model.inputs]

    assert inputs(None) == inputs("encode") == [(1, 4)]
    assert inputs("decode") == [(1, 6), (1, 6)]
    with pytest.raises(AfeError, match="it has 'encode', 'decode'") as caught:
        inputs("train")
    assert caught.value.code == ErrorCode.INVALID_OPTION
