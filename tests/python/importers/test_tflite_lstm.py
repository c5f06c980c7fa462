"""UNIDIRECTIONAL_SEQUENCE_LSTM equals LiteRT's reference kernel, call by call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from afe.errors import AfeError, ErrorCode
from litert_oracle import Cases, assert_exact_calls, import_bytes
from tflite_files import Op, T, make_file


@dataclass(frozen=True)
class Shape:
    """Sizes and forms of one layer."""

    batch: int = 1
    steps: int = 7
    features: int = 5
    cells: int = 19
    outputs: int = 19
    cifg: bool = False
    peephole: bool = False
    time_major: bool = False
    cell_clip: float = 0.0
    projection_clip: float = 0.0
    cell_exponent: int = -12
    layer_norm: bool = False


class Layer:
    """A file with one LSTM of random weights."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self.shape, self.cases = shape, Cases(seed)
        self.tensors: list[T] = []
        self.inputs: list[int] = []

    def add(self, tensor: T | None) -> None:
        if tensor is not None:
            self.tensors.append(tensor)
        self.inputs.append(-1 if tensor is None else len(self.tensors) - 1)

    def weights(self, *sizes: int, scale: float) -> T:
        return T(data=self.cases.integers(np.int8, sizes), scale=scale)

    def file(self) -> bytes:
        s, cases = self.shape, self.cases
        first = (s.steps, s.batch) if s.time_major else (s.batch, s.steps)
        self.add(T((*first, s.features), np.int8, 0.03, cases.zero_point(np.int8)))
        gates = 4
        for gate in range(gates):
            absent = s.cifg and gate == 0
            self.add(None if absent else self.weights(s.cells, s.features, scale=0.004))
        for gate in range(gates):
            absent = s.cifg and gate == 0
            self.add(None if absent else self.weights(s.cells, s.outputs, scale=0.01))
        for gate in range(3):
            absent = not s.peephole or (s.cifg and gate == 0)
            self.add(None if absent else T(data=cases.integers(np.int16, (s.cells,)), scale=3e-5))
        for gate in range(gates):
            absent = s.cifg and gate == 0
            bias = cases.random.integers(-9000, 9000, s.cells).astype(np.int32)
            self.add(None if absent else T(data=bias, scale=0.03 * 0.004))
        projects = s.outputs != s.cells
        self.add(self.weights(s.outputs, s.cells, scale=0.006) if projects else None)
        bias = cases.random.integers(-500, 500, s.outputs).astype(np.int32)
        self.add(T(data=bias, scale=0.006 / 128) if projects else None)
        output = {"scale": 0.0078, "zero_point": -7}
        self.add(T((s.batch, s.outputs), np.int8, **output, variable=True))
        self.add(T((s.batch, s.cells), np.int16, 2.0**s.cell_exponent, variable=True))
        for _ in range(gates):
            norm = T(data=cases.integers(np.int16, (s.cells,)), scale=3e-5)
            self.add(norm if s.layer_norm else None)
        self.tensors.append(T((*first, s.outputs), np.int8, **output))
        result = len(self.tensors) - 1
        hidden = {"scale": 0.0081, "zero_point": 3} if projects else output
        for _ in range(gates):
            self.tensors.append(T((0,), np.int16, 2.0**-12))
        self.tensors.append(T((0,), np.int8, **hidden))
        fields = {
            "fusedActivationFunction": 4, "timeMajor": s.time_major, "cellClip": s.cell_clip,
            "projClip": s.projection_clip,
        }  # fmt: skip
        op = Op(
            "UNIDIRECTIONAL_SEQUENCE_LSTM", self.inputs, [result],
            "UnidirectionalSequenceLSTMOptions", fields,
            intermediates=range(result + 1, result + 6),
        )  # fmt: skip
        return make_file(self.tensors, [op], [0], [result])


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(Shape(), id="plain"),
        pytest.param(Shape(batch=3, time_major=True), id="time-first"),
        pytest.param(Shape(cifg=True, cells=16, outputs=16), id="coupled-gates"),
        pytest.param(Shape(peephole=True, cell_exponent=-11), id="peepholes"),
        pytest.param(Shape(peephole=True, cifg=True, outputs=11), id="all-forms"),
        pytest.param(Shape(outputs=11), id="projection"),
        pytest.param(Shape(outputs=33, projection_clip=0.4), id="clipped-projection"),
        pytest.param(Shape(cell_clip=0.75), id="clipped-cell"),
        pytest.param(Shape(cell_exponent=-9), id="wide-cell"),
        pytest.param(Shape(cell_exponent=-15), id="narrow-cell"),
        pytest.param(Shape(steps=1, features=1, cells=1, outputs=1), id="smallest"),
    ],
)
def test_lstm(shape: Shape) -> None:
    """Every form, zero points that are not 0; the second call continues the first's sequence."""
    layer = Layer(shape, seed=3)
    data = layer.file()
    calls = [[layer.cases.integers(np.int8, layer.tensors[0].shape)] for _ in range(2)]
    (expected,) = assert_exact_calls(data, calls)
    assert shape.cells == 1 or len(np.unique(expected)) > 10


def test_layer_normalization_is_refused() -> None:
    """By name, with what to do instead."""
    with pytest.raises(AfeError, match="layer normalization") as caught:
        import_bytes(Layer(Shape(layer_norm=True), seed=1).file())
    assert caught.value.code == ErrorCode.UNSUPPORTED_OPERATOR


def test_scale_of_the_cell_state_must_be_a_power_of_two() -> None:
    """The kernel demands it too."""
    layer = Layer(Shape(), seed=1)
    layer.shape = Shape(cell_exponent=-20)
    with pytest.raises(AfeError, match="no power of two") as caught:
        import_bytes(layer.file())
    assert caught.value.code == ErrorCode.INVALID_MODEL
