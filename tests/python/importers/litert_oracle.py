"""Compares the TFLite importer with LiteRT's reference kernels, bit for bit.

The imported TOSA is evaluated by reference.tosa_numpy, which shares no code with the importer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from afe.importers.common import ImportedModel, Port
from afe.importers.module_builder import NUMPY_OF_DTYPE
from afe.importers.tflite import import_tflite
from numpy.typing import NDArray
from reference.tosa_numpy import evaluate
from tflite_files import Op, T, invoke, make_file, reference_interpreter


def import_bytes(data: bytes) -> ImportedModel:
    """A TFLite file in memory, imported."""
    return import_tflite(data, name="test", path=Path("test.tflite"))


def assert_exact(data: bytes, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Imports and evaluates `data`; every output equals LiteRT's in shape, type and value."""
    return assert_exact_calls(data, [inputs])


def assert_exact_calls(data: bytes, calls: Sequence[Sequence[NDArray[Any]]]) -> list[NDArray[Any]]:
    """The same for several calls, between which states live on; the last call's outputs."""
    model = import_bytes(data)
    interpreter = reference_interpreter(data)
    states = [initial_state(port) for port in model.inputs if port.state]
    expected: list[NDArray[Any]] = []
    for inputs in calls:
        expected = invoke(interpreter, inputs)
        actual = evaluate(model.module, [*inputs, *states]).outputs
        outputs, states = actual[: len(expected)], actual[len(expected) :]
        assert len(states) == sum(port.state is not None for port in model.outputs)
        for mine, theirs in zip(outputs, expected, strict=True):
            assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
            np.testing.assert_array_equal(mine, theirs)
    return expected


def initial_state(port: Port) -> NDArray[Any]:
    """The values of a state's argument after a reset."""
    assert port.state is not None
    return np.resize(np.array(port.state.initial, NUMPY_OF_DTYPE[port.dtype]), port.shape)


class Cases:
    """Random tensors and quantizations from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def integers(self, dtype: Any, shape: Sequence[int]) -> NDArray[Any]:
        """The whole range of an integer type."""
        info = np.iinfo(dtype)
        return self.random.integers(info.min, info.max + 1, tuple(shape)).astype(dtype)

    def zero_point(self, dtype: Any) -> int:
        """Any zero point of the type."""
        return int(self.integers(dtype, ()))

    def scale(self, low: float = 0.01, high: float = 0.2) -> float:
        """A scale that no kernel refuses."""
        return float(self.random.uniform(low, high))

    def activation(self, shape: Sequence[int], dtype: Any, like: T | None = None) -> T:
        """A tensor of any quantization, or of that of `like`."""
        if like is not None:
            return T(shape, dtype, like.scale, like.zero_point)
        return T(shape, dtype, self.scale(), self.zero_point(dtype))

    def single(
        self,
        code: str,
        inputs: Sequence[T],
        output: T | Sequence[T],
        options: str | None = None,
        fields: Mapping[str, Any] | None = None,
        *,
        version: int = 1,
    ) -> bytes:
        """A file with one operator; constants (data set) are no inputs of the model."""
        outputs = [output] if isinstance(output, T) else list(output)
        tensors = [*inputs, *outputs]
        results = list(range(len(inputs), len(tensors)))
        op = Op(code, list(range(len(inputs))), results, options, fields, version)
        arguments = [
            index
            for index, tensor in enumerate(inputs)
            if tensor.data is None and not tensor.variable
        ]
        return make_file(tensors, [op], arguments, results)

    def check(self, *arguments: Any, **named: Any) -> None:
        """`single`, compared on random inputs."""
        inputs = [t for t in arguments[1] if t.data is None]
        assert_exact(
            self.single(*arguments, **named), [self.integers(t.dtype, t.shape) for t in inputs]
        )


def constant(values: Any) -> T:
    """An int32 constant."""
    return T(data=np.array(values, np.int32))
