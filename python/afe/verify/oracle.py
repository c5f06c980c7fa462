"""Reference implementations that give every layer's values.

Values come back in the compiler's terms, so that they can be compared element by element: all
8-bit tensors as int8 (docs/tosa-conventions.md), channels last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from afe.errors import AfeError, ErrorCode

Array = NDArray[Any]


@dataclass(frozen=True)
class Reference:
    """What the oracle computed: the model's outputs, and each operator's results by its index."""

    outputs: Sequence[Array]
    results: Mapping[int, Sequence[Array]]
    operators: Mapping[int, str]

    def layer(self, index: int, ordinal: int, like: Array) -> Array | None:
        """The result of operator `index` that `like` should equal, as int8 where it is 8 bits.

        An operator may have fewer values in the compiled network than results in the model (unused
        ones) and in another shape (a reshape folded into it): the element count decides.
        """
        results = [_as_int8(result) for result in self.results.get(index, ())]
        fitting = [r for r in results if r.size == like.size and r.dtype == like.dtype]
        chosen = fitting[ordinal] if ordinal < len(fitting) else None
        return None if chosen is None else chosen.reshape(like.shape)

    def operator(self, index: int) -> str:
        """The operator's name in the model's format."""
        return self.operators.get(index, "")


class Oracle(Protocol):
    """Runs a model with all its intermediate values."""

    name: str

    def run(self, inputs: Sequence[Array]) -> Reference:
        """The values for one sample, inputs in the model's order."""


def oracle_for(path: Path) -> Oracle:
    """The reference for the model's format; AfeError UNSUPPORTED_FORMAT where there is none."""
    if path.suffix.lower() in (".tflite", ".lite"):
        return LiteRtOracle(path)
    raise AfeError(
        ErrorCode.UNSUPPORTED_FORMAT,
        f"'{path}' has no reference to compare with; layers are compared for .tflite models",
    )


class LiteRtOracle:
    """LiteRT's reference kernels, with all tensors preserved."""

    name = "LiteRT reference kernels"

    def __init__(self, path: Path) -> None:
        """Raises AfeError UNSUPPORTED_FORMAT where ai-edge-litert is not installed."""
        try:
            from ai_edge_litert.interpreter import Interpreter, OpResolverType
        except ImportError as error:
            raise AfeError(
                ErrorCode.UNSUPPORTED_FORMAT,
                "comparing a .tflite model needs LiteRT: pip install ai-edge-litert",
            ) from error
        if not path.is_file():
            raise AfeError(ErrorCode.FILE_NOT_FOUND, f"there is no file '{path}'")
        try:
            self._interpreter = Interpreter(
                str(path),
                experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
                experimental_preserve_all_tensors=True,
            )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise AfeError(
                ErrorCode.INVALID_MODEL, f"LiteRT cannot read '{path}': {error}"
            ) from error

    def run(self, inputs: Sequence[Array]) -> Reference:
        """One inference from reset."""
        interpreter = self._interpreter
        interpreter.reset_all_variables()
        for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        # The list of operators has no public name; the interpreter's own debugging tools use this.
        details = interpreter._get_ops_details()
        outputs = [
            interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()
        ]
        results = {
            detail["index"]: [self._tensor(index) for index in detail["outputs"]]
            for detail in details
        }
        return Reference(
            outputs, results, {detail["index"]: detail["op_name"] for detail in details}
        )

    def _tensor(self, index: int) -> Array:
        try:
            return np.asarray(self._interpreter.get_tensor(index))
        except ValueError:  # an operator's optional or opaque result
            return np.empty(0, np.int8)


def _as_int8(array: Array) -> Array:
    if array.dtype == np.uint8:
        return (array.astype(np.int16) - 128).astype(np.int8)
    return array
