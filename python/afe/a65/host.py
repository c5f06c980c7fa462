"""Generated code on this machine: the bitcode for the Cortex-A65, compiled for the host.

What the host's instructions compute is what the Cortex-A65's do: no operation is fused,
reassociated or approximated on either.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afe.a65.codegen import load_on_host
from afe.a65.segments import Bitcode
from afe.errors import AfeError, ErrorCode
from afe.package.network import TensorType

_ALIGNMENT = 64
_ENTRY = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * 4)


class HostFunction:
    """An entry point of docs/a65.md, loaded into this process; several threads may call it."""

    def __init__(self, code: Bitcode, output_types: Sequence[TensorType]) -> None:
        """Raises AfeError COMPILE_FAILED where LLVM refuses the code."""
        # The engine owns the code: it must live as long as the function.
        self._engine = load_on_host(code.bitcode)
        self._function = _ENTRY(self._engine.get_function_address(code.function))
        self._workspace_bytes = code.workspace_bytes
        self._output_types = tuple(output_types)

    def __call__(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """New arrays of the output types for inputs of the function's own types and shapes.

        Raises AfeError RUNTIME_FAULT where the code returns anything but 0.
        """
        dense = [np.ascontiguousarray(array) for array in inputs]
        outputs = [np.empty(tensor.shape, tensor.scalar) for tensor in self._output_types]
        workspace = np.empty(self._workspace_bytes + _ALIGNMENT, np.uint8)
        start = -workspace.ctypes.data % _ALIGNMENT + workspace.ctypes.data
        status = self._function(_addresses(dense), _addresses(outputs), start, None)
        if status:
            raise AfeError(ErrorCode.RUNTIME_FAULT, f"the network's host code returned {status}")
        return outputs


def _addresses(arrays: Sequence[NDArray[Any]]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
