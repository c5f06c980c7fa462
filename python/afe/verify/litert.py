"""LiteRT's reference kernels as the oracle of TFLite models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from afe.errors import AfeError, ErrorCode
from afe.importers.common import clean_name
from afe.verify.reference import Array, Operator, Reference


class LiteRtOracle:
    """An interpreter of the reference kernels that keeps all tensors."""

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
        outputs = [
            interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()
        ]
        names = {
            detail["index"]: clean_name(detail["name"], f"tensor_{detail['index']}")
            for detail in interpreter.get_tensor_details()
        }
        return Reference(outputs, self._tensors(names), self._operators(names))

    def _tensors(self, names: dict[int, str]) -> dict[str, Array]:
        tensors: dict[str, Array] = {}
        for index, name in names.items():
            try:
                tensors[name] = np.asarray(self._interpreter.get_tensor(index))
            except ValueError:  # without data: optional, or of a kernel's own
                continue
        return tensors

    def _operators(self, names: dict[int, str]) -> dict[int, Operator]:
        # The list of operators has no public name; the interpreter's own debugging tools use this.
        details = self._interpreter._get_ops_details()
        return {
            detail["index"]: Operator(
                detail["op_name"], tuple(names.get(index, "") for index in detail["outputs"])
            )
            for detail in details
        }
